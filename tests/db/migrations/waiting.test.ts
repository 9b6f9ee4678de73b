import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createAdapterFromUrl } from "../../../src/db/index.ts";
import { mysqlMigrations } from "../../../src/db/mysql/migrations.ts";
import { postgresMigrations } from "../../../src/db/postgresql/migrations.ts";
import { holdExclusively } from "../../../src/db/sqlite/exclusive-file.ts";
import { DATABASES, DatabaseProject } from "./database-project.ts";
import { RunnerProcess } from "./runner-process.ts";

/** Counts up to the number in `speed`: as slow as one likes. */
const COUNTED = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT amount FROM speed))";
const SLOW = {
  sqlite: `INSERT INTO a (id) ${COUNTED} SELECT i FROM n WHERE i < 0;`,
  postgresql: "SELECT pg_sleep(amount / 1000000.0) FROM speed;",
  mysql: "DO SLEEP((SELECT amount / 1000000.0 FROM speed));",
};

/** A project of which another process is applying the second migration, for as long as it lives. */
async function underWay(database: (typeof DATABASES)[number]): Promise<[DatabaseProject, RunnerProcess]> {
  const project = await DatabaseProject.create(database, {
    "001_a":
      "CREATE TABLE a (id INTEGER); CREATE TABLE speed (amount BIGINT); INSERT INTO speed (amount) VALUES (60000000);",
    "002_b": SLOW,
    "003_c": "INSERT INTO a (id) VALUES (3);",
  });
  const runner = await RunnerProcess.start();
  runner.migrate(project);
  await vi.waitFor(async () => expect(await project.applied()).toEqual(["001_a"]), { timeout: 15_000, interval: 5 });
  // SQLite's lock is that of the migration, which is another one for each.
  const isAtWork = () => expect(project.adapter.transaction(async () => {}, { timeoutMs: 50 })).rejects.toThrow();
  if (database.server === null) await vi.waitFor(isAtWork, { timeout: 15_000, interval: 5 });
  return [project, runner];
}

describe.each(DATABASES)("while another runner is at work ($name)", (database) => {
  test("a runner waits, says for whom, and gives up at its deadline", async () => {
    const [project] = await underWay(database);
    const holders: (string | null)[] = [];
    const waiting = project.up({ lockTimeoutMs: 200, onWaiting: (holder) => holders.push(holder) });
    const error = await waiting.catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      kind: "migration_locked",
      hint: expect.stringContaining("its death frees the lock"),
    });
    expect(holders).toHaveLength(1);
    const named = {
      sqlite: /^a process that is writing to \/.*\/test\.db$/,
      postgresql: /^process \d+ of \w+ \(fraisier from .*\), connected since \d{4}-.*Z$/,
      mysql:
        /^connection (\d+) of \w+@\S+, in \w+ for \d+ s \(should its client be gone, it lasts until the statement ends, or until KILL \1\)$/,
    }[database.type];
    expect(holders[0]).toMatch(named);
    expect(String(error)).toMatch(/has not ended within 200 ms: (a process|process|connection) /);
    await expect(project.up({ lockTimeoutMs: 0 })).rejects.toThrow(
      /^Another run of migrations is at work, and was not to be waited for: (a process|process|connection) /,
    );
    expect(await project.applied()).toEqual(["001_a"]);
  }, 60_000);

  test("a runner that waits can be told to stop", async () => {
    const [project] = await underWay(database);
    const controller = new AbortController();
    const waiting = project.up({ signal: controller.signal, onWaiting: () => controller.abort() });
    await expect(waiting).rejects.toMatchObject({ kind: "cancelled" });
  }, 60_000);

  test("its death frees the lock, and the next goes on within 5 s", async () => {
    const [project, runner] = await underWay(database);
    const sleeper = database.type === "mysql" ? await findSleeper(project) : null;
    runner.kill();
    // MySQL and MariaDB notice that a client is gone when its statement has ended.
    if (sleeper !== null) await project.adapter.executeQuery(`KILL ${sleeper}`, [], { prepare: false });
    // What it was doing is quick the next time.
    await project.adapter.executeUpdate("UPDATE speed SET amount = 1");
    const started = performance.now();
    expect((await project.up()).applied).toEqual(["002_b", "003_c"]);
    expect(performance.now() - started).toBeLessThan(5000);
    expect(await project.ask("SELECT id FROM a")).toEqual([{ id: 3 }]);
  }, 60_000);
});

/** The connection of the statement that sleeps. */
function findSleeper(project: DatabaseProject): Promise<number> {
  const database = new URL(project.url).pathname.slice(1);
  return vi.waitFor(
    async () => {
      const sessions = await project.ask<{ Id: number; db: string | null; Info: string | null }>(
        "SHOW FULL PROCESSLIST",
      );
      const sleeper = sessions.find(({ db, Info }) => db === database && Info?.startsWith("DO SLEEP"));
      return (sleeper as { Id: number }).Id;
    },
    { timeout: 15_000, interval: 5 },
  );
}

test.each(DATABASES.filter(({ type }) => type === "mysql"))(
  "who is waited for is told while somebody's statement has a character of four bytes ($name)",
  async (database) => {
    const [project] = await underWay(database);
    const other = await createAdapterFromUrl(project.url);
    const end = new AbortController();
    const sleeping = other.executeQuery("SELECT SLEEP(600), '🍓'", [], { signal: end.signal }).catch(() => {});
    onTestFinished(async () => {
      end.abort();
      await sleeping;
      await other.close();
    });
    await vi.waitFor(
      async () => {
        const sessions = await project.ask<{ Info: string | null }>("SHOW FULL PROCESSLIST");
        expect(sessions.filter(({ Info }) => Info?.includes("SLEEP(600)"))).toHaveLength(1);
      },
      { timeout: 15_000, interval: 5 },
    );
    const message = /^Another run of migrations is at work, and was not to be waited for: connection \d+ of /;
    await expect(project.up({ lockTimeoutMs: 0 })).rejects.toThrow(message);
  },
  60_000,
);

test.each(DATABASES.filter(({ server }) => server !== null))(
  "whose lock is free by the time that it is asked for has no holder ($name)",
  async (database) => {
    const { adapter } = await DatabaseProject.create(database, {});
    const { lock } = database.type === "mysql" ? mysqlMigrations : postgresMigrations;
    expect(await lock.holder(adapter, "tb_schema_migration", "session")).toBeNull();
  },
);

test("on SQLite whoever waits for statements that no transaction holds is told of the file that stands for them", async () => {
  const [sqlite] = DATABASES as [(typeof DATABASES)[number]];
  const project = await DatabaseProject.create(sqlite, {
    "001_a": "-- migrate:no-transaction\n-- migrate:up\nCREATE TABLE a (id INTEGER);\nVACUUM;",
  });
  const [{ file } = { file: "" }] = await project.ask<{ file: string }>("SELECT file FROM pragma_database_list");
  const holding = holdExclusively(`${file}-tb_schema_migration.lock`, 0);
  const holders: (string | null)[] = [];
  const onWaiting = (holder: string | null) => {
    holders.push(holder);
    if (holding.outcome === "held") holding.release();
  };
  expect((await project.up({ onWaiting })).applied).toEqual(["001_a"]);
  expect(holders).toEqual([`the process that has ${file}-tb_schema_migration.lock open`]);
});

const [postgresql] = DATABASES.filter(({ name }) => name === "PostgreSQL") as [(typeof DATABASES)[number]];

test("runners that wait do not hold up CREATE INDEX CONCURRENTLY", async () => {
  const project = await DatabaseProject.create(postgresql, {
    "001_a": "CREATE TABLE a (id INTEGER); INSERT INTO a SELECT * FROM generate_series(1, 200000);",
    "002_b":
      "-- migrate:no-transaction\n-- migrate:up\nSELECT pg_sleep(0.5);\nCREATE INDEX CONCURRENTLY ix_a ON a (id);",
  });
  await project.runner().up({ to: 1 });
  const adapters = await Promise.all(Array.from({ length: 5 }, () => createAdapterFromUrl(project.url)));
  onTestFinished(async () => {
    for (const adapter of adapters) await adapter.close();
  });
  let waited = 0;
  const onWaiting = () => waited++;
  const { MigrationRunner } = await import("../../../src/db/index.ts");
  const results = await Promise.all(
    adapters.map((adapter) => new MigrationRunner(adapter, { directory: project.directory, onWaiting }).up()),
  );
  expect(results.flatMap(({ applied }) => applied)).toEqual(["002_b"]);
  expect(waited).toBe(4);
  expect(await project.ask("SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = 'ix_a'::regclass")).toEqual([
    { valid: true },
  ]);
}, 60_000);
