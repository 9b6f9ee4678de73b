import { type AdoptionReport, isTimeZone, UnknownTimeZoneError } from "../../../ledger/index.ts";
import { facts } from "../../table.ts";
import { printable, type Terminal } from "../../terminal.ts";
import { UsageError } from "../../usage-error.ts";
import { isLedger, type MigrationSetOptions } from "./migrations.ts";

/** What the commands take that read a file of the Python Fraisier. */
export interface TimeZoneOption {
  /** The zone of times that name none; without it this machine's. */
  readonly timezone?: string;
}

/** The zone that was given, to be handed on. @throws UsageError, UnknownTimeZoneError */
export function timeZoneOf(options: MigrationSetOptions & TimeZoneOption): TimeZoneOption {
  const { timezone } = options;
  if (timezone === undefined) return {};
  if (!isLedger(options)) {
    throw new UsageError(
      "--timezone is for the database of a Python Fraisier, and --directory for migrations of your own.",
      "Give one of them.",
    );
  }
  if (!isTimeZone(timezone)) throw new UnknownTimeZoneError(timezone);
  return { timezone };
}

/** Tells what became, or would become, of a file of the Python Fraisier. */
export function printAdoption(terminal: Terminal, report: AdoptionReport, tense: "done" | "planned"): void {
  const { fraises, deployments, webhookEvents, orphans, abandoned, unlinked, locks, staleLocks } = report;
  const isDone = tense === "done";
  const notes = (...all: readonly (readonly [count: number, what: string])[]) =>
    all
      .filter(([count]) => count > 0)
      .map(([count, what]) => `; ${count} ${what}`)
      .join("");
  terminal.print(
    isDone
      ? "Adopted the database of the Python Fraisier. What it remembered is kept:"
      : "This would adopt the database of the Python Fraisier, and keep what it remembers:",
  );
  terminal.print(
    facts(terminal, [
      ["states", String(fraises)],
      [
        "deployments",
        `${deployments}${notes([abandoned, "unfinished, to be abandoned"], [orphans, "without a state, to get one"])}`,
      ],
      ["webhook events", `${webhookEvents}${notes([unlinked, "of a deployment that is gone, to name none"])}`],
      ["locks", `${locks + staleLocks}${notes([locks, "still held, to stay"], [staleLocks, "expired, to go"])}`],
      ["times", `those without a zone are read as ${report.timezone}`],
      [isDone ? "as it was" : "copied first to", printable(report.backup)],
    ]),
  );
}
