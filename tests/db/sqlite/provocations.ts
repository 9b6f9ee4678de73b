import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { truncateSync, writeFileSync } from "node:fs";
import { systemClock } from "../../../src/db/clock.ts";
import type { DatabaseErrorDetails, DatabaseErrorKind, Transaction } from "../../../src/db/index.ts";
import { SqliteAdapter, type SqliteAdapterOptions } from "../../../src/db/index.ts";
import { SqliteConnection } from "../../../src/db/sqlite/connection.ts";
import { startChild, temporaryFile } from "./support.ts";

/** A value that no error may show. */
export const SECRET: string = "geheim";

/** A way to make SQLite fail, and what is to come of it. */
export interface Provocation {
  /** SQLite's result code. */
  readonly code: number;
  readonly kind: DatabaseErrorKind;
  /** A statement on {@link SCHEMA}, with parameters; or what fails by itself. */
  readonly by: string | ((adapter: SqliteAdapter, options: SqliteAdapterOptions) => Promise<unknown>);
  readonly params?: readonly unknown[];
  readonly details?: Pick<DatabaseErrorDetails, "table" | "columns" | "constraint">;
}

export const SCHEMA: readonly string[] = [
  "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, kind TEXT NOT NULL DEFAULT 'a', size INTEGER CONSTRAINT positive CHECK (size > 0))",
  "CREATE TABLE part (item INTEGER REFERENCES item, twin REFERENCES item (name) ON UPDATE RESTRICT)",
  "CREATE TABLE pair (a, b, UNIQUE (a, b))",
  "CREATE TABLE strict (n INTEGER) STRICT",
  "CREATE TABLE derived (a, b GENERATED ALWAYS AS (a + 1))",
  "CREATE TABLE wrong (a REFERENCES derived (a))",
  "CREATE UNIQUE INDEX lower_name ON item (lower(name))",
  "CREATE VIEW v_item AS SELECT name FROM item",
  "CREATE VIRTUAL TABLE box USING rtree (id, low, high)",
  "CREATE TRIGGER refuse BEFORE DELETE ON pair BEGIN SELECT RAISE(ABORT, 'geheim is not to go'); END",
  "INSERT INTO item (id, name) VALUES (1, 'geheim')",
  "INSERT INTO part VALUES (1, 'geheim')",
  "INSERT INTO pair VALUES ('geheim', 2)",
];

const inTransaction = (sql: string) => (adapter: SqliteAdapter) => adapter.transaction((tx) => tx.executeQuery(sql));

/** Reads from `item` while `work` runs on the same connection. */
const whileReading = (work: (tx: Transaction) => Promise<unknown>) => (adapter: SqliteAdapter) =>
  adapter.transaction(async (tx) => {
    for (let n = 0; n < 9; n++) await tx.executeUpdate("INSERT INTO pair SELECT hex(randomblob(9)), b FROM pair");
    for await (const _ of tx.stream("SELECT * FROM pair")) await work(tx);
  });

/** A failure that the adapter takes care never to meet: a transaction that begins to write after somebody else wrote. */
async function writeAfterOther(_: SqliteAdapter, { exposeValues = false }: SqliteAdapterOptions): Promise<unknown> {
  const path = temporaryFile();
  await using other = new SqliteAdapter(path);
  await other.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY)");
  const options = {
    path,
    readOnly: false,
    isImmutable: false,
    pragmas: [],
    busyTimeoutMs: 5000,
    exposeValues,
    clock: systemClock,
  };
  const connection = await SqliteConnection.open(options);
  const run = (sql: string) => connection.run({ sql, verb: "", parameterCount: 0, order: null }, [], { keep: false });
  try {
    connection.control("BEGIN DEFERRED");
    await run("SELECT * FROM item");
    await other.insert("item", {});
    return await run("DELETE FROM item");
  } finally {
    await connection.close();
  }
}

/** The adapter counts the values itself, before SQLite does. */
async function bindTooMany(_: SqliteAdapter, { exposeValues = false }: SqliteAdapterOptions): Promise<unknown> {
  const options = {
    path: ":memory:",
    readOnly: false,
    isImmutable: false,
    pragmas: [],
    busyTimeoutMs: 0,
    exposeValues,
    clock: systemClock,
  };
  const connection = await SqliteConnection.open(options);
  const statement = { sql: "SELECT ?1", verb: "SELECT", parameterCount: null, order: null };
  try {
    return await connection.run(statement, [1, SECRET], { keep: false });
  } finally {
    await connection.close();
  }
}

async function openDamaged(options: SqliteAdapterOptions, damage: (file: string) => void): Promise<unknown> {
  const file = temporaryFile();
  {
    await using first = new SqliteAdapter(file);
    await first.executeQuery("CREATE TABLE item AS SELECT zeroblob(100000) AS filler");
  }
  damage(file);
  await using adapter = new SqliteAdapter(file, options);
  return await adapter.executeQuery("SELECT * FROM item");
}

async function writeWhileHeld(_: SqliteAdapter, options: SqliteAdapterOptions): Promise<unknown> {
  const file = temporaryFile();
  await using adapter = new SqliteAdapter(file, { ...options, busyTimeoutMs: 50 });
  await adapter.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)");
  const holder = startChild("hold-lock.ts", [file, "write"]);
  await holder.next();
  return await adapter.insert("item", { name: SECRET });
}

/** A reader that finds the index of the log damaged while somebody writes cannot mend it, and gives up after 10 s. */
export async function readDamagedIndex(options: SqliteAdapterOptions): Promise<unknown> {
  const file = temporaryFile();
  await using first = new SqliteAdapter(file);
  await first.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)");
  const holder = startChild("hold-lock.ts", [file, "write"]);
  await holder.next();
  await first.close();
  // Another process, since this one would lose its locks on the file by closing it.
  const damage =
    "const fs = require('fs'); fs.writeSync(fs.openSync(process.argv[1], 'r+'), Buffer.alloc(96, 0xa5), 0, 96, 0)";
  spawnSync(process.execPath, ["-e", damage, `${file}-shm`]);
  await using adapter = new SqliteAdapter(file, { ...options, readOnly: true });
  return await adapter.executeQuery("SELECT * FROM item");
}

/** What SQLite's codes decide. */
export const BY_CODE_PROVOKED: readonly Provocation[] = [
  {
    code: 275,
    kind: "check_violation",
    by: "UPDATE item SET size = ?",
    params: [-1],
    details: { constraint: "positive" },
  },
  { code: 787, kind: "foreign_key_violation", by: "INSERT INTO part (item) VALUES (?)", params: [99] },
  { code: 787, kind: "foreign_key_violation", by: "DELETE FROM item" },
  { code: 1811, kind: "foreign_key_violation", by: "UPDATE item SET name = 'other'" },
  {
    code: 1299,
    kind: "not_null_violation",
    by: "UPDATE item SET kind = ?",
    params: [null],
    details: { table: "item", columns: ["kind"] },
  },
  {
    code: 1555,
    kind: "unique_violation",
    by: "INSERT INTO item (id) VALUES (?)",
    params: [1],
    details: { table: "item", columns: ["id"] },
  },
  { code: 1811, kind: "check_violation", by: "DELETE FROM pair" },
  {
    code: 2067,
    kind: "unique_violation",
    by: "INSERT INTO pair VALUES (?, ?)",
    params: [SECRET, 2],
    details: { table: "pair", columns: ["a", "b"] },
  },
  {
    code: 2067,
    kind: "unique_violation",
    by: "INSERT INTO item (name) VALUES (?)",
    params: [SECRET.toUpperCase()],
    details: { constraint: "lower_name" },
  },
  {
    code: 2579,
    kind: "unique_violation",
    by: "INSERT INTO pair (rowid) VALUES (?)",
    params: [1],
    details: { table: "pair", columns: ["rowid"] },
  },
  { code: 3091, kind: "out_of_range", by: "INSERT INTO strict VALUES (?)", params: [SECRET] },
  { code: 517, kind: "serialization_failure", by: writeAfterOther },
  { code: 5, kind: "busy", by: writeWhileHeld },
  { code: 6, kind: "busy", by: whileReading((tx) => tx.executeQuery("DROP TABLE pair")) },
  {
    code: 8,
    kind: "read_only",
    by: (adapter) => adapter.transaction((tx) => tx.insert("item", { name: SECRET }), { readOnly: true }),
  },
  { code: 11, kind: "unsupported", by: (_, options) => openDamaged(options, (file) => truncateSync(file, 8192)) },
  {
    code: 13,
    kind: "disk_full",
    by: (adapter) =>
      adapter.transaction(async (tx) => {
        await tx.executeQuery("PRAGMA max_page_count = 40");
        await tx.insert("item", { name: SECRET.repeat(100_000) });
      }),
  },
  { code: 14, kind: "connection_refused", by: "ATTACH ? AS other", params: [`/${SECRET}/missing.db`] },
  { code: 18, kind: "out_of_range", by: "SELECT zeroblob(?)", params: [2_000_000_000] },
  { code: 19, kind: "check_violation", by: "INSERT INTO box VALUES (1, 10, ?)", params: [0] },
  { code: 20, kind: "out_of_range", by: "INSERT INTO item (id) VALUES (?)", params: [SECRET] },
  {
    code: 25,
    kind: "parameter_mismatch",
    by: bindTooMany,
  },
  {
    code: 26,
    kind: "unsupported",
    by: (_, options) => openDamaged(options, (file) => writeFileSync(file, randomBytes(4096))),
  },
];

/** What comes with code 1, which says nothing: the kind is in the text. */
export const BY_MESSAGE_PROVOKED: readonly Provocation[] = (
  [
    ["syntax_error", "SELEC 1"],
    ["syntax_error", "SELECT #"],
    ["syntax_error", "SELECT"],
    ["syntax_error", "INSERT INTO item (id) VALUES (1, 2)"],
    ["syntax_error", "INSERT INTO item VALUES (1)"],
    ["syntax_error", "SELECT id FROM item a, item b"],
    ["syntax_error", "SELECT max(max(id)) FROM item"],
    ["syntax_error", "SELECT row_number() FROM item"],
    ["syntax_error", "SELECT 1 FROM item GROUP BY max(id)"],
    ["syntax_error", "SELECT (1, 2)"],
    ["syntax_error", "SELECT id FROM item ORDER BY 5"],
    ["syntax_error", "VALUES (1), (1, 2)"],
    ["syntax_error", "SELECT 1 UNION SELECT 1, 2"],
    ["syntax_error", "SELECT (SELECT 1, 2)"],
    ["syntax_error", "SELECT abs(1, 2)"],
    ["unsupported", "INSERT INTO item (size) VALUES (1) ON CONFLICT (size) DO NOTHING"],
    ["unsupported", (adapter) => adapter.executeQuery(`SELECT ${"1+".repeat(2000)}1`)],
    ["unsupported", (adapter) => adapter.executeQuery(`SELECT ${"(".repeat(4000)}1${")".repeat(4000)}`)],
    ["unsupported", (adapter) => adapter.executeQuery(`SELECT 1 FROM ${Array(65).fill("item").join(", ")}`)],
    ["unsupported", (adapter) => adapter.executeQuery(`SELECT ${"1, ".repeat(3000)}1`)],
    ["unsupported", (adapter) => adapter.executeQuery(`SELECT 'a' LIKE '${"%a".repeat(40_000)}'`)],
    ["unsupported", "SELECT to_char(1)"],
    ["unsupported", "CREATE VIRTUAL TABLE v USING missing(a)"],
    ["unsupported", "INSERT INTO v_item VALUES (1)"],
    ["unsupported", "COMMIT"],
    ["unsupported", inTransaction("BEGIN")],
    ["unsupported", inTransaction("VACUUM")],
    ["unsupported", "INSERT INTO derived (b) VALUES (1)"],
    ["unsupported", "UPDATE derived SET b = 1"],
    ["unsupported", "ALTER TABLE item DROP COLUMN id"],
    ["unsupported", "ALTER TABLE item ADD COLUMN more NOT NULL"],
    ["unsupported", "ALTER TABLE v_item ADD COLUMN more"],
    ["unsupported", "ALTER TABLE pair DROP COLUMN a"],
    ["unsupported", "ALTER TABLE item DROP COLUMN name"],
    ["unsupported", "UPDATE sqlite_schema SET name = 1"],
    ["unsupported", "DROP TABLE v_item"],
    ["unsupported", "DROP VIEW item"],
    ["unsupported", "SELECT name FROM item ORDER BY name COLLATE utf8mb4_bin"],
    ["unsupported", "DETACH other"],
    ["unsupported", "RELEASE other"],
    ["undefined_table", "SELECT * FROM missing", { table: "missing" }],
    ["undefined_table", "SELECT * FROM main.missing", { table: "missing" }],
    ["undefined_table", "DROP VIEW missing", { table: "missing" }],
    ["undefined_table", "DROP INDEX missing"],
    ["undefined_table", "DROP TRIGGER missing"],
    ["undefined_column", "SELECT missing FROM item", { columns: ["missing"] }],
    ["undefined_column", "SELECT i.missing FROM item i", { columns: ["missing"] }],
    ["undefined_column", "ALTER TABLE item RENAME COLUMN missing TO other", { columns: ["missing"] }],
    ["undefined_column", "INSERT INTO item (missing) VALUES (1)", { table: "item", columns: ["missing"] }],
    ["out_of_range", "SELECT abs(-9223372036854775807 - 1)"],
    ["out_of_range", "SELECT json('{')"],
    ["unknown", "CREATE TABLE item (id)"],
    ["unknown", "CREATE INDEX lower_name ON item (id)"],
    ["unknown", "ALTER TABLE pair RENAME TO item"],
    ["unknown", "ALTER TABLE item ADD COLUMN name"],
    ["unknown", "INSERT INTO wrong VALUES (1)"],
  ] satisfies (readonly [DatabaseErrorKind, Provocation["by"], Provocation["details"]?])[]
).map(([kind, by, details]) => ({ code: 1, kind, by, ...(details && { details }) }));
