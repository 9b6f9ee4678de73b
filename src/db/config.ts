import { resolve } from "node:path";
import { databaseTypeOfUrl } from "./factory.ts";
import type { DatabaseType } from "./types.ts";

/** Which database is used. */
export interface DatabaseConfig {
  readonly type: DatabaseType;
  readonly url: string;
  /** What a relative path in the URL is relative to. */
  readonly baseDirectory: string;
}

/** What {@link loadDatabaseConfig} chooses from, highest first: options, environment, the default. */
export interface DatabaseConfigSources {
  readonly options?: { readonly url?: string };
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The folder in which the default database is kept: that of fraises.yaml. Default: the working folder. */
  readonly directory?: string;
  readonly workingDirectory?: string;
}

/** The database of a project that says nothing about it. */
export const DEFAULT_DATABASE_URL = "sqlite://./fraisier.db";

/**
 * Chooses the database. Pure: opens and reads nothing.
 *
 * @throws DatabaseError `unsupported` for a URL of no known database
 */
export function loadDatabaseConfig({
  options,
  env = {},
  directory,
  workingDirectory = process.cwd(),
}: DatabaseConfigSources): DatabaseConfig {
  const url = options?.url ?? (env.FRAISIER_DB_URL || undefined);
  if (url !== undefined) return { type: databaseTypeOfUrl(url), url, baseDirectory: workingDirectory };
  return {
    type: databaseTypeOfUrl(DEFAULT_DATABASE_URL),
    url: DEFAULT_DATABASE_URL,
    baseDirectory: resolve(directory ?? workingDirectory),
  };
}
