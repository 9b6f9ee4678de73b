import { expect, test } from "vitest";
import type { LedgerEvent } from "../../src/ledger/index.ts";
import {
  begun,
  describeEachDatabase,
  ended,
  holder,
  leaseOf,
  newDeployment,
  TARGET,
  type TestLedger,
} from "./support.ts";

/** What a call added to the events. */
async function eventsOf({ ledger }: TestLedger, call: () => Promise<unknown>): Promise<LedgerEvent[]> {
  const before = (await ledger.events({ limit: 100_000 })).at(-1)?.sequence ?? 0;
  await call();
  return ledger.events({ afterSequence: before });
}

const kindsOf = (events: readonly LedgerEvent[]): string[] => events.map((event) => event.kind);

describeEachDatabase("events", (open, database) => {
  test("tell of each change of a deployment, in order, with its time", async () => {
    const opened = await open();
    const { ledger, clock } = opened;
    const { id } = await ledger.createDeployment(newDeployment());
    const lease = await leaseOf(ledger);
    const told = await eventsOf(opened, async () => {
      clock.advance(1000);
      await ledger.beginDeployment(lease, id);
      await ledger.startStep(lease, id, { name: "build", direction: "do" });
      await ledger.changeDeployment(lease, id, { releaseId: "r1", details: { port: 1 } });
      clock.advance(1000);
      await ledger.finishStep(lease, id, 1, "success", "built");
      await ledger.endDeployment(lease, id, { status: "success", fraise: { status: "healthy", deployed: true } });
    });
    expect(told.map(({ sequence, ...event }) => event)).toEqual([
      { at: new Date(clock.time - 1000), kind: "deployment.started", subjectId: id, data: { token: lease.token } },
      {
        at: new Date(clock.time - 1000),
        kind: "step.started",
        subjectId: id,
        data: { order: 1, name: "build", direction: "do" },
      },
      {
        at: new Date(clock.time - 1000),
        kind: "deployment.changed",
        subjectId: id,
        data: { releaseId: "r1", details: { port: 1 } },
      },
      {
        at: new Date(clock.time),
        kind: "step.finished",
        subjectId: id,
        data: { order: 1, outcome: "success", message: "built" },
      },
      { at: new Date(clock.time), kind: "deployment.success", subjectId: id, data: { message: null, seconds: 2 } },
      { at: new Date(clock.time), kind: "fraise.changed", subjectId: id, data: { status: "healthy", version: "v1" } },
    ]);
  });

  test("tell of what a deployment is when it is created", async () => {
    const opened = await open();
    const [event] = await eventsOf(opened, () => opened.ledger.createDeployment(newDeployment()));
    expect(event).toMatchObject({
      kind: "deployment.created",
      data: { kind: "deploy", fraise: "shop", environment: "production", user: "maria" },
    });
  });

  test("tell how a step ended that its deployment's end cut short", async () => {
    const opened = await open();
    const { ledger } = opened;
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await ledger.startStep(lease, id, { name: "build", direction: "do" });
    const told = await eventsOf(opened, () => ledger.endDeployment(lease, id, { status: "abandoned" }));
    expect(told).toMatchObject([
      { kind: "step.finished", subjectId: id, data: { order: 1, outcome: "abandoned", message: null } },
      { kind: "deployment.abandoned", subjectId: id },
    ]);
  });

  test.each(["failed", "cancelled", "abandoned", "rolled_back", "rollback_failed"] as const)(
    "tell that a deployment is %s, and why",
    async (status) => {
      const opened = await open();
      const { ledger } = opened;
      const lease = await leaseOf(ledger);
      const { id } = await begun(ledger, lease);
      const told = await eventsOf(opened, () => ledger.endDeployment(lease, id, { status, errorMessage: "disk" }));
      expect(told).toMatchObject([{ kind: `deployment.${status}`, subjectId: id, data: { message: "disk" } }]);
    },
  );

  test.each(["cancelPending", "abandonPending"] as const)("tell of %s", async (method) => {
    const opened = await open();
    const { id } = await opened.ledger.createDeployment(newDeployment());
    const told = await eventsOf(opened, () => opened.ledger[method](id, "why not"));
    const kind = method === "cancelPending" ? "deployment.cancelled" : "deployment.abandoned";
    expect(told).toMatchObject([{ kind, subjectId: id, data: { message: "why not" } }]);
  });

  test("tell of a step that was over already", async () => {
    const opened = await open();
    const { id } = await opened.ledger.createDeployment(newDeployment());
    const endedAt = new Date(Date.UTC(2026, 0, 2));
    const told = await eventsOf(opened, () =>
      opened.ledger.recordStep(id, { name: "check", startedAt: endedAt, endedAt, outcome: "failed", message: "no" }),
    );
    expect(told).toMatchObject([
      { kind: "step.finished", at: endedAt, data: { order: 1, name: "check", outcome: "failed", message: "no" } },
    ]);
  });

  test("tell of the deployment that a rollback undid, and by which", async () => {
    const opened = await open();
    const { ledger } = opened;
    const lease = await leaseOf(ledger);
    const undone = await ended(ledger, lease);
    const rollback = await begun(ledger, lease, { kind: "rollback", undoesDeploymentId: undone.id });
    const told = await eventsOf(opened, () => ledger.endDeployment(lease, rollback.id, { status: "success" }));
    expect(told).toMatchObject([
      { kind: "deployment.success", subjectId: rollback.id },
      { kind: "deployment.rolled_back", subjectId: undone.id, data: { by: rollback.id } },
    ]);
  });

  test("tell of leases had and freed", async () => {
    const opened = await open();
    const { ledger } = opened;
    const told = await eventsOf(opened, async () => {
      const lease = await leaseOf(ledger, { holder: holder({ user: "ben", pid: 9 }) });
      await ledger.heartbeat(lease);
      await ledger.releaseLease(lease);
    });
    expect(told).toMatchObject([
      { kind: "lease.acquired", subjectId: TARGET, data: { user: "ben", host: "web1", pid: 9 } },
      { kind: "lease.released", subjectId: TARGET },
    ]);
  });

  test("tell of webhooks", async () => {
    const opened = await open();
    const { ledger } = opened;
    const { id } = await ledger.createDeployment(newDeployment());
    let webhook = "";
    const told = await eventsOf(opened, async () => {
      webhook = await ledger.recordWebhookEvent({
        provider: "gitea",
        type: "push",
        branch: "main",
        commit: null,
        sender: null,
        payload: {},
      });
      await ledger.linkWebhookToDeployment(webhook, id);
      await ledger.linkWebhookToDeployment(webhook, "0198a000-0000-7000-8000-000000000000");
    });
    expect(told).toMatchObject([
      { kind: "webhook.received", subjectId: webhook, data: { provider: "gitea", type: "push" } },
      { kind: "webhook.linked", subjectId: webhook, data: { deploymentId: id } },
    ]);
  });

  test("are written with their change or not at all", async () => {
    const opened = await open();
    const { ledger, adapter } = opened;
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    for (const statement of database.failUpdates("tb_deployment", ["release_id"]))
      await adapter.executeQuery(statement, [], { placeholders: "native" });
    const told = await eventsOf(opened, () =>
      ledger.changeDeployment(lease, id, { releaseId: "r1" }).catch((error: Error) => error),
    );
    expect(told).toEqual([]);
  });

  test("take their change with them when they cannot be written", async () => {
    const { ledger, adapter } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await adapter.executeQuery("ALTER TABLE tb_event RENAME TO tb_event_away");
    await expect(ledger.createDeployment(newDeployment())).rejects.toMatchObject({ kind: "undefined_table" });
    await expect(ledger.changeDeployment(lease, id, { releaseId: "r1" })).rejects.toThrow();
    await expect(ledger.startStep(lease, id, { name: "build", direction: "do" })).rejects.toThrow();
    await expect(ledger.endDeployment(lease, id, { status: "failed" })).rejects.toThrow();
    await expect(ledger.releaseLease(lease)).rejects.toThrow();
    expect(await ledger.listDeployments()).toMatchObject([{ id, status: "in_progress", releaseId: null }]);
    expect(await ledger.getSteps(id)).toEqual([]);
    expect(await ledger.readLease(TARGET)).not.toBeNull();
  });

  test("are read on from a sequence, of one subject, and no more than asked for", async () => {
    const { ledger } = await open();
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) ids.push((await ledger.createDeployment(newDeployment())).id);
    await ledger.cancelPending(ids[0] ?? "", "no");
    const all = await ledger.events();
    expect(all.map((event) => event.subjectId)).toEqual([...ids, ids[0]]);
    const sequences = all.map((event) => event.sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(new Set(sequences).size).toBe(6);
    expect(await ledger.events({ limit: 2 })).toEqual(all.slice(0, 2));
    expect(await ledger.events({ afterSequence: sequences[1] ?? 0, limit: 2 })).toEqual(all.slice(2, 4));
    expect(kindsOf(await ledger.events({ subjectId: ids[0] ?? "" }))).toEqual([
      "deployment.created",
      "deployment.cancelled",
    ]);
    expect(await ledger.events({ subjectId: ids[0] ?? "", afterSequence: sequences[0] ?? 0 })).toEqual([all[5]]);
  });

  test("keep their order when many write at once, and are never given a number twice", async () => {
    const { ledger, adapter } = await open();
    await Promise.all(Array.from({ length: 20 }, () => ledger.createDeployment(newDeployment())));
    const events = await ledger.events();
    expect(new Set(events.map((event) => event.subjectId)).size).toBe(20);
    const newest = events.at(-1)?.sequence ?? 0;
    await adapter.executeUpdate("DELETE FROM tb_event");
    await ledger.createDeployment(newDeployment());
    expect((await ledger.events())[0]?.sequence).toBeGreaterThan(newest);
  });
});
