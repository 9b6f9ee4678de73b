import { MysqlConnection } from "../../../src/db/mysql/connection.ts";
import { PostgresConnection } from "../../../src/db/postgresql/connection.ts";
import { SqliteConnection } from "../../../src/db/sqlite/connection.ts";

/** A statement as it was sent to the database. */
export interface Sent {
  readonly text: string;
  readonly params: readonly unknown[];
}

/** What every statement goes through. */
interface Sender {
  run(statement: { readonly sql: string }, params: readonly unknown[], ...rest: readonly unknown[]): unknown;
}

/** Statements that reach rows by some way or other. */
const HAS_A_PLAN = /^\s*(SELECT|UPDATE|DELETE)\b/i;
const OF_THE_LEDGER = /\b(tb|v)_\w+/;

/** Does `work`, which nobody else does anything beside, and returns the statements that have a plan, each once. */
export async function recorded(work: () => Promise<unknown>): Promise<Sent[]> {
  const sent = new Map<string, Sent>();
  const senders = [SqliteConnection, PostgresConnection, MysqlConnection].map(
    ({ prototype }) => prototype as unknown as Sender,
  );
  const originals = senders.map((sender) => sender.run);
  for (const [index, sender] of senders.entries())
    sender.run = function (this: Sender, statement, params, ...rest) {
      const { sql } = statement;
      if (HAS_A_PLAN.test(sql) && OF_THE_LEDGER.test(sql))
        sent.set(JSON.stringify([sql, params]), { text: sql, params });
      return (originals[index] as Sender["run"]).call(this, statement, params, ...rest);
    };
  try {
    await work();
  } finally {
    for (const [index, sender] of senders.entries()) sender.run = originals[index] as Sender["run"];
  }
  return [...sent.values()];
}
