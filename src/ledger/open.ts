import { existsSync } from "node:fs";
import { readDatabaseFiles } from "../config/index.ts";
import {
  configuredAdapter,
  type DatabaseConfig,
  type DatabaseConfigSources,
  DatabaseType,
  type FraiserDatabaseAdapter,
  loadDatabaseConfig,
  parseSqliteUrl,
  sharedAdapter,
} from "../db/index.ts";
import { connectUnchanged } from "./adoption/look.ts";
import { LedgerSchemaError } from "./errors.ts";
import { Ledger } from "./ledger.ts";
import { prepareSchema } from "./schema.ts";

/** Where the ledger is to be found: what is said about its database, highest first. */
export interface LedgerPlace extends DatabaseConfigSources {
  /** The folder of the default database: that of fraises.yaml. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
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
  return openConfiguredLedger(databaseConfig(place), mode);
}

/** The same for a database that was chosen already. */
export async function openConfiguredLedger(config: DatabaseConfig, mode: "write"): Promise<OpenedLedger>;
export async function openConfiguredLedger(
  config: DatabaseConfig,
  mode: "read" | "write",
): Promise<OpenedLedger | null>;
export async function openConfiguredLedger(
  config: DatabaseConfig,
  mode: "read" | "write",
): Promise<OpenedLedger | null> {
  const adapter = await openConfigured(config, mode);
  if (adapter === null) return null;
  try {
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
 * The database that the options, the environment and the folder choose, connected. Never migrates. An SQLite file that
 * connecting would change is left until the first use. It is one for the whole process, shared with {@link getLedger} and
 * all others who ask for the same: whoever is the last to need it closes it.
 *
 * @throws DatabaseConfigError, DatabaseError
 */
export async function getDatabase(place: Partial<LedgerPlace> = {}): Promise<FraiserDatabaseAdapter> {
  return sharedAdapter(databaseConfig(withFiles(place)), connectUnchanged);
}

/**
 * The ledger that the options, the environment and the folder choose; set up when it is empty. Its `adapter` is that of
 * {@link getDatabase}, and open also after a refusal of what is in the database: whoever is the last to need it closes it.
 *
 * @throws DatabaseConfigError, DatabaseError, LedgerSchemaError
 */
export async function getLedger(place: Partial<LedgerPlace> = {}): Promise<Ledger> {
  const adapter = await sharedAdapter(databaseConfig(withFiles(place)), connectUnchanged);
  await prepareSchema(adapter, "write");
  await adapter.connect();
  return new Ledger(adapter);
}

/** To `read`, nothing can be changed; to `change`, no database is made; to `write`, a file that is missing is made. */
export type OpenMode = "read" | "change" | "write";

/**
 * The database of the ledger, connected, whatever is in it. An SQLite file that connecting would change is left until the
 * first use, so that whoever finds that it is not the ledger's has not touched it.
 *
 * @returns null, unless to `write`, when it is a file that does not exist
 * @throws DatabaseError
 */
export async function openDatabase(place: LedgerPlace, mode: "write"): Promise<FraiserDatabaseAdapter>;
export async function openDatabase(place: LedgerPlace, mode: OpenMode): Promise<FraiserDatabaseAdapter | null>;
export async function openDatabase(place: LedgerPlace, mode: OpenMode): Promise<FraiserDatabaseAdapter | null> {
  return openConfigured(databaseConfig(place), mode);
}

async function openConfigured(config: DatabaseConfig, mode: OpenMode): Promise<FraiserDatabaseAdapter | null> {
  if (mode !== "write" && !databaseExists(config)) return null;
  const adapter = configuredAdapter(config, { readOnly: mode === "read" });
  try {
    if (mode === "read") await adapter.connect();
    else await connectUnchanged(adapter);
    return adapter;
  } catch (error) {
    await adapter.close();
    throw error;
  }
}

/** What is said in the files of the folder counts too, unless it is given. */
export function withFiles({ directory, env = process.env, options = {}, ...rest }: Partial<LedgerPlace>): LedgerPlace {
  return { ...readDatabaseFiles({ cwd: directory ?? process.cwd(), env }), ...rest, env, options };
}

/** The database that is chosen. @throws DatabaseConfigError; LedgerSchemaError for one that would be forgotten */
export function databaseConfig(place: LedgerPlace): DatabaseConfig {
  const config = loadDatabaseConfig(place);
  if (config.type === DatabaseType.SQLITE && parseSqliteUrl(config.url, config.baseDirectory).path === ":memory:") {
    throw new LedgerSchemaError("schema_in_memory", "A ledger in memory would be forgotten with the process.", {
      hint: "Give a file: FRAISIER_DB_URL=sqlite://./fraisier.db",
    });
  }
  return config;
}

/** Whether there is anything to open: an SQLite file is made by its first use, a server's database is not. */
function databaseExists({ type, url, baseDirectory }: DatabaseConfig): boolean {
  return type !== DatabaseType.SQLITE || existsSync(parseSqliteUrl(url, baseDirectory).path);
}
