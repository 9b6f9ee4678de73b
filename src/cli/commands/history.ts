import { DEPLOYMENT_STATUSES, type DeploymentFilter, type DeploymentStatus, shortId } from "../../ledger/index.ts";
import { EXIT } from "../exit-codes.ts";
import type { GlobalOptions } from "../project.ts";
import { withLedgerForReading } from "../session.ts";
import { table } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { bothTimes, duration, parseSince } from "../time.ts";
import { UsageError } from "../usage-error.ts";
import { deploymentJson, fraiseText, progressText, versionText } from "../view.ts";
import { wholeNumber } from "../whole-number.ts";

/** What `fraisier history` takes. */
export interface HistoryOptions extends GlobalOptions {
  readonly fraise?: string;
  readonly environment?: string;
  readonly number?: string;
  readonly since?: string;
  readonly status?: string;
}

/** What was deployed, newest first. */
export async function history(terminal: Terminal, options: HistoryOptions): Promise<number> {
  const now = new Date();
  const filter = filterOf(options, now);
  return withLedgerForReading(options, async (ledger) => {
    const deployments = (await ledger?.listDeployments(filter)) ?? [];
    if (terminal.json) {
      terminal.printJson("history", { deployments: deployments.map(deploymentJson) });
      return EXIT.done;
    }
    if (deployments.length === 0) {
      const isFiltered =
        options.fraise !== undefined ||
        options.environment !== undefined ||
        options.since !== undefined ||
        options.status !== undefined;
      terminal.say(ledger === null || !isFiltered ? "Nothing deployed yet." : "No deployment matches.");
      return EXIT.done;
    }
    const severalProjects = new Set(deployments.map((deployment) => deployment.project)).size > 1;
    const rows = deployments.map((deployment) => [
      shortId(deployment.id),
      fraiseText(deployment, severalProjects),
      deployment.environment,
      deployment.kind,
      progressText(terminal, deployment),
      versionText(deployment),
      bothTimes(deployment.startedAt, now),
      deployment.durationSeconds === null ? "" : duration(deployment.durationSeconds),
      deployment.triggeredByUser ?? "",
    ]);
    terminal.print(
      table(terminal, ["ID", "FRAISE", "ENVIRONMENT", "KIND", "STATUS", "VERSION", "STARTED", "TOOK", "BY"], rows),
    );
    return EXIT.done;
  });
}

/** @throws UsageError for a number, moment or status that is none */
function filterOf({ fraise, environment, number = "20", since, status }: HistoryOptions, now: Date): DeploymentFilter {
  const limit = wholeNumber(number, "--number", 1);
  const moment = since === undefined ? undefined : parseSince(since, now);
  if (moment === null)
    throw new UsageError(`--since takes a date such as 2026-11-23 or an age such as 3d, 2h or 45m, not "${since}".`);
  return {
    limit,
    ...(fraise !== undefined && { fraise: fraise.normalize("NFC") }),
    ...(environment !== undefined && { environment: environment.normalize("NFC") }),
    ...(moment !== undefined && { since: moment }),
    ...(status !== undefined && { status: status.split(",").map(statusOf) }),
  };
}

function statusOf(word: string): DeploymentStatus {
  const found = DEPLOYMENT_STATUSES.find((status) => status === word.trim().replaceAll("-", "_"));
  if (found) return found;
  throw new UsageError(`--status takes ${DEPLOYMENT_STATUSES.join(", ")}, not "${word}".`);
}
