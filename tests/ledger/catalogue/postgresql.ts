import type { FraiserDatabaseAdapter } from "../../../src/db/index.ts";
import {
  type Catalogue,
  type Column,
  isOfRunner,
  type Meaning,
  meaningOf,
  ruleOf,
  sorted,
  type Table,
} from "./model.ts";

/** By `format_type`, with the collation of a text. */
const TYPES: Readonly<Record<string, Meaning>> = {
  uuid: "uuid",
  'text COLLATE "C"': "text",
  boolean: "boolean",
  integer: "integer",
  bigint: "bigint",
  "double precision": "float",
  "timestamp(3) with time zone": "instant",
  date: "day",
  jsonb: "json",
};

interface ColumnRow {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly is_nullable: boolean;
  readonly has_default: boolean;
  readonly is_generated: boolean;
}

interface ConstraintRow {
  readonly table: string;
  readonly kind: "p" | "u" | "f" | "c";
  readonly columns: string[] | null;
  readonly other: string | null;
  readonly referenced: string[] | null;
  readonly on_delete: string;
}

const COLUMNS = `SELECT c.relname AS "table", a.attname AS name, a.attnotnull = false AS is_nullable,
    format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation = 0 THEN '' ELSE ' COLLATE "' || l.collname || '"' END AS type,
    a.atthasdef AND a.attgenerated = '' AS has_default, a.attgenerated = 's' AS is_generated
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_collation l ON l.oid = a.attcollation
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY c.relname, a.attnum`;

/** The names of columns by their numbers in some table, in the order of the numbers. */
const names = (numbers: string, table: string) =>
  `ARRAY(SELECT a.attname::text FROM unnest(${numbers}) WITH ORDINALITY AS k (number, place)
    JOIN pg_attribute a ON a.attrelid = ${table} AND a.attnum = k.number ORDER BY k.place)`;

const CONSTRAINTS = `SELECT c.conrelid::regclass::text AS "table", c.contype::text AS kind, ${names("c.conkey", "c.conrelid")} AS columns,
    c.confrelid::regclass::text AS other, ${names("c.confkey", "c.confrelid")} AS referenced,
    CASE c.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' ELSE c.confdeltype::text END AS on_delete
  FROM pg_constraint c WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('p', 'u', 'f', 'c')`;

const INDEXES = `SELECT i.indrelid::regclass::text AS "table", i.indexrelid::regclass::text AS name, i.indisunique AS is_unique,
    i.indisprimary AS is_primary, ${names("i.indkey", "i.indrelid")} AS columns
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace ORDER BY 2`;

const VIEWS = `SELECT c.relname AS name, pg_get_viewdef(c.oid) AS definition,
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum) AS columns
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v' ORDER BY 1`;

/** The sequence of an identity column belongs to its table. */
const OTHERS = `SELECT 'relation ' || c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind NOT IN ('r', 'v', 'i')
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i')
  UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT 'type ' || typname FROM pg_type t WHERE typnamespace = 'public'::regnamespace AND typrelid = 0 AND typelem = 0 ORDER BY 1`;

export async function readPostgres(adapter: FraiserDatabaseAdapter): Promise<Catalogue> {
  const columns = await adapter.executeQuery<ColumnRow>(COLUMNS);
  const constraints = await adapter.executeQuery<ConstraintRow>(CONSTRAINTS);
  const indexes = await adapter.executeQuery<IndexRow>(INDEXES);
  const tables: Record<string, Table> = {};
  for (const table of new Set(columns.map((column) => column.table))) {
    if (isOfRunner(table)) continue;
    const isOwn = (row: { readonly table: string }) => row.table === table;
    tables[table] = tableOf(table, columns.filter(isOwn), constraints.filter(isOwn), indexes.filter(isOwn));
  }
  const views = await adapter.executeQuery<{ name: string; columns: string[]; definition: string }>(VIEWS);
  return {
    tables,
    views: Object.fromEntries(views.map(({ name, ...view }) => [name, view])),
    others: (await adapter.executeQuery<{ name: string }>(OTHERS)).map(({ name }) => name),
  };
}

interface IndexRow {
  readonly table: string;
  readonly name: string;
  readonly is_unique: boolean;
  readonly is_primary: boolean;
  readonly columns: string[];
}

function tableOf(
  table: string,
  rows: readonly ColumnRow[],
  constraints: readonly ConstraintRow[],
  indexes: readonly IndexRow[],
): Table {
  const columns: Column[] = rows.map(({ name, type, is_nullable, has_default, is_generated }) => ({
    name,
    meaning: meaningOf(TYPES, type, `${table}.${name}`),
    isNullable: is_nullable,
    hasDefault: has_default,
    isGenerated: is_generated,
  }));
  const ofKind = (kind: ConstraintRow["kind"]) => constraints.filter((row) => row.kind === kind);
  return {
    columns,
    primaryKey: ofKind("p")[0]?.columns ?? [],
    uniqueKeys: sorted(indexes.filter((row) => row.is_unique && !row.is_primary).map((row) => row.columns)),
    foreignKeys: sorted(
      ofKind("f").map((row) => ({
        columns: row.columns ?? [],
        table: row.other ?? "",
        referenced: row.referenced ?? [],
        onDelete: ruleOf(row.on_delete),
      })),
    ),
    checks: sorted(ofKind("c").map((row) => (row.columns ?? []).toSorted())),
    indexes: Object.fromEntries(indexes.filter((row) => !row.is_unique).map((row) => [row.name, row.columns])),
  };
}
