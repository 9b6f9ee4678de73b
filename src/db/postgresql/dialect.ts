import type { Dialect } from "../dialect.ts";
import { DatabaseError } from "../errors.ts";
import { isolationSql } from "../isolation.ts";
import { quoteWith } from "../sql/identifiers.ts";
import { DatabaseType } from "../types.ts";
import { postgresMigrations } from "./migrations.ts";

/** NAMEDATALEN − 1: PostgreSQL cuts a longer name off silently, which could make two names one. */
const MAX_IDENTIFIER_BYTES = 63;

/** PostgreSQL, as https://www.postgresql.org/docs/current/sql-syntax-lexical.html has it. */
export const postgresDialect: Dialect = {
  type: DatabaseType.POSTGRESQL,
  lexical: {
    doubleQuoted: "identifier",
    backtickIdentifiers: false,
    bracketIdentifiers: false,
    backslashEscapes: false, // standard_conforming_strings is on in every session of ours
    escapeStrings: true,
    dollarQuotes: true,
    hashComments: false,
    dashCommentNeedsSpace: false,
    nestedComments: true,
    executableComments: false,
    variablePrefixes: "", // `:` is a slice, `@` and `#` are operators
    sessionVariables: false,
    questionMarkOperators: true,
    byteOrderMarkIsSpace: false,
    carriageReturnEndsComment: true,
    compoundStatements: "atomic",
    delimiterCommand: false,
  },
  placeholder: (n) => `$${n}`,
  numberedPlaceholders: true,
  countsNativeParameters: false,
  quoteIdentifier(name) {
    const quoted = quoteWith('"', name);
    if (Buffer.byteLength(name) > MAX_IDENTIFIER_BYTES) {
      throw new DatabaseError("unsupported", `The name ${JSON.stringify(name)} is longer than PostgreSQL's names.`, {
        hint: `Give a name of at most ${MAX_IDENTIFIER_BYTES} bytes.`,
      });
    }
    return quoted;
  },
  maxParameters: 65_535, // the protocol counts them in 16 bits
  chunkParameters: 65_535,
  supportsReturning: true,
  // What fills a column from outside of the table (a view's rule, a trigger, a domain) is taken at its word.
  toldKeys: `SELECT attname AS name, CASE WHEN typcategory <> 'A'
      AND typname NOT IN ('bool', 'bytea', 'json', 'jsonb', 'timestamptz')
      AND (attnotnull OR atthasdef OR attidentity <> '' OR relhastriggers OR typtype = 'd' OR relkind NOT IN ('r', 'p'))
      THEN 1 ELSE 0 END AS is_told
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_type ON pg_type.oid = atttypid
    WHERE attrelid = to_regclass(quote_ident(?)) AND attnum > 0 AND NOT attisdropped`,
  tableKeys: null,
  keyKinds: null,
  migrations: postgresMigrations,
  poolDefaults: { min: 1, max: 10, acquireTimeoutMs: 10_000, idleTimeoutMs: 300_000, maxLifetimeMs: 1_800_000 },
  cipher: "SELECT CASE WHEN ssl THEN concat(version, ' ', cipher) END FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
  supportsTransactionalDdl: true,
  instantType: "TIMESTAMPTZ(3)",
  beginTransaction: ({ isolation, readOnly }) => [
    `BEGIN${isolation ? ` ISOLATION LEVEL ${isolationSql(isolation)}` : ""}${readOnly ? " READ ONLY" : ""}`,
  ],
  insertDefaults: "DEFAULT VALUES",
  upsertClause(conflict, updates) {
    // A conflict without anything to update still has to answer with the row it met.
    const assigned = (updates.length > 0 ? updates : conflict).map((column) => `${column} = excluded.${column}`);
    return `ON CONFLICT (${conflict.join(", ")}) DO UPDATE SET ${assigned.join(", ")}`;
  },
};
