import type { Queryable } from "../db/index.ts";
import { insertOnce } from "./insert-once.ts";
import type { DeploymentStatus, FraiseState } from "./model.ts";
import { idToFind } from "./uuid7.ts";

/** Where a deployment that has ended is counted; null for one that nobody counts. */
type Bucket = "successes" | "failures" | "rollbacks" | "cancellations";

/** @param wasHealthy whether its release ever served healthily: then `rolled_back` says that a later rollback undid it */
export function bucketOf(status: DeploymentStatus, wasHealthy: boolean): Bucket | null {
  switch (status) {
    case "success":
      return "successes";
    case "rolled_back":
      return wasHealthy ? "rollbacks" : "failures";
    case "failed":
    case "rollback_failed":
    case "abandoned":
      return "failures";
    case "cancelled":
    case "superseded":
      return "cancellations";
    case "pending":
    case "in_progress":
      return null;
    default:
      return status satisfies never;
  }
}

/** Counts a deployment that ends now, by its fraise and by day. */
export async function countEnding(
  tx: Queryable,
  state: number,
  status: DeploymentStatus,
  wasHealthy: boolean,
  seconds: number,
  now: Date,
): Promise<void> {
  const bucket = bucketOf(status, wasHealthy);
  if (bucket === null) return;
  await addToDay(tx, state, now, bucket, 1, seconds);
  await addToState(tx, state, bucket, 1);
}

/** A success becomes a rollback, on the day on which it had succeeded. */
export async function moveEnding(tx: Queryable, state: number, succeededAt: Date, now: Date): Promise<void> {
  await addToDay(tx, state, succeededAt, "successes", -1, 0);
  await addToDay(tx, state, succeededAt, "rollbacks", 1, 0);
  await addToState(tx, state, "successes", -1);
  await tx.executeUpdate("UPDATE tb_fraise_state SET updated_at = ? WHERE pk_fraise_state = ?", [now, state]);
}

async function addToState(tx: Queryable, state: number, bucket: Bucket, count: number): Promise<void> {
  if (bucket !== "successes" && bucket !== "failures") return;
  const column = bucket === "successes" ? "successful_deployments" : "failed_deployments";
  await tx.executeUpdate(`UPDATE tb_fraise_state SET ${column} = ${column} + ? WHERE pk_fraise_state = ?`, [
    count,
    state,
  ]);
}

async function addToDay(
  tx: Queryable,
  state: number,
  at: Date,
  bucket: Bucket,
  count: number,
  seconds: number,
): Promise<void> {
  const day = at.toISOString().slice(0, 10);
  const add = `UPDATE tb_deployment_stat SET ${bucket} = ${bucket} + ?, total_seconds = total_seconds + ? WHERE fk_fraise_state = ? AND day = ?`;
  if ((await tx.executeUpdate(add, [count, seconds, state, day])) > 0) return;
  const row = { fk_fraise_state: state, day, [bucket]: count, total_seconds: seconds };
  await insertOnce(tx, "tb_deployment_stat", row, "pk_deployment_stat");
}

/** How many deployments ended in which way on a day (UTC). */
export interface DayCount {
  readonly day: string;
  readonly successes: number;
  readonly failures: number;
  readonly rollbacks: number;
  readonly cancellations: number;
  readonly totalSeconds: number;
}

/** The days of a fraise on which something ended, since a day (`YYYY-MM-DD`), oldest first. */
export async function readDayCounts(
  database: Queryable,
  state: Pick<FraiseState, "id">,
  since: string,
): Promise<DayCount[]> {
  const rows = await database.executeQuery<Omit<DayCount, "totalSeconds"> & { total_seconds: number }>(
    `SELECT day, successes, failures, rollbacks, cancellations, total_seconds FROM tb_deployment_stat
     WHERE fk_fraise_state = (SELECT pk_fraise_state FROM tb_fraise_state WHERE id = ?) AND day >= ? ORDER BY day`,
    [idToFind(state.id), since],
  );
  return rows.map(({ total_seconds, ...counts }) => ({ ...counts, totalSeconds: total_seconds }));
}
