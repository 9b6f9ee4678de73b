import { loadDatabaseConfig, type MigrationStatus, maskUrl } from "../../../db/index.ts";
import { schemaStatus } from "../../../ledger/index.ts";
import { EXIT } from "../../exit-codes.ts";
import { databasePlace } from "../../session.ts";
import { facts, table } from "../../table.ts";
import { printable, type Terminal } from "../../terminal.ts";
import { bothTimes, duration } from "../../time.ts";
import { isLedger, type MigrationSetOptions, openDatabaseOf, ownMigrations, setArguments } from "./migrations.ts";

/** What is known of one migration. */
interface MigrationState {
  readonly version: number;
  readonly name: string;
  /** `interrupted`: begun and not done; `unknown`: the database has it, and the folder does not. */
  readonly state: "applied" | "pending" | "interrupted" | "unknown";
  readonly appliedAt: Date | null;
  readonly appliedBy: string | null;
  readonly durationMs: number | null;
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
  const migrations = found === null ? [] : statesOf(found.status);
  const serverVersion = found?.serverVersion ?? null;
  if (terminal.json) {
    const names = (state: MigrationState["state"]) =>
      migrations.filter((migration) => migration.state === state).map(({ name }) => name);
    terminal.printJson("db-status", {
      type,
      url: maskUrl(url),
      origin,
      exists: found !== null,
      serverVersion,
      applied: names("applied"),
      pending: names("pending"),
      interrupted: names("interrupted"),
      unknown: names("unknown"),
      migrations,
    });
    return EXIT.done;
  }
  const schema =
    found === null ? "not set up yet; the first command that writes does that" : schemaText(migrations, options);
  terminal.print(facts(terminal, [which, ["server", serverVersion], ["schema", schema]]));
  if (migrations.length > 0) terminal.print(`\n${migrationTable(terminal, migrations)}`);
  const next = nextStep(migrations, options);
  if (next !== null) terminal.say(next);
  return EXIT.done;
}

/** @returns null when there is no database yet */
async function inspect(
  options: MigrationSetOptions,
): Promise<{ readonly serverVersion: string | null; readonly status: MigrationStatus } | null> {
  const opened = await openDatabaseOf(options, "read");
  if (opened === null) return null;
  await using adapter = opened;
  const { serverVersion, error } = await adapter.checkHealth();
  if (error !== null) throw error;
  const status = isLedger(options) ? await schemaStatus(adapter) : await ownMigrations(adapter, options).status();
  return { serverVersion, status };
}

function statesOf({ applied, pending, unknown, interrupted }: MigrationStatus): MigrationState[] {
  const isBegun = (version: number) => interrupted.some((entry) => entry.version === version);
  const there = applied.map(
    (row): MigrationState => ({
      version: row.version,
      name: row.name,
      state: unknown.includes(row) ? "unknown" : isBegun(row.version) ? "interrupted" : "applied",
      appliedAt: row.applied_at,
      appliedBy: row.applied_by,
      durationMs: row.duration_ms,
    }),
  );
  const missing = pending.map(
    ({ version, name }): MigrationState => ({
      version,
      name,
      state: isBegun(version) ? "interrupted" : "pending",
      appliedAt: null,
      appliedBy: null,
      durationMs: null,
    }),
  );
  return [...there, ...missing].sort((a, b) => a.version - b.version);
}

function schemaText(migrations: readonly MigrationState[], options: MigrationSetOptions): string {
  const has = (state: MigrationState["state"]) => migrations.some((migration) => migration.state === state);
  if (has("unknown")) return `newer than ${isLedger(options) ? "this version of fraisier" : "these migrations"}`;
  if (has("interrupted")) return "half-way: a migration was interrupted";
  if (!has("pending")) return "up to date";
  return has("applied") ? "outdated" : "empty";
}

function migrationTable(terminal: Terminal, migrations: readonly MigrationState[]): string {
  const now = new Date();
  const rows = migrations.map(({ name, state, appliedAt, appliedBy, durationMs }) => [
    printable(name),
    state === "applied" ? state : terminal.style("yellow", state),
    appliedAt === null ? "" : bothTimes(appliedAt, now),
    printable(appliedBy ?? ""),
    durationMs === null ? "" : duration(durationMs / 1000),
  ]);
  return table(terminal, ["MIGRATION", "STATE", "APPLIED", "BY", "TOOK"], rows);
}

function nextStep(migrations: readonly MigrationState[], options: MigrationSetOptions): string | null {
  const own = setArguments(options);
  if (migrations.some(({ state }) => state === "interrupted")) return `See how it goes on: fraisier db repair${own}`;
  if (migrations.some(({ state }) => state === "pending")) return `Apply what is pending: fraisier db migrate${own}`;
  return null;
}
