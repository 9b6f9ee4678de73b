import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type FraiserDatabaseAdapter,
  readMigrations,
  runMigrations as runOthers,
  SqliteAdapter,
  type StatementOptions,
} from "../../src/db/index.ts";
import { splitStatements } from "../../src/db/sql/splitter.ts";
import {
  Ledger,
  LedgerSchemaError,
  migrationsDirectory,
  prepareSchema,
  runMigrations,
  schemaStatus,
} from "../../src/ledger/index.ts";
import type { Opening } from "./open-once.ts";
import { newDeployment, TABLES, temporaryFolder } from "./support.ts";

const NAMES = ["001_create_deployment_tables", "002_create_deployment_indexes", "003_create_fraise_state_tables"];
const VIEWS = ["v_fraise_status", "v_deployment_history", "v_webhook_event_history", "v_deployment"];

/** An SQLite file in which this has been done already. */
async function database(...statements: readonly string[]): Promise<FraiserDatabaseAdapter> {
  const adapter = new SqliteAdapter(`sqlite://${temporaryFolder()}/ledger.db?synchronous=off`);
  onTestFinished(() => adapter.close());
  for (const statement of statements) await adapter.executeQuery(statement, [], { placeholders: "native" });
  return adapter;
}

/** Everything that is in a file but SQLite's own. */
const schemaOf = (adapter: FraiserDatabaseAdapter) =>
  adapter.executeQuery<{ name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
  );
const namesIn = async (adapter: FraiserDatabaseAdapter) => (await schemaOf(adapter)).map(({ name }) => name);

/** A folder that has only the first `count` of the ledger's migrations. */
function firstMigrations(count: number): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "sqlite"));
  for (const name of NAMES.slice(0, count))
    cpSync(join(migrationsDirectory(), "sqlite", `${name}.sql`), join(folder, "sqlite", `${name}.sql`));
  return folder;
}

test("every database has migrations of the same numbers and names", () => {
  for (const folder of readdirSync(migrationsDirectory()))
    expect(readdirSync(join(migrationsDirectory(), folder)).sort(), folder).toEqual(NAMES.map((name) => `${name}.sql`));
});

describe("an empty database", () => {
  test("is left empty by whoever only reads", async () => {
    const adapter = await database();
    expect(await prepareSchema(adapter, "read")).toBe(false);
    expect(await schemaStatus(adapter)).toMatchObject({ applied: [], unknown: [] });
    expect(await namesIn(adapter)).toEqual([]);
  });

  test("is set up by whoever writes, with all tables and views, and works", async () => {
    const adapter = await database();
    expect(await prepareSchema(adapter, "write")).toBe(true);
    expect(await namesIn(adapter)).toEqual(expect.arrayContaining([...TABLES, ...VIEWS, "tb_schema_migration"]));
    expect((await schemaStatus(adapter)).applied.map(({ name }) => name)).toEqual(NAMES);
    const ledger = new Ledger(adapter);
    const { id } = await ledger.createDeployment(newDeployment());
    expect(await ledger.listDeployments()).toMatchObject([{ id }]);
  });

  test("is set up as a whole or not at all", async () => {
    const adapter = await database("CREATE TABLE note (a)", "CREATE INDEX ix_event_subject ON note (a)");
    const before = await schemaOf(adapter);
    await expect(prepareSchema(adapter, "write")).rejects.toMatchObject({ kind: "migration_failed" });
    expect(await schemaOf(adapter)).toEqual(before);
  });

  test("may have tables of others, which stay as they are", async () => {
    const others = ["CREATE TABLE users (id INTEGER)", "CREATE TABLE fraise (id INTEGER)", "CREATE TABLE tb_user (a)"];
    const adapter = await database(...others, "INSERT INTO users VALUES (7)");
    const before = await schemaOf(adapter);
    expect(await prepareSchema(adapter, "read")).toBe(false);
    expect(await schemaOf(adapter)).toEqual(before);
    expect(await prepareSchema(adapter, "write")).toBe(true);
    expect(await schemaOf(adapter)).toEqual(expect.arrayContaining(before));
    expect(await adapter.executeQuery("SELECT id FROM users")).toEqual([{ id: 7 }]);
  });

  test("is set up by runMigrations, which says what it applied, once", async () => {
    const adapter = await database();
    expect((await schemaStatus(adapter)).pending.map(({ name }) => name)).toEqual(NAMES);
    expect(await namesIn(adapter)).toEqual([]);
    expect(await runMigrations(adapter)).toEqual({ databaseType: "sqlite", applied: NAMES, reverted: [], pending: [] });
    expect(await runMigrations(adapter)).toEqual({ databaseType: "sqlite", applied: [], reverted: [], pending: [] });
  });

  test("is empty again when each migration is taken back, the last one first", async () => {
    const adapter = await database();
    await runMigrations(adapter);
    const files = await readMigrations(join(migrationsDirectory(), "sqlite"));
    for (const { down } of files.reverse())
      for (const { text } of splitStatements(down ?? "", adapter.dialect.lexical))
        await adapter.executeQuery(text, [], { placeholders: "native" });
    expect(await namesIn(adapter)).toEqual(["tb_schema_migration"]);
  });
});

describe("a database that is up to date", () => {
  test.for(["read", "write"] as const)("is used as it is, to %s", async (mode) => {
    const adapter = await database();
    await runMigrations(adapter);
    await new Ledger(adapter).createDeployment(newDeployment());
    const before = [await schemaOf(adapter), await schemaStatus(adapter)];
    expect(await prepareSchema(adapter, mode)).toBe(true);
    expect([await schemaOf(adapter), await schemaStatus(adapter)]).toEqual(before);
    expect(await new Ledger(adapter).listDeployments()).toHaveLength(1);
  });
});

describe("a database that is not this version's", () => {
  async function expectRefused(
    adapter: FraiserDatabaseAdapter,
    kind: LedgerSchemaError["kind"],
    ...says: readonly string[]
  ): Promise<void> {
    const before = await schemaOf(adapter);
    for (const mode of ["read", "write"] as const) {
      const error = await prepareSchema(adapter, mode).catch((thrown: unknown) => thrown);
      expect(error, mode).toBeInstanceOf(LedgerSchemaError);
      expect(error).toMatchObject({ kind });
      const { message, hint } = error as LedgerSchemaError;
      for (const text of says) expect(`${message} ${hint}`).toContain(text);
    }
    expect(await schemaOf(adapter)).toEqual(before);
  }

  test.for([1, 2])("is older: what it lacks is named, and the command that applies it; it has %i", async (count) => {
    const adapter = await database();
    await runMigrations(adapter, { directory: firstMigrations(count) });
    await expectRefused(adapter, "schema_outdated", ...NAMES.slice(count), "fraisier db migrate");
    expect((await runMigrations(adapter)).applied).toEqual(NAMES.slice(count));
    expect(await prepareSchema(adapter, "write")).toBe(true);
  });

  test("is newer: what this version does not know is named, also to db migrate", async () => {
    const adapter = await database();
    await runMigrations(adapter);
    await adapter.executeUpdate(
      "INSERT INTO tb_schema_migration SELECT 4, '004_paint', checksum, applied_at, applied_by, 0 FROM tb_schema_migration WHERE version = 1",
    );
    await expectRefused(adapter, "schema_newer", "004_paint", "newer");
    await expect(runMigrations(adapter)).rejects.toMatchObject({ kind: "schema_newer" });
  });

  test.for([...TABLES.map((name) => [name, "TABLE"]), ...VIEWS.map((name) => [name, "VIEW"])])(
    "has a %s of somebody else's",
    async ([name = "", kind = ""]) => {
      const adapter = await database(`CREATE ${kind} ${name} ${kind === "TABLE" ? "(id TEXT)" : "AS SELECT 1 AS id"}`);
      await expectRefused(adapter, "schema_foreign", `${kind.toLowerCase()} ${name} `, "FRAISIER_DB_URL=");
      await expect(runMigrations(adapter)).rejects.toMatchObject({ kind: "schema_foreign" });
      expect(await namesIn(adapter)).toEqual([name]);
    },
  );

  test("keeps a list of migrations of another shape", async () => {
    const adapter = await database("CREATE TABLE tb_schema_migration (id INTEGER, applied TEXT)");
    await expectRefused(adapter, "schema_foreign", "tb_schema_migration");
  });

  test.for([1, 3])("keeps a list of another program's migrations: %i", async (count) => {
    const folder = firstMigrations(0);
    for (let version = 1; version <= count; version++)
      writeFileSync(
        join(folder, "sqlite", `00${version}_users.sql`),
        `-- migrate:up\nCREATE TABLE users${version} (a);`,
      );
    const adapter = await database();
    await runOthers(adapter, { directory: folder });
    await expectRefused(adapter, "schema_foreign", "001_users", "FRAISIER_DB_URL=");
    await expect(runMigrations(adapter)).rejects.toMatchObject({ kind: "schema_foreign" });
  });
});

describe("many processes that set one database up at once", () => {
  const COUNT = process.env.FRAISIER_TEST_SCALE === "1" ? 16 : 4;

  test("all get it, and each migration is applied once", { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    const script = join(import.meta.dirname, "open-once.ts");
    const { FRAISIER_DB_URL: _url, ...env } = process.env;
    const run = promisify(execFile);
    const opened = await Promise.all(
      Array.from({ length: COUNT }, () => run(process.execPath, [script, "write", folder], { env })),
    );
    const openings = opened.map(({ stdout }) => JSON.parse(stdout) as Opening);
    expect(openings).toEqual(Array.from({ length: COUNT }, () => ({ deployments: 0, error: null })));
    await using adapter = new SqliteAdapter(join(folder, "fraisier.db"));
    expect((await schemaStatus(adapter)).applied.map(({ name }) => name)).toEqual(NAMES);
  });

  /** Does something once, just before the ledger's first table is looked for. */
  class Overtaken extends SqliteAdapter {
    overtake: (() => Promise<unknown>) | null = null;

    override async executeQuery<R extends object>(query: string, ...rest: [(readonly unknown[])?, StatementOptions?]) {
      const overtake = query.includes("FROM tb_fraise_state") ? this.overtake : null;
      if (overtake !== null) this.overtake = null;
      await overtake?.();
      return super.executeQuery<R>(query, ...rest);
    }
  }

  test("do not take each other's tables for somebody else's", async () => {
    const path = join(temporaryFolder(), "ledger.db");
    await using other = new SqliteAdapter(path);
    await using adapter = new Overtaken(path);
    adapter.overtake = () => prepareSchema(other, "write");
    expect(await prepareSchema(adapter, "write")).toBe(true);
    expect(adapter.overtake).toBeNull();
    expect((await schemaStatus(adapter)).applied.map(({ name }) => name)).toEqual(NAMES);
  });
});
