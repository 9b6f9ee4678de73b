import type { MigrationCommand, MigrationOptions, PlannedMigration } from "../../../db/index.ts";
import { type AdoptionReport, type LedgerMigrationResult, planAdoption, runMigrations } from "../../../ledger/index.ts";
import { EXIT } from "../../exit-codes.ts";
import { catchInterrupts, InterruptedError } from "../../interrupt.ts";
import { printable, type Terminal } from "../../terminal.ts";
import { UsageError } from "../../usage-error.ts";
import { wholeNumber } from "../../whole-number.ts";
import { printAdoption, type TimeZoneOption, timeZoneOf } from "./adoption.ts";
import { continuationOf } from "./continuation.ts";
import { isLedger, type MigrationSetOptions, withDatabase, withMigrations } from "./migrations.ts";
import { createMigrationProgress } from "./progress.ts";

/** What the commands take that run migrations. */
export interface RunOptions extends MigrationSetOptions, TimeZoneOption {
  readonly to?: string;
  readonly steps?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly lockTimeout?: string;
}

/** Applies what is pending; adopts a file of the Python Fraisier. */
export async function dbMigrate(terminal: Terminal, options: RunOptions): Promise<number> {
  if (options.timezone !== undefined && options.to !== undefined) {
    throw new UsageError(
      "A database of the Python Fraisier (--timezone) is brought to the newest version, not to another (--to).",
      "Give one of them.",
    );
  }
  return run(terminal, "migrate", { kind: "up", ...versionOf(options, 1) }, options);
}

/** Takes the last migrations back. */
export async function dbDown(terminal: Terminal, options: RunOptions): Promise<number> {
  if (options.to !== undefined && options.steps !== undefined)
    throw new UsageError("--to and --steps both say how far back to go.", "Give one of them.");
  const steps = options.steps === undefined ? {} : { steps: wholeNumber(options.steps, "--steps", 1) };
  return run(terminal, "down", { kind: "down", ...versionOf(options, 0), ...steps }, options);
}

/** Takes the last migration back and applies it again. */
export async function dbRedo(terminal: Terminal, options: RunOptions): Promise<number> {
  return run(terminal, "redo", { kind: "redo" }, options);
}

async function run(
  terminal: Terminal,
  name: "migrate" | "down" | "redo",
  command: MigrationCommand,
  options: RunOptions,
): Promise<number> {
  const lockTimeoutMs = lockTimeoutOf(options);
  const timeZone = timeZoneOf(options);
  if (options.dryRun) {
    const adoption = adopts(options, command)
      ? await withDatabase(options, "read", (adapter) => planAdoption(adapter, timeZone))
      : null;
    if (adoption !== null) printAdoptionPlan(terminal, adoption);
    else printPlan(terminal, name, await withMigrations(options, "read", {}, ({ runner }) => runner.plan(command)));
    return EXIT.done;
  }
  if (isLedger(options) && command.kind !== "up" && !options.yes) {
    throw new UsageError(
      `"fraisier db ${name}" takes tables of Fraisier's away, with all that they remember.`,
      `Look at what it would do: fraisier db ${name} --dry-run. To do it: fraisier db ${name} --yes`,
    );
  }
  const interrupts = catchInterrupts(terminal, {
    first: "ending the running statement …",
    again: "Still ending the running statement; please wait.",
  });
  const progress = createMigrationProgress(terminal);
  const takenBack: string[] = [];
  try {
    const hooks: Partial<MigrationOptions> = {
      ...progress.hooks,
      lockTimeoutMs,
      signal: interrupts.signal,
      onApplied: (migration, durationMs, direction) => {
        if (direction === "down") takenBack.push(migration);
        progress.hooks.onApplied?.(migration, durationMs, direction);
      },
    };
    const result = await perform(options, { ...hooks, ...timeZone }, command);
    progress.close();
    printResult(terminal, name, result);
    return EXIT.done;
  } catch (error) {
    if (interrupts.received === null) throw error;
    const next = continuationOf(command, takenBack, options.yes === true);
    throw new InterruptedError(interrupts.received, {
      cause: error,
      hint: `What was done of it is noted; the next run goes on from there: ${next}`,
    });
  } finally {
    progress.close();
    interrupts.dispose();
  }
}

/** Whether a file of the Python Fraisier would be adopted. */
function adopts(options: RunOptions, command: MigrationCommand): boolean {
  return isLedger(options) && command.kind === "up" && command.to === undefined;
}

function perform(
  options: RunOptions,
  hooks: Partial<MigrationOptions> & TimeZoneOption,
  command: MigrationCommand,
): Promise<LedgerMigrationResult> {
  if (adopts(options, command)) return withDatabase(options, "write", (adapter) => runMigrations(adapter, hooks));
  return withMigrations(options, "write", hooks, ({ runner }) => runner.run(command));
}

/** Milliseconds. @throws UsageError */
export function lockTimeoutOf({ lockTimeout = "300" }: { readonly lockTimeout?: string }): number {
  return 1000 * wholeNumber(lockTimeout, "--lock-timeout", 0);
}

function versionOf({ to }: RunOptions, least: number): { to?: number } {
  return to === undefined ? {} : { to: wholeNumber(to, "--to", least) };
}

function printAdoptionPlan(terminal: Terminal, adoption: AdoptionReport): void {
  if (terminal.json) terminal.printJson("db-migrate", { dryRun: true, adoption });
  else printAdoption(terminal, adoption, "planned");
}

/** The statements as they would be sent; what says which migration they are of is a comment. */
function printPlan(terminal: Terminal, name: string, plan: readonly PlannedMigration[]): void {
  if (terminal.json) {
    terminal.printJson(`db-${name}`, { dryRun: true, migrations: plan });
    return;
  }
  if (plan.length === 0) terminal.say("Nothing would be done.");
  for (const { name: migration, direction, isTransactional, statements } of plan) {
    terminal.print(`-- ${migration} (${direction}), ${isTransactional ? "one transaction" : "statement by statement"}`);
    for (const statement of statements) terminal.printExact(`${statement};`);
  }
}

function printResult(terminal: Terminal, name: string, result: LedgerMigrationResult): void {
  if (terminal.json) {
    terminal.printJson(`db-${name}`, { ...result });
    return;
  }
  if (result.adoption !== undefined) printAdoption(terminal, result.adoption, "done");
  const { applied, reverted, pending } = result;
  if (reverted.length > 0) terminal.print(`Took back ${printable(reverted.join(", "))}.`);
  if (applied.length > 0) terminal.print(`Applied ${printable(applied.join(", "))}.`);
  if (applied.length + reverted.length === 0)
    terminal.print(
      name === "migrate"
        ? "The schema is up to date; nothing was to be done."
        : "Nothing is applied that could be taken back.",
    );
  if (name === "migrate" && pending.length > 0) terminal.say(`Still pending: ${printable(pending.join(", "))}.`);
}
