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

/** By the type without the length of a VARCHAR; a text that is not compared exactly means nothing. */
const TYPES: Readonly<Record<string, Meaning>> = {
  "char(36)": "uuid",
  "char(32)": "text",
  varchar: "text",
  longtext: "text",
  "tinyint(1)": "boolean",
  int: "integer",
  bigint: "bigint",
  double: "float",
  "datetime(3)": "instant",
  date: "day",
  json: "json",
};

/** The collations that take no two texts for the same, MySQL's and MariaDB's; what has no text has none. */
const EXACT = new Set([null, "utf8mb4_0900_bin", "utf8mb4_nopad_bin"]);

interface ColumnRow {
  readonly table_name: string;
  readonly name: string;
  readonly type: string;
  readonly collation: string | null;
  readonly is_nullable: string;
  readonly value: string | null;
  readonly extra: string;
}

interface KeyRow {
  readonly table_name: string;
  readonly name: string;
  readonly column_name: string;
  readonly is_unique: number;
}

interface ForeignKeyRow {
  readonly table_name: string;
  readonly name: string;
  readonly column_name: string;
  readonly other: string;
  readonly referenced: string;
  readonly on_delete: string;
}

interface CheckRow {
  readonly table_name: string;
  readonly clause: string;
}

const COLUMNS = `SELECT c.TABLE_NAME AS table_name, c.COLUMN_NAME AS name, c.COLUMN_TYPE AS type, c.COLLATION_NAME AS collation,
    c.IS_NULLABLE AS is_nullable, c.COLUMN_DEFAULT AS value, c.EXTRA AS extra
  FROM information_schema.COLUMNS c JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
  WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION`;

const KEYS = `SELECT TABLE_NAME AS table_name, INDEX_NAME AS name, COLUMN_NAME AS column_name, NON_UNIQUE = 0 AS is_unique
  FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`;

const FOREIGN_KEYS = `SELECT k.TABLE_NAME AS table_name, k.CONSTRAINT_NAME AS name, k.COLUMN_NAME AS column_name, k.REFERENCED_TABLE_NAME AS other,
    k.REFERENCED_COLUMN_NAME AS referenced, r.DELETE_RULE AS on_delete
  FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r
    ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
  WHERE k.TABLE_SCHEMA = DATABASE() ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION`;

const CHECKS = `SELECT t.TABLE_NAME AS table_name, c.CHECK_CLAUSE AS clause FROM information_schema.CHECK_CONSTRAINTS c
  JOIN information_schema.TABLE_CONSTRAINTS t ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME
  WHERE c.CONSTRAINT_SCHEMA = DATABASE() AND t.CONSTRAINT_TYPE = 'CHECK'`;

/** MariaDB's names of CHECKs are unique in their table alone, which it tells; and that a column is JSON is one of them. */
const MARIADB_CHECKS = `SELECT TABLE_NAME AS table_name, CHECK_CLAUSE AS clause FROM information_schema.CHECK_CONSTRAINTS
  WHERE CONSTRAINT_SCHEMA = DATABASE()`;
const IS_JSON = /^json_valid\(`(\w+)`\)$/;

const VIEWS = `SELECT v.TABLE_NAME AS name, REPLACE(v.VIEW_DEFINITION, CONCAT(CHAR(96), DATABASE(), CHAR(96), '.'), '') AS definition, c.COLUMN_NAME AS column_name
  FROM information_schema.VIEWS v JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = v.TABLE_SCHEMA AND c.TABLE_NAME = v.TABLE_NAME
  WHERE v.TABLE_SCHEMA = DATABASE() ORDER BY v.TABLE_NAME, c.ORDINAL_POSITION`;

const OTHERS = `SELECT CONCAT('trigger ', TRIGGER_NAME) AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
  UNION ALL SELECT CONCAT('routine ', ROUTINE_NAME) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()
  UNION ALL SELECT CONCAT('table of ', ENGINE, ' ', TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND ENGINE <> 'InnoDB'
  ORDER BY 1`;

export async function readMysql(adapter: FraiserDatabaseAdapter): Promise<Catalogue> {
  const isMariadb = /mariadb/i.test((await adapter.checkHealth()).serverVersion ?? "");
  const columns = await adapter.executeQuery<ColumnRow>(COLUMNS);
  const keys = await adapter.executeQuery<KeyRow>(KEYS);
  const foreignKeys = await adapter.executeQuery<ForeignKeyRow>(FOREIGN_KEYS);
  const checks = await adapter.executeQuery<CheckRow>(isMariadb ? MARIADB_CHECKS : CHECKS);
  const tables: Record<string, Table> = {};
  for (const [table, own] of grouped(columns, "table_name")) {
    if (isOfRunner(table)) continue;
    const isOwn = (row: { readonly table_name: string }) => row.table_name === table;
    tables[table] = tableOf(own, keys.filter(isOwn), foreignKeys.filter(isOwn), checks.filter(isOwn));
  }
  const views = await adapter.executeQuery<{ name: string; definition: string; column_name: string }>(VIEWS);
  return {
    tables,
    views: Object.fromEntries(
      [...grouped(views, "name")].map(([name, rows]) => [
        name,
        { columns: rows.map((row) => row.column_name), definition: rows[0]?.definition ?? "" },
      ]),
    ),
    others: (await adapter.executeQuery<{ name: string }>(OTHERS)).map(({ name }) => name),
  };
}

function tableOf(
  rows: readonly ColumnRow[],
  keys: readonly KeyRow[],
  foreignKeys: readonly ForeignKeyRow[],
  checks: readonly CheckRow[],
): Table {
  const jsonColumns = new Set(checks.map(({ clause }) => IS_JSON.exec(clause)?.[1]));
  const columns = rows.map((row) => columnOf(row, jsonColumns.has(row.name)));
  const byName = [...grouped(keys, "name")].map(([name, parts]) => ({
    name,
    isUnique: parts[0]?.is_unique === 1,
    columns: parts.map((part) => part.column_name),
  }));
  return {
    columns,
    primaryKey: byName.find(({ name }) => name === "PRIMARY")?.columns ?? [],
    uniqueKeys: sorted(byName.filter(({ name, isUnique }) => isUnique && name !== "PRIMARY").map((key) => key.columns)),
    foreignKeys: sorted(
      [...grouped(foreignKeys, "name").values()].map((parts) => ({
        columns: parts.map((part) => part.column_name),
        table: parts[0]?.other ?? "",
        referenced: parts.map((part) => part.referenced),
        onDelete: ruleOf(parts[0]?.on_delete),
      })),
    ),
    checks: sorted(
      checks.filter(({ clause }) => !IS_JSON.test(clause)).map(({ clause }) => columnsIn(clause, columns)),
    ),
    indexes: Object.fromEntries(byName.filter(({ isUnique }) => !isUnique).map((key) => [key.name, key.columns])),
  };
}

function columnOf(row: ColumnRow, isJson: boolean): Column {
  const { table_name, name, collation, is_nullable, extra } = row;
  const isExact = isJson || EXACT.has(collation);
  // Versions before MySQL 8.0.19 and MariaDB tell how wide an integer is shown.
  const type = row.type.replace(/^varchar\(\d+\)$/, "varchar").replace(/^(int|bigint)\(\d+\)$/, "$1");
  const isGenerated = /\bSTORED GENERATED\b/i.test(extra);
  return {
    name,
    meaning: isJson ? "json" : meaningOf(TYPES, isExact ? type : `${type} ${collation}`, `${table_name}.${name}`),
    isNullable: is_nullable === "YES",
    // MariaDB writes the default of a column that has none as NULL.
    hasDefault: row.value !== null && row.value !== "NULL" && !isGenerated,
    isGenerated,
  };
}
