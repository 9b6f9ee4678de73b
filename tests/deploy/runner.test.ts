import { userInfo } from "node:os";
import { describe, expect, test } from "vitest";
import { currentRunner } from "../../src/deploy/index.ts";
import { isProcessAlive } from "../../src/targets/index.ts";

describe("who runs a deployment", () => {
  test("is this very process, which is alive", () => {
    const runner = currentRunner({});
    expect(runner).toMatchObject({ pid: process.pid, user: userInfo().username, ciRun: null });
    expect(runner.machine).toMatch(/^local:.+/);
    expect(isProcessAlive(runner)).toBe(true);
    expect(isProcessAlive({ ...runner, startTime: `${runner.startTime}0` })).toBe(false);
  });

  test("is the person behind sudo", () => {
    expect(currentRunner({ SUDO_USER: "maria" }).user).toBe("maria");
  });

  test.each([
    [
      { GITHUB_SERVER_URL: "https://git.example", GITHUB_REPOSITORY: "a/b", GITHUB_RUN_ID: "7" },
      "https://git.example/a/b/actions/runs/7",
    ],
    [{ CI_JOB_URL: "https://ci.example/1" }, "https://ci.example/1"],
    [{ BUILD_URL: "https://ci.example/2" }, "https://ci.example/2"],
    [{ GITHUB_RUN_ID: "7" }, null],
  ])("names the CI run: %j", (env, expected) => {
    expect(currentRunner(env).ciRun).toBe(expected);
  });
});
