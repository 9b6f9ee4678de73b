import { eq } from "drizzle-orm";
import { bigint, boolean, datetime, decimal, double, int, json, mysqlTable, varchar } from "drizzle-orm/mysql-core";
import { drizzle } from "drizzle-orm/mysql2";
import { createPool } from "mysql2/promise";
import { CONNECTIONS, type Place, type Session } from "../work.ts";

const text = () => varchar({ length: 190 });
const instant = () => datetime({ fsp: 3 });
const id = () => int().primaryKey().autoincrement();

const account = mysqlTable("account", { id: id(), name: text(), email: text(), visits: int() });
const entry = mysqlTable("entry", { id: id(), account_id: int(), note: text(), amount: int(), created_at: instant() });
const readingColumns = () => ({
  id: id(),
  name: text(),
  price: decimal({ precision: 12, scale: 2 }),
  ratio: double(),
  active: boolean(),
  taken_at: instant(),
  counter: bigint({ mode: "bigint" }),
  details: json(),
});
const reading = mysqlTable("reading", readingColumns());
const bulk = mysqlTable("bulk", readingColumns());

/** Drizzle on mysql2's pool. Its iterator waits for every single row; nobody would read a million so. */
export function open({ url }: Place): Session {
  const pool = createPool({ uri: url, connectionLimit: CONNECTIONS, timezone: "Z" });
  const db = drizzle(pool);
  return {
    byKey: async (key) => (await db.select().from(account).where(eq(account.id, key)))[0],
    insert: async (row) => (await db.insert(entry).values(row))[0].insertId,
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
