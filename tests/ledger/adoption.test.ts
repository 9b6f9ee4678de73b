import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { MigrationRunner } from "../../src/db/index.ts";
import {
  isPythonLedger,
  Ledger,
  migrationsDirectory,
  openLedger,
  planAdoption,
  prepareSchema,
  runMigrations,
  schemaStatus,
} from "../../src/ledger/index.ts";
import {
  adapterOf,
  allOf,
  ask,
  change,
  contents,
  digest,
  PYTHON_TABLES,
  pythonFile,
  type RawRow,
  type Shape,
  STRAY_TABLES,
} from "./python-fraisier.ts";
import { ended, identity, leaseOf, newDeployment, temporaryFolder, WallClock } from "./support.ts";

const NAMES = ["001_create_deployment_tables", "002_create_deployment_indexes", "003_create_fraise_state_tables"];
const timezone = "Europe/Paris";

/** In November, Paris is one hour ahead of UTC; digits after the third of a second are cut off. */
const utc = (text: unknown) => new Date(`${String(text).slice(0, 23)}+01:00`).toISOString();
const utcOrNull = (text: unknown) => (text === null ? null : utc(text));

async function adopted(shape: Shape = "first", ...statements: readonly string[]) {
  const file = pythonFile({ shape }, ...statements);
  const before = Object.fromEntries(PYTHON_TABLES.map((table) => [table, allOf(file, table)]));
  const old = contents(file);
  const adapter = adapterOf(file);
  const result = await runMigrations(adapter, { timezone });
  return { file, before, old, adapter, result, ledger: new Ledger(adapter) };
}

/** The one fact of `rows` that a row with this key is. */
const find = (rows: readonly RawRow[], key: string, value: unknown) => rows.find((row) => row[key] === value);

describe.each(["first", "later"] as const)("a file of the Python Fraisier, in the %s shape", (shape) => {
  test("is recognised, and what it holds is told, without a change", async () => {
    const file = pythonFile({ shape });
    const before = digest(file);
    const adapter = adapterOf(file);
    expect(await isPythonLedger(adapter)).toBe(true);
    expect(await planAdoption(adapter, { timezone })).toEqual({
      timezone,
      fraises: 12,
      deployments: 61,
      webhookEvents: 2,
      orphans: 0,
      abandoned: 1,
      unlinked: 0,
      locks: 0,
      staleLocks: 1,
      backup: `${file}.python-<time>.bak`,
    });
    expect(digest(file)).toBe(before);
  });

  test.each(["read", "write"] as const)("is refused by who opens it to %s, who names the command", async (mode) => {
    const file = pythonFile({ shape });
    const before = digest(file);
    const place = { directory: dirname(file), env: {} };
    const opening = mode === "read" ? openLedger({ ...place, mode }) : openLedger({ ...place, mode });
    await expect(opening).rejects.toMatchObject({
      kind: "schema_outdated",
      message: expect.stringContaining("Python Fraisier"),
      hint: expect.stringContaining("fraisier db migrate"),
    });
    expect(digest(file)).toBe(before);
    expect(readdirSync(dirname(file)).filter((name) => !/-(shm|wal)$/.test(name))).toEqual(["fraisier.db"]);
  });

  test("gets exactly the schema that a new ledger has, noted as the runner notes it", async () => {
    const { adapter, result, file } = await adopted(shape);
    expect(result).toMatchObject({ databaseType: "sqlite", applied: NAMES, reverted: [], pending: [] });
    const fresh = adapterOf(join(temporaryFolder(), "fresh.db"));
    await runMigrations(fresh);
    const strays = Object.keys(STRAY_TABLES);
    const schema = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name";
    const mine = (await adapter.executeQuery<{ tbl_name: string }>(schema)).filter(
      ({ tbl_name }) => !strays.includes(tbl_name),
    );
    expect(mine).toEqual(await fresh.executeQuery(schema));
    expect(mine.length).toBeGreaterThan(40);

    const noted = "SELECT version, name, checksum, applied_by FROM tb_schema_migration";
    expect(await adapter.executeQuery(noted)).toEqual(await fresh.executeQuery(noted));
    expect(await schemaStatus(adapter)).toMatchObject({ pending: [], unknown: [], interrupted: [] });
    expect(await prepareSchema(adapter, "write")).toBe(true);
    expect(await runMigrations(adapter)).toEqual({ databaseType: "sqlite", applied: [], reverted: [], pending: [] });
    expect(await isPythonLedger(adapter)).toBe(false);
    expect(ask(file, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    expect(ask(file, "PRAGMA foreign_key_check")).toEqual([]);
  });

  test("keeps every state", async () => {
    const { file, before } = await adopted(shape);
    const after = allOf(file, "tb_fraise_state");
    expect(after).toHaveLength(12);
    for (const old of before.tb_fraise_state ?? []) {
      const row = find(after, "id", old.id);
      expect(row).toMatchObject({
        ...old,
        project_name: "",
        job_key: old.job_name ?? "",
        last_deployed_at: utcOrNull(old.last_deployed_at),
        created_at: utc(old.created_at),
        updated_at: utc(old.updated_at),
      });
    }
  });

  test("keeps every deployment", async () => {
    const { file, before } = await adopted(shape);
    const after = allOf(file, "tb_deployment");
    expect(after).toHaveLength(61);
    for (const old of before.tb_deployment ?? []) {
      const isOpen = old.status === "in_progress";
      const hex = String(old.id).replaceAll("-", "");
      expect(find(after, "id", old.id)).toEqual({
        ...old,
        id_hex: hex,
        id_hex_reversed: [...hex].reverse().join(""),
        project_name: "",
        kind: "deploy",
        status: isOpen ? "abandoned" : old.status,
        error_message: isOpen ? expect.stringContaining("Python Fraisier") : old.error_message,
        started_at: utc(old.started_at),
        completed_at: utc(isOpen ? old.updated_at : old.completed_at),
        healthy_at: old.status === "success" ? utc(old.completed_at) : null,
        created_at: utc(old.created_at),
        updated_at: utc(old.updated_at),
        ...Object.fromEntries(
          ["fk_deployment_undone", "commit_subject", "target", "host", "release_id", "release_path"]
            .concat(["previous_release_id", "runner_host", "runner_machine", "runner_boot_id", "runner_pid"])
            .concat(["runner_start_time", "runner_user", "runner_ci_run"])
            .map((column) => [column, null]),
        ),
      });
    }
  });

  test("keeps every webhook event, and no lock that has expired", async () => {
    const { file, before } = await adopted(shape);
    const after = allOf(file, "tb_webhook_event");
    expect(after).toHaveLength(2);
    for (const old of before.tb_webhook_event ?? [])
      expect(find(after, "id", old.id)).toEqual({
        ...old,
        received_at: utc(old.received_at),
        created_at: utc(old.created_at),
        updated_at: utc(old.updated_at),
      });
    expect(before.tb_deployment_lock).toHaveLength(1);
    expect(allOf(file, "tb_deployment_lock")).toEqual([]);
  });

  test("has the counters of a recount", async () => {
    const { before, ledger } = await adopted(shape);
    for (const state of await ledger.listStates()) {
      const pk = find(before.tb_fraise_state ?? [], "id", state.id)?.pk_fraise_state;
      const own = (before.tb_deployment ?? []).filter((row) => row.fk_fraise_state === pk);
      const successes = own.filter(({ status }) => status === "success");
      const failures = own.length - successes.length; // the others failed, were rolled back since they did, or are abandoned
      expect(own.length).toBeGreaterThan(0);
      expect(state).toMatchObject({ successfulDeployments: successes.length, failedDeployments: failures });
      const [day, ...others] = await ledger.dayCounts(state, "2000-01-01");
      expect(others).toEqual([]);
      expect(day).toMatchObject({ day: "2026-11-23", rollbacks: 0, cancellations: 0 });
      expect(day).toMatchObject({ successes: successes.length, failures });
      expect(day?.totalSeconds).toBeCloseTo(own.reduce((sum, row) => sum + Number(row.duration_seconds), 0));
      // What the state says is in place is the newest success.
      const newest = successes.at(-1);
      expect([state.currentDeploymentId, state.currentVersion]).toEqual([newest?.id, newest?.new_version]);
    }
  });

  test("tells of it in the events", async () => {
    const { ledger, result, before } = await adopted(shape);
    const open = find(before.tb_deployment ?? [], "status", "in_progress");
    const { backup, ...counts } = result.adoption ?? { backup: "" };
    expect(await ledger.events()).toMatchObject([
      { kind: "ledger.adopted", data: { from: "python", ...counts, backup: basename(backup) } },
      { kind: "deployment.abandoned", subjectId: open?.id },
    ]);
    expect(counts).toMatchObject({ timezone, fraises: 12, deployments: 61, abandoned: 1, staleLocks: 1 });
  });

  test("was copied beside itself first, for its owner alone, as it was", async () => {
    const { file, result, old } = await adopted(shape);
    const { backup = "" } = result.adoption ?? {};
    expect(basename(backup)).toMatch(/^fraisier\.db\.python-\d{8}T\d{6}Z\.bak$/);
    expect(dirname(backup)).toBe(dirname(file));
    expect((statSync(backup).mode & 0o777).toString(8)).toBe("600");
    expect(contents(backup)).toEqual(old);
    expect(ask(backup, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    expect(await isPythonLedger(adapterOf(backup))).toBe(true);
  });

  test("is a ledger like any other afterwards", async () => {
    const { ledger, adapter, file } = await adopted(shape);
    const history = await ledger.listDeployments({ fraise: "étl", environment: "production", limit: 100 });
    expect(history.map(({ status }) => status)).toContain("success");
    expect(await ledger.findDeployments("61061c8b")).toMatchObject([{ status: "abandoned" }]);
    expect(await ledger.findDeployments("60472186")).toHaveLength(1); // the end of the same id
    expect(await ledger.recentWebhooks()).toMatchObject([
      { provider: "gitlab", deploymentId: null, processed: false },
      { provider: "github", deploymentId: "23f2a6ad-f456-4e74-99be-4ef535777d91", processed: true },
    ]);
    const before = await ledger.getState(identity());
    const lease = await leaseOf(ledger);
    const { id } = await ended(ledger, lease, { newVersion: "v6" });
    expect(await ledger.getState(identity())).toMatchObject({
      id: before?.id,
      currentVersion: "v6",
      currentDeploymentId: id,
      successfulDeployments: (before?.successfulDeployments ?? 0) + 1,
    });
    await ledger.createDeployment(newDeployment({ fraise: "statistics", job: "daily_stats" }));
    await ledger.createDeployment(newDeployment({ fraise: "new" }));
    expect(ask(file, "SELECT COUNT(*) AS count FROM tb_fraise_state")).toEqual([{ count: 13 }]);
    expect(await adapter.executeQuery("SELECT MAX(pk_deployment) AS last FROM v_deployment")).toEqual([{ last: 64 }]);
  });
});

test("the details and payloads that Python wrote come out as values", async () => {
  const { ledger, file } = await adopted();
  const [first] = await ledger.findDeployments("23f2a6ad");
  expect(first?.details).toEqual({ steps: ["pull", "build"], ñ: [1, 2.5, null, true] });
  const [{ payload } = {}] = ask(file, "SELECT payload FROM tb_webhook_event WHERE git_provider = 'github'");
  expect(JSON.parse(String(payload))).toEqual({ ref: "refs/heads/main", text: "it's ? fine -- ; $1 %s" });
});

test("tables, views and rows of others stay as they are, and go on meaning the tables that they name", async () => {
  const { file, old } = await adopted(
    "later",
    "INSERT INTO deployment_locks VALUES ('shop', 'web1:17', 1769083200.25)",
    "INSERT INTO fraisier_audit_log VALUES (7, 'shop', 'production', 'after_deploy', 'v1', 'v2', NULL, '2026-01-22T12:00:00', 'f00d')",
    "CREATE TABLE note (deployment INTEGER REFERENCES tb_deployment (pk_deployment) ON DELETE CASCADE, text)",
    "INSERT INTO note VALUES (17, 'a good one'), (4711, 'of one that never was')",
    "CREATE VIEW noted AS SELECT d.id, n.text FROM note n JOIN tb_deployment d ON d.pk_deployment = n.deployment",
    "CREATE TABLE python_note (a)",
  );
  const now = contents(file);
  const names = [...Object.keys(STRAY_TABLES), "note", "python_note"];
  for (const name of names) expect(now[name], name).toEqual(old[name]);
  const definitions = (from: Record<string, unknown>) =>
    (from.objects as RawRow[]).filter(({ name }) => [...names, "noted"].includes(String(name)));
  expect(definitions(now)).toEqual(definitions(old));
  expect(ask(file, "SELECT text FROM noted")).toEqual([{ text: "a good one" }]);
});

test("keys go on where they stopped, past those of rows that are gone", async () => {
  const { ledger, file } = await adopted("first", "UPDATE sqlite_sequence SET seq = seq + 100");
  await ledger.createDeployment(newDeployment({ fraise: "new" }));
  expect(ask(file, "SELECT MAX(pk_deployment) AS last FROM tb_deployment")).toEqual([{ last: 162 }]);
  expect(ask(file, "SELECT MAX(pk_fraise_state) AS last FROM tb_fraise_state")).toEqual([{ last: 113 }]);
});

test("a file without rows is adopted too", async () => {
  const adapter = adapterOf(pythonFile({ rows: false }));
  const { adoption } = await runMigrations(adapter, { timezone });
  expect(adoption).toMatchObject({ fraises: 0, deployments: 0 });
  expect(await new Ledger(adapter).listStates()).toEqual([]);
});

test("no copy is written over another one, and what a killed run had begun of one is cleared away", async () => {
  const clock = new WallClock();
  const file = pythonFile();
  const taken = `${file}.python-20260115T120000Z.bak`;
  writeFileSync(taken, "mine");
  writeFileSync(`${file}.python-20250101T000000Z.bak.partial`, "half of one");
  const { adoption } = await runMigrations(adapterOf(file), { timezone, clock });
  expect(adoption?.backup).toBe(`${file}.python-20260115T120000Z-2.bak`);
  expect(statSync(taken).size).toBe(4);
  expect(readdirSync(dirname(file)).filter((name) => name.endsWith(".partial"))).toEqual([]);
});

test("migrations and rows are told as they come, and who waits is told too", async () => {
  const told: unknown[] = [];
  let last = [0, 0];
  let count = 0;
  await runMigrations(adapterOf(pythonFile()), {
    timezone,
    onStarted: (name) => told.push(`begun ${name}`),
    onApplied: (name) => told.push(`done ${name}`),
    onAdopting: (rows, total) => {
      count++;
      last = [rows, total];
    },
  });
  expect(told).toEqual([...NAMES.map((name) => `begun ${name}`), ...NAMES.map((name) => `done ${name}`)]);
  expect([count, last]).toEqual([76, [76, 76]]);
});

test("Ctrl-C leaves the file as it was, without a copy", async () => {
  const file = pythonFile();
  const before = contents(file);
  const interrupt = new AbortController();
  const adapter = adapterOf(file);
  const running = runMigrations(adapter, {
    timezone,
    signal: interrupt.signal,
    onStatement: () => interrupt.abort(),
  });
  await expect(running).rejects.toMatchObject({ kind: "cancelled" });
  await expect.poll(() => readdirSync(dirname(file)).filter((name) => name.includes(".bak"))).toEqual([]);
  expect(contents(file)).toEqual(before);
  expect((await runMigrations(adapter, { timezone })).adoption).toBeDefined();
});

test("a failure on the way takes everything back", async () => {
  const file = pythonFile({}, "CREATE TABLE note (a)", "CREATE INDEX ix_event_subject ON note (a)");
  const before = contents(file);
  await expect(runMigrations(adapterOf(file), { timezone })).rejects.toMatchObject({ kind: "migration_failed" });
  expect(contents(file)).toEqual(before);
  expect(readdirSync(dirname(file)).some((name) => name.includes(".bak"))).toBe(false);
});

test("only db migrate adopts: neither a look at the migrations nor a version to stop at does", async () => {
  const file = pythonFile();
  const before = digest(file);
  await expect(runMigrations(adapterOf(file), { to: 1 })).rejects.toMatchObject({ kind: "schema_outdated" });
  expect(digest(file)).toBe(before);
  const runner = new MigrationRunner(adapterOf(file), { directory: migrationsDirectory() });
  await expect(runner.up()).rejects.toMatchObject({ kind: "migration_failed" });
});

test("it is read through a link, and copied beside the file itself", async () => {
  const file = pythonFile();
  const folder = temporaryFolder();
  const { symlinkSync } = await import("node:fs");
  symlinkSync(file, join(folder, "link.db"));
  const { adoption } = await runMigrations(adapterOf(join(folder, "link.db")), { timezone });
  expect(existsSync(adoption?.backup ?? "")).toBe(true);
  expect(dirname(adoption?.backup ?? "")).toBe(dirname(file));
  change(file, "DELETE FROM tb_event");
});
