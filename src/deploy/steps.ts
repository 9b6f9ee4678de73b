import type { Command } from "../config/index.ts";
import type { Probe, ResolvedRef, StepIo } from "../targets/index.ts";
import { DeployError } from "./errors.ts";
import { type Run, type Step, skipped, succeeded } from "./run.ts";

/** The version that people see: the beginning of the commit. */
export const versionOf = (commit: string): string => commit.slice(0, 10);

/** Makes the release from an exact commit and notes which one that is. */
export function fetchStep(
  ref: ResolvedRef,
  change: (
    run: Run,
    fetched: { commit: string; branch: string | null; subject: string; path: string },
  ) => Promise<void>,
): Step {
  return {
    name: "fetch",
    async run(run, io) {
      const fetched = await run.context.target.fetch({ id: run.release, ref }, io);
      await change(run, fetched);
      return succeeded(`${versionOf(fetched.commit)} ${fetched.subject}`);
    },
  };
}

/** Runs the build commands in the release. */
export const buildStep: Step = {
  name: "build",
  run: (run, io) => runCommands(run, run.context.environment.build, "nothing to build", io),
};

/** Runs the migration commands in the release. */
export const migrateStep: Step = {
  name: "migrate",
  run: (run, io) => runCommands(run, run.context.environment.migrate, "nothing to migrate", io),
};

/** Points `current` at the release. */
export const activateStep: Step = {
  name: "activate",
  async run(run) {
    await run.context.target.activate(run.release);
    return succeeded(`current → ${run.release}`);
  },
};

/** Brings the release into service. */
export const restartStep: Step = {
  name: "restart",
  async run(run, io) {
    if (run.context.environment.service === null) return skipped("no service is declared");
    run.service = await run.context.target.restart(run.release, io);
    return succeeded(serviceText(run));
  },
};

/** Judges the release in service. */
export const healthStep: Step = {
  name: "health",
  async run(run, io) {
    const { target, listener, mask } = run.context;
    const onProbe = (probe: Probe) =>
      listener({
        type: "probe",
        probe: { ...probe, url: mask(probe.url), body: probe.body === null ? null : mask(probe.body) },
      });
    const report = await target.checkHealth(run.release, { ...io, onProbe });
    run.health = report;
    if (report.outcome === "unhealthy") throw new UnhealthyError(report.reason);
    if (report.outcome === "unchecked") return skipped("no health check is declared");
    return succeeded(
      `${report.probes.length} ${report.probes.length === 1 ? "probe" : "probes"}, the last in ${Math.round(report.probes.at(-1)?.latencyMs ?? 0)} ms`,
    );
  },
};

/** Makes sure, before anything is touched, that a release can serve again. */
export function verifyStep(commit: string): Step {
  return {
    name: "verify",
    async run(run) {
      const verdict = await run.context.target.verifyRelease(run.release, commit);
      if (verdict.ok) return succeeded(`${run.release} is complete`);
      throw new DeployError("release_not_found", `The release ${run.release} cannot serve again: ${verdict.reason}`, {
        hint: "Deploy its commit anew: fraisier deploy <fraise> <env> --ref <commit>",
      });
    },
  };
}

/** The application answered wrongly, or not at all. */
export class UnhealthyError extends Error {
  override readonly name = "UnhealthyError";
}

async function runCommands(
  run: Run,
  commands: readonly Command[],
  nothing: string,
  io: StepIo,
): Promise<ReturnType<typeof succeeded>> {
  if (commands.length === 0) return skipped(nothing);
  for (const command of commands) await run.context.target.run(command, run.release, io);
  return succeeded(`${commands.length} ${commands.length === 1 ? "command" : "commands"}`);
}

function serviceText({ service }: Run): string | null {
  if (service === null || service.pid === null) return null;
  return `process ${service.pid}${service.port === null ? "" : ` on port ${service.port}`}`;
}
