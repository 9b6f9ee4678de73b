import pg from "pg";
import { CONNECTIONS, type Place, type Reading, type Session } from "../work.ts";
import { FreeList } from "./free-list.ts";

type Raw = Record<string, unknown>;

/** How many rows of a stream are in memory. */
const BATCH = 500;
const INT8 = 20;

/** `pg` with named statements; it makes Dates and parses JSON by itself, and is told to do so for exact integers. */
export async function open({ url }: Place): Promise<Session> {
  const types = { getTypeParser: (oid: number) => (oid === INT8 ? exactInteger : pg.types.getTypeParser(oid)) };
  const clients = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const client = new pg.Client({ connectionString: url, types: types as never });
      await client.connect();
      return client;
    }),
  );
  const pool = new FreeList(clients);
  const insertText = `INSERT INTO bulk (id, name, price, ratio, active, taken_at, counter, details) VALUES ${groups(1000, 8)}`;
  const insert = (client: pg.Client, values: unknown[]) =>
    client.query<{ id: number }>({
      name: "insert",
      text: "INSERT INTO entry (account_id, note, amount, created_at) VALUES ($1, $2, $3, $4) RETURNING id",
      values,
    });

  return {
    byKey: (id) =>
      pool.use(async (client) => {
        const query = { name: "key", text: "SELECT id, name, email, visits FROM account WHERE id = $1", values: [id] };
        return (await client.query(query)).rows[0];
      }),
    insert: ({ account_id, note, amount, created_at }) =>
      pool.use(async (client) => (await insert(client, [account_id, note, amount, created_at])).rows[0]?.id),
    read: () =>
      pool.use(async (client) => {
        const text = "SELECT id, name, price, ratio, active, taken_at, counter, details FROM reading";
        return (await client.query({ name: "read", text })).rows;
      }),
    insertMany: (rows) =>
      pool.use((client) => client.query({ name: "many", text: insertText, values: rows.flatMap(valuesOf) })),
    transact: ({ account_id, note, amount, created_at }) =>
      pool.use(async (client) => {
        await client.query("BEGIN");
        const text = "SELECT visits FROM account WHERE id = $1";
        const { rows } = await client.query({ name: "visits", text, values: [account_id] });
        await client.query({
          name: "visit",
          text: "UPDATE account SET visits = $1 WHERE id = $2",
          values: [rows[0].visits + 1, account_id],
        });
        await insert(client, [account_id, note, amount, created_at]);
        await client.query("COMMIT");
      }),
    async *stream() {
      const [client] = clients as [pg.Client];
      await client.query("BEGIN; DECLARE log_rows NO SCROLL CURSOR FOR SELECT id, label, amount, at FROM log");
      for (;;) {
        const { rows } = await client.query<Raw>({ name: "fetch", text: `FETCH ${BATCH} FROM log_rows` });
        if (rows.length === 0) break;
        yield* rows;
      }
      await client.query("COMMIT");
    },
    close: () => Promise.all(clients.map((client) => client.end())),
  };
}

function exactInteger(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function groups(count: number, width: number): string {
  const group = (row: number) => `(${Array.from({ length: width }, (_, i) => `$${row * width + i + 1}`).join(", ")})`;
  return Array.from({ length: count }, (_, row) => group(row)).join(", ");
}

function valuesOf({ id, name, price, ratio, active, taken_at, counter, details }: Reading): unknown[] {
  return [id, name, price, ratio, active, taken_at, counter, JSON.stringify(details)];
}
