import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  DatabaseError,
  type FraiserDatabaseAdapter,
  type MigrationOptions,
  type MigrationResult,
  MigrationRunner,
  type MigrationStatus,
  readMigrations,
} from "../db/index.ts";
import { type AdoptionOptions, type AdoptionReport, adoptPythonLedger, isPythonLedger } from "./adoption/adopt.ts";
import { look } from "./adoption/look.ts";
import { type MergeReport, mergePythonDuplicates } from "./adoption/merge.ts";
import { LedgerSchemaError } from "./errors.ts";

/** The folder of this package's own migrations; from the sources and from `dist` alike it is a neighbour of an ancestor. */
export function migrationsDirectory(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "migrations", "sqlite")) && existsSync(join(folder, "package.json")))
      return join(folder, "migrations");
    if (folder === dirname(folder))
      throw new Error("the folder migrations/ of fraisier is missing: install the package again");
  }
}

/** What {@link runMigrations} can be given. */
export interface LedgerMigrationOptions extends Partial<MigrationOptions>, AdoptionOptions {
  /** The version to stop at. Default: the newest. */
  readonly to?: number;
}

/** What a run did. */
export interface LedgerMigrationResult extends MigrationResult {
  /** There when the database was a file of the Python Fraisier. */
  readonly adoption?: AdoptionReport;
}

/**
 * Brings the ledger's own schema up to date, or sets it up. A file of the Python Fraisier is adopted, to the newest version.
 *
 * @throws LedgerSchemaError for a database whose tables are not this version's, or that cannot be adopted, before anything
 * is changed; UnknownTimeZoneError, MigrationError, DatabaseError
 */
export async function runMigrations(
  adapter: FraiserDatabaseAdapter,
  options: LedgerMigrationOptions = {},
): Promise<LedgerMigrationResult> {
  const { to } = options;
  const adopted = to === undefined ? await adoptPythonLedger(adapter, runnerOf(adapter, options), options) : null;
  const runner = await ledgerMigrations(adapter, options);
  const result = await runner.up(to === undefined ? {} : { to });
  if (adopted === null) return result;
  const { applied, ...adoption } = adopted;
  return { ...result, applied: [...applied, ...result.applied], adoption };
}

/**
 * Settles what stops {@link runMigrations} with `schema_duplicates`: of each fraise that a Python Fraisier's file has several
 * states of, the newest stays, with the deployments of all. Any other database is left as it is.
 *
 * @throws LedgerSchemaError for a database whose tables are not this version's, or whose rows cannot be read;
 * UnknownTimeZoneError, MigrationError, DatabaseError
 */
export async function mergeDuplicates(
  adapter: FraiserDatabaseAdapter,
  options: Partial<MigrationOptions> & Pick<AdoptionOptions, "timezone"> = {},
): Promise<MergeReport> {
  if (await isPythonLedger(adapter)) return mergePythonDuplicates(adapter, runnerOf(adapter, options), options);
  await ledgerMigrations(adapter, options);
  return { backup: null, merged: [] };
}

/** The runner of the ledger's own migrations. @throws LedgerSchemaError for a database whose tables are not this version's; DatabaseError */
export async function ledgerMigrations(
  adapter: FraiserDatabaseAdapter,
  options: Partial<MigrationOptions> = {},
): Promise<MigrationRunner> {
  await look(adapter, async (database) => {
    const status = await schemaStatus(database);
    if (status.applied.length === 0) await refuseForeignTables(database);
    assertSame(status);
    assertNotNewer(status);
  });
  return runnerOf(adapter, options);
}

function runnerOf(adapter: FraiserDatabaseAdapter, options: Partial<MigrationOptions>): MigrationRunner {
  return new MigrationRunner(adapter, { directory: migrationsDirectory(), ...options });
}

/** What is applied and what is pending. Writes nothing. @throws LedgerSchemaError when `tb_schema_migration` is another program's */
export async function schemaStatus(adapter: FraiserDatabaseAdapter): Promise<MigrationStatus> {
  try {
    return await new MigrationRunner(adapter, { directory: migrationsDirectory() }).status();
  } catch (error) {
    if (error instanceof DatabaseError && error.kind === "undefined_column") throw foreign("table tb_schema_migration");
    throw error;
  }
}

/**
 * Makes sure that the ledger can be used: an empty database is set up where that is allowed, an older one never changed.
 *
 * @returns false for an empty database that was left empty
 * @throws LedgerSchemaError
 */
export async function prepareSchema(adapter: FraiserDatabaseAdapter, mode: "read" | "write"): Promise<boolean> {
  if (await look(adapter, isSetUp)) return true;
  if (mode === "write") await (await ledgerMigrations(adapter, { transaction: "all" })).up(); // others see all of it or nothing
  return mode === "write";
}

/** @returns false for a database without any table of the ledger's @throws LedgerSchemaError */
async function isSetUp(database: FraiserDatabaseAdapter): Promise<boolean> {
  const status = await schemaStatus(database);
  assertSame(status);
  assertNotNewer(status);
  if (status.applied.length === 0) {
    await refuseForeignTables(database);
    return false;
  }
  if (status.pending.length > 0) {
    throw new LedgerSchemaError(
      "schema_outdated",
      `The database lacks the migrations ${status.pending.map((file) => file.name).join(", ")}.`,
      { hint: "Apply them: fraisier db migrate" },
    );
  }
  return true;
}

function assertNotNewer({ unknown }: MigrationStatus): void {
  if (unknown.length === 0) return;
  throw new LedgerSchemaError(
    "schema_newer",
    `The database was set up by a newer version of fraisier: it has ${unknown.map((row) => row.name).join(", ")}.`,
    {
      hint: "Use that version, or a newer one, on this machine too.",
    },
  );
}

/**
 * An applied migration with another text made other tables: another program's, or those of a trial version. Every ledger
 * has the first one.
 */
function assertSame({ applied, unknown, missing, edited }: MigrationStatus): void {
  const [first] = applied;
  const odd = edited[0] ?? missing[0] ?? (first !== undefined && unknown.includes(first) ? first : undefined);
  if (odd === undefined) return;
  const own = "Migrations of your own need their folder: fraisier db migrate --directory <folder>.";
  throw foreign(`migration ${odd.name}`, `${own} ${ANOTHER_DATABASE}`);
}

/** The table that says which of the ledger's migrations are applied. */
const HISTORY_TABLE = "tb_schema_migration";

/**
 * Makes sure that a project's own migrations are not noted among the ledger's, where each would be taken for the other's.
 *
 * @param table where they are noted; default: where the ledger's are, too
 * @throws LedgerSchemaError `schema_foreign`; MigrationError, DatabaseError
 */
export async function refuseLedger(adapter: FraiserDatabaseAdapter, table: string = HISTORY_TABLE): Promise<void> {
  if (table !== HISTORY_TABLE) return;
  const files = await readMigrations(join(migrationsDirectory(), adapter.databaseType()));
  const { applied } = await runnerOf(adapter, {}).status();
  const isNoted = applied.some(({ name }) => files.some((file) => file.name === name));
  if (!isNoted && !(await isPythonLedger(adapter))) return;
  throw new LedgerSchemaError(
    "schema_foreign",
    `The database is ${isNoted ? "Fraisier's" : "a Python Fraisier's"} own, whose migrations are noted in the table ${HISTORY_TABLE}; yours cannot be noted there too.`,
    {
      hint: "Note yours in another table: fraisier db migrate --table <name>; or give them a database of their own by FRAISIER_DB_URL.",
    },
  );
}

/** What the migrations make. */
const RELATIONS = [
  ...["tb_fraise_state", "tb_deployment", "tb_deployment_step", "tb_deployment_output", "tb_event"],
  ...["tb_deployment_stat", "tb_deployment_lease", "tb_deployment_lock", "tb_webhook_event"],
  ...["v_fraise_status", "v_deployment_history", "v_webhook_event_history", "v_deployment"],
];

/** A table of the ledger's name without the ledger's migrations belongs to the Python Fraisier or to somebody else. @throws LedgerSchemaError */
async function refuseForeignTables(adapter: FraiserDatabaseAdapter): Promise<void> {
  for (const name of RELATIONS) {
    if (!(await exists(adapter, name))) continue;
    if (await isPythonLedger(adapter)) throw python();
    // Unless it is being set up by another process at this very moment, or was when that process died.
    const status = await schemaStatus(adapter);
    if (status.applied.length > 0 || status.interrupted.length > 0) return;
    throw foreign(`${name.startsWith("v_") ? "view" : "table"} ${name}`);
  }
}

async function exists(adapter: FraiserDatabaseAdapter, relation: string): Promise<boolean> {
  try {
    await adapter.executeQuery(`SELECT 1 FROM ${relation} WHERE 1 = 0`);
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.kind === "undefined_table") return false;
    throw error;
  }
}

function python(): LedgerSchemaError {
  return new LedgerSchemaError(
    "schema_outdated",
    "The database was made by the Python Fraisier. It was left as it is.",
    {
      hint: "Adopt it, with all that it remembers; a copy of it is made first: fraisier db migrate",
    },
  );
}

const ANOTHER_DATABASE = "Give this version a database of its own, e.g. FRAISIER_DB_URL=sqlite://./fraisier-ledger.db";

function foreign(what: string, hint: string = ANOTHER_DATABASE): LedgerSchemaError {
  return new LedgerSchemaError(
    "schema_foreign",
    `The database has a ${what} that is neither this version's nor of a Python Fraisier that is known, but another program's. It was left as it is.`,
    { hint },
  );
}
