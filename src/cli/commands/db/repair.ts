import type { InterruptedMigration } from "../../../db/index.ts";
import { type MergeReport, mergeDuplicates } from "../../../ledger/index.ts";
import { EXIT } from "../../exit-codes.ts";
import { completeCommands } from "../../hints.ts";
import { printable, type Terminal } from "../../terminal.ts";
import { UsageError } from "../../usage-error.ts";
import { wholeNumber } from "../../whole-number.ts";
import { type TimeZoneOption, timeZoneOf } from "./adoption.ts";
import { lockTimeoutOf } from "./migrate.ts";
import { isLedger, type MigrationSetOptions, withDatabase, withMigrations } from "./migrations.ts";

/** What `fraisier db repair` takes. */
export interface RepairOptions extends MigrationSetOptions, TimeZoneOption {
  readonly migration?: string;
  readonly statement?: string;
  readonly done?: boolean;
  readonly undone?: boolean;
  readonly mergeDuplicates?: boolean;
  readonly forget?: boolean;
  readonly lockTimeout?: string;
}

/** An interrupted migration, and the commands that lead on from it. */
interface Plan extends InterruptedMigration {
  /** One of them, where there are several, by what became of the statement in doubt. */
  readonly commands: readonly string[];
}

/** What a person says of a statement in doubt, or of a whole migration. */
type Verdict =
  | { readonly outcome: "done" | "undone"; readonly version: number; readonly position: number }
  | { readonly outcome: "forget"; readonly version: number };

/**
 * Says how interrupted migrations go on, or notes what a person found out about one, or merges what a Python Fraisier's
 * file says more than once.
 */
export async function dbRepair(terminal: Terminal, options: RepairOptions): Promise<number> {
  const verdict = verdictOf(options);
  if (options.mergeDuplicates) return merge(terminal, options, verdict !== null);
  if (options.timezone !== undefined)
    throw new UsageError("--timezone is for --merge-duplicates.", "Give that too, or leave --timezone away.");
  return withMigrations(options, "change", { lockTimeoutMs: lockTimeoutOf(options) }, async ({ runner }) => {
    if (verdict?.outcome === "forget") {
      const name = await runner.forget(verdict.version);
      terminal.say(`${printable(name)} is forgotten; what its statements did stays.`);
    } else if (verdict !== null) await runner.settle(verdict.version, verdict.position, verdict.outcome);
    const plans = (await runner.interruptions()).map((one) => ({
      ...one,
      commands: commandsFor(one, options).map((command) => completeCommands(command, options)),
    }));
    if (terminal.json) terminal.printJson("db-repair", { interrupted: plans });
    else printPlans(terminal, plans);
    return plans.some(({ statement }) => statement?.outcome === "in_doubt") ? EXIT.failed : EXIT.done;
  });
}

/** @throws UsageError, and whatever `mergeDuplicates` throws */
async function merge(terminal: Terminal, options: RepairOptions, hasVerdict: boolean): Promise<number> {
  if (hasVerdict || !isLedger(options)) {
    const other = hasVerdict ? "--migration" : "--directory";
    throw new UsageError(
      `--merge-duplicates is for the database of a Python Fraisier, and ${other} for an interrupted migration.`,
      "Give one of them.",
    );
  }
  const merging = { ...timeZoneOf(options), lockTimeoutMs: lockTimeoutOf(options) };
  const report = await withDatabase(options, "change", (adapter) => mergeDuplicates(adapter, merging));
  if (terminal.json) terminal.printJson("db-repair", { ...report });
  else printMerged(terminal, report, options);
  return EXIT.done;
}

function printMerged(terminal: Terminal, { merged, backup }: MergeReport, options: RepairOptions): void {
  if (backup === null) {
    terminal.print("Nothing is to be merged: nothing is said more than once of what is deployed.");
    return;
  }
  for (const { fraise, environment, job, kept, removed, deployments } of merged) {
    const place = `${fraise} ${environment}${job === null ? "" : `, job ${job}`}`;
    terminal.print(
      `${printable(place)}: kept the state ${kept}, removed ${removed.join(", ")}; deployments that are its own now: ${deployments}.`,
    );
  }
  terminal.print(`As it was, the database is in ${printable(backup)}`);
  terminal.say(completeCommands("Adopt it now: fraisier db migrate", options));
}

/** @throws UsageError for half of a verdict, or two */
function verdictOf({
  migration,
  statement,
  done = false,
  undone = false,
  forget = false,
}: RepairOptions): Verdict | null {
  if (migration === undefined && statement === undefined && !done && !undone && !forget) return null;
  if (forget) {
    if (migration !== undefined && statement === undefined && !done && !undone)
      return { version: wholeNumber(migration, "--migration", 0), outcome: "forget" };
    throw new UsageError(
      "What is to be forgotten is said with --migration and --forget, and nothing else.",
      "See which migration was interrupted: fraisier db repair",
    );
  }
  if (migration === undefined || statement === undefined || done === undone) {
    throw new UsageError(
      "What became of a statement is said with --migration, --statement and either --done or --undone.",
      "See which statement is in doubt: fraisier db repair",
    );
  }
  return {
    version: wholeNumber(migration, "--migration", 0),
    position: wholeNumber(statement, "--statement", 1),
    outcome: done ? "done" : "undone",
  };
}

function commandsFor({ version, direction, statement }: InterruptedMigration, options: RepairOptions): string[] {
  const down = isLedger(options) ? "down --yes" : "down";
  if (statement?.outcome !== "in_doubt") return [`fraisier db ${direction === "up" ? "migrate" : down}`];
  const settle = `fraisier db repair --migration ${version} --statement ${statement.position}`;
  return statement.remedy === null ? [`${settle} --done`, `${settle} --undone`] : [`${settle} --undone`];
}

function printPlans(terminal: Terminal, plans: readonly Plan[]): void {
  if (plans.length === 0) terminal.print("Nothing is to be repaired: no migration was interrupted.");
  for (const { name, path, direction, finished, total, statement, commands } of plans) {
    terminal.print(
      terminal.style(
        "bold",
        `${printable(name)} (${direction}) was interrupted: ${finished} of ${total} statements are done.`,
      ),
    );
    if (statement === null) {
      terminal.print(`It goes on after them: ${commands[0]}`);
      continue;
    }
    terminal.print(`It ended during statement ${statement.position}, ${printable(path)}:${statement.line}:`);
    terminal.print(printable(statement.text).replace(/^/gm, "    "));
    if (statement.outcome === "in_doubt") {
      terminal.print("Nothing tells whether that had its effect. Look at the database yourself.");
      if (statement.remedy !== null) terminal.print(`Run this first, by hand:\n    ${printable(statement.remedy)}`);
      const [first, second] = commands;
      terminal.print(
        second === undefined
          ? `Then say so: ${first}`
          : `If it had its effect:  ${first}\nIf it had none:        ${second}`,
      );
    } else {
      terminal.print(
        `The database's catalogue shows that it ${statement.outcome === "done" ? "had its effect" : "had no effect"}. It goes on from there: ${commands[0]}`,
      );
    }
  }
}
