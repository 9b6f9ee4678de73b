/** Files of the Python Fraisier, made and read by way of SQLite alone: what is tested has no part in it. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { onTestFinished } from "vitest";
import { type FraiserDatabaseAdapter, SqliteAdapter } from "../../src/db/index.ts";
import { temporaryFolder } from "./databases.ts";

const FOLDER = join(import.meta.dirname, "python-fraisier");
const FIRST_SHAPE = readFileSync(join(FOLDER, "first-shape.sql"), "utf8");
const SAMPLE_ROWS = readFileSync(join(FOLDER, "sample-rows.sql"), "utf8");

/** What stands beside in files of later versions. */
export const STRAY_TABLES = {
  deployment_locks: "fraise TEXT PRIMARY KEY, holder TEXT NOT NULL, acquired_at REAL NOT NULL",
  fraisier_audit_log:
    "id INTEGER PRIMARY KEY AUTOINCREMENT, fraise TEXT NOT NULL, environment TEXT NOT NULL, phase TEXT NOT NULL, old_version TEXT, new_version TEXT, error_message TEXT, executed_at TEXT NOT NULL, signature TEXT NOT NULL",
};

/** The first versions' shape, and that of later ones, whose file has a write-ahead log. */
export const SHAPES: Readonly<Record<Shape, string>> = {
  first: FIRST_SHAPE,
  later: [
    "PRAGMA journal_mode = WAL",
    ...Object.entries(STRAY_TABLES).map(([name, columns]) => `CREATE TABLE ${name} (${columns})`),
    FIRST_SHAPE.replace("fk_fraise_state INTEGER NOT NULL", "fk_fraise_state INTEGER"),
  ].join(";\n"),
};
export type Shape = "first" | "later";

export const PYTHON_TABLES = ["tb_fraise_state", "tb_deployment", "tb_webhook_event", "tb_deployment_lock"] as const;

export type RawRow = Record<string, unknown>;

/** A file in a folder of its own, with the sample's rows unless they are `false`, in which this was done afterwards. */
export function pythonFile(
  { shape = "first", rows = true }: { readonly shape?: Shape; readonly rows?: boolean } = {},
  ...statements: readonly string[]
): string {
  const file = join(temporaryFolder(), "fraisier.db");
  change(file, SHAPES[shape], ...(rows ? [SAMPLE_ROWS] : []), ...statements);
  return file;
}

/** Runs statements as Python did at first: without watching foreign keys. */
export function change(file: string, ...statements: readonly string[]): void {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  for (const statement of statements) database.exec(statement);
  database.close();
}

/** Rows as SQLite has them. */
export function ask(file: string, query: string): RawRow[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(query).all() as RawRow[];
  } finally {
    database.close();
  }
}

export const allOf = (file: string, table: string): RawRow[] => ask(file, `SELECT * FROM ${table} ORDER BY rowid`);

/** Everything that a file holds but SQLite's own. */
export function contents(file: string): Record<string, unknown> {
  const objects = ask(file, "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name");
  const tables = objects.filter(({ type }) => type === "table").map(({ name }) => String(name));
  return { objects, ...Object.fromEntries(tables.map((table) => [table, allOf(file, table)])) };
}

/** Changes with any byte of the file. */
export const digest = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

/** An adapter of the file, which is not connected yet, and is closed with the test. */
export function adapterOf(file: string): FraiserDatabaseAdapter {
  const adapter = new SqliteAdapter(file);
  onTestFinished(() => adapter.close());
  return adapter;
}

/** The row of a deployment of shop in production, with these columns. */
export function deployment(key: number, columns: Readonly<Record<string, string | number | null>> = {}): string {
  const at = "2026-01-15T12:00:00.000000";
  return insert("tb_deployment", {
    pk_deployment: key,
    id: uuid(key),
    identifier: `shop:production:${key}`,
    fk_fraise_state: 1,
    fraise_name: "shop",
    environment_name: "production",
    started_at: at,
    status: "success",
    created_at: at,
    updated_at: at,
    ...columns,
  });
}

/** The row of the state of shop in production, with these columns. */
export function state(key: number, columns: Readonly<Record<string, string | number | null>> = {}): string {
  const at = "2026-01-15T12:00:00.000000";
  return insert("tb_fraise_state", {
    pk_fraise_state: key,
    id: uuid(1000 + key),
    identifier: `shop:production#${key}`,
    fraise_name: "shop",
    environment_name: "production",
    status: "healthy",
    created_at: at,
    updated_at: at,
    ...columns,
  });
}

export const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

export function insert(table: string, row: Readonly<Record<string, string | number | null>>): string {
  const literal = (value: string | number | null) =>
    typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
  return `INSERT INTO ${table} (${Object.keys(row).join(", ")}) VALUES (${Object.values(row).map(literal).join(", ")})`;
}
