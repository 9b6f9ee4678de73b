import type { Deployment, DeploymentKind, Lease, NewDeployment } from "../ledger/index.ts";
import { conclude, type DeploymentReport } from "./conclude.ts";
import type { DeployContext } from "./context.ts";
import { isLockedError, lockTarget, releaseLock, type TargetLock } from "./lock.ts";
import { StepRecorder } from "./recorder.ts";
import { recover } from "./recover.ts";
import { type Declined, type Prepared, type Run, runSteps } from "./run.ts";

interface Locked {
  readonly deployment: Deployment;
  readonly lease: Lease;
  readonly recorder: StepRecorder;
}

/**
 * Writes the row, takes the lock, clears up after a dead predecessor, and runs what `prepare` says, to a recorded end.
 *
 * @param planStarted when the planning began, which is the first step on record
 * @param prepare decides under the lock what is to be done, if anything
 */
export async function perform(
  context: DeployContext,
  row: NewDeployment,
  planStarted: Date,
  prepare: (locked: Locked) => Promise<Prepared | Declined>,
): Promise<DeploymentReport> {
  const { ledger, clock, listener } = context;
  const deployment = await ledger.createDeployment(row);
  listener({
    type: "deployment_started",
    deploymentId: deployment.id,
    kind: row.kind,
    fraise: row.fraise,
    environment: row.environment,
  });
  const finish = async (
    name: "plan" | "lock",
    startedAt: Date,
    outcome: "success" | "failed" | "cancelled",
    message: string | null = null,
  ) => {
    const endedAt = new Date(clock.now());
    await ledger.recordStep(deployment.id, { name, startedAt, endedAt, outcome, message });
    const seconds = (endedAt.getTime() - startedAt.getTime()) / 1000;
    listener({ type: "step_finished", step: name, direction: "do", outcome, seconds, message });
  };
  listener({ type: "step_started", step: "plan", direction: "do" });
  await finish("plan", planStarted, "success");
  const lockStarted = new Date(clock.now());
  listener({ type: "step_started", step: "lock", direction: "do" });
  let lock: TargetLock;
  try {
    context.signal.throwIfAborted();
    lock = await lockTarget(context);
  } catch (error) {
    const message = context.signal.aborted ? "interrupted before it began" : context.mask((error as Error).message);
    await finish("lock", lockStarted, isLockedError(error) ? "failed" : "cancelled", message);
    await ledger.cancelPending(deployment.id, message);
    throw error;
  }
  try {
    await finish("lock", lockStarted, "success");
    await ledger.beginDeployment(lock.lease, deployment.id);
    return await underLock(context, deployment, lock, prepare);
  } finally {
    await releaseLock(lock, listener);
  }
}

async function underLock(
  context: DeployContext,
  deployment: Deployment,
  lock: TargetLock,
  prepare: (locked: Locked) => Promise<Prepared | Declined>,
): Promise<DeploymentReport> {
  const { ledger, clock, listener, mask } = context;
  const { lease } = lock;
  const signal = AbortSignal.any([context.signal, lock.lost]);
  const recorder = new StepRecorder({ ledger, lease, deploymentId: deployment.id, clock, mask, listener });
  let prepared: Prepared | null = null;
  let failure: unknown = null;
  let declined: Declined | null = null;
  try {
    await recover(context, lease, deployment.id);
    signal.throwIfAborted();
    const decision = await prepare({ deployment, lease, recorder });
    if ("declined" in decision) declined = decision;
    else {
      prepared = decision;
      await runSteps(prepared.run, prepared.steps, signal);
    }
  } catch (error) {
    failure = error;
  }
  return conclude({ context, deployment, lease, recorder, prepared, failure, declined });
}

/** What every new row says of who runs it and where. */
export function newRow(
  { identity, target, runner }: DeployContext,
  kind: DeploymentKind,
): Omit<NewDeployment, "oldVersion" | "newVersion" | "gitCommit" | "gitBranch"> {
  return {
    ...identity,
    kind,
    target: target.id,
    host: target.host,
    runner,
    triggeredBy: "manual",
    triggeredByUser: runner.user,
  };
}

export function newRun(
  context: DeployContext,
  recorder: StepRecorder,
  deployment: Deployment,
  release: string,
  fallback: string | null,
): Run {
  return {
    context,
    recorder,
    deploymentId: deployment.id,
    kind: deployment.kind,
    release,
    fallback,
    trace: [],
    service: null,
    health: null,
  };
}
