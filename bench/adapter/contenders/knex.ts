import type { Readable } from "node:stream";
import knexModule, { type Knex } from "knex";
import { CONNECTIONS, type Place, type Session } from "../work.ts";
import { converted } from "./converted.ts";
import { fileOf } from "./file.ts";
import { storedEntry, storedReading } from "./stored.ts";

/** SQLite puts no more rows together in the form that Knex gives an INSERT of many. */
const ROWS_PER_INSERT = 500;

/** Knex, on the driver that its documentation names for each database. */
export function open(place: Place): Session {
  const { database } = place;
  const db = knexModule(configOf(place));
  const convertsByHand = database !== "postgresql";
  const columns = ["id", "name", "price", "ratio", "active", "taken_at", "counter", "details"];
  return {
    byKey: (id) => db("account").where({ id }).first("id", "name", "email", "visits"),
    async insert(entry) {
      const query = db("entry").insert(storedEntry(database, entry));
      if (database !== "postgresql") return (await query)[0];
      return (await query.returning("id"))[0]?.id;
    },
    read: async () => {
      const rows = await db("reading").select(columns);
      return convertsByHand ? rows.map(converted) : rows;
    },
    insertMany: (rows) => {
      const stored = rows.map((row) => storedReading(database, row));
      return database === "sqlite" ? db.batchInsert("bulk", stored, ROWS_PER_INSERT) : db("bulk").insert(stored);
    },
    transact: (entry) =>
      db.transaction(async (tx) => {
        const id = entry.account_id;
        const row = await tx("account").where({ id }).first("visits");
        await tx("account")
          .where({ id })
          .update({ visits: row.visits + 1 });
        await tx("entry").insert(storedEntry(database, entry));
      }),
    // Not with better-sqlite3, and on PostgreSQL it takes a package more.
    ...((database === "mysql" || database === "mariadb") && {
      stream: () => db("log").select("id", "label", "amount", "at").stream() as Readable,
    }),
    close: () => db.destroy(),
  };
}

function configOf(place: Place): Knex.Config {
  const { database, url } = place;
  if (database === "sqlite") {
    const afterCreate = (
      connection: { pragma(text: string): void },
      done: (error: null, connection: unknown) => void,
    ) => {
      connection.pragma("journal_mode = WAL");
      connection.pragma("synchronous = FULL");
      done(null, connection);
    };
    const connection = { filename: fileOf(place) };
    return { client: "better-sqlite3", connection, useNullAsDefault: true, pool: { afterCreate } };
  }
  const pool = { min: 0, max: CONNECTIONS };
  if (database === "postgresql") return { client: "pg", connection: url, pool };
  return { client: "mysql2", connection: { uri: url, timezone: "Z" } as Knex.MySql2ConnectionConfig, pool };
}
