import type { Dialect } from "../dialect.ts";
import { isolationSql } from "../isolation.ts";
import { quoteWith } from "../sql/identifiers.ts";
import { DatabaseType } from "../types.ts";
import { mysqlMigrations } from "./migrations.ts";

/**
 * MySQL and MariaDB, in the sql_mode of this project's sessions (no ANSI_QUOTES, no NO_BACKSLASH_ESCAPES), as
 * https://dev.mysql.com/doc/refman/8.4/en/lexical-structure.html has it.
 */
export const mysqlDialect: Dialect = {
  type: DatabaseType.MYSQL,
  lexical: {
    doubleQuoted: "string",
    backtickIdentifiers: true,
    bracketIdentifiers: false,
    backslashEscapes: true,
    escapeStrings: false,
    dollarQuotes: false,
    hashComments: true,
    dashCommentNeedsSpace: true,
    nestedComments: false,
    executableComments: true,
    variablePrefixes: "",
    sessionVariables: true,
    questionMarkOperators: false,
    byteOrderMarkIsSpace: false,
    carriageReturnEndsComment: false,
    compoundStatements: "routine",
    delimiterCommand: true,
  },
  placeholder: () => "?",
  numberedPlaceholders: false,
  countsNativeParameters: false,
  quoteIdentifier: (name) => quoteWith("`", name),
  maxParameters: 65_535, // the protocol counts them in 16 bits
  chunkParameters: 16_000, // more are no faster, and MariaDB takes half a kilobyte of memory for each
  supportsReturning: false, // MariaDB has it for INSERT, MySQL not at all
  toldKeys: `SELECT COLUMN_NAME AS name, EXTRA LIKE '%auto_increment%' AS is_told
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`,
  tableKeys: {
    columns: `SELECT COLUMN_NAME AS name, EXTRA LIKE '%auto_increment%' AS is_generated, EXTRA LIKE '%GENERATED%'
        OR (COLUMN_DEFAULT IS NOT NULL AND NOT (COLUMN_DEFAULT = 'NULL' AND VERSION() LIKE '%MariaDB%')) AS has_default
      FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`,
    // A key of the beginnings of values (SUB_PART) collides also where the values differ.
    uniqueKeys: `SELECT INDEX_NAME AS key_name, IF(SUB_PART IS NULL, COLUMN_NAME, NULL) AS column_name
      FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND NON_UNIQUE = 0`,
  },
  keyKinds: `SELECT COLUMN_NAME AS name, CASE WHEN NUMERIC_PRECISION IS NOT NULL OR DATA_TYPE = 'year' THEN 'number'
      WHEN CHARACTER_SET_NAME IS NOT NULL THEN 'text' ELSE 'other' END AS kind
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`,
  migrations: mysqlMigrations,
  poolDefaults: { min: 5, max: 20, acquireTimeoutMs: 10_000, idleTimeoutMs: 300_000, maxLifetimeMs: 1_800_000 },
  cipher: "SHOW SESSION STATUS LIKE 'Ssl_cipher'",
  supportsTransactionalDdl: false,
  instantType: "DATETIME(3)",
  beginTransaction: ({ isolation, readOnly }) => [
    ...(isolation ? [`SET TRANSACTION ISOLATION LEVEL ${isolationSql(isolation)}`] : []),
    `START TRANSACTION${readOnly ? " READ ONLY" : ""}`,
  ],
  insertDefaults: "() VALUES ()",
  upsertClause(conflict, updates) {
    // MySQL ≥ 8.0.19 has a newer form, which MariaDB does not know; both know VALUES().
    const assigned = (updates.length > 0 ? updates : conflict).map((column) => `${column} = VALUES(${column})`);
    return `ON DUPLICATE KEY UPDATE ${assigned.join(", ")}`;
  },
};
