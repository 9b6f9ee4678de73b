/** A fresh process: how many deployments a second are started and completed in a ledger. Prints it as JSON. */
import { performance } from "node:perf_hooks";
import type { Holder, Lease, NewDeployment } from "../../src/ledger/index.ts";
import { migrate, openLedger } from "./built.ts";

/** What a process is told to do. */
export interface RateAssignment {
  readonly url: string;
  /** 0: the ledger is only set up, with one deployment and a lease, whose target and token are printed. */
  readonly milliseconds: number;
}

/** What one that sets up prints. */
export type Prepared = Pick<Lease, "target" | "token">;

const HOLDER: Holder = {
  host: "web1",
  machine: "local:machine1",
  bootId: "boot-1",
  pid: 4711,
  startTime: "100200",
  user: "maria",
  ciRun: null,
};

const DEPLOYMENT: NewDeployment = {
  project: "bench",
  fraise: "shop",
  environment: "production",
  job: null,
  kind: "deploy",
  target: HOLDER.machine,
  host: HOLDER.host,
  runner: HOLDER,
  oldVersion: null,
  newVersion: "v1",
  gitCommit: null,
  gitBranch: "main",
  triggeredBy: "manual",
  triggeredByUser: HOLDER.user,
};

const { url, milliseconds } = JSON.parse(process.argv[2] as string) as RateAssignment;
const ledger = await openLedger(url);
if (milliseconds === 0) await migrate(ledger.adapter);
const request = { target: HOLDER.machine, holder: HOLDER, ttlMs: 3_600_000, isAlive: () => false };
const { lease } = await ledger.acquireLease(request);

async function deploy(): Promise<void> {
  const { id } = await ledger.createDeployment(DEPLOYMENT);
  await ledger.beginDeployment(lease, id);
  await ledger.endDeployment(lease, id, { status: "success", fraise: { status: "healthy", deployed: true } });
}

async function rate(span: number): Promise<number> {
  const started = performance.now();
  let count = 0;
  for (; performance.now() - started < span; count++) await deploy();
  return (count * 1000) / (performance.now() - started);
}

if (milliseconds === 0) {
  await deploy();
  const prepared: Prepared = { target: lease.target, token: lease.token };
  process.stdout.write(JSON.stringify(prepared));
} else {
  await rate(milliseconds / 4);
  process.stdout.write(JSON.stringify(await rate(milliseconds)));
}
await ledger.adapter.close();
