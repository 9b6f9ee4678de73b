import { type Connection, createConnection } from "mysql2";
import { CONNECTIONS, type Place, type Reading, type Session } from "../work.ts";
import { FreeList } from "./free-list.ts";

type Raw = Record<string, unknown>;

/** One `execute` with 3,000 values costs 8 ms of CPU, and with more it gets no better. */
const ROWS_PER_INSERT = 250;

/** `mysql2` by callbacks, with prepared statements; its Dates are UTC, its JSON parsed, its integers exact. */
export async function open({ url }: Place): Promise<Session> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(url)));
  const pool = new FreeList(connections);
  const insertEntry = "INSERT INTO entry (account_id, note, amount, created_at) VALUES (?, ?, ?, ?)";
  const group = "(?, ?, ?, ?, ?, ?, ?, ?)";
  const insertMany = `INSERT INTO bulk (id, name, price, ratio, active, taken_at, counter, details) VALUES ${Array(ROWS_PER_INSERT).fill(group).join(", ")}`;

  return {
    byKey: (id) =>
      pool.use(async (connection) => {
        const sql = "SELECT id, name, email, visits FROM account WHERE id = ?";
        return (await execute<Raw[]>(connection, sql, [id]))[0];
      }),
    insert: ({ account_id, note, amount, created_at }) =>
      pool.use(async (connection) => {
        const values = [account_id, note, amount, created_at];
        return (await execute<{ insertId: number }>(connection, insertEntry, values)).insertId;
      }),
    read: () =>
      pool.use(async (connection) => {
        const sql = "SELECT id, name, price, ratio, active, taken_at, counter, details FROM reading";
        return (await execute<Raw[]>(connection, sql, [])).map(convertReading);
      }),
    insertMany: (rows) =>
      pool.use(async (connection) => {
        await text(connection, "START TRANSACTION");
        for (let first = 0; first < rows.length; first += ROWS_PER_INSERT)
          await execute(connection, insertMany, rows.slice(first, first + ROWS_PER_INSERT).flatMap(valuesOf));
        await text(connection, "COMMIT");
      }),
    transact: ({ account_id, note, amount, created_at }) =>
      pool.use(async (connection) => {
        await text(connection, "START TRANSACTION");
        const sql = "SELECT visits FROM account WHERE id = ?";
        const [row] = await execute<[{ visits: number }]>(connection, sql, [account_id]);
        await execute(connection, "UPDATE account SET visits = ? WHERE id = ?", [row.visits + 1, account_id]);
        await execute(connection, insertEntry, [account_id, note, amount, created_at]);
        await text(connection, "COMMIT");
      }),
    stream() {
      const [connection] = connections as [Connection];
      const command = connection.execute("SELECT id, label, amount, at FROM log") as unknown as {
        stream(options: object): AsyncIterable<object>;
      };
      return command.stream({ highWaterMark: 500 });
    },
    close: () => connections.map((connection) => connection.end()),
  };
}

async function connect(url: string): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const connection = createConnection({ uri: url, timezone: "Z", supportBigNumbers: true });
  connection.connect((error) => (error ? reject(error) : resolve()));
  await promise;
  await text(connection, "SET time_zone = '+00:00'");
  return connection;
}

function execute<T>(connection: Connection, sql: string, values: readonly unknown[]): Promise<T> {
  return new Promise((resolve, reject) => {
    connection.execute(sql, values as never, (error, result) => (error ? reject(error) : resolve(result as T)));
  });
}

function text(connection: Connection, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.query(sql, (error) => (error ? reject(error) : resolve()));
  });
}

function convertReading(row: Raw): Raw {
  row.active = row.active === 1;
  // The driver gives what is no safe number as text; and JSON as text where it is MariaDB's.
  if (typeof row.counter === "string") row.counter = BigInt(row.counter);
  if (typeof row.details === "string") row.details = JSON.parse(row.details);
  return row;
}

function valuesOf({ id, name, price, ratio, active, taken_at, counter, details }: Reading): unknown[] {
  return [id, name, price, ratio, active, taken_at, counter, JSON.stringify(details)];
}
