import type { Deployment, DeploymentStep, Lease } from "../ledger/index.ts";
import type { StepIo } from "../targets/index.ts";
import type { DeployContext } from "./context.ts";
import { describeHolder, lockTarget, releaseLock } from "./lock.ts";
import { StepRecorder } from "./recorder.ts";
import { undo } from "./undo.ts";

/**
 * Does what {@link recover} does, with a lock of its own, for a decision that depends on what serves afterwards. Does
 * nothing where nothing was left unfinished, or by a living process alone.
 *
 * @throws LeaseHeldError, TargetError `guard_held` when somebody else is at it
 */
export async function recoverFirst(context: DeployContext): Promise<void> {
  const { ledger, target, identity, isAlive, listener, signal } = context;
  const unfinished = await ledger.unfinishedDeployments({ target: target.id, identity });
  if (!unfinished.some(({ runner }) => runner === null || isAlive(runner) !== true)) return;
  signal.throwIfAborted();
  const lock = await lockTarget(context);
  try {
    await recover(context, lock.lease, null);
  } finally {
    await releaseLock(lock, listener);
  }
}

/**
 * Clears up after deployments of this target whose process is dead: ends what their last step left running, takes back
 * what they did, and records each as `abandoned` at the step that it had reached.
 *
 * Called with the lock held: whatever else is in progress on this target cannot be alive.
 *
 * @param own the deployment that the lock is held for; null for none
 */
export async function recover(context: DeployContext, lease: Lease, own: string | null): Promise<void> {
  const { ledger, target, isAlive, listener } = context;
  const io: StepIo = { signal: new AbortController().signal, onOutput: () => {} };
  await target.clearLeftovers(io);
  for (const deployment of await ledger.unfinishedDeployments({ target: target.id, identity: context.identity })) {
    if (deployment.id === own) continue;
    if (deployment.status === "in_progress") await abandon(context, lease, deployment);
    else if (deployment.runner !== null && isAlive(deployment.runner) === false) {
      await ledger.abandonPending(deployment.id, `its process is gone: ${describeHolder(deployment.runner)}`);
      listener({ type: "recovered", deployment, step: null });
    }
  }
}

async function abandon(context: DeployContext, lease: Lease, deployment: Deployment): Promise<void> {
  const { ledger, clock, mask, listener } = context;
  const all = await ledger.getSteps(deployment.id);
  const steps = all.filter((step) => step.direction === "do");
  const migrationUndone = all.find((step) => step.direction === "undo" && step.name === "migrate");
  const reached = steps.at(-1)?.name ?? null;
  const recorder = new StepRecorder({ ledger, lease, deploymentId: deployment.id, clock, mask, listener: () => {} });
  const undone = await undo({
    context,
    recorder,
    release: deployment.releaseId ?? "",
    madeRelease: deployment.kind === "deploy" && deployment.releaseId !== null,
    fallback: deployment.previousReleaseId,
    ...(migrationUndone && { migrationUndone: isOver(migrationUndone) ? "done" : "interrupted" }),
    trace: steps.map(({ name, outcome }) => ({
      name,
      outcome: outcome === "success" || outcome === "skipped" ? outcome : ("failed" as const),
    })),
  });
  const who = deployment.runner === null ? "" : ` of ${describeHolder(deployment.runner)}`;
  const problems = undone.problems.length === 0 ? "" : `; not undone: ${undone.problems.join("; ")}`;
  const fraise = {
    untouched: undefined,
    restored: "healthy",
    unchecked: "unknown",
    none: "down",
    broken: "down",
  } as const;
  const status = fraise[undone.service];
  await ledger.endDeployment(lease, deployment.id, {
    status: "abandoned",
    errorMessage: mask(
      `the process${who} ended${reached === null ? "" : ` during ${reached}`}; what it had done was undone${problems}`,
    ),
    details: { wentBackTo: undone.hadSwitched ? deployment.previousReleaseId : undefined, notUndone: undone.problems },
    ...(status && { fraise: { status } }),
  });
  listener({ type: "recovered", deployment, step: reached });
}

const isOver = ({ outcome }: DeploymentStep): boolean => outcome === "success" || outcome === "skipped";
