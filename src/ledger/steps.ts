import type { FraiserDatabaseAdapter, Queryable, Transaction } from "../db/index.ts";
import type { DeploymentRow } from "./deployment-row.ts";
import { IllegalTransitionError, StepNotRunningError } from "./errors.ts";
import { writeEvent } from "./events.ts";
import { fenced } from "./lease.ts";
import type { DeploymentStatus, DeploymentStep, Lease, StepDirection, StepOutcome } from "./model.ts";
import { readDeploymentRow } from "./queries.ts";
import { storable } from "./text.ts";
import { idToFind } from "./uuid7.ts";

/** A step that is over already when it is recorded. */
export interface FinishedStep {
  readonly name: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly outcome: Exclude<StepOutcome, "running" | "abandoned">;
  readonly message: string | null;
}

/** Records that a step begins. @throws LeaseLostError, IllegalTransitionError */
export function startStep(
  adapter: FraiserDatabaseAdapter,
  lease: Lease,
  deploymentId: string,
  step: { readonly name: string; readonly direction: StepDirection },
  now: Date,
): Promise<DeploymentStep> {
  return fenced(adapter, lease, async (tx) => {
    const deployment = await keyOf(tx, deploymentId, "in_progress");
    const order = await nextOrder(tx, deployment);
    const row = {
      fk_deployment: deployment,
      step_order: order,
      name: step.name,
      direction: step.direction,
      started_at: now,
      outcome: "running",
    };
    await tx.insert("tb_deployment_step", row, { idColumn: "pk_deployment_step" });
    await writeEvent(tx, now, "step.started", deploymentId, { order, ...step });
    return {
      order,
      name: step.name,
      direction: step.direction,
      startedAt: now,
      endedAt: null,
      outcome: "running",
      message: null,
    };
  });
}

/** Records how a running step ended. @throws LeaseLostError, IllegalTransitionError, StepNotRunningError */
export function finishStep(
  adapter: FraiserDatabaseAdapter,
  lease: Lease,
  deploymentId: string,
  order: number,
  outcome: Exclude<StepOutcome, "running">,
  message: string | null,
  now: Date,
): Promise<void> {
  const text = storable(message);
  return fenced(adapter, lease, async (tx) => {
    const deployment = await keyOf(tx, deploymentId, "in_progress");
    const changed = await tx.executeUpdate(
      "UPDATE tb_deployment_step SET ended_at = ?, outcome = ?, message = ? WHERE fk_deployment = ? AND step_order = ? AND outcome = 'running'",
      [now, outcome, text, deployment, order],
    );
    if (changed === 0) throw new StepNotRunningError(deploymentId, order);
    await writeEvent(tx, now, "step.finished", deploymentId, { order, outcome, message: text });
  });
}

/** Records a step of a deployment that has not begun: there is no lease yet. @throws IllegalTransitionError */
export function recordStep(adapter: FraiserDatabaseAdapter, deploymentId: string, step: FinishedStep): Promise<void> {
  return adapter.transaction(
    async (tx) => {
      const deployment = await keyOf(tx, deploymentId, "pending");
      const order = await nextOrder(tx, deployment);
      const { name, startedAt, endedAt, outcome } = step;
      const message = storable(step.message);
      await tx.insert(
        "tb_deployment_step",
        {
          fk_deployment: deployment,
          step_order: order,
          name,
          direction: "do",
          started_at: startedAt,
          ended_at: endedAt,
          outcome,
          message,
        },
        { idColumn: "pk_deployment_step" },
      );
      await writeEvent(tx, endedAt, "step.finished", deploymentId, { order, name, outcome, message });
    },
    { retry: { attempts: 5 } },
  );
}

/** What becomes of a step that is running when its deployment ends. */
export async function endRunningSteps(
  tx: Transaction,
  deployment: Pick<DeploymentRow, "pk_deployment" | "id">,
  status: DeploymentStatus,
  now: Date,
): Promise<void> {
  const outcome: StepOutcome =
    status === "success" || status === "cancelled" || status === "abandoned" ? status : "failed";
  const running = await tx.executeQuery<{ step_order: number }>(
    "SELECT step_order FROM tb_deployment_step WHERE fk_deployment = ? AND outcome = 'running' ORDER BY step_order",
    [deployment.pk_deployment],
  );
  await tx.executeUpdate(
    "UPDATE tb_deployment_step SET ended_at = ?, outcome = ? WHERE fk_deployment = ? AND outcome = 'running'",
    [now, outcome, deployment.pk_deployment],
  );
  for (const { step_order } of running)
    await writeEvent(tx, now, "step.finished", deployment.id, { order: step_order, outcome, message: null });
}

/** The steps of a deployment, in the order in which they began. */
export async function readSteps(database: Queryable, deploymentId: string): Promise<DeploymentStep[]> {
  const rows = await database.executeQuery<{
    step_order: number;
    name: string;
    direction: StepDirection;
    started_at: Date;
    ended_at: Date | null;
    outcome: StepOutcome;
    message: string | null;
  }>(
    `SELECT step_order, name, direction, started_at, ended_at, outcome, message FROM tb_deployment_step
     WHERE fk_deployment = (SELECT pk_deployment FROM tb_deployment WHERE id = ?) ORDER BY step_order`,
    [idToFind(deploymentId)],
  );
  return rows.map((row) => ({
    order: row.step_order,
    name: row.name,
    direction: row.direction,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    outcome: row.outcome,
    message: row.message,
  }));
}

/** The internal key of a deployment that must have this status. @throws IllegalTransitionError */
export async function keyOf(tx: Queryable, deploymentId: string, status: DeploymentStatus): Promise<number> {
  const row = await readDeploymentRow(tx, deploymentId);
  if (row?.status !== status) throw new IllegalTransitionError(deploymentId, row?.status ?? "nothing", status);
  return row.pk_deployment;
}

async function nextOrder(tx: Queryable, deployment: number): Promise<number> {
  const [row] = await tx.executeQuery<{ last: number | null }>(
    "SELECT MAX(step_order) AS last FROM tb_deployment_step WHERE fk_deployment = ?",
    [deployment],
  );
  return Number(row?.last ?? 0) + 1;
}
