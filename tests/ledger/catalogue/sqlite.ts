import type { FraiserDatabaseAdapter } from "../../../src/db/index.ts";
import {
  type Catalogue,
  type Column,
  columnsIn,
  grouped,
  isOfRunner,
  type Meaning,
  meaningOf,
  ruleOf,
  sorted,
  type Table,
} from "./model.ts";

/** SQLite tells no bigint from an integer, and compares every text exactly unless told otherwise. */
const TYPES: Readonly<Record<string, Meaning>> = {
  UUID: "uuid",
  TEXT: "text",
  BOOLEAN: "boolean",
  INTEGER: "integer",
  REAL: "float",
  TIMESTAMP: "instant",
  DATE: "day",
  JSON: "json",
};

/** The value of `hidden` for a column that is made of others and stored. */
const STORED = 3;

interface ForeignKeyRow {
  readonly id: number;
  readonly from: string;
  readonly table: string;
  readonly to: string;
  readonly on_delete: string;
}

export async function readSqlite(adapter: FraiserDatabaseAdapter): Promise<Catalogue> {
  const things = await adapter.executeQuery<{ type: string; name: string; sql: string | null }>(
    "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite^_%' ESCAPE '^' ORDER BY name",
  );
  const tables: Record<string, Table> = {};
  const views: Record<string, Catalogue["views"][string]> = {};
  for (const { type, name, sql } of things) {
    if (type === "table" && !isOfRunner(name)) tables[name] = await readTable(adapter, name, sql ?? "");
    if (type === "view") views[name] = { columns: await namesOf(adapter, name), definition: sql ?? "" };
  }
  const others = things.filter(({ type }) => !["table", "view", "index"].includes(type));
  return { tables, views, others: others.map(({ type, name }) => `${type} ${name}`) };
}

async function readTable(adapter: FraiserDatabaseAdapter, table: string, sql: string): Promise<Table> {
  const rows = await adapter.executeQuery<{
    name: string;
    type: string;
    notnull: number;
    dflt_value: string | null;
    pk: number;
    hidden: number;
  }>('SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid', [table]);
  const columns: Column[] = rows.map(({ name, type, notnull, dflt_value, pk, hidden }) => ({
    name,
    meaning: meaningOf(TYPES, type.replace(" GENERATED ALWAYS", ""), `${table}.${name}`),
    isNullable: notnull === 0 && pk === 0,
    hasDefault: dflt_value !== null,
    isGenerated: hidden === STORED,
  }));
  const indexes = await adapter.executeQuery<{ name: string; unique: number; origin: string; partial: number }>(
    'SELECT name, "unique", origin, partial FROM pragma_index_list(?) ORDER BY name',
    [table],
  );
  const named: Record<string, string[]> = {};
  const uniqueKeys: string[][] = [];
  for (const { name, unique } of indexes) {
    if (unique === 1) uniqueKeys.push(await indexColumns(adapter, name));
    else named[name] = await indexColumns(adapter, name);
  }
  return {
    columns,
    primaryKey: rows.filter(({ pk }) => pk > 0).map(({ name }) => name),
    uniqueKeys: sorted(uniqueKeys),
    foreignKeys: await foreignKeysOf(adapter, table),
    checks: sorted(checksOf(sql).map((condition) => columnsIn(condition, columns))),
    indexes: named,
  };
}

async function namesOf(adapter: FraiserDatabaseAdapter, relation: string): Promise<readonly string[]> {
  return (await adapter.execute(`SELECT * FROM ${relation} WHERE 1 = 0`)).columns;
}

async function indexColumns(adapter: FraiserDatabaseAdapter, index: string): Promise<string[]> {
  const rows = await adapter.executeQuery<{ name: string }>("SELECT name FROM pragma_index_info(?) ORDER BY seqno", [
    index,
  ]);
  return rows.map(({ name }) => name);
}

async function foreignKeysOf(adapter: FraiserDatabaseAdapter, table: string): Promise<Table["foreignKeys"]> {
  const rows = await adapter.executeQuery<ForeignKeyRow>(
    'SELECT id, "from", "table", "to", on_delete FROM pragma_foreign_key_list(?) ORDER BY id, seq',
    [table],
  );
  const keys = [...grouped(rows, "id").values()].map((parts) => ({
    columns: parts.map(({ from }) => from),
    table: parts[0]?.table ?? "",
    referenced: parts.map(({ to }) => to),
    onDelete: ruleOf(parts[0]?.on_delete),
  }));
  return sorted(keys);
}

/** The conditions in the text of a table, which is all that SQLite keeps of them. */
function checksOf(sql: string): string[] {
  const text = sql.replaceAll(/--.*/g, "");
  return [...text.matchAll(/\bCHECK\s*\(/g)].map(({ index, 0: opening }) => {
    const start = index + opening.length;
    let end = start;
    for (let depth = 1; depth > 0; end++) depth += text[end] === "(" ? 1 : text[end] === ")" ? -1 : 0;
    return text.slice(start, end - 1);
  });
}
