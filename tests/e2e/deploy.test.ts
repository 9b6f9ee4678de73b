import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LEDGERS_WITH_SERVER } from "./ledgers.ts";
import { isRunning, type Sandbox } from "./sandbox.ts";

describe.each(LEDGERS_WITH_SERVER)("deploying, remembered by $name:", (ledger) => {
  let box: Sandbox;
  beforeEach(async () => {
    box = await ledger.createSandbox();
  });
  afterEach(() => box[Symbol.asyncDispose]());

  test("the first deployment serves, and is remembered with its steps", async () => {
    const commit = await box.commit({ page: "one" });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode, stderr).toBe(0);
    expect(await box.page()).toBe("one");

    const [row, ...others] = await box.history();
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      kind: "deploy",
      status: "success",
      gitCommit: commit,
      newVersion: commit.slice(0, 10),
      oldVersion: null,
    });
    const { steps } = await box.show(row?.shortId ?? "");
    expect(steps.map(({ name, direction, outcome }) => `${direction} ${name} ${outcome}`)).toEqual([
      "do plan success",
      "do lock success",
      "do fetch success",
      "do build skipped",
      "do migrate skipped",
      "do activate success",
      "do restart success",
      "do health success",
      "do done success",
    ]);
    expect(await box.status()).toMatchObject({
      status: "healthy",
      version: commit.slice(0, 10),
      successfulDeployments: 1,
      failedDeployments: 0,
      deploying: null,
    });
    expect(box.current()).toBe(row?.releaseId);
  });

  test("a second one replaces it on the same port", async () => {
    await box.commit({ page: "one" });
    await box.deploy();
    const before = await box.status();
    await box.commit({ page: "two" });
    expect((await box.deploy()).exitCode).toBe(0);
    const after = await box.status();
    expect(await box.page()).toBe("two");
    expect(after.service?.port).toBe(before.service?.port);
    expect(after.service?.pid).not.toBe(before.service?.pid);
    expect(isRunning(before.service?.pid)).toBe(false);
    expect(isRunning(after.service?.pid)).toBe(true);
  });

  if (!ledger.isThorough) return;

  test("the same version again is already up to date; --force deploys it anew; a dead process is started", async () => {
    await box.commit({ page: "one" });
    await box.deploy();
    const again = await box.deploy();
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toContain("already up to date");
    expect(await box.history()).toHaveLength(1);

    expect((await box.deploy("--force")).exitCode).toBe(0);
    expect(await box.history()).toHaveLength(2);

    box.configure({ env: { GREETING: "hello" } });
    const changed = await box.deploy();
    expect(changed.stderr, "what fraises.yaml says has changed").not.toContain("already up to date");
    expect(await box.history()).toHaveLength(3);

    process.kill(-((await box.status()).service?.pid ?? 0), "SIGKILL");
    expect((await box.deploy()).exitCode).toBe(0);
    expect(await box.page()).toBe("one");
    expect(await box.history()).toHaveLength(4);
  });

  test("--ref takes a tag, a branch or a commit", async () => {
    const first = await box.commit({ page: "one" });
    await box.git("tag", "v1");
    await box.commit({ page: "two" });
    await box.git("branch", "side");
    await box.commit({ page: "three" });
    for (const [ref, page] of [
      ["v1", "one"],
      ["side", "two"],
      [first, "one"],
      ["main", "three"],
      [first.slice(0, 9), "one"],
    ] as const) {
      const { exitCode, stderr } = await box.deploy("--ref", ref);
      expect(exitCode, stderr).toBe(0);
      expect(await box.page()).toBe(page);
    }
    const missing = await box.deploy("--ref", "man");
    expect(missing.exitCode).toBe(7);
    expect(missing.stderr).toContain("main");
  });

  test("--dry-run prints the plan with its commands and writes nothing", async () => {
    box.configure({ build: ["make everything"], migrate: [["./migrate", "up"]], migrate_down: "./migrate down" });
    await box.commit({ page: "one" });
    const { exitCode, stdout } = await box.deploy("--dry-run");
    expect(exitCode).toBe(0);
    for (const text of ["make everything", "./migrate up", "server.mjs", "health", "no earlier release to go back to"])
      expect(stdout).toContain(text);
    expect(await box.isLedgerSetUp()).toBe(false);
    expect(existsSync(box.app)).toBe(false);
    const { steps } = await box.json<{ steps: { name: string }[] }>("deploy", "shop", "production", "--dry-run");
    expect(steps.map((step) => step.name)).toEqual([
      "lock",
      "fetch",
      "build",
      "migrate",
      "activate",
      "restart",
      "health",
      "done",
    ]);
    expect(await box.isLedgerSetUp()).toBe(false);
  });

  test("the output of the steps is shown, kept, and free of secrets", async () => {
    box.env.API_KEY = "s3cr3t-value";
    box.configure({
      env: { API_KEY: "${API_KEY}" },
      build: ['echo "key is $API_KEY"; echo "and db is [$FRAISIER_DB_URL]" >&2'],
    });
    if (ledger.isSqlite) box.env.FRAISIER_DB_URL = `sqlite://${box.folder}/elsewhere/ledger.db`;
    await box.commit({ page: "one" });
    const { exitCode, stderr, stdout } = await box.deploy();
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain("key is [masked]");
    expect(stderr).toContain("and db is []");
    const [row] = await box.history();
    const logs = await box.run("logs", row?.shortId ?? "");
    expect(logs.stdout).toContain("key is [masked]");
    for (const text of [stderr, stdout, logs.stdout]) expect(text).not.toContain("s3cr3t-value");
    await using database = await box.openDatabase();
    const chunks = await database.executeQuery("SELECT text FROM tb_deployment_output");
    expect(chunks.length).toBeGreaterThan(0);
    expect(JSON.stringify(chunks)).not.toContain("s3cr3t-value");
    expect(existsSync(join(box.folder, "fraisier.db"))).toBe(false);
  });

  test("--json prints one event a line, then the result", async () => {
    await box.commit({ page: "one" });
    const { stdout, stderr } = await box.deploy("--json");
    const events = stdout.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(new Set(events.map((event) => event.schema))).toEqual(new Set(["fraisier.deploy/1"]));
    expect(events[0]).toMatchObject({ type: "deployment_started", fraise: "shop" });
    expect(events.at(-1)).toMatchObject({ type: "result", status: "success" });
    expect(stderr).toBe("");
  });

  test("old releases are pruned, never the live one nor the one a rollback would go to", async () => {
    box.configure({ keep_releases: 2 });
    for (const page of ["one", "two", "three", "four"]) {
      await box.commit({ page });
      expect((await box.deploy()).exitCode).toBe(0);
    }
    const kept = (await box.history()).slice(0, 2).map((row) => row.releaseId);
    expect(box.releases()).toEqual([...kept].sort());

    await box.commit({ page: "sick", status: 500 });
    box.configure({
      keep_releases: 1,
      health_check: { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 0 },
    });
    expect((await box.deploy()).exitCode).toBe(5);
    expect(box.releases()).toEqual([...kept].sort());
    await box.commit({ page: "five" });
    expect((await box.deploy()).exitCode).toBe(0);
    expect(box.releases()).toHaveLength(2); // the live one, and "four" for a rollback
    expect((await box.run("rollback", "shop", "production")).exitCode).toBe(0);
    expect(await box.page()).toBe("four");
  });

  test("shared files and folders outlive a release", async () => {
    box.configure({ shared: ["uploads/", "settings.json"] });
    await box.commit({ page: "one" }, { "settings.json": '{"a":1}' });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode, stderr).toBe(0);
    writeFileSync(join(box.app, "current/uploads/picture"), "strawberry");
    writeFileSync(join(box.app, "current/settings.json"), '{"a":2}');
    await box.commit({ page: "two" });
    expect((await box.deploy()).exitCode).toBe(0);
    expect(readFileSync(join(box.app, "current/uploads/picture"), "utf8")).toBe("strawberry");
    expect(readFileSync(join(box.app, "current/settings.json"), "utf8")).toBe('{"a":2}');
  });

  test("a restart command instead of a process: it is run, in the new release", async () => {
    box.configure({
      service: { restart: `echo "restarted in $PWD" >> '${box.folder}/restarts'` },
      health_check: undefined,
    });
    await box.commit({ page: "one" });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode, stderr).toBe(0);
    expect(box.read("restarts")).toContain(box.current());
    expect(await box.status()).toMatchObject({ status: "unknown" });
  });

  test("other types of fraises are not pretended to be deployed", async () => {
    const { exitCode, stderr } = await box.run("deploy", "nightly", "production");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/type etl.*not supported yet/);
    expect(await box.isLedgerSetUp()).toBe(false);
  });

  test("an unknown fraise or environment ends with 7 and what was meant", async () => {
    const fraise = await box.run("deploy", "shpo", "production");
    expect(fraise).toMatchObject({ exitCode: 7 });
    expect(fraise.stderr).toContain('"shop"');
    const environment = await box.run("deploy", "shop", "prodution");
    expect(environment).toMatchObject({ exitCode: 7 });
    expect(environment.stderr).toContain('"production"');
  });

  test("without fraises.yaml it says how to get one", async () => {
    rmSync(join(box.folder, "fraises.yaml"));
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode).toBe(3);
    expect(stderr).toContain("fraisier init");
  });
});
