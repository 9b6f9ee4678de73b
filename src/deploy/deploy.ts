import type { Deployment, DeploymentKind, Lease, NewDeployment } from "../ledger/index.ts";
import { shortId } from "../ledger/index.ts";
import { conclude, type DeploymentReport } from "./conclude.ts";
import type { DeployContext } from "./context.ts";
import { isLockedError, lockTarget, type TargetLock } from "./lock.ts";
import {
  assertDeployable,
  type DeploymentPlan,
  fallbackRelease,
  fingerprint,
  isUpToDate,
  planDeployment,
  releaseInService,
} from "./plan.ts";
import { pruneReleases } from "./prune.ts";
import { StepRecorder } from "./recorder.ts";
import { recover } from "./recover.ts";
import { type Run, runSteps, type Step } from "./run.ts";
import { activateStep, buildStep, fetchStep, healthStep, migrateStep, restartStep, versionOf } from "./steps.ts";

/** What is to be deployed. */
export interface DeployRequest {
  /** A branch, tag or commit; null for the environment's branch. */
  readonly ref: string | null;
  /** Deploys even what serves already. */
  readonly force: boolean;
}

/**
 * Deploys an environment of a fraise, from plan to done, and remembers every part of it.
 *
 * @returns how it ended; a failed deployment is a report and not an exception
 * @throws LeaseHeldError, TargetError `guard_held` when somebody else is at it; whatever stops it before its first step
 */
export async function deploy(context: DeployContext, request: DeployRequest): Promise<DeploymentReport> {
  assertDeployable(context);
  const planned = new Date(context.clock.now());
  const plan = await planDeployment(context, request.ref);
  if (plan.isUpToDate && !request.force) return upToDate(plan);
  const row: NewDeployment = {
    ...newRow(context, "deploy"),
    oldVersion: plan.currentVersion,
    newVersion: plan.ref.commit === null ? null : versionOf(plan.ref.commit),
    gitCommit: plan.ref.commit,
    gitBranch: plan.ref.branch,
    details: { configuration: fingerprint(context) },
  };
  return perform(context, row, planned, async ({ deployment, lease, recorder }) => {
    const { identity, target, ledger, environment } = context;
    const state = await target.inspect();
    const serving = await releaseInService(ledger, identity, target, state);
    if (!request.force && (await isUpToDate(context, state, serving, plan.ref.commit))) {
      return { declined: `${serving?.newVersion} is in service already`, isUpToDate: true };
    }
    const release = releaseId(deployment);
    const fallback = await fallbackRelease(ledger, identity, target, state);
    await ledger.changeDeployment(lease, deployment.id, {
      releaseId: release,
      previousReleaseId: fallback,
      oldVersion: serving?.newVersion ?? null,
    });
    const fetch = fetchStep(plan.ref, async (_run, { commit, branch, subject, path }) => {
      await ledger.changeDeployment(lease, deployment.id, {
        gitCommit: commit,
        gitBranch: branch,
        newVersion: versionOf(commit),
        commitSubject: subject,
        releasePath: path,
      });
    });
    const run = newRun(context, recorder, deployment, release, fallback);
    return {
      run,
      steps: [fetch, buildStep, migrateStep, activateStep, restartStep, healthStep],
      afterwards: () => pruneReleases(context, environment.keepReleases),
    };
  });
}

/** What the lock is held for. */
export interface Prepared {
  readonly run: Run;
  readonly steps: readonly Step[];
  /** Done after the success is recorded; its failure is a warning. */
  readonly afterwards?: () => Promise<void>;
}

/** Nothing is to be done after all. */
export interface Declined {
  /** Why not; the deployment is recorded as cancelled, with this. */
  readonly declined: string;
  /** Whether that is because everything is as was asked for. */
  readonly isUpToDate: boolean;
}

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
  const now = () => new Date(clock.now());
  await ledger.recordStep(deployment.id, {
    name: "plan",
    startedAt: planStarted,
    endedAt: now(),
    outcome: "success",
    message: null,
  });
  listener({
    type: "deployment_started",
    deploymentId: deployment.id,
    kind: row.kind,
    fraise: row.fraise,
    environment: row.environment,
  });
  const lockStarted = now();
  let lock: TargetLock;
  try {
    context.signal.throwIfAborted();
    lock = await lockTarget(context);
  } catch (error) {
    const message = context.signal.aborted ? "interrupted before it began" : context.mask((error as Error).message);
    await ledger.recordStep(deployment.id, {
      name: "lock",
      startedAt: lockStarted,
      endedAt: now(),
      outcome: isLockedError(error) ? "failed" : "cancelled",
      message,
    });
    await ledger.cancelPending(deployment.id, message);
    throw error;
  }
  try {
    await ledger.recordStep(deployment.id, {
      name: "lock",
      startedAt: lockStarted,
      endedAt: now(),
      outcome: "success",
      message: null,
    });
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

/** Frees what is held. What can't be freed frees itself with the end of this process; it must not hide the result. */
async function releaseLock(lock: TargetLock, listener: DeployContext["listener"]): Promise<void> {
  try {
    await lock.release();
  } catch (error) {
    listener({
      type: "warning",
      message: `The lock could not be freed (${(error as Error).message}); it frees itself when this process ends.`,
    });
  }
}

function upToDate(plan: DeploymentPlan): DeploymentReport {
  return {
    status: "up_to_date",
    deployment: null,
    message: `${plan.currentVersion} is in service already`,
    hint: "Give --force to deploy it anew.",
  };
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
    warnings: [],
  };
}

/** `20261123-134500-9f3c01ab`: sorts by time for people; unique by the deployment's own id. */
function releaseId(deployment: Deployment): string {
  const stamp = deployment.startedAt.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `${stamp}-${shortId(deployment.id)}`;
}
