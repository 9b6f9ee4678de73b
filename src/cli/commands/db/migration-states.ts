import type { AppliedMigration, MigrationStatus } from "../../../db/index.ts";
import { table } from "../../table.ts";
import { printable, type Terminal } from "../../terminal.ts";
import { bothTimes, duration } from "../../time.ts";

/** What is known of one migration. */
export interface MigrationState {
  readonly version: number;
  readonly name: string;
  /**
   * `interrupted`: begun and not done; `edited`: its file was changed after it had been applied; `missing`: it was applied,
   * and its file is gone; `out_of_order`: pending, although later ones are applied; `unknown`: the database has it, and
   * the folder, whose newest is older, does not.
   */
  readonly state: "applied" | "pending" | "interrupted" | "edited" | "missing" | "out_of_order" | "unknown";
  readonly appliedAt: Date | null;
  readonly appliedBy: string | null;
  readonly durationMs: number | null;
}

/** The state of each migration that the database or the folder has, in the order of the versions. */
export function statesOf(status: MigrationStatus): MigrationState[] {
  const { applied, pending, unknown, missing, edited, interrupted } = status;
  const isBegun = (version: number) => interrupted.some((entry) => entry.version === version);
  const stateOf = (row: AppliedMigration): MigrationState["state"] => {
    if (isBegun(row.version)) return "interrupted";
    if (unknown.includes(row)) return "unknown";
    if (missing.includes(row)) return "missing";
    return edited.includes(row) ? "edited" : "applied";
  };
  const there = applied.map((row) => ({
    version: row.version,
    name: row.name,
    state: stateOf(row),
    appliedAt: row.applied_at,
    appliedBy: row.applied_by,
    durationMs: row.duration_ms,
  }));
  const highest = applied.at(-1)?.version ?? 0;
  const lacking = pending.map(({ version, name }) =>
    notApplied(version, name, isBegun(version) ? "interrupted" : version < highest ? "out_of_order" : "pending"),
  );
  const isKnown = (version: number) => [...applied, ...pending].some((one) => one.version === version);
  const lost = [...new Set(interrupted.map(({ version }) => version))]
    .filter((version) => !isKnown(version))
    .map((version) => notApplied(version, `${String(version).padStart(3, "0")}, whose file is gone`, "interrupted"));
  return [...there, ...lacking, ...lost].sort((a, b) => a.version - b.version);
}

function notApplied(version: number, name: string, state: MigrationState["state"]): MigrationState {
  return { version, name, state, appliedAt: null, appliedBy: null, durationMs: null };
}

/** What the states come to. @param files what they are compared with */
export function schemaText(migrations: readonly MigrationState[], files: string): string {
  const has = (state: MigrationState["state"]) => migrations.some((migration) => migration.state === state);
  if (has("unknown")) return `newer than ${files}`;
  if (has("interrupted")) return "half-way: a migration was interrupted";
  if (has("missing")) return "in doubt: the file of an applied migration is gone";
  if (has("edited")) return "in doubt: the file of an applied migration was changed";
  if (has("out_of_order")) return "in doubt: a migration is not applied, and later ones are";
  if (!has("pending")) return "up to date";
  return has("applied") ? "outdated" : "empty";
}

/** One line for each. */
export function migrationTable(terminal: Terminal, migrations: readonly MigrationState[]): string {
  const now = new Date();
  const rows = migrations.map(({ name, state, appliedAt, appliedBy, durationMs }) => [
    printable(name),
    state === "applied" ? state : terminal.style("yellow", state.replaceAll("_", " ")),
    appliedAt === null ? "" : bothTimes(appliedAt, now),
    printable(appliedBy ?? ""),
    durationMs === null ? "" : duration(durationMs / 1000),
  ]);
  return table(terminal, ["MIGRATION", "STATE", "APPLIED", "BY", "TOOK"], rows);
}

/** What to do about the worst of it; null when nothing is to be done. */
export function nextStep(migrations: readonly MigrationState[]): string | null {
  const names = (state: MigrationState["state"]) =>
    migrations
      .filter((migration) => migration.state === state)
      .map(({ name }) => name)
      .join(", ");
  for (const [state, advice] of NEXT) {
    const found = names(state);
    if (found !== "") return advice.replace("%", () => found);
  }
  return null;
}

/** By state, the worst first. */
const NEXT: readonly (readonly [state: MigrationState["state"], advice: string])[] = [
  ["unknown", "Use the version that applied %, or a newer one."],
  ["interrupted", "See how it goes on: fraisier db repair"],
  ["missing", "Bring back from version control: %. Then see again: fraisier db status"],
  ["edited", "Restore %, and put the change into a new migration. Then see again: fraisier db status"],
  ["out_of_order", "Give %, and what comes after, the next free number. Then see again: fraisier db status"],
  ["pending", "Apply what is pending: fraisier db migrate"],
];
