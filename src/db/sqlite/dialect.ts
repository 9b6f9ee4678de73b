import type { Dialect } from "../dialect.ts";
import { isolationSql } from "../isolation.ts";
import { quoteWith } from "../sql/identifiers.ts";
import { DatabaseType } from "../types.ts";
import { sqliteMigrations } from "./migrations.ts";

/** Makes a connection refuse writes: `:memory:` has but one, which writes otherwise. */
export const QUERY_ONLY = "PRAGMA query_only = ON";

/**
 * Whether the driver tells which table a statement inserts into and when it was prepared anew: Node 22 has no authorizer.
 */
export const HAS_AUTHORIZER: boolean = Number.parseInt(process.versions.node, 10) >= 24;

/** 1 for the column of `pragma_table_info` that is the rowid (https://sqlite.org/lang_createtable.html#rowid). */
const isRowid = (table: string): string =>
  `(pk = 1 AND upper(type) = 'INTEGER' AND sum(pk > 0) OVER () = 1
    AND NOT EXISTS (SELECT 1 FROM pragma_index_list(${table}) WHERE origin = 'pk'))`;

/** Returns the `name` of the column that is the rowid of a table, given by its name and its schema. */
export const ROWID_COLUMN: string = `SELECT name FROM (SELECT name, ${isRowid("?1, ?2")} AS is_rowid FROM pragma_table_info(?1, ?2)) WHERE is_rowid`;

/** SQLite, as https://sqlite.org/lang.html has it. */
export const sqliteDialect: Dialect = {
  type: DatabaseType.SQLITE,
  lexical: {
    doubleQuoted: "identifier",
    backtickIdentifiers: true,
    bracketIdentifiers: true,
    backslashEscapes: false,
    escapeStrings: false,
    dollarQuotes: false,
    hashComments: false,
    dashCommentNeedsSpace: false,
    nestedComments: false,
    executableComments: false,
    variablePrefixes: ":@#",
    sessionVariables: false,
    questionMarkOperators: false,
    byteOrderMarkIsSpace: true,
    carriageReturnEndsComment: false,
    compoundStatements: "trigger",
    delimiterCommand: false,
  },
  placeholder: () => "?", // binding to ?1, ?2, … takes time that grows with the square of their number
  numberedPlaceholders: false,
  countsNativeParameters: true,
  quoteIdentifier: (name) => quoteWith('"', name),
  maxParameters: 32_766, // SQLITE_MAX_VARIABLE_NUMBER since 3.32
  chunkParameters: 32_766,
  supportsReturning: true,
  // Any key but an INTEGER may be NULL, also a PRIMARY KEY: https://sqlite.org/quirks.html#primary_keys_can_sometimes_contain_nulls
  toldKeys: `SELECT name, upper(type) NOT IN ('BLOB', 'BOOL', 'BOOLEAN', 'DATETIME', 'JSON', 'JSONB', 'TIMESTAMP', 'TIMESTAMPTZ')
      AND ("notnull" OR upper(coalesce(dflt_value, 'NULL')) <> 'NULL'
        OR (pk = 1 AND upper(type) = 'INTEGER' AND sum(pk > 0) OVER () = 1)) AS is_told,
      ${HAS_AUTHORIZER ? isRowid("table_name") : "0"} AS is_counted
    FROM (SELECT ? AS table_name) CROSS JOIN pragma_table_info(table_name)`,
  tableKeys: null,
  keyKinds: null,
  migrations: sqliteMigrations,
  poolDefaults: { min: 1, max: 5, acquireTimeoutMs: 10_000, idleTimeoutMs: 300_000, maxLifetimeMs: 1_800_000 },
  cipher: null,
  supportsTransactionalDdl: true,
  instantType: "TIMESTAMP",
  // One writer at a time and snapshots for readers: every level is serializable. A deferred transaction that turns
  // into a writing one fails with BUSY_SNAPSHOT whatever the timeout, so writers take the lock at once.
  beginTransaction({ isolation, readOnly }) {
    if (isolation !== undefined) isolationSql(isolation);
    return readOnly ? [QUERY_ONLY, "BEGIN DEFERRED"] : ["BEGIN IMMEDIATE"];
  },
  insertDefaults: "DEFAULT VALUES",
  upsertClause(conflict, updates) {
    // A conflict without anything to update still has to answer with the row it met.
    const assigned = (updates.length > 0 ? updates : conflict).map((column) => `${column} = excluded.${column}`);
    return `ON CONFLICT (${conflict.join(", ")}) DO UPDATE SET ${assigned.join(", ")}`;
  },
};
