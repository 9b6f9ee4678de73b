import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, onTestFinished } from "vitest";
import { type Clock, createAdapterFromUrl, type FraiserDatabaseAdapter, systemClock } from "../../src/db/index.ts";
import {
  type Deployment,
  type DeploymentEnd,
  type Holder,
  type Identity,
  type Lease,
  Ledger,
  type NewDeployment,
  runMigrations,
} from "../../src/ledger/index.ts";

/** A database that the ledger is tested on. */
export interface TestDatabase {
  readonly name: string;
  /** The URL of an empty database, which goes with the test. */
  create(): string;
  /** Statements after which every UPDATE of a table that sets one of these columns fails. */
  failUpdates(table: string, columns: readonly string[]): string;
  /**
   * Statements after which every row written to a table is told in `test_write`, and the one that follows as many as
   * `test_failing` says is refused.
   */
  watchWrites(table: string): readonly string[];
}

export const sqlite: TestDatabase = {
  name: "SQLite",
  create: () => `sqlite://${join(temporaryFolder(), "ledger.db")}?synchronous=off`,
  failUpdates: (table, columns) =>
    `CREATE TRIGGER fail_${table} BEFORE UPDATE OF ${columns.join(", ")} ON ${table} BEGIN SELECT RAISE(ABORT, 'refused by the test'); END`,
  watchWrites: (table) =>
    ["INSERT", "UPDATE", "DELETE"].map(
      (verb) => `CREATE TRIGGER watch_${verb}_${table} BEFORE ${verb} ON ${table} BEGIN
        SELECT RAISE(ABORT, 'refused by the test')
          WHERE (SELECT COUNT(*) FROM test_write) = (SELECT after FROM test_failing);
        INSERT INTO test_write (what) VALUES ('${verb} ${table}'); END`,
    ),
};

export const DATABASES: readonly TestDatabase[] = [sqlite];

/** `describe` for each database; its tests call `open` for a ledger of their own. */
export function describeEachDatabase(
  title: string,
  body: (open: () => Promise<TestLedger>, database: TestDatabase) => void,
  databases: readonly TestDatabase[] = DATABASES,
): void {
  describe.each(databases)(`${title} ($name)`, (database) => {
    body(() => openLedger(database), database);
  });
}

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "fraisier-ledger-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The machine's clock, with a wall clock that the test sets and that stands still in between. */
export class WallClock implements Clock {
  time: number = Date.UTC(2026, 0, 15, 12);
  readonly monotonic: Clock["monotonic"] = systemClock.monotonic;
  readonly startTimer: Clock["startTimer"] = systemClock.startTimer;

  now(): number {
    return this.time;
  }

  advance(milliseconds: number): void {
    this.time += milliseconds;
  }
}

/** A migrated, empty ledger with what a test needs of it. */
export interface TestLedger {
  readonly url: string;
  readonly adapter: FraiserDatabaseAdapter;
  readonly ledger: Ledger;
  readonly clock: WallClock;
}

async function openLedger(database: TestDatabase): Promise<TestLedger> {
  const url = database.create();
  const adapter = await createAdapterFromUrl(url);
  onTestFinished(() => adapter.close());
  await runMigrations(adapter, { transaction: "all" });
  const clock = new WallClock();
  return { url, adapter, ledger: new Ledger(adapter, { clock }), clock };
}

export const TABLES = [
  "tb_fraise_state",
  "tb_deployment",
  "tb_deployment_step",
  "tb_deployment_output",
  "tb_event",
  "tb_deployment_stat",
  "tb_deployment_lease",
  "tb_deployment_lock",
  "tb_webhook_event",
] as const;

/** Everything that the ledger holds, to be compared with what it holds later. */
export async function contentsOf(adapter: FraiserDatabaseAdapter): Promise<Record<string, unknown[]>> {
  const contents: Record<string, unknown[]> = {};
  for (const table of TABLES)
    contents[table] = await adapter.executeQuery(`SELECT * FROM ${table} ORDER BY pk_${table.slice(3)}`);
  return contents;
}

export function identity(parts: Partial<Identity> = {}): Identity {
  return { project: "", fraise: "shop", environment: "production", job: null, ...parts };
}

export const TARGET = "local:0123456789abcdef";

export function holder(parts: Partial<Holder> = {}): Holder {
  return {
    host: "web1",
    machine: TARGET,
    bootId: "boot-1",
    pid: 4711,
    startTime: "100200",
    user: "maria",
    ciRun: null,
    ...parts,
  };
}

export function newDeployment(parts: Partial<NewDeployment> = {}): NewDeployment {
  return {
    ...identity(),
    kind: "deploy",
    target: TARGET,
    host: "web1",
    runner: holder(),
    oldVersion: null,
    newVersion: "v1",
    gitCommit: null,
    gitBranch: "main",
    triggeredBy: "manual",
    triggeredByUser: "maria",
    ...parts,
  };
}

export async function leaseOf(
  ledger: Ledger,
  parts: { target?: string; holder?: Partial<Holder> } = {},
): Promise<Lease> {
  const { lease } = await ledger.acquireLease({
    target: parts.target ?? TARGET,
    holder: holder(parts.holder),
    ttlMs: 60_000,
    isAlive: () => true,
  });
  return lease;
}

/** A deployment that is in progress. */
export async function begun(ledger: Ledger, lease: Lease, parts: Partial<NewDeployment> = {}): Promise<Deployment> {
  const { id } = await ledger.createDeployment(newDeployment(parts));
  await ledger.beginDeployment(lease, id);
  return (await ledger.getDeployment(id)) as Deployment;
}

/** A deployment that has ended; with success, and its release in service, unless `end` says otherwise. */
export async function ended(
  ledger: Ledger,
  lease: Lease,
  parts: Partial<NewDeployment> & { release?: string; end?: DeploymentEnd } = {},
): Promise<Deployment> {
  const { release, end, ...wanted } = parts;
  const { id } = await begun(ledger, lease, wanted);
  if (release !== undefined) await ledger.changeDeployment(lease, id, { releaseId: release });
  return ledger.endDeployment(lease, id, end ?? { status: "success", fraise: { status: "healthy", deployed: true } });
}

/** Lets a lease end by the database's clock. */
export async function expire(adapter: FraiserDatabaseAdapter, target: string = TARGET): Promise<void> {
  await adapter.executeUpdate("UPDATE tb_deployment_lease SET expires_at = ? WHERE target = ?", [
    new Date(Date.now() - 1000),
    target,
  ]);
}
