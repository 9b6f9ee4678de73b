/**
 * Deployments that another program makes and only has recorded: they have no target, so nobody's lease guards them, and no rollback
 * ever goes back to them.
 */
import type { FraiserDatabaseAdapter } from "../db/index.ts";
import { moveEnding } from "./counters.ts";
import { type DeploymentRow, deploymentOf } from "./deployment-row.ts";
import { endWithin, existing, insertDeployment, setStatus } from "./deployment-writes.ts";
import { LeaseNeededError } from "./errors.ts";
import { writeEvent } from "./events.ts";
import type { Deployment, DeploymentEnd, RecordedDeployment } from "./model.ts";

const RETRY = { retry: { attempts: 5 } };

/** Writes the row of a deployment that has begun, as `in_progress`; and its fraise's state, when this is its first. */
export function recordDeployment(
  adapter: FraiserDatabaseAdapter,
  recorded: RecordedDeployment,
  now: Date,
): Promise<Deployment> {
  const wanted = { ...recorded, kind: "deploy" as const, newVersion: null, target: null, host: null, runner: null };
  return adapter.transaction(async (tx) => {
    const row = await insertDeployment(tx, wanted, "in_progress", now);
    await writeEvent(tx, now, "deployment.started", row.id, {});
    return deploymentOf(row);
  }, RETRY);
}

/** Ends a recorded deployment that is in progress. @throws IllegalTransitionError; LeaseNeededError for any other */
export function endRecorded(
  adapter: FraiserDatabaseAdapter,
  id: string,
  end: DeploymentEnd,
  now: Date,
): Promise<Deployment> {
  return adapter.transaction(async (tx) => {
    const row = await existing(tx, id);
    refuseLeased(row);
    return deploymentOf(await endWithin(tx, row, end, now));
  }, RETRY);
}

/**
 * success → rolled_back, or in_progress → rolled_back: a recorded deployment was taken back by who made it.
 *
 * @throws IllegalTransitionError; LeaseNeededError for any other deployment
 */
export function markRolledBack(adapter: FraiserDatabaseAdapter, id: string, now: Date): Promise<Deployment> {
  return adapter.transaction(async (tx) => {
    const row = await existing(tx, id);
    refuseLeased(row);
    if (row.status === "in_progress") return deploymentOf(await endWithin(tx, row, { status: "rolled_back" }, now));
    await setStatus(tx, row, "success", "rolled_back", now);
    await moveEnding(tx, row.fk_fraise_state, row.completed_at ?? now, now);
    await writeEvent(tx, now, "deployment.rolled_back", id, { by: null });
    return deploymentOf(await existing(tx, id));
  }, RETRY);
}

function refuseLeased({ id, target }: DeploymentRow): void {
  if (target !== null) throw new LeaseNeededError(id, target);
}
