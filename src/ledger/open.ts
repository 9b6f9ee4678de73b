import { existsSync } from "node:fs";
import {
  createAdapterFromUrl,
  DatabaseError,
  DatabaseType,
  type FraiserDatabaseAdapter,
  loadDatabaseConfig,
  type MigrationResult,
  maskUrl,
  parseSqliteUrl,
} from "../db/index.ts";
import { LedgerSchemaError } from "./errors.ts";
import { Ledger } from "./ledger.ts";
import { prepareSchema, runMigrations, schemaStatus } from "./schema.ts";

/** Where the ledger is to be found. */
export interface LedgerPlace {
  /** The folder of the default database: that of fraises.yaml. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What goes before the environment. */
  readonly options?: { readonly url?: string };
}

/** A ledger with its connection. */
export interface OpenedLedger {
  readonly ledger: Ledger;
  close(): Promise<void>;
}

/**
 * Opens the ledger. To `write`, an empty database is set up; to `read`, nothing is made or changed.
 *
 * @returns null, only for reading, when there is no database or nothing in it: nothing was deployed yet
 * @throws DatabaseError, LedgerSchemaError
 */
export async function openLedger(options: LedgerPlace & { readonly mode: "write" }): Promise<OpenedLedger>;
export async function openLedger(options: LedgerPlace & { readonly mode: "read" }): Promise<OpenedLedger | null>;
export async function openLedger({
  mode,
  ...place
}: LedgerPlace & { readonly mode: "read" | "write" }): Promise<OpenedLedger | null> {
  assertSupported(place);
  if (mode === "read" && !databaseExists(place)) return null;
  const adapter = await openAdapter(place, mode);
  try {
    await adapter.connect();
    const isUsable = await prepareSchema(adapter, mode);
    if (isUsable) return { ledger: new Ledger(adapter), close: () => adapter.close() };
    await adapter.close();
    return null;
  } catch (error) {
    await adapter.close();
    throw error;
  }
}

/**
 * The database that the options, the environment and the folder choose, connected. Never migrates.
 *
 * @throws DatabaseError
 */
export async function getDatabase(place: Partial<LedgerPlace> = {}): Promise<FraiserDatabaseAdapter> {
  const adapter = await openAdapter(withDefaults(place), "write");
  await adapter.connect();
  return adapter;
}

/** The ledger that the options, the environment and the folder choose; set up when it is empty. Close its `adapter` after use. @throws DatabaseError, LedgerSchemaError */
export async function getLedger(place: Partial<LedgerPlace> = {}): Promise<Ledger> {
  return (await openLedger({ ...withDefaults(place), mode: "write" })).ledger;
}

/** What `db status` tells. */
export interface DatabaseReport {
  readonly exists: boolean;
  readonly serverVersion: string | null;
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Migrations that this version does not know. */
  readonly unknown: readonly string[];
}

/** Looks at the database without changing it. @throws DatabaseError */
export async function inspectDatabase(place: LedgerPlace): Promise<DatabaseReport> {
  assertSupported(place);
  if (!databaseExists(place)) return { exists: false, serverVersion: null, applied: [], pending: [], unknown: [] };
  await using adapter = await openAdapter(place, "read");
  const { serverVersion, error } = await adapter.checkHealth();
  if (error !== null) throw error;
  const status = await schemaStatus(adapter);
  return {
    exists: true,
    serverVersion,
    applied: status.applied.map((row) => row.name),
    pending: status.pending.map((file) => file.name),
    unknown: status.unknown.map((row) => row.name),
  };
}

/** Brings the schema up to date. @throws DatabaseError, LedgerSchemaError, MigrationError */
export async function migrateDatabase(place: LedgerPlace): Promise<MigrationResult> {
  assertSupported(place);
  await using adapter = await openAdapter(place, "write");
  await adapter.connect();
  return await runMigrations(adapter); // before the adapter is closed
}

function withDefaults({
  directory = process.cwd(),
  env = process.env,
  options = {},
}: Partial<LedgerPlace>): LedgerPlace {
  return { directory, env, options };
}

async function openAdapter(place: LedgerPlace, mode: "read" | "write"): Promise<FraiserDatabaseAdapter> {
  const { type, url, baseDirectory } = loadDatabaseConfig(place);
  if (type === DatabaseType.SQLITE && parseSqliteUrl(url, baseDirectory).path === ":memory:") {
    throw new LedgerSchemaError("schema_in_memory", "A ledger in memory would be forgotten with the process.", {
      hint: "Give a file: FRAISIER_DB_URL=sqlite://./fraisier.db",
    });
  }
  return createAdapterFromUrl(url, { baseDirectory, readOnly: mode === "read" });
}

/** The ledger's schema is written for SQLite so far. @throws DatabaseError `unsupported` for another database */
function assertSupported(place: LedgerPlace): void {
  const { type, url } = loadDatabaseConfig(place);
  if (type === DatabaseType.SQLITE) return;
  throw new DatabaseError("unsupported", `This version of Fraisier cannot keep its ledger in ${maskUrl(url)}.`, {
    hint: "Unset FRAISIER_DB_URL, or give an SQLite file such as sqlite://./fraisier.db.",
  });
}

/** Whether there is anything to open: an SQLite file is made by its first use, a server's database is not. */
function databaseExists(place: LedgerPlace): boolean {
  const { type, url, baseDirectory } = loadDatabaseConfig(place);
  return type !== DatabaseType.SQLITE || existsSync(parseSqliteUrl(url, baseDirectory).path);
}
