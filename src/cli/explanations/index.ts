import { DATABASE_ERROR_KINDS, DatabaseError, type DatabaseErrorKind, FraisierError } from "../../db/index.ts";
import { TARGET_ERROR_KINDS, type TargetErrorKind } from "../../targets/index.ts";
import { exitCodeOf } from "../exit-codes.ts";
import { COMMAND_LINE_EXPLANATIONS } from "./command-line.ts";
import { CONFIGURATION_EXPLANATIONS } from "./configuration.ts";
import { DATABASE_ADVICE } from "./database.ts";
import { DEPLOYMENT_EXPLANATIONS } from "./deployments.ts";
import type { Explained } from "./explanation.ts";
import { LEDGER_EXPLANATIONS } from "./ledger.ts";
import { MIGRATION_EXPLANATIONS } from "./migrations.ts";
import { TARGET_ADVICE } from "./targets.ts";

/** One kind of error, as one part of Fraisier means it. */
export interface Explanation extends Explained {
  readonly kind: string;
  /** The part of Fraisier that reports it. */
  readonly area: string;
  /** What the command ends with. */
  readonly exitCode: number;
  /** Whether the same call may succeed when it is simply made again; null where that is not known. */
  readonly retryable: boolean | null;
}

/** Every kind of error there is. A kind that two parts report, each in its own sense, is there twice. */
export function explanations(): Explanation[] {
  return [
    ...area("database", databaseExplanations(), (kind) => new DatabaseError(kind as DatabaseErrorKind, "")),
    ...area("migrations", MIGRATION_EXPLANATIONS),
    ...area("ledger", LEDGER_EXPLANATIONS),
    ...area("configuration", CONFIGURATION_EXPLANATIONS),
    ...area("target", targetExplanations()),
    ...area("deployment", DEPLOYMENT_EXPLANATIONS),
    ...area("command line", COMMAND_LINE_EXPLANATIONS),
  ];
}

function area(
  name: string,
  kinds: Readonly<Record<string, Explained>>,
  errorOf: (kind: string) => FraisierError = (kind) => new FraisierError(kind, ""),
): Explanation[] {
  return Object.entries(kinds).map(([kind, explained]) => {
    const error = errorOf(kind);
    const retryable = error instanceof DatabaseError ? error.retryable : null;
    return { kind, area: name, ...explained, exitCode: exitCodeOf(error), retryable };
  });
}

function databaseExplanations(): Record<string, Explained> {
  const kinds = Object.keys(DATABASE_ADVICE) as DatabaseErrorKind[];
  return Object.fromEntries(
    kinds.map((kind) => [kind, { ...DATABASE_ADVICE[kind], meaning: DATABASE_ERROR_KINDS[kind].meaning }]),
  );
}

function targetExplanations(): Record<string, Explained> {
  const kinds = Object.keys(TARGET_ADVICE) as TargetErrorKind[];
  return Object.fromEntries(kinds.map((kind) => [kind, { ...TARGET_ADVICE[kind], meaning: TARGET_ERROR_KINDS[kind] }]));
}
