import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketOf } from "../../src/ledger/counters.ts";
import type { Deployment, FinalStatus, Ledger } from "../../src/ledger/index.ts";
import { begun, describeEachDatabase, ended, identity, leaseOf, newDeployment, type TestLedger } from "./support.ts";

const DAY = 86_400_000;
const SCALE = process.env.FRAISIER_TEST_SCALE === "1" ? 10 : 1;

test.each([
  ["success", true, "successes"],
  ["rolled_back", true, "rollbacks"],
  ["rolled_back", false, "failures"],
  ["failed", false, "failures"],
  ["rollback_failed", false, "failures"],
  ["abandoned", false, "failures"],
  ["cancelled", false, "cancellations"],
  ["superseded", false, "cancellations"],
  ["pending", false, null],
  ["in_progress", false, null],
] as const)("a deployment that is %s (once healthy: %s) counts among the %s", (status, wasHealthy, bucket) => {
  expect(bucketOf(status, wasHealthy)).toBe(bucket);
});

type Act =
  | { readonly what: "deploy"; readonly fraise: number; readonly as: FinalStatus }
  | { readonly what: "rollback"; readonly undoes: number; readonly as: FinalStatus }
  | { readonly what: "give up"; readonly fraise: number; readonly as: "cancelled" | "abandoned" }
  | { readonly what: "wait"; readonly milliseconds: number };

const final = fc.constantFrom<FinalStatus>(
  "success",
  "success",
  "success",
  "failed",
  "cancelled",
  "abandoned",
  "rolled_back",
  "rollback_failed",
);
const fraise = fc.nat({ max: 1 });
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ what: fc.constant("deploy" as const), fraise, as: final }),
  fc.record({ what: fc.constant("rollback" as const), undoes: fc.nat({ max: 30 }), as: final }),
  fc.record({ what: fc.constant("give up" as const), fraise, as: fc.constantFrom("cancelled" as const, "abandoned") }),
  fc.record({ what: fc.constant("wait" as const), milliseconds: fc.integer({ min: 1, max: 2 * DAY }) }),
);

async function perform({ ledger, clock }: TestLedger, acts: readonly Act[]): Promise<void> {
  const lease = await leaseOf(ledger);
  const done: Deployment[] = [];
  for (const { what, ...given } of acts.map((one) => ({ ...one })) as (Act & Record<string, never>)[]) {
    clock.advance(1500);
    const name = `fraise${given.fraise ?? 0}`;
    if (what === "wait") clock.advance(given.milliseconds);
    else if (what === "give up") {
      const { id } = await ledger.createDeployment(newDeployment({ fraise: name }));
      if (given.as === "cancelled") await ledger.cancelPending(id, "locked");
      else await ledger.abandonPending(id, "gone");
    } else if (what === "deploy") {
      const { id } = await begun(ledger, lease, { fraise: name });
      clock.advance(2000);
      done.push(await ledger.endDeployment(lease, id, { status: given.as }));
    } else {
      const undone = done[given.undoes % Math.max(1, done.length)];
      if (undone === undefined) continue;
      const wanted = { kind: "rollback", fraise: undone.fraise, undoesDeploymentId: undone.id } as const;
      done.push(await ended(ledger, lease, { ...wanted, end: { status: given.as } }));
    }
  }
}

/** The counters, by a recount of all history. */
async function recount(ledger: Ledger, name: string): Promise<Record<string, unknown>> {
  const rows = await ledger.listDeployments({ fraise: name, limit: 10_000 });
  const days = new Map<string, Record<string, number>>();
  for (const row of rows) {
    if (row.completedAt === null) continue;
    const day = row.completedAt.toISOString().slice(0, 10);
    const counts = days.get(day) ?? { successes: 0, failures: 0, rollbacks: 0, cancellations: 0, totalSeconds: 0 };
    const bucket =
      row.status === "success"
        ? "successes"
        : row.status === "rolled_back" && row.healthyAt !== null
          ? "rollbacks"
          : row.status === "cancelled" || row.status === "superseded"
            ? "cancellations"
            : "failures";
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    counts.totalSeconds = (counts.totalSeconds ?? 0) + (row.durationSeconds ?? 0);
    days.set(day, counts);
  }
  const total = (bucket: string) => [...days.values()].reduce((sum, counts) => sum + (counts[bucket] ?? 0), 0);
  return {
    successfulDeployments: total("successes"),
    failedDeployments: total("failures"),
    days: [...days].map(([day, counts]) => ({ day, ...counts })).sort((a, b) => (a.day < b.day ? -1 : 1)),
  };
}

async function counted(ledger: Ledger, name: string): Promise<Record<string, unknown>> {
  const state = await ledger.getState(identity({ fraise: name }));
  if (state === null) return { successfulDeployments: 0, failedDeployments: 0, days: [] };
  return {
    successfulDeployments: state.successfulDeployments,
    failedDeployments: state.failedDeployments,
    days: await ledger.dayCounts(state, "2026-01-01"),
  };
}

describeEachDatabase("the counters", (open) => {
  test("equal a recount of history, whatever happened", { timeout: 600_000 }, async () => {
    let undone = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 30 }), async (acts) => {
        const opened = await open();
        await perform(opened, acts);
        for (const name of ["fraise0", "fraise1"])
          expect(await counted(opened.ledger, name)).toEqual(await recount(opened.ledger, name));
        undone += (await opened.ledger.listDeployments({ status: ["rolled_back"], limit: 1000 })).length;
        await opened.adapter.close();
      }),
      { numRuns: 15 * SCALE },
    );
    expect(undone).toBeGreaterThan(0);
  });

  test("of a day change when a later rollback undoes its success, not those of today", async () => {
    const { ledger, clock } = await open();
    const lease = await leaseOf(ledger);
    const good = await ended(ledger, lease);
    clock.advance(3 * DAY);
    await ended(ledger, lease, { kind: "rollback", undoesDeploymentId: good.id });
    const state = await ledger.getState(identity());
    expect(state).toMatchObject({ successfulDeployments: 1, failedDeployments: 0 });
    const none = { failures: 0, cancellations: 0, totalSeconds: 0 };
    expect(await ledger.dayCounts({ id: state?.id ?? "" }, "2026-01-01")).toEqual([
      { day: "2026-01-15", successes: 0, rollbacks: 1, ...none },
      { day: "2026-01-18", successes: 1, rollbacks: 0, ...none },
    ]);
    expect(await ledger.dayCounts({ id: state?.id ?? "" }, "2026-01-16")).toHaveLength(1);
  });

  test("split at midnight UTC, by the moment of the end", async () => {
    const { ledger, clock } = await open();
    const lease = await leaseOf(ledger);
    clock.time = Date.UTC(2026, 0, 15, 23, 59, 59);
    const { id } = await begun(ledger, lease);
    clock.advance(1000);
    await ledger.endDeployment(lease, id, { status: "failed" });
    const state = await ledger.getState(identity());
    expect(await ledger.dayCounts({ id: state?.id ?? "" }, "2026-01-01")).toMatchObject([
      { day: "2026-01-16", failures: 1, totalSeconds: 1 },
    ]);
  });

  test("are kept for each environment and job apart", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    await ended(ledger, lease);
    await ended(ledger, lease, { environment: "staging", end: { status: "failed" } });
    await ended(ledger, lease, { job: "nightly" });
    await ended(ledger, lease, { job: "nightly" });
    const counts = (await ledger.listStates()).map((state) => [
      state.environment,
      state.job,
      state.successfulDeployments,
      state.failedDeployments,
    ]);
    expect(counts).toEqual([
      ["production", null, 1, 0],
      ["production", "nightly", 2, 0],
      ["staging", null, 0, 1],
    ]);
  });

  test("are what the view of the older version shows", async () => {
    const { ledger, adapter } = await open();
    const lease = await leaseOf(ledger);
    await ended(ledger, lease);
    await ended(ledger, lease, { end: { status: "failed" } });
    await ended(ledger, lease, { end: { status: "failed" } });
    const view = "SELECT fraise_name, successful_deployments, failed_deployments FROM v_fraise_status";
    expect(await adapter.executeQuery(view)).toEqual([
      { fraise_name: "shop", successful_deployments: 1, failed_deployments: 2 },
    ]);
  });
});
