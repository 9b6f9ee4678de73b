/** A fresh process: starts and completes deployments in a ledger. Each line that it reads says for how many milliseconds. */
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import type { Holder, Lease, NewDeployment } from "../../src/ledger/index.ts";
import { migrate, openLedger } from "./built.ts";

/** What it says first, when the ledger is set up: what a lease is held of, by which token. */
export type Prepared = Pick<Lease, "target" | "token">;

/** What it has done then. */
export interface Done {
  readonly count: number;
  readonly milliseconds: number;
}

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

const say = (answer: Prepared | Done): void => {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
};
const ledger = await openLedger(JSON.parse(process.argv[2] as string) as string);
await migrate(ledger.adapter);
const request = { target: HOLDER.machine, holder: HOLDER, ttlMs: 3_600_000, isAlive: () => false };
const { lease } = await ledger.acquireLease(request);

async function deploy(): Promise<void> {
  const { id } = await ledger.createDeployment(DEPLOYMENT);
  await ledger.beginDeployment(lease, id);
  await ledger.endDeployment(lease, id, { status: "success", fraise: { status: "healthy", deployed: true } });
}

await deploy();
say({ target: lease.target, token: lease.token });
for await (const line of createInterface(process.stdin)) {
  const started = performance.now();
  let [count, passed] = [0, 0];
  for (; passed < Number(line); passed = performance.now() - started) {
    await deploy();
    count++;
  }
  say({ count, milliseconds: passed });
}
await ledger.adapter.close();
