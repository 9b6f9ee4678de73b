import type { Deployment, DeploymentEnd, FinalStatus, FraiseStatus, Lease } from "../ledger/index.ts";
import { LeaseLostError } from "../ledger/index.ts";
import type { DeployContext } from "./context.ts";
import { DeployError } from "./errors.ts";
import { maskValue } from "./masker.ts";
import type { StepRecorder } from "./recorder.ts";
import type { Declined, Prepared } from "./run.ts";
import { type UndoResult, undo } from "./undo.ts";

/** How a deployment or rollback ended. */
export interface DeploymentReport {
  readonly status: FinalStatus | "up_to_date";
  /** The row as it stands in the ledger; null when nothing was begun. */
  readonly deployment: Deployment | null;
  readonly message: string;
  readonly hint: string | null;
}

interface Conclusion {
  readonly context: DeployContext;
  readonly deployment: Deployment;
  readonly lease: Lease;
  readonly recorder: StepRecorder;
  /** null when it ended before its steps were known. */
  readonly prepared: Prepared | null;
  readonly failure: unknown;
  /** Why nothing was to be done after all. */
  readonly declined: Declined | null;
}

/** How many of the application's last log lines are kept with a deployment that failed. */
const LOG_LINES = 20;

/** Records the success, or undoes what was done and records the failure; one transaction with what it makes of the fraise. */
export async function conclude(conclusion: Conclusion): Promise<DeploymentReport> {
  const { context, prepared, failure, declined } = conclusion;
  if (declined !== null) {
    const report = await record(conclusion, { status: "cancelled", errorMessage: declined.declined }, null);
    return declined.isUpToDate ? { ...report, status: "up_to_date" } : report;
  }
  if (failure === null && prepared !== null) {
    const checked = prepared.run.health?.outcome === "healthy";
    const end: DeploymentEnd = {
      status: "success",
      details: details(prepared, null, []),
      fraise: { status: checked ? "healthy" : "unknown", deployed: true },
    };
    const done = { step: "done", direction: "do" } as const;
    const started = context.clock.monotonic();
    const finish = (outcome: "success" | "failed", message: string | null) => {
      const seconds = (context.clock.monotonic() - started) / 1000;
      context.listener({ type: "step_finished", ...done, outcome, seconds, message });
    };
    context.listener({ type: "step_started", ...done });
    try {
      // The step is begun here and ended by the transaction that records the success.
      await context.ledger.startStep(conclusion.lease, conclusion.deployment.id, { name: "done", direction: "do" });
      const report = await record(conclusion, end, null, () => finish("success", null));
      await prepared.afterwards?.().catch((error: Error) =>
        context.listener({
          type: "warning",
          message: `Old releases could not be removed: ${context.mask(error.message)}`,
        }),
      );
      return report;
    } catch (error) {
      finish("failed", context.mask((error as Error).message));
      return concludeFailure({ ...conclusion, failure: error });
    }
  }
  return concludeFailure(conclusion);
}

async function concludeFailure(conclusion: Conclusion): Promise<DeploymentReport> {
  const { context, deployment, recorder, prepared, failure } = conclusion;
  const log = prepared === null ? [] : await lastWords(context, prepared.run.release);
  const undone =
    prepared === null
      ? null
      : await undo({
          context,
          recorder,
          release: prepared.run.release,
          madeRelease: deployment.kind === "deploy",
          fallback: prepared.run.fallback,
          trace: prepared.run.trace,
        });
  const reason = failure instanceof Error ? failure.message : String(failure);
  const end = endOf(context.signal.aborted, undone, prepared, reason);
  return record(
    conclusion,
    { ...end, details: details(prepared, undone, log) },
    (failure as { hint?: string } | null)?.hint ?? null,
  );
}

/** The last lines that a release wrote to the service's log, which earlier releases wrote to as well. */
async function lastWords({ target }: DeployContext, release: string): Promise<string[]> {
  const lines = await target.serviceLog(LOG_LINES).catch(() => []); // an extra; the failure itself is what counts
  const start = lines.findLastIndex((line) => line.startsWith("--- ") && line.endsWith(release));
  return lines.slice(Math.max(0, start));
}

/** What an undone deployment is called, and what it makes of its fraise. */
function endOf(
  isCancelled: boolean,
  undone: UndoResult | null,
  prepared: Prepared | null,
  reason: string,
): DeploymentEnd {
  const failedStep = prepared?.run.trace.at(-1)?.name;
  const what = isCancelled
    ? `cancelled${failedStep ? ` during ${failedStep}` : ""}`
    : failedStep
      ? `${failedStep}: ${reason}`
      : reason;
  if (undone === null || !undone.hadSwitched) {
    const rest = undone === null || undone.problems.length === 0 ? "" : `; not undone: ${undone.problems.join("; ")}`;
    return { status: isCancelled ? "cancelled" : "failed", errorMessage: what + rest };
  }
  const fallback = prepared?.run.fallback;
  if (undone.service === "none")
    return {
      status: isCancelled ? "cancelled" : "failed",
      errorMessage: `${what}; there was no earlier healthy release to go back to${undone.isStopped ? ", so nothing serves now" : ""}`,
      fraise: { status: "down" },
    };
  if (undone.service === "broken")
    return {
      status: "rollback_failed",
      errorMessage: `${what}; going back to ${fallback} failed: ${undone.problems.join("; ")}`,
      fraise: { status: "down" },
    };
  const status: FraiseStatus = undone.service === "restored" ? "healthy" : "unknown";
  const rest = undone.problems.length === 0 ? "" : `; not undone: ${undone.problems.join("; ")}`;
  return {
    status: isCancelled ? "cancelled" : "rolled_back",
    errorMessage: `${what}; ${fallback} serves again${rest}`,
    fraise: { status },
  };
}

function details(
  prepared: Prepared | null,
  undone: UndoResult | null,
  log: readonly string[],
): Record<string, unknown> {
  if (prepared === null) return {};
  const { run } = prepared;
  return {
    probes: run.health?.probes ?? [],
    ...(run.service?.port != null && { port: run.service.port }),
    ...(undone !== null && {
      reason: run.health?.outcome === "unhealthy" ? run.health.reason : undefined,
      restoredProbes: undone.health?.probes ?? [],
      notUndone: undone.problems,
      log,
    }),
    ...(undone?.hadSwitched && { wentBackTo: run.fallback }),
  };
}

/** @param onWritten called once the end is in the ledger, before whoever watches is told of it */
async function record(
  conclusion: Conclusion,
  end: DeploymentEnd,
  hint: string | null,
  onWritten: () => void = () => {},
): Promise<DeploymentReport> {
  const { context, deployment, lease, failure } = conclusion;
  const { ledger, mask, listener } = context;
  const masked: DeploymentEnd = {
    ...end,
    ...(end.errorMessage != null && { errorMessage: mask(end.errorMessage) }),
    ...(end.details && {
      details: maskValue(JSON.parse(JSON.stringify(end.details)) as Record<string, unknown>, mask),
    }),
  };
  try {
    const ended = await ledger.endDeployment(lease, deployment.id, masked);
    onWritten();
    listener({
      type: "deployment_finished",
      deploymentId: ended.id,
      status: end.status,
      seconds: ended.durationSeconds ?? 0,
      message: ended.errorMessage,
    });
    return {
      status: end.status,
      deployment: ended,
      message: masked.errorMessage ?? `${ended.newVersion} is in service.`,
      hint,
    };
  } catch (error) {
    if (end.status === "success" || error instanceof LeaseLostError) throw error;
    throw new DeployError(
      "ledger_unavailable",
      `The deployment ended (${end.status}: ${masked.errorMessage}), but that could not be written to the ledger: ${(error as Error).message}`,
      {
        cause: failure,
        hint: "When the database answers again, the next deployment marks this one as abandoned.",
      },
    );
  }
}
