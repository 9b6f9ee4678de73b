import type { Deployment, DeploymentStep } from "../../ledger/index.ts";
import { shortId } from "../../ledger/index.ts";
import type { Probe } from "../../targets/index.ts";
import { EXIT } from "../exit-codes.ts";
import { findDeployment } from "../find-deployment.ts";
import type { GlobalOptions } from "../project.ts";
import { withLedgerForReading } from "../session.ts";
import { facts } from "../table.ts";
import { printable, type Terminal } from "../terminal.ts";
import { bothTimes, duration } from "../time.ts";
import { deploymentJson, fraiseText, progressText, versionText } from "../view.ts";

/** All that is known of one deployment: its steps, probes, reason and the application's last words. */
export async function show(terminal: Terminal, id: string, options: GlobalOptions): Promise<number> {
  return withLedgerForReading(options, async (ledger) => {
    const deployment = await findDeployment(ledger, id);
    const steps = (await ledger?.getSteps(deployment.id)) ?? [];
    const undone =
      deployment.undoesDeploymentId === null
        ? null
        : ((await ledger?.getDeployment(deployment.undoesDeploymentId)) ?? null);
    if (terminal.json) terminal.printJson("show", { deployment: deploymentJson(deployment), steps });
    else print(terminal, deployment, steps, undone);
    return EXIT.done;
  });
}

function print(
  terminal: Terminal,
  deployment: Deployment,
  steps: readonly DeploymentStep[],
  undone: Deployment | null,
): void {
  const now = new Date();
  const { details, runner } = deployment;
  terminal.print(
    terminal.style(
      "bold",
      printable(
        `${deployment.kind} ${shortId(deployment.id)}: ${fraiseText(deployment, true)} ${deployment.environment}`,
      ),
    ),
  );
  terminal.print(
    facts(terminal, [
      ["status", progressText(terminal, deployment)],
      ["reason", deployment.errorMessage === null ? null : printable(deployment.errorMessage)],
      ["version", versionText(deployment)],
      [
        "commit",
        deployment.gitCommit === null
          ? null
          : `${deployment.gitCommit}${deployment.commitSubject ? `  ${printable(deployment.commitSubject)}` : ""}`,
      ],
      ["branch", deployment.gitBranch && printable(deployment.gitBranch)],
      ["undoes", undone === null ? null : `${shortId(undone.id)} (${undone.newVersion})`],
      ["started", bothTimes(deployment.startedAt, now)],
      ["ended", deployment.completedAt === null ? null : bothTimes(deployment.completedAt, now)],
      ["took", deployment.durationSeconds === null ? null : duration(deployment.durationSeconds)],
      [
        "by",
        [
          deployment.triggeredByUser,
          deployment.triggeredBy && `(${deployment.triggeredBy})`,
          runner && `on ${runner.host}, process ${runner.pid}`,
          runner?.ciRun,
        ]
          .filter(Boolean)
          .join(" "),
      ],
      ["release", deployment.releasePath ?? deployment.releaseId],
      ["went back to", details.wentBackTo as string | undefined],
      ["id", deployment.id],
    ]),
  );
  if (steps.length > 0)
    terminal.print(`\n${terminal.style("dim", "STEPS")}\n${steps.map((step) => stepLine(terminal, step)).join("\n")}`);
  section(
    terminal,
    "PROBES",
    ((details.probes as Probe[] | undefined) ?? []).map((probe) => probeLine(terminal, probe)),
  );
  section(
    terminal,
    "LAST LINES OF THE APPLICATION'S LOG",
    ((details.log as string[] | undefined) ?? []).map((line) => `  ${printable(line)}`),
  );
  terminal.print(`\nIts output: fraisier logs ${shortId(deployment.id)}`);
}

function section(terminal: Terminal, title: string, lines: readonly string[]): void {
  if (lines.length > 0) terminal.print(`\n${terminal.style("dim", title)}\n${lines.join("\n")}`);
}

function stepLine(
  terminal: Terminal,
  { name, direction, outcome, startedAt, endedAt, message }: DeploymentStep,
): string {
  const mark = {
    success: terminal.style("green", "✓"),
    skipped: terminal.style("dim", "–"),
    running: terminal.style("cyan", "…"),
    failed: terminal.style("red", "✗"),
    cancelled: terminal.style("yellow", "✗"),
    abandoned: terminal.style("yellow", "✗"),
  }[outcome];
  const label = direction === "undo" ? `undo: ${name}` : name;
  const time = endedAt === null ? outcome : duration((endedAt.getTime() - startedAt.getTime()) / 1000);
  const ended = outcome === "success" ? "" : `  ${outcome}`;
  return `  ${mark} ${label.padEnd(15)} ${time.padStart(8)}${ended}${message === null ? "" : `  ${terminal.style("dim", printable(message))}`}`;
}

function probeLine(terminal: Terminal, probe: Probe): string {
  const answer =
    probe.status === null
      ? "no answer"
      : `HTTP ${probe.status}${probe.redirect === null ? "" : ` → ${printable(probe.redirect)}`}`;
  const mark = probe.ok ? terminal.style("green", "✓") : terminal.style("red", "✗");
  const body = probe.body ? `  ${terminal.style("dim", printable(JSON.stringify(probe.body.slice(0, 80))))}` : "";
  return `  ${mark} ${probe.at}  ${probe.url}  ${answer}  ${Math.round(probe.latencyMs)} ms${probe.reason === null ? "" : `  ${printable(probe.reason)}`}${body}`;
}
