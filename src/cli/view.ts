import { isHolderAlive } from "../deploy/index.ts";
import type { Deployment, DeploymentStatus, FraiseState, FraiseStatus } from "../ledger/index.ts";
import { shortId } from "../ledger/index.ts";
import type { Style, Terminal } from "./terminal.ts";

const STYLES: Readonly<Record<DeploymentStatus | FraiseStatus, Style>> = {
  success: "green",
  healthy: "green",
  pending: "cyan",
  in_progress: "cyan",
  failed: "red",
  rollback_failed: "red",
  down: "red",
  rolled_back: "yellow",
  cancelled: "yellow",
  abandoned: "yellow",
  degraded: "yellow",
  superseded: "dim",
  unknown: "dim",
};

/** A status in its colour, with spaces for underscores. */
export function statusText(terminal: Terminal, status: DeploymentStatus | FraiseStatus): string {
  return terminal.style(STYLES[status], status.replaceAll("_", " "));
}

/** The status of a place. Where all that began was undone before anything served, nothing is deployed as before. */
export function placeText(terminal: Terminal, state: FraiseState | null): string {
  const isNothingThere = state === null || (state.status === "unknown" && state.currentVersion === null);
  return isNothingThere ? terminal.style("dim", "nothing deployed yet") : statusText(terminal, state.status);
}

/** The status of a deployment; of one that its process left unfinished, that too. */
export function progressText(terminal: Terminal, deployment: Deployment): string {
  const text = statusText(terminal, deployment.status);
  return isProcessGone(deployment) ? `${text}${terminal.style("yellow", ", its process is gone")}` : text;
}

/**
 * Whether a deployment will never end by itself, since the process that ran it on this machine is dead. The next
 * command that writes takes back what it did.
 */
export function isProcessGone({ status, runner }: Deployment): boolean {
  return (status === "pending" || status === "in_progress") && runner !== null && isHolderAlive(runner) === false;
}

/** `fraise`, or `project/fraise` where rows of several projects stand together. */
export function fraiseText(
  row: { readonly project: string; readonly fraise: string; readonly job: string | null },
  withProject: boolean,
): string {
  const name = row.job === null ? row.fraise : `${row.fraise}/${row.job}`;
  return withProject && row.project !== "" ? `${row.project}: ${name}` : name;
}

/** `old → new`. */
export function versionText({ oldVersion, newVersion }: Deployment): string {
  if (newVersion === null) return oldVersion ?? "–";
  return oldVersion === null || oldVersion === newVersion ? newVersion : `${oldVersion} → ${newVersion}`;
}

/** A deployment as JSON: camelCase, its short id beside the id, times ISO with `Z`. */
export function deploymentJson(deployment: Deployment): Record<string, unknown> {
  const { runner, ...rest } = deployment;
  return {
    ...rest,
    shortId: shortId(deployment.id),
    processGone: isProcessGone(deployment),
    runner: runner && { host: runner.host, pid: runner.pid, user: runner.user, ciRun: runner.ciRun },
  };
}
