/**
 * A process that migrates and dies at a certain moment: `node die.ts <url> <directory> <which> <before|during>`. It
 * ends itself by SIGKILL before a message to the database is sent, or right after it was sent and before it is
 * answered: the one with this number, or the first that begins with this text. Prints `done` and how many there were when there were fewer.
 */
import { createAdapterFromUrl, MigrationRunner } from "../../../src/db/index.ts";
import { MysqlConnection } from "../../../src/db/mysql/connection.ts";
import { PostgresConnection } from "../../../src/db/postgresql/connection.ts";
import type { ParsedStatement } from "../../../src/db/sql/placeholders.ts";
import { SqliteConnection } from "../../../src/db/sqlite/connection.ts";

const [url = "", directory = "", which = "", moment = ""] = process.argv.slice(2);
let sent = 0;

/** What every message goes through. */
type Sender = Record<"run" | "control", (...args: unknown[]) => unknown>;

/** SQLite has answered already; a driver has written its message by the time that the next turn of the loop begins. */
function dieAfterSending(isAnswered: boolean): void {
  const die = () => process.kill(process.pid, "SIGKILL");
  if (isAnswered) die();
  else setImmediate(die);
}

for (const { prototype } of [SqliteConnection, PostgresConnection, MysqlConnection]) {
  const sender = prototype as unknown as Sender;
  for (const name of ["run", "control"] as const) {
    const send = sender[name];
    sender[name] = function (this: Sender, ...args) {
      sent++;
      const [message] = args as [string | ParsedStatement];
      const sql = typeof message === "string" ? message : message.sql;
      const isTheOne = sent === Number(which) || sql.startsWith(which); // one may send others
      if (isTheOne && moment === "before") process.kill(process.pid, "SIGKILL");
      try {
        return send.apply(this, args);
      } finally {
        if (isTheOne && moment === "during") dieAfterSending(prototype === SqliteConnection.prototype);
      }
    };
  }
}

await using adapter = await createAdapterFromUrl(url);
await new MigrationRunner(adapter, { directory }).up();
process.stdout.write(`done ${sent}\n`);
