import type { FraiserDatabaseAdapter } from "./adapter.ts";
import { DatabaseError } from "./errors.ts";
import { SqliteAdapter, type SqliteAdapterOptions } from "./sqlite/adapter.ts";
import { DatabaseType } from "./types.ts";

/** The database that a URL is for. @throws DatabaseError `unsupported` for a scheme that no database has */
export function databaseTypeOfUrl(url: string): DatabaseType {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? "";
  const type = {
    sqlite: DatabaseType.SQLITE,
    postgresql: DatabaseType.POSTGRESQL,
    postgres: DatabaseType.POSTGRESQL,
    mysql: DatabaseType.MYSQL,
    mariadb: DatabaseType.MYSQL,
  }[scheme];
  if (type !== undefined) return type;
  throw new DatabaseError("unsupported", `${maskUrl(url)} is not the URL of a database that Fraisier knows.`, {
    hint: "Write sqlite://./fraisier.db, postgresql://user@host/database or mysql://user@host/database.",
  });
}

/**
 * Makes the adapter that a URL asks for. It is usable at once; the first call opens a connection.
 *
 * @example const adapter = await createAdapterFromUrl("sqlite://./app.db");
 * @throws DatabaseError `unsupported`
 */
export async function createAdapterFromUrl(
  url: string,
  options: SqliteAdapterOptions = {},
): Promise<FraiserDatabaseAdapter> {
  const type = databaseTypeOfUrl(url);
  if (type === DatabaseType.SQLITE) return new SqliteAdapter(url, options);
  throw new DatabaseError(
    "unsupported",
    `This version of Fraisier keeps its data in SQLite; ${type} (${maskUrl(url)}) comes with a later one.`,
    {
      hint: "Give an SQLite URL such as sqlite://./fraisier.db.",
    },
  );
}

/** A URL as it may be shown: its password, and whatever its query says, are masked. */
export function maskUrl(url: string): string {
  return url
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#]*?):[^/?#]*@/i, "$1:***@")
    .replace(/([?&][^=&#]*(?:password|secret|token)[^=&#]*=)[^&#]*/gi, "$1***");
}
