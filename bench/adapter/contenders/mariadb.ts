import { createPool } from "mariadb";
import { CONNECTIONS, type Place, type Session } from "../work.ts";
import { converted } from "./converted.ts";

/** The `mariadb` connector's pool, by `execute`, which prepares; many rows go by its `batch`. */
export function open({ url }: Place): Session {
  const { hostname, port, username, password, pathname } = new URL(url);
  const pool = createPool({
    host: hostname,
    port: Number(port),
    user: username,
    password: decodeURIComponent(password),
    database: pathname.slice(1),
    connectionLimit: CONNECTIONS,
    allowPublicKeyRetrieval: true,
    timezone: "Z",
  });
  const insert = "INSERT INTO entry (account_id, note, amount, created_at) VALUES (?, ?, ?, ?)";
  return {
    byKey: async (id) => (await pool.execute("SELECT id, name, email, visits FROM account WHERE id = ?", [id]))[0],
    insert: async ({ account_id, note, amount, created_at }) =>
      (await pool.execute(insert, [account_id, note, amount, created_at])).insertId,
    read: async () => {
      const sql = "SELECT id, name, price, ratio, active, taken_at, counter, details FROM reading";
      return (await pool.execute<Record<string, unknown>[]>(sql)).map(converted);
    },
    insertMany: (rows) =>
      pool.batch(
        "INSERT INTO bulk (id, name, price, ratio, active, taken_at, counter, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        rows.map((row) => [
          row.id,
          row.name,
          row.price,
          row.ratio,
          row.active,
          row.taken_at,
          row.counter,
          JSON.stringify(row.details),
        ]),
      ),
    async transact({ account_id, note, amount, created_at }) {
      const connection = await pool.getConnection();
      try {
        await connection.beginTransaction();
        const [row] = await connection.execute("SELECT visits FROM account WHERE id = ?", [account_id]);
        await connection.execute("UPDATE account SET visits = ? WHERE id = ?", [row.visits + 1, account_id]);
        await connection.execute(insert, [account_id, note, amount, created_at]);
        await connection.commit();
      } finally {
        await connection.release();
      }
    },
    async *stream() {
      const connection = await pool.getConnection();
      try {
        yield* connection.queryStream("SELECT id, label, amount, at FROM log") as AsyncIterable<object>;
      } finally {
        await connection.release();
      }
    },
    close: () => pool.end(),
  };
}
