import { DatabaseType, type FraiserDatabaseAdapter, type Queryable } from "../../db/index.ts";
import { LedgerSchemaError } from "../errors.ts";

/** The tables of the Python Fraisier. Others may stand beside them: `deployment_locks`, `fraisier_audit_log`, a user's own. */
export const PYTHON_TABLES = ["tb_fraise_state", "tb_deployment", "tb_webhook_event", "tb_deployment_lock"] as const;
export type PythonTable = (typeof PYTHON_TABLES)[number];

/** Its views, which today's of the same names take the place of. */
export const PYTHON_VIEWS = ["v_fraise_status", "v_deployment_history", "v_webhook_event_history"] as const;

/** How the values of a column are stored: in words, and as a list of what SQLite's `typeof` says of them. */
export interface Storage {
  readonly kind: string;
  readonly types: string;
}

/** By the declared type; SQLite keeps anything in any column. */
const STORAGE: Readonly<Record<string, Storage>> = {
  TEXT: { kind: "text", types: "'text', 'null'" },
  INTEGER: { kind: "whole number", types: "'integer', 'null'" },
  REAL: { kind: "number", types: "'real', 'integer', 'null'" },
};

const KEY = " INTEGER KEY";
const REQUIRED = " TEXT NOT NULL";
const AUDIT = [`created_at${REQUIRED}`, `updated_at${REQUIRED}`];
const PLACE = [`fraise_name${REQUIRED}`, `environment_name${REQUIRED}`, "job_name TEXT"];
const texts = (...names: readonly string[]): string[] => names.map((name) => `${name} TEXT`);

/** The columns of each, in their order; `?` where a later version has no NOT NULL any more. */
const COLUMNS: Readonly<Record<PythonTable, readonly string[]>> = {
  tb_fraise_state: [
    ...[`id${REQUIRED}`, `identifier${REQUIRED}`, `pk_fraise_state${KEY}`, ...PLACE],
    ...texts("current_version", "last_deployed_at", "last_deployed_by", "status"),
    ...AUDIT,
  ],
  tb_deployment: [
    ...[`id${REQUIRED}`, `identifier${REQUIRED}`, `pk_deployment${KEY}`, "fk_fraise_state INTEGER NOT NULL?", ...PLACE],
    ...[`started_at${REQUIRED}`, "completed_at TEXT", "duration_seconds REAL", ...texts("old_version", "new_version")],
    ...[`status${REQUIRED}`, ...texts("triggered_by", "triggered_by_user", "git_commit", "git_branch")],
    ...[...texts("error_message", "details"), ...AUDIT],
  ],
  tb_webhook_event: [
    ...[`id${REQUIRED}`, `identifier${REQUIRED}`, `pk_webhook_event${KEY}`, "fk_deployment INTEGER"],
    ...[`received_at${REQUIRED}`, `event_type${REQUIRED}`, `git_provider${REQUIRED}`],
    ...[...texts("branch_name", "commit_sha", "sender", "payload"), "processed INTEGER", ...AUDIT],
  ],
  tb_deployment_lock: [
    ...[`pk_deployment_lock${KEY}`, `service_name${REQUIRED}`, `provider_name${REQUIRED}`],
    ...[`locked_at${REQUIRED}`, `expires_at${REQUIRED}`],
  ],
};

/** The columns of a table, each with how its values are stored. */
export function storageOf(table: PythonTable): (Storage & { readonly column: string })[] {
  return COLUMNS[table].map((known) => {
    const [column = "", type = ""] = known.split(" ", 2);
    return { column, ...(STORAGE[type] as Storage) };
  });
}

/** The file of an SQLite adapter; null for any other database. */
export function sqliteFileOf(adapter: FraiserDatabaseAdapter): string | null {
  if (adapter.databaseType() !== DatabaseType.SQLITE) return null;
  return adapter.origin?.database?.replace(/^sqlite:/, "") ?? null;
}

/** Whether an SQLite database has all tables of the Python Fraisier, each in a shape that one of its versions made, and none of today's. */
export async function hasPythonShape(database: Queryable): Promise<boolean> {
  const names = [...PYTHON_TABLES, ...TODAY_ONLY];
  // One statement, so that nobody's change comes in between.
  const columns = await database.executeQuery<{ table: string; type: string; column: string }>(
    `SELECT m.name AS "table", m.type AS type, c.name || ' ' || c.type || iif(c.pk > 0, ' KEY', '')
        || iif(c."notnull", ' NOT NULL', '') || iif(c.hidden > 0, ' GENERATED', '') AS "column"
      FROM sqlite_master m LEFT JOIN pragma_table_xinfo(m.name) c ON m.type = 'table'
      WHERE m.type IN ('table', 'view') AND m.name IN (${names.map(() => "?").join(", ")})
      ORDER BY m.name, c.cid`,
    names,
  );
  if (columns.some(({ table }) => TODAY_ONLY.has(table))) return false;
  return PYTHON_TABLES.every((name) => {
    const found = columns.filter(({ table, type }) => table === name && type === "table");
    const known = COLUMNS[name];
    return found.length === known.length && found.every(({ column }, index) => fits(column, known[index] as string));
  });
}

/** What today's schema has and the Python Fraisier had not. */
const TODAY_ONLY: ReadonlySet<string> = new Set([
  ...["tb_deployment_step", "tb_deployment_output", "tb_event", "tb_deployment_stat", "tb_deployment_lease"],
  ...["tb_schema_migration", "v_deployment"],
]);

function fits(column: string, known: string): boolean {
  if (!known.endsWith("?")) return column === known;
  return column === known.slice(0, -1) || column === known.slice(0, -" NOT NULL?".length);
}

/**
 * A trigger of somebody's on these tables would go with them.
 *
 * @throws LedgerSchemaError `schema_foreign`
 */
export async function refuseTriggers(database: Queryable): Promise<void> {
  const marks = PYTHON_TABLES.map(() => "?").join(", ");
  const [trigger] = await database.executeQuery<{ name: string; table: string }>(
    `SELECT name, tbl_name AS "table" FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (${marks}) ORDER BY name`,
    PYTHON_TABLES,
  );
  if (trigger === undefined) return;
  throw new LedgerSchemaError(
    "schema_foreign",
    `The Python Fraisier's table ${trigger.table} has a trigger ${trigger.name}, which is not its own. The database was left as it is.`,
    { hint: `Keep its text, drop it, then adopt the database, and make it again: DROP TRIGGER ${trigger.name}` },
  );
}
