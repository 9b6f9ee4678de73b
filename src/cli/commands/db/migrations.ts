import { resolve } from "node:path";
import {
  DEFAULT_ORIGIN,
  type FraiserDatabaseAdapter,
  loadDatabaseConfig,
  type MigrationOptions,
  MigrationRunner,
  SqliteAdapter,
} from "../../../db/index.ts";
import { ledgerMigrations, type OpenMode, openDatabase, refuseLedger } from "../../../ledger/index.ts";
import type { GlobalOptions } from "../../project.ts";
import { databasePlace } from "../../session.ts";
import { UsageError } from "../../usage-error.ts";

/** Which migrations, in which database. */
export interface MigrationSetOptions extends GlobalOptions {
  /** The folder of a project's own migrations; without it they are Fraisier's. */
  readonly directory?: string;
  readonly table?: string;
}

/** What a command works with. */
export interface Migrations {
  readonly adapter: FraiserDatabaseAdapter;
  readonly runner: MigrationRunner;
}

/** Whether the migrations are those of Fraisier's own tables. */
export function isLedger({ directory }: MigrationSetOptions): boolean {
  return directory === undefined;
}

/**
 * Opens the database and its migrations for `work`. A database file that does not exist is an empty one, which is made
 * only to `write`.
 *
 * @throws UsageError, DatabaseError, LedgerSchemaError, MigrationError, and whatever `work` throws
 */
export async function withMigrations<T>(
  options: MigrationSetOptions,
  mode: OpenMode,
  runnerOptions: Partial<MigrationOptions>,
  work: (migrations: Migrations) => Promise<T>,
): Promise<T> {
  return withDatabase(options, mode, async (adapter) => {
    const runner = isLedger(options)
      ? await ledgerMigrations(adapter, runnerOptions)
      : await ownMigrations(adapter, options, runnerOptions);
    return work({ adapter, runner });
  });
}

/** The same without the migrations, whatever is in the database. @throws UsageError, DatabaseError, and whatever `work` throws */
export async function withDatabase<T>(
  options: MigrationSetOptions,
  mode: OpenMode,
  work: (adapter: FraiserDatabaseAdapter) => Promise<T>,
): Promise<T> {
  await using adapter = (await openDatabaseOf(options, mode)) ?? new SqliteAdapter(":memory:");
  return await work(adapter); // before the adapter is closed
}

/** The database that a command is about, connected; null, unless to `write`, when it does not exist. @throws UsageError, DatabaseError */
export async function openDatabaseOf(
  options: MigrationSetOptions,
  mode: OpenMode,
): Promise<FraiserDatabaseAdapter | null> {
  if (isLedger(options) && options.table !== undefined)
    throw new UsageError("--table is for migrations of your own.", "Give their folder too: --directory <folder>");
  const place = databasePlace(options);
  if (!isLedger(options) && loadDatabaseConfig(place).origins.url === DEFAULT_ORIGIN) {
    throw new UsageError(
      "Migrations of your own (--directory) need a database of your own, and nothing says which.",
      "Name it by --db, FRAISIER_DB_URL or FRAISIER_DB_URL_FILE, e.g.: fraisier db migrate --directory migrations --db sqlite://./shop.db",
    );
  }
  return openDatabase(place, mode);
}

/** The runner of a project's own migrations. @throws LedgerSchemaError where they would be noted among the ledger's; DatabaseError */
export async function ownMigrations(
  adapter: FraiserDatabaseAdapter,
  { directory = "", table }: MigrationSetOptions,
  options: Partial<MigrationOptions> = {},
): Promise<MigrationRunner> {
  await refuseLedger(adapter, table);
  return new MigrationRunner(adapter, {
    ...options,
    directory: resolve(directory),
    ...(table !== undefined && { table }),
  });
}
