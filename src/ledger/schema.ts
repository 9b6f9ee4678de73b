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
  const status = await schemaStatus(adapter);
  assertNotNewer(status);
  if (status.applied.length === 0) {
    await refuseForeignTables(adapter);
    if (mode === "write") await runMigrations(adapter, { transaction: "all" }); // others see all of it or nothing
    return mode === "write";
  }
  await assertSame(status);
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

/** An applied migration with another text made other tables: another program's, or those of a trial version. */
async function assertSame({ databaseType, applied }: MigrationStatus): Promise<void> {
  const files = await readMigrations(join(migrationsDirectory(), databaseType));
  const odd = applied.find((row) =>
    files.some((file) => file.version === row.version && file.checksum !== row.checksum),
  );
  if (odd !== undefined) throw foreign(`migration ${odd.name}`);
}

/** What the migrations make. */
const RELATIONS = [
  ...["tb_fraise_state", "tb_deployment", "tb_deployment_step", "tb_deployment_output", "tb_event"],
  ...["tb_deployment_stat", "tb_deployment_lease", "tb_deployment_lock", "tb_webhook_event"],
  ...["v_fraise_status", "v_deployment_history", "v_webhook_event_history", "v_deployment"],
];

/** A table of the ledger's name without the ledger's migrations belongs to the Python Fraisier or to somebody else. */
async function refuseForeignTables(adapter: FraiserDatabaseAdapter): Promise<void> {
  for (const name of RELATIONS) {
    if (!(await exists(adapter, name))) continue;
    // Unless it was set up by another process at this very moment.
    if ((await schemaStatus(adapter)).applied.length > 0) return;
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

function foreign(what: string): LedgerSchemaError {
  return new LedgerSchemaError(
    "schema_foreign",
    `The database has a ${what} that is not of this version: the Python Fraisier's, which cannot be taken over yet, or another program's. It was left as it is.`,
    {
      hint: "Give this version a database of its own, e.g. FRAISIER_DB_URL=sqlite://./fraisier-ledger.db",
    },
  );
}
