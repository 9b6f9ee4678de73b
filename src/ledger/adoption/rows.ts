import { setImmediate } from "node:timers/promises";
import type { Queryable } from "../../db/index.ts";
import type { PythonTable } from "./shape.ts";

interface Audited {
  readonly created_at: string;
  readonly updated_at: string;
}

interface OfPlace {
  readonly fraise_name: string;
  readonly environment_name: string;
  readonly job_name: string | null;
}

/** What is read of a row of `tb_fraise_state`. */
export interface PythonState extends OfPlace, Audited {
  readonly pk_fraise_state: number;
  readonly id: string;
  readonly last_deployed_at: string | null;
  readonly status: string | null;
}

/** What is read of a row of `tb_deployment`. */
export interface PythonDeployment extends OfPlace, Audited {
  readonly pk_deployment: number;
  readonly id: string;
  readonly fk_fraise_state: number | null;
  readonly started_at: string;
  readonly completed_at: string | null;
  readonly duration_seconds: number | null;
  readonly status: string;
  readonly error_message: string | null;
}

/** What is read of a row of `tb_webhook_event`. */
export interface PythonWebhook extends Audited {
  readonly pk_webhook_event: number;
  readonly id: string;
  readonly received_at: string;
}

/** A row of `tb_deployment_lock`. */
export interface PythonLock {
  readonly pk_deployment_lock: number;
  readonly locked_at: string;
  readonly expires_at: string;
}

/** What is read of each table; SQLite itself copies the rest, whatever that is. */
export interface PythonRows {
  readonly tb_fraise_state: PythonState;
  readonly tb_deployment: PythonDeployment;
  readonly tb_webhook_event: PythonWebhook;
  readonly tb_deployment_lock: PythonLock;
}

const READ: Readonly<Record<PythonTable, string>> = {
  tb_fraise_state:
    "id, fraise_name, environment_name, NULLIF(job_name, '') AS job_name, last_deployed_at, status, created_at, updated_at",
  tb_deployment: `id, fk_fraise_state, fraise_name, environment_name, NULLIF(job_name, '') AS job_name, started_at,
    completed_at, duration_seconds, status, error_message, created_at, updated_at`,
  tb_webhook_event: "id, received_at, created_at, updated_at",
  tb_deployment_lock: "locked_at, expires_at",
};

const BATCH = 500;

/** The name of a table's internal key. */
export const keyOf = (table: PythonTable): string => `pk_${table.slice("tb_".length)}`;

/**
 * All rows of a table in the order of their keys. They are read in batches, between which others get their turn.
 *
 * @param name what the table is called now, when that is not its own name any more
 */
export async function* rowsOf<T extends PythonTable>(
  database: Queryable,
  table: T,
  name: string = table,
): AsyncIterable<PythonRows[T]> {
  const key = keyOf(table);
  for (let last = Number.NEGATIVE_INFINITY; ; ) {
    const batch = await database.executeQuery<PythonRows[T]>(
      `SELECT ${key}, ${READ[table]} FROM ${name} WHERE ${key} > ? ORDER BY ${key} LIMIT ${BATCH}`,
      [last],
    );
    yield* batch;
    if (batch.length < BATCH) return;
    last = Number(batch.at(-1)?.[key as keyof PythonRows[T]]);
    await setImmediate(); // SQLite's statements leave no turn for Ctrl-C
  }
}
