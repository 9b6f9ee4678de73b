import { expect, test } from "vitest";
import type { FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { type Deployment, type Lease, Ledger, type RecordedDeployment } from "../../src/ledger/index.ts";
import {
  begun,
  contentsOf,
  describeEachDatabase,
  ended,
  holder,
  identity,
  leaseOf,
  newDeployment,
  TABLES,
  TARGET,
  type TestDatabase,
  type TestLedger,
} from "./support.ts";

/** What there is when a method is called. */
interface Scene extends TestLedger {
  readonly lease: Lease;
  readonly done: Deployment;
  readonly pending: string;
  /** A rollback of `done` with a running step. */
  readonly running: string;
  readonly webhook: string;
  /** In progress, and made by another program. */
  readonly recorded: string;
}

async function scene(opened: TestLedger): Promise<Scene> {
  const { ledger, clock } = opened;
  const lease = await leaseOf(ledger);
  const done = await ended(ledger, lease, { release: "r1" });
  const pending = (await ledger.createDeployment(newDeployment())).id;
  const running = (await begun(ledger, lease, { kind: "rollback", undoesDeploymentId: done.id })).id;
  await ledger.startStep(lease, running, { name: "build", direction: "do" });
  const webhook = await ledger.recordWebhookEvent(CALL);
  await ledger.acquireServiceLock("shop", "local", "maria", 60_000);
  await ledger.acquireServiceLock("blog", "local", "maria", 1);
  await ledger.releaseLease(await leaseOf(ledger, { target: "local:free" }));
  const recorded = (await ledger.recordDeployment(recordedOf({}))).id;
  clock.advance(2000);
  return { ...opened, lease, done, pending, running, webhook, recorded };
}

const recordedOf = (place: Parameters<typeof identity>[0]): RecordedDeployment => ({
  ...identity(place),
  ...{ oldVersion: null, gitCommit: null, gitBranch: null, triggeredBy: "manual", triggeredByUser: null },
});

const CALL = { provider: "gitea", type: "push", branch: null, commit: null, sender: null, payload: {} };
const OUTPUT = [
  { stream: "stdout", text: "a", at: new Date(0) },
  { stream: "stderr", text: "b", at: new Date(0) },
] as const;
const request = (target: string) => ({ target, holder: holder(), ttlMs: 60_000, isAlive: () => true });
const finished = { startedAt: new Date(0), endedAt: new Date(1), outcome: "success", message: null } as const;

interface Writing {
  readonly call: (scene: Scene) => Promise<unknown>;
  /** The rows that it writes, in order. */
  readonly writes: readonly string[];
}

const FENCE = "UPDATE tb_deployment_lease";

/** Each method that writes, where it has most to write. */
const WRITING: Readonly<Record<string, Writing>> = {
  acquireLease: {
    call: ({ ledger }) => ledger.acquireLease(request("local:free")),
    writes: ["UPDATE tb_deployment_lease", "INSERT tb_event"],
  },
  heartbeat: {
    call: ({ ledger, lease }) => ledger.heartbeat(lease),
    writes: [FENCE, "UPDATE tb_deployment_lease"],
  },
  releaseLease: {
    call: ({ ledger, lease }) => ledger.releaseLease(lease),
    writes: [FENCE, "UPDATE tb_deployment_lease", "INSERT tb_event"],
  },
  createDeployment: {
    call: ({ ledger }) => ledger.createDeployment(newDeployment({ fraise: "new" })),
    writes: ["INSERT tb_fraise_state", "INSERT tb_deployment", "INSERT tb_event"],
  },
  beginDeployment: {
    call: ({ ledger, lease, pending }) => ledger.beginDeployment(lease, pending),
    writes: [FENCE, "UPDATE tb_deployment", "UPDATE tb_deployment_lease", "INSERT tb_event"],
  },
  changeDeployment: {
    call: ({ ledger, lease, running }) =>
      ledger.changeDeployment(lease, running, { releaseId: "r2", details: { a: 1 } }),
    writes: [FENCE, "UPDATE tb_deployment", "INSERT tb_event"],
  },
  "endDeployment of a rollback": {
    call: ({ ledger, lease, running }) =>
      ledger.endDeployment(lease, running, { status: "success", fraise: { status: "healthy", deployed: true } }),
    writes: [
      ...[FENCE, "UPDATE tb_deployment", "UPDATE tb_deployment_step"],
      ...["INSERT tb_event", "INSERT tb_event"], // of the step that was running, and of the end
      ...["UPDATE tb_deployment_stat", "UPDATE tb_fraise_state"],
      ...["UPDATE tb_fraise_state", "INSERT tb_event"],
      // And of what it undoes.
      ...["UPDATE tb_deployment", "UPDATE tb_deployment_stat", "UPDATE tb_deployment_stat"],
      ...["UPDATE tb_fraise_state", "UPDATE tb_fraise_state", "INSERT tb_event"],
    ],
  },
  "endDeployment as the first of a day": {
    call: ({ ledger, clock, lease, running }) => {
      clock.time = Date.UTC(2026, 1, 1);
      return ledger.endDeployment(lease, running, { status: "failed", errorMessage: "disk" });
    },
    writes: [
      ...[FENCE, "UPDATE tb_deployment", "UPDATE tb_deployment_step"],
      ...["INSERT tb_event", "INSERT tb_event", "INSERT tb_deployment_stat", "UPDATE tb_fraise_state"],
    ],
  },
  cancelPending: {
    call: ({ ledger, pending }) => ledger.cancelPending(pending, "locked"),
    writes: ["UPDATE tb_deployment", "UPDATE tb_deployment_stat", "INSERT tb_event"],
  },
  abandonPending: {
    call: ({ ledger, pending }) => ledger.abandonPending(pending, "gone"),
    writes: [...["UPDATE tb_deployment", "UPDATE tb_deployment_stat", "UPDATE tb_fraise_state"], "INSERT tb_event"],
  },
  recordDeployment: {
    call: ({ ledger }) => ledger.recordDeployment(recordedOf({ fraise: "new" })),
    writes: ["INSERT tb_fraise_state", "INSERT tb_deployment", "INSERT tb_event", "INSERT tb_event"],
  },
  endRecorded: {
    call: ({ ledger, recorded }) =>
      ledger.endRecorded(recorded, {
        status: "success",
        newVersion: "v2",
        fraise: { status: "healthy", deployed: true },
      }),
    writes: [
      ...["UPDATE tb_deployment", "INSERT tb_event", "UPDATE tb_deployment_stat"],
      ...["UPDATE tb_fraise_state", "UPDATE tb_fraise_state", "INSERT tb_event"],
    ],
  },
  markRolledBack: {
    call: ({ ledger, recorded }) => ledger.markRolledBack(recorded),
    writes: [...["UPDATE tb_deployment", "INSERT tb_event", "UPDATE tb_deployment_stat"], "UPDATE tb_fraise_state"],
  },
  setState: {
    call: ({ ledger }) =>
      ledger.setState(identity({ fraise: "new" }), { version: "v2", status: "healthy", deployedBy: null }),
    writes: ["INSERT tb_fraise_state", "UPDATE tb_fraise_state", "INSERT tb_event"],
  },
  startStep: {
    call: ({ ledger, lease, running }) => ledger.startStep(lease, running, { name: "next", direction: "do" }),
    writes: [FENCE, "INSERT tb_deployment_step", "INSERT tb_event"],
  },
  finishStep: {
    call: ({ ledger, lease, running }) => ledger.finishStep(lease, running, 1, "success"),
    writes: [FENCE, "UPDATE tb_deployment_step", "INSERT tb_event"],
  },
  recordStep: {
    call: ({ ledger, pending }) => ledger.recordStep(pending, { ...finished, name: "plan" }),
    writes: ["INSERT tb_deployment_step", "INSERT tb_event"],
  },
  appendOutput: {
    call: ({ ledger, lease, running }) => ledger.appendOutput(lease, running, 1, OUTPUT),
    writes: [FENCE, "INSERT tb_deployment_output", "INSERT tb_deployment_output"],
  },
  recordWebhookEvent: {
    call: ({ ledger }) => ledger.recordWebhookEvent(CALL),
    writes: ["INSERT tb_webhook_event", "INSERT tb_event"],
  },
  linkWebhookToDeployment: {
    call: ({ ledger, webhook, done }) => ledger.linkWebhookToDeployment(webhook, done.id),
    writes: ["UPDATE tb_webhook_event", "INSERT tb_event"],
  },
  "acquireServiceLock of a new name": {
    call: ({ ledger }) => ledger.acquireServiceLock("new", "local", "ben", 1000),
    writes: ["INSERT tb_deployment_lock"],
  },
  "acquireServiceLock of an expired one": {
    call: ({ ledger }) => ledger.acquireServiceLock("blog", "local", "ben", 1000),
    writes: ["UPDATE tb_deployment_lock"],
  },
  releaseServiceLock: {
    call: ({ ledger }) => ledger.releaseServiceLock("shop", "local", "maria"),
    writes: ["DELETE tb_deployment_lock"],
  },
};

const place = { identity: identity(), target: TARGET };

const READING: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  readLease: ({ ledger }) => ledger.readLease(TARGET),
  getDeployment: ({ ledger, done }) => ledger.getDeployment(done.id),
  findDeployments: ({ ledger, done }) => ledger.findDeployments(done.id),
  listDeployments: ({ ledger, done }) => ledger.listDeployments({ after: done.id }),
  unfinishedDeployments: ({ ledger }) => ledger.unfinishedDeployments(place),
  lastHealthy: ({ ledger }) => ledger.lastHealthy(place),
  findRelease: ({ ledger }) => ledger.findRelease({ ...place, releaseId: "r1" }),
  healthyReleases: ({ ledger }) => ledger.healthyReleases(place),
  getSteps: ({ ledger, running }) => ledger.getSteps(running),
  getOutput: ({ ledger, running }) => ledger.getOutput(running),
  getState: ({ ledger }) => ledger.getState(identity()),
  listStates: ({ ledger }) => ledger.listStates(),
  dayCounts: ({ ledger }) => ledger.dayCounts({ id: "" }, "2026-01-01"),
  events: ({ ledger }) => ledger.events(),
  recentWebhooks: ({ ledger }) => ledger.recentWebhooks(),
  readServiceLock: ({ ledger }) => ledger.readServiceLock("shop", "local"),
};

test("each method of the ledger is in one of the tables", () => {
  const methods = Object.getOwnPropertyNames(Ledger.prototype).filter((name) => name !== "constructor");
  const named = [...Object.keys(WRITING), ...Object.keys(READING)].map((name) => name.split(" ")[0]);
  expect([...new Set(named)].sort()).toEqual(methods.sort());
});

async function watch(adapter: FraiserDatabaseAdapter, database: TestDatabase): Promise<void> {
  await adapter.executeQuery("CREATE TABLE test_write (what VARCHAR(99) NOT NULL)");
  await adapter.executeQuery("CREATE TABLE test_failing (after INTEGER NOT NULL)");
  await adapter.executeUpdate("INSERT INTO test_failing (after) VALUES (0)");
  for (const table of TABLES)
    for (const statement of database.watchWrites(table))
      await adapter.executeQuery(statement, [], { placeholders: "native" });
}

/** From now on the write that follows as many is refused. */
async function failAfter(adapter: FraiserDatabaseAdapter, writes: number): Promise<void> {
  await adapter.executeUpdate("DELETE FROM test_write");
  await adapter.executeUpdate("UPDATE test_failing SET after = ?", [writes]);
}

describeEachDatabase("whichever of its writes fails, nothing is written:", (open, database) => {
  test.for(Object.entries(WRITING))("%s", async ([, { call, writes }]) => {
    const all = await scene(await open());
    const { adapter } = all;
    await watch(adapter, database);
    const before = await contentsOf(adapter);
    expect(writes).not.toEqual([]);
    for (let done = 0; done < writes.length; done++) {
      await failAfter(adapter, done);
      await expect(call(all), `after ${done} writes`).rejects.toThrow(/refused/);
      expect(await contentsOf(adapter), `after ${done} writes`).toEqual(before);
    }
    await failAfter(adapter, 1000);
    await call(all);
    const told = await adapter.executeQuery<{ what: string }>("SELECT what FROM test_write");
    expect(told.map(({ what }) => what)).toEqual(writes);
    expect(await contentsOf(adapter)).not.toEqual(before);
  });

  test("a target's first lease, but for its row, which is free and stays", async () => {
    const { adapter, ledger } = await open();
    await watch(adapter, database);
    await failAfter(adapter, 1);
    await expect(ledger.acquireLease(request(TARGET))).rejects.toThrow(/refused/);
    const { tb_deployment_lease: leases, ...others } = await contentsOf(adapter);
    expect(leases).toMatchObject([{ target: TARGET, holder_host: null, expires_at: null }]);
    for (const [table, rows] of Object.entries(others)) expect(rows, table).toEqual([]);
    expect(await ledger.readLease(TARGET)).toBeNull();
    await failAfter(adapter, 1000);
    expect((await ledger.acquireLease(request(TARGET))).lease.token).toBeGreaterThan(1);
  });
});

describeEachDatabase("a method that only reads writes nothing:", (open, database) => {
  test.for(Object.entries(READING))("%s", async ([, read]) => {
    const all = await scene(await open());
    await watch(all.adapter, database);
    await failAfter(all.adapter, 0);
    const before = await contentsOf(all.adapter);
    const answer = await read(all);
    expect(answer).not.toBeUndefined();
    expect(await contentsOf(all.adapter)).toEqual(before);
  });
});
