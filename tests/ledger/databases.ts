/** The databases that the ledger is tested on, each with what only its own SQL can say. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";
import { createAdapterFromUrl } from "../../src/db/index.ts";
import { runMigrations } from "../../src/ledger/index.ts";
import { createDatabase, runSql, type TestDatabase as ServerDatabase } from "../servers/databases.ts";
import type { ServerKind } from "../servers/products/index.ts";
import { sharedServer } from "../servers/shared.ts";

export interface TestDatabase {
  readonly name: string;
  /** The URL of an empty database, which goes with the test. */
  createEmpty(): Promise<string>;
  /** The URL of a migrated, empty ledger for the test. */
  create(): Promise<string>;
  /** Statements after which every UPDATE of a table that changes one of these columns fails. */
  failUpdates(table: string, columns: readonly string[]): readonly string[];
  /**
   * Statements after which every row written to a table is told in `test_write`, and the one that follows as many as
   * `test_failing` says is refused.
   */
  watchWrites(table: string): readonly string[];
}

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "fraisier-ledger-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const VERBS = ["INSERT", "UPDATE", "DELETE"];
const IS_NEXT = "(SELECT COUNT(*) FROM test_write) = (SELECT after FROM test_failing)";

async function migrate(url: string): Promise<void> {
  await using adapter = await createAdapterFromUrl(url);
  await runMigrations(adapter, { transaction: "all" });
}

export const sqlite: TestDatabase = {
  name: "SQLite",
  createEmpty: async () => `sqlite://${join(temporaryFolder(), "ledger.db")}?synchronous=off`,
  async create() {
    const url = await this.createEmpty();
    await migrate(url);
    return url;
  },
  failUpdates: (table, columns) => [
    `CREATE TRIGGER fail_${table} BEFORE UPDATE OF ${columns.join(", ")} ON ${table} BEGIN SELECT RAISE(ABORT, 'refused by the test'); END`,
  ],
  watchWrites: (table) =>
    VERBS.map(
      (verb) => `CREATE TRIGGER watch_${verb}_${table} BEFORE ${verb} ON ${table} BEGIN
        SELECT RAISE(ABORT, 'refused by the test') WHERE ${IS_NEXT};
        INSERT INTO test_write (what) VALUES ('${verb} ${table}'); END`,
    ),
};

/**
 * Making a ledger takes a server a second, so those of a file are used again, emptied; one whose tables or triggers a
 * test has changed is not.
 */
async function onServer(
  kind: ServerKind,
  rest: Pick<TestDatabase, "name" | "failUpdates" | "watchWrites">,
  empty: readonly string[],
): Promise<TestDatabase> {
  const server = await sharedServer(kind);
  const free: ServerDatabase[] = [];
  afterAll(async () => {
    for (const database of free) await database.drop();
  });
  const shape = kind === "postgresql" ? POSTGRESQL_SHAPE : MYSQL_SHAPE;
  const shapeOf = async (database: ServerDatabase) => JSON.stringify(await runSql(database, shape));
  let migratedShape: string | null = null;
  return {
    ...rest,
    async createEmpty() {
      const database = await createDatabase(server);
      onTestFinished(() => database.drop());
      return database.url;
    },
    async create() {
      const database = free.pop() ?? (await createDatabase(server));
      if (migratedShape === null || (await shapeOf(database)) !== migratedShape) await migrate(database.url);
      migratedShape ??= await shapeOf(database);
      onTestFinished(async () => {
        if ((await shapeOf(database)) !== migratedShape) return database.drop();
        await runSql(database, ...empty);
        free.push(database);
      });
      return database.url;
    },
  };
}

const POSTGRESQL_SHAPE = `SELECT relname AS name, relkind::text AS kind FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT tgname, 'trigger' FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2`;
const MYSQL_SHAPE = `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
  UNION ALL SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1`;

export const TABLES = [
  "tb_fraise_state",
  "tb_deployment",
  "tb_deployment_step",
  "tb_deployment_output",
  "tb_event",
  "tb_deployment_stat",
  "tb_deployment_lease",
  "tb_deployment_lock",
  "tb_webhook_event",
] as const;

const postgresql = onServer(
  "postgresql",
  {
    name: "PostgreSQL",
    failUpdates: (table, columns) => [
      `CREATE FUNCTION fail_${table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused by the test'; END $$`,
      `CREATE TRIGGER fail_${table} BEFORE UPDATE OF ${columns.join(", ")} ON ${table} FOR EACH ROW EXECUTE FUNCTION fail_${table}()`,
    ],
    watchWrites: (table) => [
      `CREATE FUNCTION watch_${table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF ${IS_NEXT} THEN RAISE EXCEPTION 'refused by the test'; END IF;
        INSERT INTO test_write (what) VALUES (TG_OP || ' ${table}');
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$`,
      `CREATE TRIGGER watch_${table} BEFORE INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION watch_${table}()`,
    ],
  },
  [`TRUNCATE ${TABLES.join(", ")} RESTART IDENTITY CASCADE`],
);

const mysqlFamily = (kind: "mariadb" | "mysql", name: string) =>
  onServer(
    kind,
    {
      name,
      failUpdates: (table, columns) => [
        `CREATE TRIGGER fail_${table} BEFORE UPDATE ON ${table} FOR EACH ROW IF NOT (${columns
          .map((column) => `OLD.${column} <=> NEW.${column}`)
          .join(" AND ")}) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused by the test'; END IF`,
      ],
      watchWrites: (table) =>
        VERBS.map(
          (verb) => `CREATE TRIGGER watch_${verb}_${table} BEFORE ${verb} ON ${table} FOR EACH ROW BEGIN
            IF ${IS_NEXT} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused by the test'; END IF;
            INSERT INTO test_write (what) VALUES ('${verb} ${table}'); END`,
        ),
    },
    ["SET FOREIGN_KEY_CHECKS = 0", ...TABLES.map((table) => `DELETE FROM ${table}`)],
  );

export const DATABASES: readonly TestDatabase[] = [
  sqlite,
  ...(await Promise.all([postgresql, mysqlFamily("mariadb", "MariaDB"), mysqlFamily("mysql", "MySQL")])),
];
