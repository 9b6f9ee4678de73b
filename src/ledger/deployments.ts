import type { FraiserDatabaseAdapter } from "../db/index.ts";
import { countEnding } from "./counters.ts";
import { deploymentOf } from "./deployment-row.ts";
import { endWithin, existing, insertDeployment, setStatus } from "./deployment-writes.ts";
import { IllegalTransitionError } from "./errors.ts";
import { writeEvent } from "./events.ts";
import { fenced } from "./lease.ts";
import type { Deployment, DeploymentChange, DeploymentEnd, Lease, NewDeployment } from "./model.ts";
import { endRunningSteps } from "./steps.ts";
import { storable, storableJson } from "./text.ts";
import { idToFind } from "./uuid7.ts";

/** Writes the row of a deployment that is about to begin, as `pending`; and its fraise's state, when this is its first. @throws IllegalTransitionError when what it undoes does not exist */
export function createDeployment(
  adapter: FraiserDatabaseAdapter,
  wanted: NewDeployment,
  now: Date,
): Promise<Deployment> {
  return adapter.transaction(async (tx) => deploymentOf(await insertDeployment(tx, wanted, "pending", now)), {
    retry: { attempts: 5 },
  });
}

/** pending → in_progress, under the lease, which then names the deployment. @throws LeaseLostError, IllegalTransitionError */
export function beginDeployment(adapter: FraiserDatabaseAdapter, lease: Lease, id: string, now: Date): Promise<void> {
  return fenced(adapter, lease, async (tx) => {
    const key = idToFind(id);
    const begun = await tx.executeUpdate(
      "UPDATE tb_deployment SET status = 'in_progress', updated_at = ? WHERE id = ? AND status = 'pending'",
      [now, key],
    );
    if (begun === 0) throw new IllegalTransitionError(id, (await existing(tx, id)).status, "in_progress");
    await tx.executeUpdate(
      "UPDATE tb_deployment_lease SET fk_deployment = (SELECT pk_deployment FROM tb_deployment WHERE id = ?) WHERE target = ?",
      [key, lease.target],
    );
    await writeEvent(tx, now, "deployment.started", id, { token: lease.token });
  });
}

const COLUMN_OF: Readonly<Record<Exclude<keyof DeploymentChange, "details" | "undoesDeploymentId">, string>> = {
  oldVersion: "old_version",
  newVersion: "new_version",
  gitCommit: "git_commit",
  gitBranch: "git_branch",
  commitSubject: "commit_subject",
  releaseId: "release_id",
  releasePath: "release_path",
  previousReleaseId: "previous_release_id",
};

/** Notes what became known of a deployment in progress. @throws LeaseLostError, IllegalTransitionError when it has ended */
export function changeDeployment(
  adapter: FraiserDatabaseAdapter,
  lease: Lease,
  id: string,
  change: DeploymentChange,
  now: Date,
): Promise<void> {
  return fenced(adapter, lease, async (tx) => {
    const row = await existing(tx, id);
    if (row.status !== "in_progress") throw new IllegalTransitionError(id, row.status, "in_progress");
    const data: Record<string, unknown> = { updated_at: now };
    for (const [key, column] of Object.entries(COLUMN_OF)) {
      const value = change[key as keyof typeof COLUMN_OF];
      if (value !== undefined) data[column] = value;
    }
    if (change.undoesDeploymentId !== undefined)
      data.fk_deployment_undone =
        change.undoesDeploymentId === null ? null : (await existing(tx, change.undoesDeploymentId)).pk_deployment;
    if (change.details !== undefined) data.details = storableJson({ ...row.details, ...change.details });
    await tx.update("tb_deployment", row.pk_deployment, data, { idColumn: "pk_deployment" });
    await writeEvent(tx, now, "deployment.changed", id, { ...change });
  });
}

/**
 * Ends a deployment in progress, under the lease; see {@link endWithin}.
 *
 * @throws LeaseLostError, IllegalTransitionError; then nothing is written
 */
export function endDeployment(
  adapter: FraiserDatabaseAdapter,
  lease: Lease,
  id: string,
  end: DeploymentEnd,
  now: Date,
): Promise<Deployment> {
  return fenced(adapter, lease, async (tx) => deploymentOf(await endWithin(tx, await existing(tx, id), end, now)));
}

/** pending → cancelled or abandoned: it never began. Needs no lease. @throws IllegalTransitionError */
export function endPending(
  adapter: FraiserDatabaseAdapter,
  id: string,
  status: "cancelled" | "abandoned" | "superseded",
  reason: string,
  now: Date,
): Promise<void> {
  const message = storable(reason);
  return adapter.transaction(
    async (tx) => {
      const row = await existing(tx, id);
      const seconds = Math.max(0, (now.getTime() - row.started_at.getTime()) / 1000);
      const ending = { completed_at: now, duration_seconds: seconds, error_message: message };
      await setStatus(tx, row, "pending", status, now, ending);
      await endRunningSteps(tx, row, status, now);
      await countEnding(tx, row.fk_fraise_state, status, false, seconds, now);
      await writeEvent(tx, now, `deployment.${status}`, id, { message });
    },
    { retry: { attempts: 5 } },
  );
}
