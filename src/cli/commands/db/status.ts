import { loadDatabaseConfig, type MigrationStatus, maskUrl } from "../../../db/index.ts";
import { isPythonLedger, LedgerSchemaError, prepareSchema, schemaStatus } from "../../../ledger/index.ts";
import { EXIT } from "../../exit-codes.ts";
import { completeCommands } from "../../hints.ts";
import { databasePlace } from "../../session.ts";
import { facts } from "../../table.ts";
import { printable, type Terminal } from "../../terminal.ts";
import { type MigrationState, migrationTable, nextStep, schemaText, statesOf } from "./migration-states.ts";
import { isLedger, type MigrationSetOptions, openDatabaseOf, ownMigrations } from "./migrations.ts";

/** What was found in a database that there is. */
interface Found {
  readonly serverVersion: string | null;
  readonly status: MigrationStatus;
  readonly isPython: boolean;
  /** Why it can't be used as the ledger is; null when it can, or is not to be. */
  readonly problem: LedgerSchemaError | null;
}

/** Which database is used, and which migrations it has. Creates nothing. */
export async function dbStatus(terminal: Terminal, options: MigrationSetOptions): Promise<number> {
  const { url, type, baseDirectory, origins } = loadDatabaseConfig(databasePlace(options));
  const origin = origins.url === "the default" ? `the default, ${url} in ${baseDirectory}` : origins.url;
  const which = ["database", `${maskUrl(url)} (by ${origin})`] as const;
  const found = await inspect(options).catch((error) => {
    if (!terminal.json) terminal.print(facts(terminal, [which])); // worth knowing above all when it can't be used
    throw error;
  });
  const { serverVersion = null, isPython = false, problem = null } = found ?? {};
  const migrations = found === null ? [] : statesOf(found.status);
  if (terminal.json) {
    const names = (state: MigrationState["state"]) =>
      migrations.filter((migration) => migration.state === state).map(({ name }) => name);
    terminal.printJson("db-status", {
      type,
      url: maskUrl(url),
      origin,
      exists: found !== null,
      serverVersion,
      isPython,
      problem: problem && { kind: problem.kind, message: problem.message },
      applied: names("applied"),
      pending: names("pending"),
      interrupted: names("interrupted"),
      edited: names("edited"),
      missing: names("missing"),
      outOfOrder: names("out_of_order"),
      unknown: names("unknown"),
      migrations,
    });
    return EXIT.done;
  }
  terminal.print(facts(terminal, [which, ["server", serverVersion], ["schema", schemaOf(found, migrations, options)]]));
  if (migrations.length > 0 && !isPython) terminal.print(`\n${migrationTable(terminal, migrations)}`);
  const next = isPython || problem?.kind === "schema_foreign" ? problem?.hint : nextStep(migrations);
  if (next) terminal.say(completeCommands(next, options));
  return EXIT.done;
}

/** @returns null when there is no database yet */
async function inspect(options: MigrationSetOptions): Promise<Found | null> {
  const opened = await openDatabaseOf(options, "read");
  if (opened === null) return null;
  await using adapter = opened;
  const { serverVersion, error } = await adapter.checkHealth();
  if (error !== null) throw error;
  if (!isLedger(options)) {
    const runner = await ownMigrations(adapter, options);
    return { serverVersion, status: await runner.status(), isPython: false, problem: null };
  }
  const status = await schemaStatus(adapter);
  const problem = await prepareSchema(adapter, "read").then(
    () => null,
    (error) => {
      if (error instanceof LedgerSchemaError) return error;
      throw error;
    },
  );
  return { serverVersion, status, isPython: await isPythonLedger(adapter), problem };
}

function schemaOf(found: Found | null, migrations: readonly MigrationState[], options: MigrationSetOptions): string {
  if (found === null) return "not set up yet; the first command that writes does that";
  if (found.isPython) return "of the Python Fraisier; not adopted yet";
  if (found.problem?.kind === "schema_foreign") return `another program's. ${printable(found.problem.message)}`;
  return schemaText(migrations, isLedger(options) ? "this version of fraisier" : "these migrations");
}
