import { checkDatabase } from "../../../ledger/index.ts";
import { createActivity } from "../../activity.ts";
import { checkLine } from "../../check-line.ts";
import { EXIT, exitCodeOf } from "../../exit-codes.ts";
import type { GlobalOptions } from "../../project.ts";
import { databasePlace } from "../../session.ts";
import { facts } from "../../table.ts";
import type { Terminal } from "../../terminal.ts";
import { wholeNumber } from "../../whole-number.ts";

/** What `fraisier db check` takes. */
export interface CheckOptions extends GlobalOptions {
  readonly timeout?: string;
}

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
    terminal.print(checks.map((check) => checkLine(terminal, check)).join("\n"));
    terminal.print(
      terminal.style(
        "dim",
        `pool: ${pool.minConnections} to ${pool.maxConnections} connections, ${pool.totalConnections} open`,
      ),
    );
  }
  return error === null ? EXIT.done : exitCodeOf(error);
}
