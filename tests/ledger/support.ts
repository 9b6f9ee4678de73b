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
} from "../../src/ledger/index.ts";
import { IS_FULL } from "../packaging/support.ts";
import { DATABASES, TABLES, type TestDatabase } from "./databases.ts";

export { DATABASES, sqlite, TABLES, type TestDatabase, temporaryFolder } from "./databases.ts";

/** By default the embedded one and one server. What databases do differently is tested on all of {@link DATABASES} in every run. */
const USUAL = DATABASES.filter(({ name }) => IS_FULL || name === "SQLite" || name === "PostgreSQL");

/** `describe` for each database; its tests call `open` for a ledger of their own. */
export function describeEachDatabase(
  title: string,
  body: (open: () => Promise<TestLedger>, database: TestDatabase) => void,
  databases: readonly TestDatabase[] = USUAL,
): void {
  describe.each(databases)(`${title} ($name)`, (database) => {
    body(() => openLedger(database), database);
  });
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
  const url = await database.create();
  const adapter = await createAdapterFromUrl(url);
  onTestFinished(() => adapter.close());
  const clock = new WallClock();
  return { url, adapter, ledger: new Ledger(adapter, { clock }), clock };
}

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
