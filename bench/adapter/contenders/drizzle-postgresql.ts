import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import {
  bigint,
  boolean,
  doublePrecision,
  integer,
  jsonb,
  numeric,
  pgTable,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import pg from "pg";
import { CONNECTIONS, type Place, type Session } from "../work.ts";

const instant = () => timestamp({ withTimezone: true, precision: 3 });
const id = () => integer().primaryKey().generatedByDefaultAsIdentity();

const account = pgTable("account", { id: id(), name: text(), email: text(), visits: integer() });
const entry = pgTable("entry", {
  id: id(),
  account_id: integer(),
  note: text(),
  amount: integer(),
  created_at: instant(),
});
const readingColumns = () => ({
  id: id(),
  name: text(),
  price: numeric({ precision: 12, scale: 2 }),
  ratio: doublePrecision(),
  active: boolean(),
  taken_at: instant(),
  counter: bigint({ mode: "bigint" }),
  details: jsonb(),
});
const reading = pgTable("reading", readingColumns());
const bulk = pgTable("bulk", readingColumns());

/** Drizzle on pg's pool. It has no streams there. */
export function open({ url }: Place): Session {
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS });
  const db = drizzle(pool);
  return {
    byKey: async (key) => (await db.select().from(account).where(eq(account.id, key)))[0],
    insert: async (row) => (await db.insert(entry).values(row).returning({ id: entry.id }))[0]?.id,
    read: async () => await db.select().from(reading),
    insertMany: async (rows) =>
      await db.insert(bulk).values(rows.map((row) => ({ ...row, counter: BigInt(row.counter) }))),
    transact: (row) =>
      db.transaction(async (tx) => {
        const isThat = eq(account.id, row.account_id);
        const [found] = await tx.select({ visits: account.visits }).from(account).where(isThat);
        await tx
          .update(account)
          .set({ visits: Number(found?.visits) + 1 })
          .where(isThat);
        await tx.insert(entry).values(row);
      }),
    close: () => pool.end(),
  };
}
