import { systemClock } from "../../db/index.ts";
import {
  assertDeployable,
  createMasker,
  identityOf,
  maskValue,
  type PlannedStep,
  planDeployment,
  deploy as runDeployment,
} from "../../deploy/index.ts";
import type { Ledger } from "../../ledger/index.ts";
import { deployContext, targetOf } from "../deploy-context.ts";
import { EXIT, exitCodeOfReport } from "../exit-codes.ts";
import { catchInterrupts } from "../interrupt.ts";
import { createProgress } from "../progress.ts";
import { findPlace, type GlobalOptions, openProject, type Place } from "../project.ts";
import { sayReport } from "../report.ts";
import { withLedgerForReading, withLedgerForWriting } from "../session.ts";
import { printable, type Terminal } from "../terminal.ts";

/** What `fraisier deploy` takes. */
export interface DeployOptions extends GlobalOptions {
  readonly ref?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** Deploys an environment of a fraise, or says what that would do. */
export async function deploy(
  terminal: Terminal,
  fraiseName: string,
  environmentKey: string,
  options: DeployOptions,
): Promise<number> {
  const project = openProject(options, "deploy");
  const place = findPlace(project, fraiseName, environmentKey);
  assertDeployable(place);
  if (options.dryRun) return withLedgerForReading(options, (ledger) => showPlan(terminal, place, ledger, options));
  const interrupts = catchInterrupts(terminal);
  const progress = createProgress(terminal, "deploy");
  try {
    return await withLedgerForWriting(options, async (ledger) => {
      const context = deployContext(place, ledger, progress.listener, interrupts);
      progress.waiting("plan");
      const report = await runDeployment(context, { ref: options.ref ?? null, force: options.force ?? false });
      progress.close();
      sayReport(terminal, "deploy", place, report);
      return exitCodeOfReport(report, interrupts.received);
    });
  } finally {
    progress.close();
    interrupts.dispose();
  }
}

async function showPlan(
  terminal: Terminal,
  place: Place,
  ledger: Ledger | null,
  options: DeployOptions,
): Promise<number> {
  const { project, fraise, environment } = place;
  const mask = createMasker(project.secretValues);
  const identity = identityOf(project, fraise, environment);
  const context = {
    identity,
    fraise,
    environment,
    target: targetOf(place),
    ledger,
    clock: systemClock,
    mask,
    signal: new AbortController().signal,
  };
  const progress = createProgress(terminal, "deploy");
  progress.waiting("plan");
  const plan = await planDeployment(context, options.ref ?? null).finally(() => progress.close());
  const steps = maskValue(plan.steps, mask);
  if (terminal.json) {
    const { ref, currentRelease, currentVersion, fallbackRelease, isUpToDate } = plan;
    terminal.printJson("deploy", {
      dryRun: true,
      fraise: fraise.name,
      environment: environment.key,
      ref,
      currentRelease,
      currentVersion,
      fallbackRelease,
      isUpToDate,
      steps,
    });
    return EXIT.done;
  }
  if (plan.isUpToDate && !options.force) {
    terminal.print(
      `${fraise.name} ${environment.key}: ${plan.currentVersion} is in service already; nothing would be done. --force would deploy it anew.`,
    );
    return EXIT.done;
  }
  terminal.print(
    terminal.style("bold", `${fraise.name} ${environment.key}: this would be done, and nothing of it was`),
  );
  for (const [index, step] of steps.entries()) terminal.print(stepText(terminal, step, index + 1));
  terminal.print(
    plan.fallbackRelease === null
      ? "If the health check failed, there would be no earlier release to go back to."
      : `If the health check failed, it would go back to ${plan.fallbackRelease}.`,
  );
  return EXIT.done;
}

function stepText(terminal: Terminal, { name, description, commands }: PlannedStep, number: number): string {
  const lines = commands.map(
    (command) =>
      `\n       $ ${typeof command === "string" ? command : command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(" ")}`,
  );
  return `${String(number).padStart(3)}. ${terminal.style("bold", name.padEnd(9))} ${printable(description + lines.join(""))}`;
}
