import { DatabaseSync } from "node:sqlite";
import { type Entry, type Place, READINGS, type Reading, type Session } from "../work.ts";
import { converted } from "./converted.ts";
import { fileOf } from "./file.ts";

type Raw = Record<string, unknown>;

/** How many rows one INSERT takes: SQLite binds 32 766 values at most. */
const ROWS_PER_INSERT = 1000;

/** `node:sqlite` with kept statements. It throws where an integer is not exact as a number, so nothing need be looked at. */
export function open(place: Place): Session {
  const database = new DatabaseSync(fileOf(place));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  const byKey = database.prepare("SELECT id, name, email, visits FROM account WHERE id = ?");
  const insert = database.prepare("INSERT INTO entry (account_id, note, amount, created_at) VALUES (?, ?, ?, ?)");
  const read = database.prepare("SELECT id, name, price, ratio, active, taken_at, counter, details FROM reading");
  const group = "(?, ?, ?, ?, ?, ?, ?, ?)";
  const insertMany = database.prepare(
    `INSERT INTO bulk (id, name, price, ratio, active, taken_at, counter, details) VALUES ${Array(ROWS_PER_INSERT).fill(group).join(", ")}`,
  );
  const visits = database.prepare("SELECT visits FROM account WHERE id = ?");
  const visit = database.prepare("UPDATE account SET visits = ? WHERE id = ?");
  const stream = database.prepare("SELECT id, label, amount, at FROM log");
  const insertEntry = ({ account_id, note, amount, created_at }: Entry) =>
    insert.run(account_id, note, amount, created_at.toISOString()).lastInsertRowid;

  return {
    byKey: (id) => byKey.get(id),
    insert: insertEntry,
    read: () => (read.all() as Raw[]).map(converted),
    insertMany(rows) {
      if (rows.length !== ROWS_PER_INSERT || rows.length !== READINGS) throw new Error("prepared for another count");
      return insertMany.run(...rows.flatMap(valuesOf)).changes;
    },
    transact(entry) {
      database.exec("BEGIN IMMEDIATE");
      const row = visits.get(entry.account_id) as { visits: number };
      visit.run(row.visits + 1, entry.account_id);
      insertEntry(entry);
      database.exec("COMMIT");
    },
    *stream() {
      for (const row of stream.iterate() as Iterable<Raw>) {
        row.at = new Date(row.at as string);
        yield row;
      }
    },
    close: () => database.close(),
  };
}

function valuesOf({ id, name, price, ratio, active, taken_at, counter, details }: Reading) {
  return [id, name, price, ratio, Number(active), taken_at.toISOString(), counter, JSON.stringify(details)];
}
