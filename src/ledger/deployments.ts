import type { FraiserDatabaseAdapter, Queryable, Transaction } from "../db/index.ts";
import { countEnding, moveEnding } from "./counters.ts";
import { type DeploymentRow, deploymentOf } from "./deployment-row.ts";
import { IllegalTransitionError } from "./errors.ts";
import { writeEvent } from "./events.ts";
import { fenced, holderValues } from "./lease.ts";
import type { Deployment, DeploymentChange, DeploymentEnd, DeploymentStatus, Lease, NewDeployment } from "./model.ts";
import { readDeploymentRow } from "./queries.ts";
import { ensureState, identifierOf } from "./states.ts";
import { endRunningSteps } from "./steps.ts";
import { storable, storableJson } from "./text.ts";
import { uuid7 } from "./uuid7.ts";

const HOLDER_COLUMNS = ["host", "machine", "boot_id", "pid", "start_time", "user", "ci_run"];

/** Writes the row of a deployment that is about to begin, as `pending`; and its fraise's state, when this is its first. @throws IllegalTransitionError when what it undoes does not exist */
export function createDeployment(
  adapter: FraiserDatabaseAdapter,
  wanted: NewDeployment,
  now: Date,
): Promise<Deployment> {
  const id = uuid7(now.getTime());
  const hex = id.replaceAll("-", "");
  const runner = Object.fromEntries(
    holderValues(wanted.runner).map((value, index) => [`runner_${HOLDER_COLUMNS[index]}`, value]),
  );
  return adapter.transaction(
    async (tx) => {
      const undone = wanted.undoesDeploymentId ? await existing(tx, wanted.undoesDeploymentId) : null;
      const row = {
        id,
        identifier: `${identifierOf(wanted)}:${id}`,
        id_hex: hex,
        id_hex_reversed: [...hex].reverse().join(""),
        fk_fraise_state: await ensureState(tx, wanted, now),
        fk_deployment_undone: undone?.pk_deployment ?? null,
        project_name: wanted.project,
        fraise_name: wanted.fraise,
        environment_name: wanted.environment,
        job_name: wanted.job,
        kind: wanted.kind,
        status: "pending",
        started_at: now,
        old_version: wanted.oldVersion,
        new_version: wanted.newVersion,
        triggered_by: wanted.triggeredBy,
        triggered_by_user: wanted.triggeredByUser,
        git_commit: wanted.gitCommit,
        git_branch: wanted.gitBranch,
        target: wanted.target,
        host: wanted.host,
        ...runner,
        details: storableJson(wanted.details ?? {}),
        created_at: now,
        updated_at: now,
      };
      await tx.insert("tb_deployment", row);
      await writeEvent(tx, now, "deployment.created", id, {
        kind: wanted.kind,
        fraise: wanted.fraise,
        environment: wanted.environment,
        user: wanted.triggeredByUser,
      });
      return deploymentOf(await existing(tx, id));
    },
    { retry: { attempts: 5 } },
  );
}

/** pending → in_progress, under the lease, which then names the deployment. @throws LeaseLostError, IllegalTransitionError */
export function beginDeployment(adapter: FraiserDatabaseAdapter, lease: Lease, id: string, now: Date): Promise<void> {
  return fenced(adapter, lease, async (tx) => {
    const row = await existing(tx, id);
    await setStatus(tx, row, ["pending"], "in_progress", now);
    await tx.executeUpdate("UPDATE tb_deployment_lease SET fk_deployment = ? WHERE target = ?", [
      row.pk_deployment,
      lease.target,
    ]);
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
 * Ends a deployment in progress: its status, its running steps, what it makes of its fraise, the counters and the events
 * are one transaction. A rollback that succeeds makes the deployment that it undoes `rolled_back`.
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
  const message = storable(end.errorMessage ?? null);
  return fenced(adapter, lease, async (tx) => {
    const row = await existing(tx, id);
    await setStatus(tx, row, ["in_progress"], end.status, now);
    const seconds = Math.max(0, (now.getTime() - row.started_at.getTime()) / 1000);
    const ending = {
      completed_at: now,
      duration_seconds: seconds,
      error_message: message,
      ...(end.status === "success" && { healthy_at: now }),
      ...(end.details && { details: storableJson({ ...row.details, ...end.details }) }),
    };
    await tx.update("tb_deployment", row.pk_deployment, ending, { idColumn: "pk_deployment" });
    await endRunningSteps(tx, row, end.status, now);
    await writeEvent(tx, now, `deployment.${end.status}`, id, { message, seconds });
    await countEnding(tx, row.fk_fraise_state, end.status, end.status === "success", seconds, now);
    if (end.fraise) await changeState(tx, row, end.fraise, now);
    if (end.status === "success" && row.kind === "rollback" && row.undoes_deployment_id !== null)
      await undoDeployment(tx, row.undoes_deployment_id, id, now);
    return deploymentOf(await existing(tx, id));
  });
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
      await setStatus(tx, row, ["pending"], status, now);
      const seconds = Math.max(0, (now.getTime() - row.started_at.getTime()) / 1000);
      await tx.update(
        "tb_deployment",
        row.pk_deployment,
        { completed_at: now, duration_seconds: seconds, error_message: message },
        { idColumn: "pk_deployment" },
      );
      await endRunningSteps(tx, row, status, now);
      await countEnding(tx, row.fk_fraise_state, status, false, seconds, now);
      await writeEvent(tx, now, `deployment.${status}`, id, { message });
    },
    { retry: { attempts: 5 } },
  );
}

/** @throws IllegalTransitionError when there is no such row */
async function existing(database: Queryable, id: string): Promise<DeploymentRow> {
  const row = await readDeploymentRow(database, id);
  if (row === null) throw new IllegalTransitionError(id, "nothing", "in_progress");
  return row;
}

/** The statement itself refuses what is not allowed, so that no other writer can come in between. */
async function setStatus(
  tx: Transaction,
  row: DeploymentRow,
  from: readonly DeploymentStatus[],
  to: DeploymentStatus,
  now: Date,
): Promise<void> {
  const marks = from.map(() => "?").join(", ");
  const changed = await tx.executeUpdate(
    `UPDATE tb_deployment SET status = ?, updated_at = ? WHERE pk_deployment = ? AND status IN (${marks})`,
    [to, now, row.pk_deployment, ...from],
  );
  if (changed === 0) throw new IllegalTransitionError(row.id, row.status, to);
}

async function changeState(
  tx: Transaction,
  row: DeploymentRow,
  fraise: NonNullable<DeploymentEnd["fraise"]>,
  now: Date,
): Promise<void> {
  const deployed = fraise.deployed
    ? {
        current_version: row.new_version,
        fk_deployment_current: row.pk_deployment,
        last_deployed_at: now,
        last_deployed_by: row.triggered_by_user,
      }
    : {};
  await tx.update(
    "tb_fraise_state",
    row.fk_fraise_state,
    { status: fraise.status, updated_at: now, ...deployed },
    { idColumn: "pk_fraise_state" },
  );
  await writeEvent(tx, now, "fraise.changed", row.id, {
    status: fraise.status,
    version: fraise.deployed ? row.new_version : undefined,
  });
}

/** success → rolled_back, for what a rollback undid. What did not succeed stays what it was. */
async function undoDeployment(tx: Transaction, undoneId: string, rollbackId: string, now: Date): Promise<void> {
  const undone = await existing(tx, undoneId);
  if (undone.status !== "success") return;
  await setStatus(tx, undone, ["success"], "rolled_back", now);
  await moveEnding(tx, undone.fk_fraise_state, undone.completed_at ?? now, now);
  await writeEvent(tx, now, "deployment.rolled_back", undoneId, { by: rollbackId });
}
