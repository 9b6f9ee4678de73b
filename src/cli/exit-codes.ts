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

/** What each of them means. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: "done",
  failed: "failed",
  usage: "typed wrongly",
  configuration: "something is wrong with the configuration",
  locked: "somebody else is deploying there, or migrating",
  rolledBack: "the new release was sick, and the one before serves again",
  ledgerUnavailable: "the database cannot be used",
  notFound: "there is no such fraise, environment, deployment, release or migration",
  interrupted: "interrupted by Ctrl-C",
  terminated: "interrupted by SIGTERM",
};

/** Exit codes by their numbers. */
export const sortedExits = (exits: readonly (keyof typeof EXIT)[]): (keyof typeof EXIT)[] =>
  [...exits].sort((a, b) => EXIT[a] - EXIT[b]);

const BY_KIND: Readonly<Record<string, number>> = {
  interrupted: EXIT.interrupted,
  terminated: EXIT.terminated,
  usage: EXIT.usage,
  timezone_unknown: EXIT.usage,
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
