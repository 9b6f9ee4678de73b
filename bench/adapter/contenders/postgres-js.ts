import postgres from "postgres";
import { CONNECTIONS, type Place, type Session } from "../work.ts";

/** postgres.js, which prepares and keeps every statement by itself. 64-bit integers come back as text. */
export function open({ url }: Place): Session {
  const sql = postgres(url, { max: CONNECTIONS, onnotice: () => {} });
  return {
    byKey: async (id) => (await sql`SELECT id, name, email, visits FROM account WHERE id = ${id}`)[0],
    insert: async (entry) => (await sql`INSERT INTO entry ${sql({ ...entry })} RETURNING id`)[0]?.id,
    read: () => sql`SELECT id, name, price, ratio, active, taken_at, counter, details FROM reading`,
    insertMany: (rows) =>
      sql`INSERT INTO bulk ${sql(rows.map((row) => ({ ...row, details: sql.json(row.details as never) })) as never)}`,
    transact: (entry) =>
      sql.begin(async (tx) => {
        const [row] = await tx`SELECT visits FROM account WHERE id = ${entry.account_id}`;
        await tx`UPDATE account SET visits = ${Number(row?.visits) + 1} WHERE id = ${entry.account_id}`;
        await tx`INSERT INTO entry ${tx({ ...entry })}`;
      }),
    async *stream() {
      for await (const rows of sql`SELECT id, label, amount, at FROM log`.cursor(500)) yield* rows;
    },
    close: () => sql.end(),
  };
}
