import type { DeploymentKind } from "../ledger/index.ts";
import type { HealthReport, ServiceState, StepIo } from "../targets/index.ts";
import type { DeployContext } from "./context.ts";
import type { StepRecorder, StepResult } from "./recorder.ts";

/** A deployment under way: what is fixed from the start, and what the steps find out. */
export interface Run {
  readonly context: DeployContext;
  readonly recorder: StepRecorder;
  readonly deploymentId: string;
  readonly kind: DeploymentKind;
  /** The release that is to serve. */
  readonly release: string;
  /** The release to go back to; null when there is none. */
  readonly fallback: string | null;
  /** How far it came: every step that was begun, in order, with how it ended. */
  readonly trace: StepTrace[];
  service: ServiceState | null;
  health: HealthReport | null;
}

/** A step that was begun. */
export interface StepTrace {
  readonly name: string;
  outcome: "running" | "success" | "failed" | "skipped";
}

/** One step forward; its inverse is in undo.ts. */
export interface Step {
  readonly name: string;
  /** @throws whatever went wrong; the deployment is then undone */
  run(run: Run, io: StepIo): Promise<StepResult>;
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

/** Runs steps one after the other, until one throws or `signal` is aborted. */
export async function runSteps(run: Run, steps: readonly Step[], signal: AbortSignal): Promise<void> {
  for (const step of steps) {
    signal.throwIfAborted();
    const trace: StepTrace = { name: step.name, outcome: "running" };
    run.trace.push(trace);
    try {
      await run.recorder.run(step.name, signal, async (io) => {
        const result = await step.run(run, io);
        trace.outcome = result.outcome; // before it is recorded: what was done must be undone also when that fails
        return result;
      });
    } catch (error) {
      if (trace.outcome === "running") trace.outcome = "failed";
      throw error;
    }
  }
}

/** The result of a step that did what it is for. */
export const succeeded = (message: string | null = null): StepResult => ({ outcome: "success", message });

/** The result of a step that had nothing to do. */
export const skipped = (message: string): StepResult => ({ outcome: "skipped", message });
