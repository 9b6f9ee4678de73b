import { DatabaseError } from "../db/index.ts";
import type { DeploymentReport } from "../deploy/index.ts";

/** What the process ends with. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  configuration: 3,
  locked: 4,
  rolledBack: 5,
  ledgerUnavailable: 6,
  notFound: 7,
  interrupted: 130,
  terminated: 143,
} as const;

const BY_KIND: Readonly<Record<string, number>> = {
  interrupted: EXIT.interrupted,
  terminated: EXIT.terminated,
  usage: EXIT.usage,
  config_invalid: EXIT.configuration,
  config_not_found: EXIT.configuration,
  locked: EXIT.locked,
  guard_held: EXIT.locked,
  ledger_unavailable: EXIT.ledgerUnavailable,
  fraise_not_found: EXIT.notFound,
  environment_not_found: EXIT.notFound,
  deployment_not_found: EXIT.notFound,
  release_not_found: EXIT.notFound,
  ref_not_found: EXIT.notFound,
  nothing_to_roll_back_to: EXIT.notFound,
  migration_locked: EXIT.locked,
  migration_unknown: EXIT.notFound,
};

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof DatabaseError) return EXIT.ledgerUnavailable;
  const kind = (error as { kind?: unknown } | null)?.kind;
  if (typeof kind !== "string") return EXIT.failed;
  const isOfSchema = kind.startsWith("migration_") || kind.startsWith("schema_");
  return BY_KIND[kind] ?? (isOfSchema ? EXIT.ledgerUnavailable : EXIT.failed);
}

/** The exit code that the end of a deployment stands for. */
export function exitCodeOfReport(report: DeploymentReport, signal: NodeJS.Signals | null): number {
  if (report.status === "success" || report.status === "up_to_date") return EXIT.done;
  if (report.status === "rolled_back") return EXIT.rolledBack;
  if (report.status === "cancelled" && signal !== null)
    return signal === "SIGTERM" ? EXIT.terminated : EXIT.interrupted;
  return EXIT.failed;
}
