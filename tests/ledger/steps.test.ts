import { expect, test } from "vitest";
import type { StepOutcome } from "../../src/ledger/index.ts";
import { begun, describeEachDatabase, ended, leaseOf, newDeployment } from "./support.ts";

const SECOND = 1000;

describeEachDatabase("the steps of a deployment", (open) => {
  test("are numbered from 1 as they begin, each with its times", async () => {
    const { ledger, clock } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    const startedAt = new Date(clock.time);
    const fetch = await ledger.startStep(lease, id, { name: "fetch", direction: "do" });
    expect(fetch).toEqual({
      order: 1,
      name: "fetch",
      direction: "do",
      startedAt,
      endedAt: null,
      outcome: "running",
      message: null,
    });
    clock.advance(SECOND);
    await ledger.finishStep(lease, id, 1, "success", "2 files");
    const build = await ledger.startStep(lease, id, { name: "build", direction: "do" });
    expect(await ledger.getSteps(id)).toEqual([
      { ...fetch, endedAt: new Date(clock.time), outcome: "success", message: "2 files" },
      build,
    ]);
  });

  test.for<Exclude<StepOutcome, "running">>(["success", "failed", "cancelled", "abandoned", "skipped"])(
    "end as %s, with or without a word on it",
    async (outcome) => {
      const { ledger } = await open();
      const lease = await leaseOf(ledger);
      const { id } = await begun(ledger, lease);
      for (const order of [1, 2]) await ledger.startStep(lease, id, { name: `step${order}`, direction: "do" });
      await ledger.finishStep(lease, id, 2, outcome, "it did");
      await ledger.finishStep(lease, id, 1, outcome);
      expect(await ledger.getSteps(id)).toMatchObject([
        { order: 1, outcome, message: null },
        { order: 2, outcome, message: "it did" },
      ]);
    },
  );

  test("may be the inverse of one, of the same name", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await ledger.startStep(lease, id, { name: "migrate", direction: "do" });
    await ledger.finishStep(lease, id, 1, "failed", "no");
    await ledger.startStep(lease, id, { name: "migrate", direction: "undo" });
    expect((await ledger.getSteps(id)).map(({ direction, outcome }) => [direction, outcome])).toEqual([
      ["do", "failed"],
      ["undo", "running"],
    ]);
  });

  test("that were over before it began come first", async () => {
    const { ledger, clock } = await open();
    const { id } = await ledger.createDeployment(newDeployment());
    const step = { startedAt: new Date(clock.time - SECOND), endedAt: new Date(clock.time), message: "clean" } as const;
    await ledger.recordStep(id, { ...step, name: "plan", outcome: "success" });
    await ledger.recordStep(id, { ...step, name: "lock", outcome: "skipped" });
    const lease = await leaseOf(ledger);
    await ledger.beginDeployment(lease, id);
    await ledger.startStep(lease, id, { name: "fetch", direction: "do" });
    expect(await ledger.getSteps(id)).toMatchObject([
      { ...step, order: 1, name: "plan", direction: "do", outcome: "success" },
      { ...step, order: 2, name: "lock", direction: "do", outcome: "skipped" },
      { order: 3, name: "fetch", outcome: "running" },
    ]);
  });

  test("are its own: those of another deployment are numbered and ended apart", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const one = await begun(ledger, lease);
    const other = await begun(ledger, lease);
    for (const { id } of [one, other]) await ledger.startStep(lease, id, { name: "build", direction: "do" });
    await ledger.finishStep(lease, one.id, 1, "success");
    await ledger.endDeployment(lease, one.id, { status: "success" });
    expect(await ledger.getSteps(one.id)).toMatchObject([{ order: 1, outcome: "success" }]);
    expect(await ledger.getSteps(other.id)).toMatchObject([{ order: 1, outcome: "running" }]);
    expect(await ledger.getSteps("0198a000-0000-7000-8000-000000000000")).toEqual([]);
  });

  test("have a name", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await expect(ledger.startStep(lease, id, { name: "", direction: "do" })).rejects.toMatchObject({
      kind: "check_violation",
    });
    expect(await ledger.getSteps(id)).toEqual([]);
  });
});

describeEachDatabase("why something failed", (open) => {
  const printed = "broken\0 pipe \ud83d";
  const kept = "broken␀ pipe �";

  test("can be told whatever a program printed", async () => {
    const { ledger, clock } = await open();
    const lease = await leaseOf(ledger);
    const waiting = await ledger.createDeployment(newDeployment());
    const times = { startedAt: new Date(clock.time), endedAt: new Date(clock.time) };
    await ledger.recordStep(waiting.id, { ...times, name: "plan", outcome: "failed", message: printed });
    await ledger.cancelPending(waiting.id, printed);
    const { id } = await begun(ledger, lease);
    await ledger.startStep(lease, id, { name: "build", direction: "do" });
    await ledger.finishStep(lease, id, 1, "failed", printed);
    await ledger.endDeployment(lease, id, { status: "failed", errorMessage: printed });
    for (const deployment of [waiting.id, id]) {
      expect((await ledger.getDeployment(deployment))?.errorMessage).toBe(kept);
      expect(await ledger.getSteps(deployment)).toMatchObject([{ message: kept }]);
      const told = (await ledger.events({ subjectId: deployment })).filter(({ data }) => "message" in data);
      expect(told.map(({ data }) => data.message)).toEqual([kept, kept]);
    }
  });

  test("is nothing where nothing failed", async () => {
    const { ledger } = await open();
    expect(await ended(ledger, await leaseOf(ledger))).toMatchObject({ status: "success", errorMessage: null });
  });
});
