import { type Check, checkDatabase } from "../../../ledger/index.ts";
import { createActivity } from "../../activity.ts";
import { EXIT, exitCodeOf } from "../../exit-codes.ts";
import { databasePlace, type GlobalOptions } from "../../session.ts";
import { facts } from "../../table.ts";
import { printable, type Style, type Terminal } from "../../terminal.ts";
import { wholeNumber } from "../../whole-number.ts";

/** What `fraisier db check` takes. */
export interface CheckOptions extends GlobalOptions {
  readonly timeout?: string;
}

const STYLES: Readonly<Record<Check["outcome"], readonly [mark: string, style: Style]>> = {
  ok: ["✓", "green"],
  warning: ["!", "yellow"],
  failed: ["✗", "red"],
  unknown: ["?", "dim"],
};

/** Whether the database can be used, and what to do where it can't. Changes nothing. */
export async function dbCheck(terminal: Terminal, options: CheckOptions): Promise<number> {
  const deadlineMs = 1000 * wholeNumber(options.timeout ?? "10", "--timeout", 1);
  const activity = createActivity(terminal);
  if (!terminal.json) activity.show("looking at the database");
  const found = await checkDatabase(databasePlace(options), deadlineMs).finally(() => activity.hide());
  const { checks, error, pool, ...rest } = found;
  if (terminal.json) {
    const { kind = "unexpected", message } = (error ?? {}) as { kind?: string; message?: string };
    terminal.printJson("db-check", { ok: error === null, ...rest, pool, checks, problem: error && { kind, message } });
  } else {
    terminal.print(facts(terminal, [["database", `${found.url} (by ${found.origin})`]]));
    terminal.print(checks.map((check) => line(terminal, check)).join("\n"));
    terminal.print(
      terminal.style(
        "dim",
        `pool: ${pool.minConnections} to ${pool.maxConnections} connections, ${pool.totalConnections} open`,
      ),
    );
  }
  return error === null ? EXIT.done : exitCodeOf(error);
}

function line(terminal: Terminal, { name, outcome, text, hint }: Check): string {
  const [mark, style] = STYLES[outcome];
  const advice = hint === null ? "" : `\n${" ".repeat(14)}→ ${printable(hint)}`;
  return `${terminal.style(style, mark)} ${name.padEnd(11)} ${printable(text)}${advice}`;
}
