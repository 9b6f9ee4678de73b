import type { Queryable } from "../../db/index.ts";
import { convertDeployment, convertLock, convertState, convertWebhook } from "./convert.ts";
import { refuseDuplicates } from "./duplicates.ts";
import { Problems } from "./problems.ts";
import { keyOf, rowsOf } from "./rows.ts";
import { PYTHON_TABLES, refuseTriggers, storageOf } from "./shape.ts";
import type { TimeZone } from "./time-zone.ts";

/** What an adoption finds, and brings over. */
export interface AdoptionPlan {
  /** The zone by which naive times are read. */
  readonly timezone: string;
  /** State rows. */
  readonly fraises: number;
  readonly deployments: number;
  readonly webhookEvents: number;
  /** Deployments that have no state row, and get one. */
  readonly orphans: number;
  /** Deployments that had not ended, and become `abandoned`. */
  readonly abandoned: number;
  /** Webhook events that name a deployment which does not exist, and name none any more. */
  readonly unlinked: number;
  /** Locks that have not expired, and stay. */
  readonly locks: number;
  /** Locks that have expired, and go. */
  readonly staleLocks: number;
}

/**
 * Looks at every row of a Python Fraisier's database. Changes nothing.
 *
 * @throws LedgerSchemaError `schema_duplicates`, `schema_invalid_rows` or `schema_foreign` when it cannot be adopted
 */
export async function examine(database: Queryable, zone: TimeZone, now: Date): Promise<AdoptionPlan> {
  await refuseTriggers(database);
  const problems = new Problems();
  await checkStorage(database, problems);
  problems.assertNone(); // what comes next takes a text for a text
  await refuseDuplicates(database);
  await checkNames(database, problems);
  await checkIds(database, problems);
  const counts = { fraises: 0, deployments: 0, webhookEvents: 0, abandoned: 0, locks: 0, staleLocks: 0 };
  for await (const row of rowsOf(database, "tb_fraise_state")) {
    convertState(row, zone, problems);
    counts.fraises++;
  }
  for await (const row of rowsOf(database, "tb_deployment")) {
    if (convertDeployment(row, zone, problems).wasUnfinished) counts.abandoned++;
    counts.deployments++;
  }
  for await (const row of rowsOf(database, "tb_webhook_event")) {
    convertWebhook(row, zone, problems);
    counts.webhookEvents++;
  }
  for await (const row of rowsOf(database, "tb_deployment_lock"))
    if (convertLock(row, zone, problems).expiresAt > now) counts.locks++;
    else counts.staleLocks++;
  problems.assertNone();
  return {
    timezone: zone.name,
    ...counts,
    orphans: await count(database, `tb_deployment d WHERE ${IS_ORPHAN}`),
    unlinked: await count(database, `tb_webhook_event w WHERE w.fk_deployment IS NOT NULL AND ${HAS_NO_DEPLOYMENT}`),
  };
}

const IS_ORPHAN = "NOT EXISTS (SELECT 1 FROM tb_fraise_state s WHERE s.pk_fraise_state = d.fk_fraise_state)";
const HAS_NO_DEPLOYMENT = "NOT EXISTS (SELECT 1 FROM tb_deployment d WHERE d.pk_deployment = w.fk_deployment)";

async function count(database: Queryable, from: string): Promise<number> {
  const [row] = await database.executeQuery<{ count: number }>(`SELECT COUNT(*) AS count FROM ${from}`);
  return row?.count ?? 0;
}

/** Notes the rows with a value of another kind than their column's: SQLite keeps anything anywhere. */
export async function checkStorage(database: Queryable, problems: Problems): Promise<void> {
  for (const table of PYTHON_TABLES) {
    for (const { column, kind, types } of storageOf(table)) {
      const rows = await database.executeQuery<{ key: number }>(
        `SELECT ${keyOf(table)} AS key FROM ${table} WHERE typeof(${column}) NOT IN (${types})`,
      );
      for (const { key } of rows) problems.add(table, key, `${column} is no ${kind}`);
    }
  }
}

async function checkNames(database: Queryable, problems: Problems): Promise<void> {
  for (const table of ["tb_fraise_state", "tb_deployment"] as const) {
    for (const column of ["fraise_name", "environment_name"]) {
      const rows = await database.executeQuery<{ key: number }>(
        `SELECT ${keyOf(table)} AS key FROM ${table} WHERE ${column} = ''`,
      );
      for (const { key } of rows) problems.add(table, key, `${column} is empty`);
    }
  }
}

/** They are kept in lower case. */
async function checkIds(database: Queryable, problems: Problems): Promise<void> {
  for (const table of ["tb_fraise_state", "tb_deployment", "tb_webhook_event"] as const) {
    const rows = await database.executeQuery<{ key: number }>(
      `SELECT MAX(${keyOf(table)}) AS key FROM ${table} GROUP BY lower(id) HAVING COUNT(*) > 1`,
    );
    for (const { key } of rows) problems.add(table, key, "id is another row's too");
  }
}
