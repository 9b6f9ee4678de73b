import Database from "better-sqlite3";
import type { Entry, Place, Reading, Session } from "../work.ts";
import { converted } from "./converted.ts";
import { fileOf } from "./file.ts";

/** `better-sqlite3` with kept statements; dates, booleans and JSON come back as they are stored and are converted by hand. */
export function open(place: Place): Session {
  const database = new Database(fileOf(place));
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  const byKey = database.prepare("SELECT id, name, email, visits FROM account WHERE id = ?");
  const insert = database.prepare("INSERT INTO entry (account_id, note, amount, created_at) VALUES (?, ?, ?, ?)");
  const read = database.prepare("SELECT id, name, price, ratio, active, taken_at, counter, details FROM reading");
  const insertOne = database.prepare(
    "INSERT INTO bulk (id, name, price, ratio, active, taken_at, counter, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const visits = database.prepare("SELECT visits FROM account WHERE id = ?");
  const visit = database.prepare("UPDATE account SET visits = ? WHERE id = ?");
  const stream = database.prepare("SELECT id, label, amount, at FROM log");
  const insertEntry = ({ account_id, note, amount, created_at }: Entry) =>
    insert.run(account_id, note, amount, created_at.toISOString()).lastInsertRowid;
  const insertMany = database.transaction((rows: readonly Reading[]) => {
    for (const row of rows) insertOne.run(...valuesOf(row));
  });
  const transact = database.transaction((entry: Entry) => {
    const row = visits.get(entry.account_id) as { visits: number };
    visit.run(row.visits + 1, entry.account_id);
    insertEntry(entry);
  });

  return {
    byKey: (id) => byKey.get(id) as object | undefined,
    insert: insertEntry,
    read: () => (read.all() as Record<string, unknown>[]).map(converted),
    insertMany,
    transact: (entry) => transact.immediate(entry),
    *stream() {
      for (const row of stream.iterate() as Iterable<Record<string, unknown>>) {
        row.at = new Date(row.at as string);
        yield row;
      }
    },
    close: () => database.close(),
  };
}

function valuesOf({ id, name, price, ratio, active, taken_at, counter, details }: Reading): unknown[] {
  return [id, name, price, ratio, Number(active), taken_at.toISOString(), counter, JSON.stringify(details)];
}
