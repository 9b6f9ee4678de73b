import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LEDGERS } from "./ledgers.ts";
import { type HistoryRow, isRunning, type Sandbox } from "./sandbox.ts";

/** What a row's details say under a name. */
const detail = <T>(row: HistoryRow | undefined, name: string): T => row?.details[name] as T;

describe.each(LEDGERS)("a deployment that fails, remembered by $name:", (ledger) => {
  let box: Sandbox;
  beforeEach(async () => {
    box = await ledger.createSandbox();
  });
  afterEach(() => box[Symbol.asyncDispose]());

  /** Deploys a healthy version that every failure has to leave in service. */
  async function serveGood(): Promise<{ release: string | null; pid: number | null | undefined }> {
    await box.commit({ page: "good" });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode, stderr).toBe(0);
    return { release: box.current(), pid: (await box.status()).service?.pid };
  }

  async function expectGoodServes(release: string | null): Promise<void> {
    expect(box.current()).toBe(release);
    expect(await box.page()).toBe("good");
    expect(box.releases()).toEqual([release]);
    expect(await box.status()).toMatchObject({ status: "healthy", deploying: null });
  }

  test("a version that answers with an error is rolled back, its migration too, and the reason is kept", async () => {
    const { release } = await serveGood();
    box.configure({
      migrate: `touch '${box.folder}/up'`,
      migrate_down: `test -e server.mjs && touch '${box.folder}/down'`,
    });
    const sick = await box.commit({ page: "out of order", status: 500 });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode).toBe(5);
    expect(stderr).toContain("rolled back");
    await expectGoodServes(release);
    expect(existsSync(join(box.folder, "down"))).toBe(true);
    const [row] = await box.history();
    expect(row).toMatchObject({
      status: "rolled_back",
      gitCommit: sick,
      details: { wentBackTo: release, notUndone: [] },
    });
    const probes = detail<Record<string, unknown>[]>(row, "probes");
    expect(probes.at(-1)).toMatchObject({ ok: false, status: 500, redirect: null, body: "out of order" });
    expect(probes.at(-1)?.latencyMs).toBeGreaterThan(0);
    expect(detail<string[]>(row, "log").join("\n")).toContain("starting out of order");
    expect(detail<string[]>(row, "log").join("\n")).not.toContain("starting good");
    const { stdout } = await box.run("show", row?.shortId ?? "");
    for (const text of ["HTTP 500", "out of order", "undo: restart", "went back to"]) expect(stdout).toContain(text);
  });

  test("a ledger that cannot be written: refused before the first step", async () => {
    await serveGood();
    await box.commit({ page: "two" });
    const before = box.releases();
    await using adapter = await box.openDatabase();
    await adapter.executeQuery("ALTER TABLE tb_deployment RENAME TO aside");
    const { exitCode } = await box.deploy();
    expect(exitCode).toBe(6);
    expect(box.releases()).toEqual(before);
    await adapter.executeQuery("ALTER TABLE aside RENAME TO tb_deployment");
    expect(await box.page()).toBe("good");
    expect((await box.history()).map(({ status }) => status)).toEqual(["success"]);
  });

  test("a ledger that breaks in the middle: what was done is undone, and exit 6 says why", async () => {
    const { release } = await serveGood();
    box.configure({ build: [box.holdLine("build")] });
    await box.commit({ page: "two" });
    const running = box.start("deploy", "shop", "production");
    await box.reached("build");
    await using adapter = await box.openDatabase();
    await adapter.executeQuery("ALTER TABLE tb_deployment_step RENAME TO aside");
    box.letGo("build");
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(6);
    expect(stderr).toContain("could not be written to the ledger");
    await adapter.executeQuery("ALTER TABLE aside RENAME TO tb_deployment_step");
    await expectGoodServes(release);
    box.configure({});
    expect((await box.deploy()).exitCode).toBe(0);
    expect((await box.history()).map((row) => row.status)).toEqual(["success", "abandoned", "success"]);
    expect(await box.page()).toBe("two");
  });

  if (!ledger.isThorough) return;

  test("a broken build changes nothing that serves", async () => {
    const { release, pid } = await serveGood();
    box.configure({ build: ["echo compiling", "echo 'missing semicolon' >&2; exit 4"] });
    await box.commit({ page: "new" });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode).toBe(1);
    expect(stderr).toContain("missing semicolon");
    await expectGoodServes(release);
    expect((await box.status()).service?.pid).toBe(pid);
    const [row] = await box.history();
    expect(row).toMatchObject({ status: "failed" });
    expect(row?.errorMessage).toMatch(/^build: .*4/);
    const { steps } = await box.show(row?.id ?? "");
    expect(steps.filter((step) => step.outcome === "failed").map((step) => step.name)).toEqual(["build"]);
    expect((await box.run("logs", row?.shortId ?? "")).stdout).toContain("missing semicolon");
  });

  test("a build that takes longer than its timeout is ended with all it started", async () => {
    const { release } = await serveGood();
    box.configure({ build: [`sleep 300 & echo $! > '${box.folder}/pid'; sleep 300`], timeout: 1 });
    await box.commit({ page: "new" });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/1 s/);
    expect(isRunning(Number(box.read("pid")))).toBe(false);
    await expectGoodServes(release);
  });

  test("a broken migration is not taken back, and changes nothing that serves", async () => {
    const { release } = await serveGood();
    box.configure({ migrate: "echo migrating; exit 9", migrate_down: `touch '${box.folder}/down'` });
    await box.commit({ page: "new" });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode).toBe(1);
    expect(stderr).toContain("migrate_down was not run");
    expect(existsSync(join(box.folder, "down"))).toBe(false);
    await expectGoodServes(release);
  });

  test("a redirect is not a healthy answer", async () => {
    const { release } = await serveGood();
    await box.commit({ page: "moved", status: 302, location: "https://example.com/login" });
    expect((await box.deploy()).exitCode).toBe(5);
    await expectGoodServes(release);
    const [row] = await box.history();
    expect(detail<unknown[]>(row, "probes").at(-1)).toMatchObject({
      ok: false,
      status: 302,
      redirect: "https://example.com/login",
    });
  });

  test("a body without the expected text is not healthy", async () => {
    const { release } = await serveGood();
    box.configure({
      health_check: { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 0, expect_body: "good" },
    });
    await box.commit({ page: "bad" });
    expect((await box.deploy()).exitCode).toBe(5);
    await expectGoodServes(release);
  });

  test("a crash right after the start is noticed", async () => {
    const { release } = await serveGood();
    box.configure({ health_check: { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 2 } });
    await box.commit({ page: "fragile", crashAfterMs: 600 });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode, stderr).toBe(5);
    await expectGoodServes(release);
    const [row] = await box.history();
    expect(row?.errorMessage).toMatch(/ended/);
    expect(detail<string[]>(row, "log").join("\n")).toContain("fatal: out of strawberries");
  });

  test("a process that never answers is given up after the last probe", async () => {
    const { release } = await serveGood();
    box.configure({ health_check: { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 0 } });
    await box.commit({ page: "mute", mute: true });
    expect((await box.deploy()).exitCode).toBe(5);
    await expectGoodServes(release);
  });

  test("without an earlier release there is nothing to go back to, and it says so", async () => {
    await box.commit({ page: "sick", status: 500 });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode).toBe(1);
    expect(stderr).toContain("no earlier healthy release to go back to");
    expect(box.current()).toBeNull();
    expect(box.releases()).toEqual([]);
    expect(await box.page()).toBeNull();
    expect(await box.status()).toMatchObject({ status: "down", version: null });
    expect((await box.history())[0]).toMatchObject({ status: "failed" });
  });

  test("it never goes back to a release that failed", async () => {
    const { release } = await serveGood();
    await box.commit({ page: "sick", status: 500 });
    expect((await box.deploy()).exitCode).toBe(5);
    await box.commit({ page: "sicker", status: 503 });
    expect((await box.deploy()).exitCode).toBe(5);
    await expectGoodServes(release);
    expect((await box.history()).map((row) => row.details.wentBackTo)).toEqual([release, release, undefined]);
  });

  test("when going back fails as well, the ledger says that the service is down", async () => {
    await serveGood();
    box.configure({
      health_check: { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 0, expect_status: 418 },
    });
    await box.commit({ page: "new" });
    const { stdout: plan } = await box.deploy("--dry-run");
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode).toBe(1);
    expect(stderr).toContain("rollback failed");
    expect(await box.status()).toMatchObject({ status: "down" });
    const [row] = await box.history();
    expect(row).toMatchObject({ status: "rollback_failed" });
    // As often as the plan said that it would be looked at.
    expect(detail<unknown[]>(row, "probes")).toHaveLength(Number(/at most (\d+) times/.exec(plan)?.[1]));
  });

  test("an unreachable repository and a missing branch are errors before anything is written", async () => {
    box.configure({ git_repo: "./nowhere" });
    const missing = await box.deploy();
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toContain("nowhere");
    box.configure({ branch: "mian" });
    await box.commit({ page: "one" });
    const branch = await box.deploy();
    expect(branch.exitCode).toBe(7);
    expect(branch.stderr).toContain("main");
    expect(await box.history()).toEqual([]);
    expect(existsSync(box.app)).toBe(false);
  });

  if (!ledger.isSqlite) return;

  describe("without a ledger that can be written", () => {
    test.each([
      ["a file that is no database", (path: string) => writeFileSync(path, "this is my diary, not a database")],
      ["a folder", (path: string) => mkdirSync(path)],
    ])("%s: refused before the first step", async (_name, make) => {
      make(join(box.folder, "fraisier.db"));
      await box.commit({ page: "one" });
      const { exitCode, stderr } = await box.deploy();
      expect(exitCode).toBe(6);
      expect(stderr).toContain(join(box.folder, "fraisier.db"));
      expect(existsSync(box.app)).toBe(false);
    });
  });

  test("state and logs are readable by their owner alone", async () => {
    await serveGood();
    chmodSync(box.folder, 0o755);
    const { statSync } = await import("node:fs");
    for (const file of [
      "fraisier.db",
      "app/.fraisier/service.log",
      "app/.fraisier/service.json",
      "app/.fraisier/guard.db",
    ]) {
      expect([file, (statSync(join(box.folder, file)).mode & 0o777).toString(8)]).toEqual([file, "600"]);
    }
  });
});
