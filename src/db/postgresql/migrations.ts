import { DatabaseError } from "../errors.ts";
import type { MigrationSupport } from "../migrations/support.ts";
import type { Queryable } from "../types.ts";

/** One lock for each table of migrations; advisory locks belong to a database. */
const KEY = "hashtextextended('fraisier:' || current_schema() || '.' || ?, 0)";
const UNPREPARED = { prepare: false };

/** Invalid transaction state, and a procedure that commits: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const NOT_IN_TRANSACTION = new Set(["25001", "2D000"]);

async function ask(session: Queryable, expression: string, table: string): Promise<boolean> {
  const [row] = await session.executeQuery<{ answer: boolean }>(
    `SELECT ${expression}(${KEY}) AS answer`,
    [table],
    UNPREPARED,
  );
  return row?.answer === true;
}

export const postgresMigrations: MigrationSupport = {
  lock: {
    // Polled, for a session that waits inside the function has a snapshot, which CREATE INDEX CONCURRENTLY waits for.
    async tryAcquire(session, table) {
      if (!(await ask(session, "pg_try_advisory_lock", table))) return false;
      // The server is to notice the death of its client also while a long statement runs. Known since PostgreSQL 14.
      await session.executeQuery(
        "SELECT set_config(name, '1000', false) FROM pg_settings WHERE name = 'client_connection_check_interval'",
        [],
        UNPREPARED,
      );
      return true;
    },
    tryAcquireInTransaction: (tx, table) => ask(tx, "pg_try_advisory_xact_lock", table),
    async release(session, table) {
      await ask(session, "pg_advisory_unlock", table);
    },
    async holder(session, table) {
      const [row] = await session.executeQuery<{ text: string | null }>(
        `SELECT format('process %s of %s (%s from %s), connected since %s', a.pid, a.usename, a.application_name,
           COALESCE(host(a.client_addr), 'a socket'), to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) AS text
         FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND ((l.classid::bigint << 32) | l.objid::bigint) = ${KEY}`,
        [table],
        UNPREPARED,
      );
      return row?.text ?? null;
    },
  },
  locksByTransaction: false,
  sessionVerbs: new Set(["SET", "RESET"]),
  nonTransactionalTables: null,
  // Asked only for what no transaction may hold: indexes made or dropped CONCURRENTLY, partitions, databases.
  async readCatalogue(session, words) {
    const rows = await session.executeQuery<{ name: string; what: string; is_valid: boolean }>(
      `SELECT n.nspname || '.' || c.relname AS name, COALESCE(pg_get_indexdef(i.indexrelid), c.relkind::text) || ' ' || COALESCE(c.relpartbound::text, '') AS what,
         COALESCE(i.indisvalid, TRUE) AS is_valid
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
       WHERE c.relname = ANY (?::text[]) OR i.indrelid IN (SELECT oid FROM pg_class WHERE relname = ANY (?::text[]))
       UNION ALL SELECT datname, 'database', TRUE FROM pg_database WHERE datname = ANY (?::text[])
       ORDER BY 1, 2`,
      [words, words, words].map(textArray),
      UNPREPARED,
    );
    const broken = rows.filter((row) => !row.is_valid).map((row) => row.name);
    return {
      text: JSON.stringify(rows),
      remedy: broken.length === 0 ? null : broken.map((name) => `DROP INDEX CONCURRENTLY ${name};`).join(" "),
    };
  },
  async hasObject(session, { kind, schema, name }) {
    if (kind !== "index" && kind !== "table" && kind !== "database") return null;
    const query =
      kind === "database"
        ? "SELECT 1 AS one FROM pg_database WHERE lower(datname) = lower(?)"
        : `SELECT 1 AS one FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE lower(c.relname) = lower(?)
             AND (lower(n.nspname) = lower(?) OR (?::text IS NULL AND n.nspname = ANY (current_schemas(FALSE))))`;
    const values = kind === "database" ? [name] : [name, schema, schema];
    return (await session.executeQuery(query, values, UNPREPARED)).length > 0;
  },
  refusesInTransaction: (error) =>
    error instanceof DatabaseError &&
    error.cause instanceof Error &&
    "code" in error.cause &&
    NOT_IN_TRANSACTION.has(String(error.cause.code)),
};

function textArray(words: readonly string[]): string {
  return `{${words.map((word) => `"${word.replaceAll(/["\\]/g, "\\$&")}"`).join(",")}}`;
}
