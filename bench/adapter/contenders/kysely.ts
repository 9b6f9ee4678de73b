import { type Dialect, type Generated, Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from "kysely";
import { type Account, CONNECTIONS, type Place, type Session } from "../work.ts";
import { converted } from "./converted.ts";
import { fileOf } from "./file.ts";
import { storedEntry, storedReading } from "./stored.ts";

type Stored = Record<"id", Generated<number>> & Record<string, unknown>;

interface Tables {
  account: Account;
  entry: Stored;
  reading: Stored;
  bulk: Stored;
  log: Record<"id" | "label" | "amount" | "at", unknown>;
}

/** Kysely, on the driver that its documentation names for each database. */
export async function open(place: Place): Promise<Session> {
  const { database } = place;
  const db = new Kysely<Tables>({ dialect: await dialectOf(place) });
  const convertsByHand = database !== "postgresql";
  const hasReturning = database === "sqlite" || database === "postgresql";
  return {
    byKey: (id) =>
      db.selectFrom("account").select(["id", "name", "email", "visits"]).where("id", "=", id).executeTakeFirst(),
    async insert(entry) {
      const query = db.insertInto("entry").values(storedEntry(database, entry) as never);
      if (hasReturning) return (await query.returning("id").executeTakeFirst())?.id;
      return (await query.executeTakeFirst()).insertId;
    },
    read: async () => {
      const rows = await db
        .selectFrom("reading")
        .select(["id", "name", "price", "ratio", "active", "taken_at", "counter", "details"])
        .execute();
      return convertsByHand ? rows.map(converted) : rows;
    },
    insertMany: (rows) =>
      db
        .insertInto("bulk")
        .values(rows.map((row) => storedReading(database, row)) as never)
        .execute(),
    transact: (entry) =>
      db.transaction().execute(async (tx) => {
        const { account_id } = entry;
        const row = await tx.selectFrom("account").select("visits").where("id", "=", account_id).executeTakeFirst();
        const visits = Number(row?.visits) + 1;
        await tx.updateTable("account").set({ visits }).where("id", "=", account_id).execute();
        await tx
          .insertInto("entry")
          .values(storedEntry(database, entry) as never)
          .execute();
      }),
    // On PostgreSQL it takes a package more.
    ...(database !== "postgresql" && {
      stream: () => db.selectFrom("log").select(["id", "label", "amount", "at"]).stream(),
    }),
    close: () => db.destroy(),
  };
}

async function dialectOf(place: Place): Promise<Dialect> {
  const { database, url } = place;
  if (database === "sqlite") {
    const { default: Database } = await import("better-sqlite3");
    const file = new Database(fileOf(place));
    file.pragma("journal_mode = WAL");
    file.pragma("synchronous = FULL");
    return new SqliteDialect({ database: file });
  }
  if (database === "postgresql") {
    const { default: pg } = await import("pg");
    return new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: CONNECTIONS }) });
  }
  const { createPool } = await import("mysql2");
  return new MysqlDialect({
    pool: createPool({ uri: url, connectionLimit: CONNECTIONS, timezone: "Z" }) as never,
  });
}
