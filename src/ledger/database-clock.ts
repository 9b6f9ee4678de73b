import { DatabaseType, type Queryable } from "../db/index.ts";

/**
 * The time by the database's clock, as an expression of each dialect: leases expire by one clock, whichever machine
 * looks at them. The only SQL of the ledger that is not the same everywhere.
 */
export const DATABASE_NOW: Readonly<Record<DatabaseType, string>> = {
  [DatabaseType.SQLITE]: "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
  [DatabaseType.POSTGRESQL]: "date_trunc('milliseconds', clock_timestamp())",
  [DatabaseType.MYSQL]: "UTC_TIMESTAMP(3)",
};

/** What the database's clock says. */
export async function databaseNow(database: Queryable, type: DatabaseType): Promise<Date> {
  const [row] = await database.executeQuery<{ now: Date | string }>(`SELECT ${DATABASE_NOW[type]} AS now`);
  return new Date(row?.now as Date | string);
}
