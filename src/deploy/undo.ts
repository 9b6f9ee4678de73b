import type { HealthReport, StepIo } from "../targets/index.ts";
import type { DeployContext } from "./context.ts";
import type { StepRecorder, StepResult, StepWork } from "./recorder.ts";
import { type StepTrace, skipped, succeeded } from "./run.ts";

/** What has to be taken back: of a run that failed, or of one whose process is dead. */
export interface Undoable {
  readonly context: DeployContext;
  readonly recorder: StepRecorder;
  readonly release: string;
  /** Whether the release was made by this deployment, and so goes with it. */
  readonly madeRelease: boolean;
  readonly fallback: string | null;
  /** Every step that was begun. */
  readonly trace: readonly Pick<StepTrace, "name" | "outcome">[];
  /** How far an earlier attempt to take back the migration came: its process died while it was undoing. */
  readonly migrationUndone?: "done" | "interrupted";
}

/** Where the undoing left the target. */
export interface UndoResult {
  /** Whether anything that serves had been touched. */
  readonly hadSwitched: boolean;
  /** What serves now: as before when nothing had been touched. */
  readonly service: "untouched" | "restored" | "unchecked" | "none" | "broken";
  /** Whether the process that Fraisier runs was stopped, and none was started in its place. */
  readonly isStopped: boolean;
  readonly health: HealthReport | null;
  /** What could not be undone; empty when all is as it was. */
  readonly problems: readonly string[];
}

/**
 * Takes back what a deployment did, last step first: the new process, the switch, the migration, and then brings the
 * release that served before into service again. Goes on when a part fails, since each further part makes it better.
 */
export async function undo(undoable: Undoable): Promise<UndoResult> {
  const { context, recorder, release, fallback, trace } = undoable;
  const { target, environment } = context;
  const problems: string[] = [];
  const attempt = async (name: string, work: StepWork): Promise<void> => {
    try {
      await recorder.undo(name, work);
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const began = (name: string) => trace.some((step) => step.name === name);
  const outcomeOf = (name: string) => trace.find((step) => step.name === name)?.outcome;
  const restarted = began("restart") && environment.service !== null;

  if (restarted && environment.service?.kind === "process") {
    await attempt("stop", async (io) => {
      await target.stop(io);
      return succeeded();
    });
  }
  if (began("activate")) {
    await attempt("activate", async () => {
      await target.activate(fallback);
      return fallback === null
        ? succeeded("there is no earlier release: current is removed")
        : succeeded(`current → ${fallback}`);
    });
  }
  if (outcomeOf("migrate") !== undefined && outcomeOf("migrate") !== "skipped") {
    await attempt("migrate", (io) => undoMigration(undoable, io));
  }
  let health: HealthReport | null = null;
  if (began("activate") && fallback !== null) {
    if (restarted) {
      await attempt("restart", async (io) => {
        const service = await target.restart(fallback, io);
        return succeeded(
          service.pid === null
            ? null
            : `process ${service.pid}${service.port === null ? "" : ` on port ${service.port}`}`,
        );
      });
    }
    await attempt("health", async (io) => {
      health = await target.checkHealth(fallback, io);
      if (health.outcome === "unhealthy") throw new Error(`${fallback} is not healthy either: ${health.reason}`);
      return health.outcome === "unchecked" ? skipped("no health check is declared") : succeeded();
    });
  }
  if (undoable.madeRelease && began("fetch")) {
    await attempt("fetch", async () => {
      await target.removeRelease(release);
      return succeeded(`${release} is removed`);
    });
  }
  return {
    hadSwitched: began("activate"),
    service: serviceAfter(undoable, health, problems),
    isStopped: environment.service?.kind === "process" && began("activate") && fallback === null,
    health,
    problems,
  };
}

/**
 * Only a migration that came to its end is taken back, and only once: what one that failed half-way needs, its own down
 * commands cannot know, and they might take back the migration before it.
 */
async function undoMigration({ context, release, trace, migrationUndone }: Undoable, io: StepIo): Promise<StepResult> {
  const { migrateDown } = context.environment;
  const isComplete = trace.find((step) => step.name === "migrate")?.outcome === "success";
  if (migrationUndone === "done") return skipped("it was taken back already");
  if (migrationUndone === "interrupted") throw new Error("migrate_down was interrupted: check the database by hand");
  if (!isComplete) {
    return skipped("the migration did not come to its end, so migrate_down was not run: check the database by hand");
  }
  if (migrateDown.length === 0) return skipped("no migrate_down is declared: the database stays migrated");
  for (const command of migrateDown) await context.target.run(command, release, io);
  return succeeded();
}

function serviceAfter(
  { fallback, trace }: Undoable,
  health: HealthReport | null,
  problems: readonly string[],
): UndoResult["service"] {
  if (!trace.some((step) => step.name === "activate")) return "untouched";
  if (fallback === null) return "none";
  if (problems.some((problem) => /^(?:activate|restart|health):/.test(problem))) return "broken";
  return health?.outcome === "healthy" ? "restored" : "unchecked";
}
