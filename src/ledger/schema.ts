import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  DatabaseError,
  type FraiserDatabaseAdapter,
  type MigrationOptions,
  type MigrationResult,
  MigrationRunner,
  type MigrationStatus,
  runMigrations as runAll,
} from "../db/index.ts";
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

/**
 * Brings the ledger's own schema up to date, or sets it up.
 *
 * @throws LedgerSchemaError for a database whose tables are not this version's; MigrationError, DatabaseError
 */
export async function runMigrations(
  adapter: FraiserDatabaseAdapter,
  options: Partial<MigrationOptions> = {},
): Promise<MigrationResult> {
  const status = await schemaStatus(adapter);
  if (status.applied.length === 0) await refuseForeignTables(adapter);
  assertNotNewer(status);
  return runAll(adapter, { directory: migrationsDirectory(), ...options });
}

/** What is applied and what is pending. Writes nothing. */
export function schemaStatus(adapter: FraiserDatabaseAdapter): Promise<MigrationStatus> {
  return new MigrationRunner(adapter, { directory: migrationsDirectory() }).status();
}

/**
 * Makes sure that the ledger can be used: an empty database is set up where that is allowed, an older one never changed.
 *
 * @returns false for an empty database that was left empty
 * @throws LedgerSchemaError
 */
export async function prepareSchema(adapter: FraiserDatabaseAdapter, mode: "read" | "write"): Promise<boolean> {
  const status = await schemaStatus(adapter);
  assertNotNewer(status);
  if (status.applied.length === 0) {
    await refuseForeignTables(adapter);
    if (mode === "write") await runMigrations(adapter, { transaction: "all" }); // others see all of it or nothing
    return mode === "write";
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

/** A table of the ledger's name without the ledger's migrations belongs to the Python Fraisier or to somebody else. */
async function refuseForeignTables(adapter: FraiserDatabaseAdapter): Promise<void> {
  try {
    await adapter.executeQuery("SELECT 1 FROM tb_fraise_state WHERE 1 = 0");
  } catch (error) {
    if (error instanceof DatabaseError && error.kind === "undefined_table") return;
    throw error;
  }
  // Unless it was set up by another process at this very moment.
  if ((await schemaStatus(adapter)).applied.length > 0) return;
  throw new LedgerSchemaError(
    "schema_foreign",
    "The database has tables of the Python Fraisier, which this version cannot take over yet; they were left as they are.",
    {
      hint: "Give this version a database of its own, e.g. FRAISIER_DB_URL=sqlite://./fraisier-ledger.db",
    },
  );
}
