/** What is written of a deployment, as a part of somebody's transaction. */
import type { Queryable, Row, Transaction } from "../db/index.ts";
import { countEnding, moveEnding } from "./counters.ts";
import type { DeploymentRow } from "./deployment-row.ts";
import { IllegalTransitionError } from "./errors.ts";
import { writeEvent } from "./events.ts";
import { holderValues } from "./lease.ts";
import type { DeploymentEnd, DeploymentStatus, Holder, NewDeployment } from "./model.ts";
import { readDeploymentRow } from "./queries.ts";
import { ensureState, identifierOf } from "./states.ts";
import { endRunningSteps } from "./steps.ts";
import { storable, storableJson } from "./text.ts";
import { uuid7 } from "./uuid7.ts";

/** What is known of no deployment at its beginning. */
const NOT_YET = {
  completed_at: null,
  duration_seconds: null,
  commit_subject: null,
  error_message: null,
  release_id: null,
  release_path: null,
  previous_release_id: null,
  healthy_at: null,
};

/** What a row is made of; a deployment that is only recorded has no place and no process. */
export type WantedRow = Omit<NewDeployment, "target" | "host" | "runner" | "triggeredByUser"> & {
  readonly [key in "target" | "host" | "runner" | "triggeredByUser"]: NewDeployment[key] | null;
};

type RunnerColumns = Pick<DeploymentRow, Extract<keyof DeploymentRow, `runner_${string}`>>;

/** Writes a row, and its fraise's state, when this is its first. @throws IllegalTransitionError when what it undoes does not exist */
export async function insertDeployment(
  tx: Transaction,
  wanted: WantedRow,
  status: DeploymentStatus,
  now: Date,
): Promise<DeploymentRow> {
  const id = uuid7(now.getTime());
  const hex = id.replaceAll("-", "");
  const details = storableJson(wanted.details ?? {});
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
    status,
    started_at: now,
    old_version: wanted.oldVersion,
    new_version: wanted.newVersion,
    triggered_by: wanted.triggeredBy,
    triggered_by_user: wanted.triggeredByUser,
    git_commit: wanted.gitCommit,
    git_branch: wanted.gitBranch,
    target: wanted.target,
    host: wanted.host,
    ...runnerColumns(wanted.runner),
    details,
    created_at: now,
    updated_at: now,
  };
  const key = await tx.insert("tb_deployment", row, { idColumn: "pk_deployment" });
  await writeEvent(tx, now, "deployment.created", id, {
    kind: wanted.kind,
    fraise: wanted.fraise,
    environment: wanted.environment,
    user: wanted.triggeredByUser,
  });
  // As it is read from then on.
  return {
    ...NOT_YET,
    ...row,
    pk_deployment: Number(key),
    undoes_deployment_id: undone?.id ?? null,
    details: JSON.parse(JSON.stringify(details)),
  };
}

const RUNNER_COLUMNS = ["host", "machine", "boot_id", "pid", "start_time", "user", "ci_run"].map(
  (name) => `runner_${name}`,
);

/** All of them NULL where there was no process. */
function runnerColumns(runner: Holder | null): RunnerColumns {
  const values = runner === null ? RUNNER_COLUMNS.map(() => null) : holderValues(runner);
  return Object.fromEntries(RUNNER_COLUMNS.map((column, i) => [column, values[i]])) as RunnerColumns;
}

/**
 * Ends a deployment in progress: its status, its running steps, what it makes of its fraise, the counters and the events
 * belong together. A rollback that succeeds makes the deployment that it undoes `rolled_back`.
 *
 * @throws IllegalTransitionError
 */
export async function endWithin(
  tx: Transaction,
  row: DeploymentRow,
  end: DeploymentEnd,
  now: Date,
): Promise<DeploymentRow> {
  const message = storable(end.errorMessage ?? null);
  const seconds = Math.max(0, (now.getTime() - row.started_at.getTime()) / 1000);
  const ending = {
    completed_at: now,
    duration_seconds: seconds,
    error_message: message,
    ...(end.newVersion !== undefined && { new_version: end.newVersion }),
    ...(end.status === "success" && { healthy_at: now }),
    ...(end.details && { details: storableJson({ ...row.details, ...end.details }) }),
  };
  await setStatus(tx, row, "in_progress", end.status, now, ending);
  await endRunningSteps(tx, row, end.status, now);
  await writeEvent(tx, now, `deployment.${end.status}`, row.id, { message, seconds });
  await countEnding(tx, row.fk_fraise_state, end.status, end.status === "success", seconds, now);
  const ended = { ...row, ...ending, status: end.status };
  if (end.fraise) await changeState(tx, ended, end.fraise, now);
  if (end.status === "success" && row.kind === "rollback" && row.undoes_deployment_id !== null)
    await undoDeployment(tx, row.undoes_deployment_id, row.id, now);
  return ended;
}

/** @throws IllegalTransitionError when there is no such row */
export async function existing(database: Queryable, id: string): Promise<DeploymentRow> {
  const row = await readDeploymentRow(database, id);
  if (row === null) throw new IllegalTransitionError(id, "nothing", "in_progress");
  return row;
}

/**
 * Sets the status of a row, and other columns of it. The statement itself refuses what is not allowed, so that no other
 * writer can come in between.
 *
 * @throws IllegalTransitionError
 */
export async function setStatus(
  tx: Transaction,
  row: DeploymentRow,
  from: DeploymentStatus,
  to: DeploymentStatus,
  now: Date,
  others: Row = {},
): Promise<void> {
  const columns = { status: to, updated_at: now, ...others };
  const assignments = Object.keys(columns).map((column) => `${column} = ?`);
  const changed = await tx.executeUpdate(
    `UPDATE tb_deployment SET ${assignments.join(", ")} WHERE pk_deployment = ? AND status = ?`,
    [...Object.values(columns), row.pk_deployment, from],
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
  await setStatus(tx, undone, "success", "rolled_back", now);
  await moveEnding(tx, undone.fk_fraise_state, undone.completed_at ?? now, now);
  await writeEvent(tx, now, "deployment.rolled_back", undoneId, { by: rollbackId });
}
