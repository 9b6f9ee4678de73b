import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LEDGERS } from "./ledgers.ts";
import { isRunning, type Sandbox } from "./sandbox.ts";

describe.each(LEDGERS)("rolling back, remembered by $name:", (ledger) => {
  let box: Sandbox;
  beforeEach(async () => {
    box = await ledger.createSandbox();
  });
  afterEach(() => box[Symbol.asyncDispose]());

  async function serve(...pages: string[]): Promise<void> {
    for (const page of pages) {
      await box.commit({ page });
      const { exitCode, stderr } = await box.deploy();
      expect(exitCode, stderr).toBe(0);
    }
  }
  const rollback = (...options: string[]) => box.run("rollback", "shop", "production", ...options);

  test("once, twice, and then there is nothing left", async () => {
    await serve("one", "two", "three");
    expect((await rollback()).exitCode).toBe(0);
    expect(await box.page()).toBe("two");
    expect((await rollback()).exitCode).toBe(0);
    expect(await box.page()).toBe("one");

    const none = await rollback();
    expect(none.exitCode).toBe(7);
    expect(none.stderr).toContain("no earlier release");
    expect(await box.page()).toBe("one");

    const rows = await box.history();
    expect(rows.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      "rollback success",
      "rollback success",
      "deploy rolled_back",
      "deploy rolled_back",
      "deploy success",
    ]);
    expect(rows[0]).toMatchObject({ undoesDeploymentId: rows[3]?.id, releaseId: rows[4]?.releaseId });
    expect(await box.status()).toMatchObject({
      status: "healthy",
      version: rows[4]?.newVersion,
      successfulDeployments: 3,
      failedDeployments: 0,
    });
  });

  if (!ledger.isThorough) return;

  test("a deployment after a rollback, and a rollback after that, skip what was rolled back", async () => {
    await serve("one", "two");
    await rollback();
    await serve("three");
    expect((await rollback()).exitCode).toBe(0);
    expect(await box.page()).toBe("one");
  });

  test("where there is nothing to go back to, what a killed deployment left is cleared up all the same", async () => {
    await box.commit({ page: "one" });
    box.configure({ build: [box.holdLine("build")] });
    const running = box.start("deploy", "shop", "production");
    await box.reached("build");
    running.child.kill("SIGKILL");
    await running.ended;
    expect((await rollback()).exitCode).toBe(7);
    expect((await box.processes()).filter(isRunning)).toEqual([]);
    expect(box.releases()).toEqual([]);
    expect((await box.history()).map(({ status }) => status)).toEqual(["abandoned"]);
    expect(await box.status()).toMatchObject({ deploying: null });
  });

  test("after a deployment was killed, it goes back to what served before that, and no further", async () => {
    await serve("one", "two");
    const release = box.current();
    box.configure({
      health_check: { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 60 },
    });
    await box.commit({ page: "three" });
    const running = box.start("deploy", "shop", "production", "--json");
    await running.until((event) => event.type === "step_started" && event.step === "health");
    running.child.kill("SIGKILL");
    await running.ended;
    box.configure({});
    const { exitCode, stderr } = await rollback();
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain("serves again");
    expect([box.current(), await box.page()]).toEqual([release, "two"]);
    expect((await box.history()).map(({ status }) => status)).toEqual(["abandoned", "success", "success"]);
  });

  test("it skips a release that never was healthy", async () => {
    await serve("one");
    await box.commit({ page: "sick", status: 500 });
    expect((await box.deploy()).exitCode).toBe(5);
    await serve("two");
    expect((await rollback()).exitCode).toBe(0);
    expect(await box.page()).toBe("one");
  });

  test("nothing was ever deployed", async () => {
    await box.commit({ page: "one" });
    const { exitCode, stderr } = await rollback();
    expect(exitCode).toBe(7);
    expect(stderr).toContain("no earlier release");
  });

  test("--to takes a deployment, a release or a commit, also one that was rolled back", async () => {
    await serve("one", "two", "three");
    const [three, , one] = await box.history();
    expect((await rollback("--to", one?.shortId ?? "")).exitCode).toBe(0);
    expect(await box.page()).toBe("one");
    expect((await rollback("--to", three?.releaseId ?? "")).exitCode).toBe(0);
    expect(await box.page()).toBe("three");
    expect((await rollback("--to", one?.gitCommit?.slice(0, 12) ?? "")).exitCode).toBe(0);
    expect(await box.page()).toBe("one");

    const unknown = await rollback("--to", "beef");
    expect(unknown.exitCode).toBe(7);
    expect(unknown.stderr).toContain(three?.shortId);
    expect((await rollback("--to", one?.shortId ?? "")).stderr).toContain("serves now");
  });

  test("a release that is damaged is refused before anything is touched", async () => {
    await serve("one", "two");
    const [two, one] = await box.history();
    const pid = (await box.status()).service?.pid;
    rmSync(join(box.app, "releases", one?.releaseId ?? ""), { recursive: true });
    const { exitCode, stderr } = await rollback();
    expect(exitCode).toBe(7);
    expect(stderr).toContain(`--ref ${one?.gitCommit}`);
    expect(box.current()).toBe(two?.releaseId);
    expect((await box.status()).service?.pid).toBe(pid);
    expect(await box.history()).toHaveLength(2);
  });

  test("when the earlier release is sick by now, the one that served serves again", async () => {
    await serve("one", "two");
    box.configure({
      health_check: { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 0, expect_body: "two" },
    });
    expect((await rollback()).exitCode).toBe(5);
    expect(await box.page()).toBe("two");
    const [row, two] = await box.history();
    expect(row).toMatchObject({ kind: "rollback", status: "rolled_back" });
    expect(two).toMatchObject({ kind: "deploy", status: "success" });
    expect(box.releases()).toHaveLength(2);
  });
});
