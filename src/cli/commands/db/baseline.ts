import { EXIT } from "../../exit-codes.ts";
import { printable, type Terminal } from "../../terminal.ts";
import { UsageError } from "../../usage-error.ts";
import { wholeNumber } from "../../whole-number.ts";
import { lockTimeoutOf, type RunOptions } from "./migrate.ts";
import { isLedger, withMigrations } from "./migrations.ts";

/** Notes migrations as applied that a database has by other means. */
export async function dbBaseline(terminal: Terminal, typed: string, options: RunOptions): Promise<number> {
  const version = wholeNumber(typed, "The version", 1);
  if (isLedger(options)) {
    throw new UsageError(
      "Fraisier's own tables are made by its migrations alone; a baseline is for migrations of your own.",
      `Give their folder: fraisier db baseline ${version} --directory <folder>`,
    );
  }
  const hooks = { lockTimeoutMs: lockTimeoutOf(options) };
  const noted = await withMigrations(options, "write", hooks, ({ runner }) => runner.baseline(version));
  if (terminal.json) terminal.printJson("db-baseline", { noted });
  else if (noted.length === 0) terminal.print(`Everything up to ${version} is noted as applied already.`);
  else terminal.print(`Noted as applied, without being run: ${printable(noted.join(", "))}.`);
  return EXIT.done;
}
