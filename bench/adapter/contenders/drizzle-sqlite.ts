import Database from "better-sqlite3";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { integer, real, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Place, Session } from "../work.ts";
import { fileOf } from "./file.ts";

const account = sqliteTable("account", {
  id: integer().primaryKey(),
  name: text(),
  email: text(),
  visits: integer(),
});
// A date of Drizzle's is a number on SQLite; what stands in the tables here is ISO text.
const entry = sqliteTable("entry", {
  id: integer().primaryKey(),
  account_id: integer(),
  note: text(),
  amount: integer(),
  created_at: text(),
});
const readingColumns = () => ({
  id: integer().primaryKey(),
  name: text(),
  price: text(),
  ratio: real(),
  active: integer({ mode: "boolean" }),
  taken_at: text(),
  counter: integer(),
  details: text({ mode: "json" }),
});
const reading = sqliteTable("reading", readingColumns());
const bulk = sqliteTable("bulk", readingColumns());

/** Drizzle on better-sqlite3. It has no streams there. */
export function open(place: Place): Session {
  const database = new Database(fileOf(place));
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  const db = drizzle(database);
  return {
    byKey: async (id) => (await db.select().from(account).where(eq(account.id, id)))[0],
    insert: async (row) =>
      (
        await db
          .insert(entry)
          .values({ ...row, created_at: row.created_at.toISOString() })
          .returning({ id: entry.id })
      )[0]?.id,
    read: async () =>
      (await db.select().from(reading)).map((row) => ({ ...row, taken_at: new Date(row.taken_at as string) })),
    insertMany: async (rows) =>
      await db
        .insert(bulk)
        .values(rows.map((row) => ({ ...row, counter: Number(row.counter), taken_at: row.taken_at.toISOString() }))),
    transact: (row) =>
      db.transaction(
        (tx) => {
          const found = tx.select({ visits: account.visits }).from(account).where(eq(account.id, row.account_id)).get();
          tx.update(account)
            .set({ visits: Number(found?.visits) + 1 })
            .where(eq(account.id, row.account_id))
            .run();
          tx.insert(entry)
            .values({ ...row, created_at: row.created_at.toISOString() })
            .run();
        },
        { behavior: "immediate" },
      ),
    close: () => database.close(),
  };
}
