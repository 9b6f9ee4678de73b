import type { FraiserDatabaseAdapter } from "./adapter.ts";
import { DatabaseError } from "./errors.ts";
import { MysqlAdapter, type MysqlAdapterOptions } from "./mysql/adapter.ts";
import { PostgresAdapter, type PostgresAdapterOptions } from "./postgresql/adapter.ts";
import { maskUrl } from "./server-url.ts";
import { SqliteAdapter, type SqliteAdapterOptions } from "./sqlite/adapter.ts";
import { DatabaseType } from "./types.ts";

const TYPE_OF_NAME: ReadonlyMap<string, DatabaseType> = new Map([
  ["sqlite", DatabaseType.SQLITE],
  ["postgresql", DatabaseType.POSTGRESQL],
  ["postgres", DatabaseType.POSTGRESQL],
  ["mysql", DatabaseType.MYSQL],
  ["mariadb", DatabaseType.MYSQL],
]);

/** The database that a name stands for: `sqlite`, `postgresql` or `postgres`, `mysql` or `mariadb`; null for any other. */
export function databaseTypeOfName(name: string): DatabaseType | null {
  return TYPE_OF_NAME.get(name.trim().toLowerCase()) ?? null;
}

/** The database that a URL is for. @throws DatabaseError `unsupported` for a scheme that no database has */
export function databaseTypeOfUrl(url: string): DatabaseType {
  const type = databaseTypeOfName(/^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1] ?? "");
  if (type !== null) return type;
  throw new DatabaseError("unsupported", `${maskUrl(url)} is not the URL of a database that Fraisier knows.`, {
    hint: "Write sqlite://./fraisier.db, postgresql://user@host/database or mysql://user@host/database.",
  });
}

/** What an adapter of any database can be given; what another database than that of the URL needs is ignored. */
export type AnyAdapterOptions = SqliteAdapterOptions & PostgresAdapterOptions & MysqlAdapterOptions;

/**
 * Makes the adapter that a URL asks for. It is usable at once; the first call opens a connection. Only what is given
 * here counts, and nothing of the environment: what is configured (`FRAISIER_DB_URL`, `FRAISIER_DB_POOL_MAX`, …) is
 * opened by `getDatabaseAdapter()`, which reads and refuses a URL by the same code.
 *
 * @example const adapter = await createAdapterFromUrl("sqlite://./app.db");
 * @throws DatabaseError `unsupported`
 */
export async function createAdapterFromUrl(
  url: string,
  options: AnyAdapterOptions = {},
): Promise<FraiserDatabaseAdapter> {
  return adapterOf(url, options);
}

/** The same without a promise. @throws DatabaseError `unsupported` */
export function adapterOf(url: string, options: AnyAdapterOptions): FraiserDatabaseAdapter {
  switch (databaseTypeOfUrl(url)) {
    case DatabaseType.SQLITE:
      return new SqliteAdapter(url, options);
    case DatabaseType.POSTGRESQL:
      return new PostgresAdapter(url, options);
    case DatabaseType.MYSQL:
      return new MysqlAdapter(url, options);
  }
}
