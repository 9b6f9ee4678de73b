import { expect, test } from "vitest";
import type { FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { endPending } from "../../src/ledger/deployments.ts";
import {
  DEPLOYMENT_STATUSES,
  type DeploymentStatus,
  type FinalStatus,
  IllegalTransitionError,
  type Lease,
  type Ledger,
} from "../../src/ledger/index.ts";
import {
  begun,
  contentsOf,
  describeEachDatabase,
  ended,
  holder,
  identity,
  leaseOf,
  newDeployment,
  TARGET,
  type TestLedger,
} from "./support.ts";

const FINAL = ["success", "failed", "cancelled", "abandoned", "rolled_back", "rollback_failed"] as const;

describeEachDatabase("a deployment that is created", (open) => {
  test("is returned as it is read from then on", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const first = await ledger.createDeployment(
      newDeployment({
        job: "nightly",
        details: { at: new Date(0), "\u00e9": ["\0", { deep: null, gone: undefined }] },
      }),
    );
    expect(first).toEqual(await ledger.getDeployment(first.id));
    const undone = await ended(ledger, lease, { newVersion: "v1" });
    const rollback = await ledger.createDeployment(
      newDeployment({ kind: "rollback", undoesDeploymentId: undone.id, gitCommit: "abc", oldVersion: "v1" }),
    );
    expect(rollback.undoesDeploymentId).toBe(undone.id);
    expect(rollback).toEqual(await ledger.getDeployment(rollback.id));
  });

  test("is refused without the process that runs it, or with half of one", async () => {
    const { ledger } = await open();
    const { host: _, ...half } = holder();
    for (const runner of [half, undefined])
      await expect(ledger.createDeployment(newDeployment({ runner: runner as never }))).rejects.toThrow();
    expect(await ledger.listDeployments({})).toEqual([]);
  });
});

describeEachDatabase("the first deployment", (open) => {
  test("of a fresh database goes from create to end", async () => {
    const { ledger, clock } = await open();
    expect(await ledger.getState(identity())).toBeNull();
    const startedAt = new Date(clock.time);

    const created = await ledger.createDeployment(newDeployment({ details: { port: 8080 } }));
    expect(created).toMatchObject({
      ...identity(),
      kind: "deploy",
      status: "pending",
      startedAt,
      completedAt: null,
      durationSeconds: null,
      newVersion: "v1",
      target: TARGET,
      healthyAt: null,
      runner: holder(),
      details: { port: 8080 },
    });
    expect(await ledger.getState(identity())).toMatchObject({ status: "unknown", currentVersion: null });
    await ledger.recordStep(created.id, {
      name: "check",
      startedAt,
      endedAt: new Date(clock.time + 5),
      outcome: "success",
      message: "clean",
    });

    const lease = await leaseOf(ledger);
    await ledger.beginDeployment(lease, created.id);
    expect(await ledger.readLease(TARGET)).toMatchObject({ deploymentId: created.id });
    clock.advance(1000);
    const step = await ledger.startStep(lease, created.id, { name: "build", direction: "do" });
    expect(step.order).toBe(2);
    await ledger.appendOutput(lease, created.id, step.order, [
      { stream: "stdout", text: "compiling\n", at: new Date(clock.time) },
    ]);
    clock.advance(1000);
    await ledger.finishStep(lease, created.id, step.order, "success");
    await ledger.changeDeployment(lease, created.id, { releaseId: "r1", details: { probes: 3 } });
    clock.advance(500);
    const end = await ledger.endDeployment(lease, created.id, {
      status: "success",
      fraise: { status: "healthy", deployed: true },
      details: { warnings: [] },
    });

    const endedAt = new Date(startedAt.getTime() + 2500);
    expect(end).toMatchObject({
      status: "success",
      completedAt: endedAt,
      durationSeconds: 2.5,
      healthyAt: endedAt,
      releaseId: "r1",
      details: { port: 8080, probes: 3, warnings: [] },
    });
    expect(await ledger.getDeployment(created.id)).toEqual(end);
    expect(await ledger.getState(identity())).toMatchObject({
      status: "healthy",
      currentVersion: "v1",
      currentDeploymentId: created.id,
      lastDeployedAt: endedAt,
      lastDeployedBy: "maria",
      successfulDeployments: 1,
      failedDeployments: 0,
    });
    expect(await ledger.getSteps(created.id)).toMatchObject([
      { order: 1, name: "check", outcome: "success", message: "clean" },
      { order: 2, name: "build", outcome: "success", endedAt: new Date(startedAt.getTime() + 2000) },
    ]);
    expect(await ledger.getOutput(created.id)).toMatchObject([{ step: 2, sequence: 1, text: "compiling\n" }]);
    await ledger.releaseLease(lease);
    expect(await ledger.readLease(TARGET)).toBeNull();
  });

  test("that fails before the switch leaves the fraise unknown", async () => {
    const { ledger } = await open();
    await ended(ledger, await leaseOf(ledger), { end: { status: "failed", errorMessage: "no compiler" } });
    expect(await ledger.getState(identity())).toMatchObject({
      status: "unknown",
      currentVersion: null,
      currentDeploymentId: null,
      failedDeployments: 1,
    });
  });
});

describeEachDatabase("the end of a deployment", (open, database) => {
  test.each([
    ["the fraise's state", "tb_fraise_state", ["current_version"]],
    ["the fraise's counters", "tb_fraise_state", ["successful_deployments"]],
    ["the step that was running", "tb_deployment_step", ["outcome"]],
    ["the deployment itself", "tb_deployment", ["completed_at"]],
  ])("is written as a whole or not at all: %s fails", async (_, table, columns) => {
    const { ledger, adapter } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await ledger.startStep(lease, id, { name: "switch", direction: "do" });
    const before = await contentsOf(adapter);
    for (const statement of database.failUpdates(table, columns))
      await adapter.executeQuery(statement, [], { placeholders: "native" });

    const end = ledger.endDeployment(lease, id, { status: "success", fraise: { status: "healthy", deployed: true } });
    await expect(end).rejects.toThrow(/refused/);
    expect(await contentsOf(adapter)).toEqual(before);
  });

  test("a rollback's success and the undone row are one transaction", async () => {
    const { ledger, adapter } = await open();
    const lease = await leaseOf(ledger);
    const undone = await ended(ledger, lease);
    const rollback = await begun(ledger, lease, { kind: "rollback", undoesDeploymentId: undone.id });
    for (const statement of database.failUpdates("tb_deployment_stat", ["rollbacks"]))
      await adapter.executeQuery(statement, [], { placeholders: "native" });
    const before = await contentsOf(adapter);
    await expect(ledger.endDeployment(lease, rollback.id, { status: "success" })).rejects.toThrow(/refused/);
    expect(await contentsOf(adapter)).toEqual(before);
  });

  test.each([
    ["success", "success"],
    ["failed", "failed"],
    ["cancelled", "cancelled"],
    ["abandoned", "abandoned"],
    ["rolled_back", "failed"],
    ["rollback_failed", "failed"],
  ] as const)("as %s makes the running step %s, and no other", async (status, outcome) => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await ledger.startStep(lease, id, { name: "fetch", direction: "do" });
    await ledger.finishStep(lease, id, 1, "skipped", "there already");
    await ledger.startStep(lease, id, { name: "build", direction: "do" });
    await ledger.endDeployment(lease, id, { status });
    expect(await ledger.getSteps(id)).toMatchObject([
      { outcome: "skipped", message: "there already" },
      { outcome, endedAt: expect.any(Date) },
    ]);
  });

  test.each([
    ["success", { newVersion: "v9", details: { b: [1, { c: null }], a: "é" } }],
    ["failed", { errorMessage: "why\0 not", details: {} }],
    ["cancelled", {}],
  ] as const)("as %s returns what is read of it from then on", async (status, more) => {
    const { ledger, clock } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    clock.advance(1234);
    const returned = await ledger.endDeployment(lease, id, { status, ...more });
    expect(returned).toEqual(await ledger.getDeployment(id));
  });

  test("takes no negative time when the clock goes back", async () => {
    const { ledger, clock } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    clock.advance(-3_600_000);
    expect(await ledger.endDeployment(lease, id, { status: "failed" })).toMatchObject({ durationSeconds: 0 });
  });

  test("changes only the fraise's status where nothing was deployed", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const good = await ended(ledger, lease, { newVersion: "v1" });
    await ended(ledger, lease, { newVersion: "v2", end: { status: "rollback_failed", fraise: { status: "down" } } });
    expect(await ledger.getState(identity())).toMatchObject({
      status: "down",
      currentVersion: "v1",
      currentDeploymentId: good.id,
    });
  });
});

type Method = (ledger: Ledger, lease: Lease, id: string) => Promise<unknown>;

const end =
  (status: FinalStatus): Method =>
  (ledger, lease, id) =>
    ledger.endDeployment(lease, id, { status, errorMessage: "why", fraise: { status: "degraded" } });

const METHODS = {
  begin: (ledger, lease, id) => ledger.beginDeployment(lease, id),
  change: (ledger, lease, id) => ledger.changeDeployment(lease, id, { newVersion: "v2" }),
  "end as success": end("success"),
  "end as failed": end("failed"),
  "end as cancelled": end("cancelled"),
  "end as abandoned": end("abandoned"),
  "end as rolled_back": end("rolled_back"),
  "end as rollback_failed": end("rollback_failed"),
  cancelPending: (ledger, _, id) => ledger.cancelPending(id, "locked"),
  abandonPending: (ledger, _, id) => ledger.abandonPending(id, "its process is gone"),
  startStep: (ledger, lease, id) => ledger.startStep(lease, id, { name: "build", direction: "do" }),
  finishStep: (ledger, lease, id) => ledger.finishStep(lease, id, 1, "failed", "no"),
  recordStep: (ledger, _, id) =>
    ledger.recordStep(id, {
      name: "check",
      startedAt: new Date(0),
      endedAt: new Date(1),
      outcome: "success",
      message: null,
    }),
  appendOutput: (ledger, lease, id) =>
    ledger.appendOutput(lease, id, 1, [{ stream: "stderr", text: "oh\n", at: new Date(0) }]),
} as const satisfies Record<string, Method>;

type MethodName = keyof typeof METHODS;

/** What each method makes of a deployment; whatever is missing is refused. */
const LEGAL: Readonly<Record<DeploymentStatus, Partial<Record<MethodName, DeploymentStatus>>>> = {
  pending: { begin: "in_progress", cancelPending: "cancelled", abandonPending: "abandoned", recordStep: "pending" },
  in_progress: {
    change: "in_progress",
    "end as success": "success",
    "end as failed": "failed",
    "end as cancelled": "cancelled",
    "end as abandoned": "abandoned",
    "end as rolled_back": "rolled_back",
    "end as rollback_failed": "rollback_failed",
    startStep: "in_progress",
    finishStep: "in_progress",
    appendOutput: "in_progress",
  },
  success: {},
  failed: {},
  rolled_back: {},
  rollback_failed: {},
  cancelled: {},
  abandoned: {},
  superseded: {},
};

/** A deployment with this status, which has one step (running while it is in progress). */
async function deploymentThatIs(
  status: DeploymentStatus,
  { ledger, adapter }: { ledger: Ledger; adapter: FraiserDatabaseAdapter },
  lease: Lease,
): Promise<string> {
  const { id } = await ledger.createDeployment(newDeployment());
  if (status === "pending") return id;
  if (status === "superseded") {
    await endPending(adapter, id, "superseded", "a newer push", new Date());
    return id;
  }
  await ledger.beginDeployment(lease, id);
  await ledger.startStep(lease, id, { name: "fetch", direction: "do" });
  if (status !== "in_progress") await ledger.endDeployment(lease, id, { status });
  return id;
}

describeEachDatabase("every method on a deployment that is", (open) => {
  let counted = 0;

  test.each(DEPLOYMENT_STATUSES)("%s", async (status) => {
    const opened = await open();
    const { ledger, adapter } = opened;
    const lease = await leaseOf(ledger);
    const unchanged = await deploymentThatIs(status, opened, lease);
    for (const [name, method] of Object.entries(METHODS) as [MethodName, Method][]) {
      counted++;
      const expected = LEGAL[status][name];
      if (expected === undefined) {
        const before = await contentsOf(adapter);
        await expect(method(ledger, lease, unchanged), name).rejects.toThrow(IllegalTransitionError);
        await expect(method(ledger, lease, unchanged), name).rejects.toThrow(`${unchanged} is ${status}`);
        expect(await contentsOf(adapter), name).toEqual(before);
      } else {
        const id = await deploymentThatIs(status, opened, lease);
        const before = await contentsOf(adapter);
        await method(ledger, lease, id);
        expect((await ledger.getDeployment(id))?.status, name).toBe(expected);
        expect(await contentsOf(adapter), name).not.toEqual(before);
      }
    }
  });

  test("nowhere: an id that the ledger does not know", async () => {
    const { ledger, adapter } = await open();
    const lease = await leaseOf(ledger);
    const before = await contentsOf(adapter);
    for (const [name, method] of Object.entries(METHODS))
      await expect(method(ledger, lease, "0198a000-0000-7000-8000-000000000000"), name).rejects.toThrow(
        /0198a000-0000-7000-8000-000000000000 is nothing/,
      );
    expect(await contentsOf(adapter)).toEqual(before);
  });

  test("has been called in every status", () => {
    expect(counted).toBe(DEPLOYMENT_STATUSES.length * Object.keys(METHODS).length);
  });

  test("only a running step can be finished, once", async () => {
    const { ledger, adapter } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await ledger.startStep(lease, id, { name: "build", direction: "do" });
    await ledger.finishStep(lease, id, 1, "success");
    const before = await contentsOf(adapter);
    await expect(ledger.finishStep(lease, id, 1, "failed", "twice")).rejects.toThrow(/step 1/);
    await expect(ledger.finishStep(lease, id, 2, "success")).rejects.toThrow(/step 2/);
    expect(await contentsOf(adapter)).toEqual(before);
  });
});

describeEachDatabase("a rollback", (open) => {
  async function rollBack({ ledger }: TestLedger, lease: Lease, undoes: string, status: FinalStatus): Promise<string> {
    const fraise = { status: "healthy", deployed: status === "success" } as const;
    const { id } = await ended(ledger, lease, {
      kind: "rollback",
      newVersion: "v0",
      undoesDeploymentId: undoes,
      end: { status, fraise },
    });
    return id;
  }

  test.each(DEPLOYMENT_STATUSES)("that undoes a deployment which is %s", async (status) => {
    const opened = await open();
    const lease = await leaseOf(opened.ledger);
    const undone = await deploymentThatIs(status, opened, lease);
    const rollback = await rollBack(opened, lease, undone, "success");
    expect((await opened.ledger.getDeployment(undone))?.status).toBe(status === "success" ? "rolled_back" : status);
    expect(await opened.ledger.getDeployment(rollback)).toMatchObject({
      status: "success",
      kind: "rollback",
      undoesDeploymentId: undone,
    });
    expect(await opened.ledger.getState(identity())).toMatchObject({
      currentVersion: "v0",
      currentDeploymentId: rollback,
    });
  });

  test.each(FINAL.filter((status) => status !== "success"))("that is %s undoes nothing", async (status) => {
    const opened = await open();
    const lease = await leaseOf(opened.ledger);
    const undone = await ended(opened.ledger, lease);
    await rollBack(opened, lease, undone.id, status);
    expect((await opened.ledger.getDeployment(undone.id))?.status).toBe("success");
  });

  test("never takes back when a release was healthy", async () => {
    const opened = await open();
    const { ledger, clock } = opened;
    const lease = await leaseOf(ledger);
    const undone = await ended(ledger, lease, { release: "r2" });
    expect(undone.healthyAt).toEqual(new Date(clock.time));
    clock.advance(60_000);
    await rollBack(opened, lease, undone.id, "success");
    const after = await ledger.getDeployment(undone.id);
    expect(after).toEqual({ ...undone, status: "rolled_back" });
  });

  test.each(FINAL.filter((status) => status !== "success"))("%s makes nothing healthy", async (status) => {
    const { ledger } = await open();
    expect(await ended(ledger, await leaseOf(ledger), { end: { status } })).toMatchObject({ healthyAt: null });
  });

  test("of something that the ledger does not know is refused", async () => {
    const { ledger, adapter } = await open();
    const unknown = "0198a000-0000-7000-8000-000000000000";
    const before = await contentsOf(adapter);
    const create = ledger.createDeployment(newDeployment({ kind: "rollback", undoesDeploymentId: unknown }));
    await expect(create).rejects.toThrow(unknown);
    expect(await contentsOf(adapter)).toEqual(before);
  });

  test("alone can undo something: the database says so too", async () => {
    const { ledger, adapter } = await open();
    const lease = await leaseOf(ledger);
    const first = await ended(ledger, lease);
    const second = await begun(ledger, lease);
    const before = await contentsOf(adapter);
    const change = ledger.changeDeployment(lease, second.id, { undoesDeploymentId: first.id });
    await expect(change).rejects.toMatchObject({ kind: "check_violation" });
    expect(await contentsOf(adapter)).toEqual(before);
  });
});

describeEachDatabase("the database itself refuses", (open) => {
  test.each([
    ["a status that does not exist", "UPDATE tb_deployment SET status = 'done'"],
    ["an end of what has not ended", "UPDATE tb_deployment SET completed_at = started_at"],
    ["a kind that does not exist", "UPDATE tb_deployment SET kind = 'undo'"],
    ["a negative duration", "UPDATE tb_deployment SET duration_seconds = -1"],
    ["a fraise's status that does not exist", "UPDATE tb_fraise_state SET status = 'fine'"],
    ["a counter below zero", "UPDATE tb_fraise_state SET successful_deployments = -1"],
    ["a step that runs and has ended", "UPDATE tb_deployment_step SET ended_at = started_at"],
  ])("%s", async (_, statement) => {
    const { ledger, adapter } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await ledger.startStep(lease, id, { name: "build", direction: "do" });
    await expect(adapter.executeUpdate(statement)).rejects.toMatchObject({ kind: "check_violation" });
  });
});
