import fc from "fast-check";
import { expect, test } from "vitest";
import type { Deployment, DeploymentFilter, FinalStatus, NewDeployment } from "../../src/ledger/index.ts";
import { begun, describeEachDatabase, ended, leaseOf, newDeployment, type TestLedger } from "./support.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 15, 12);

type Chapter = Partial<NewDeployment> & {
  readonly newVersion: string;
  readonly as: FinalStatus | "pending" | "in_progress";
};

/** One a minute, the oldest first. */
const STORY: readonly Chapter[] = [
  { newVersion: "v1", as: "success" },
  { newVersion: "v2", as: "failed", environment: "staging" },
  { newVersion: "v3", as: "cancelled", fraise: "blog" },
  { newVersion: "v4", as: "rolled_back", project: "bakery" },
  { newVersion: "v5", as: "success", kind: "rollback", target: "local:other" },
  { newVersion: "v6", as: "abandoned", fraise: "blog", environment: "staging", job: "nightly" },
  { newVersion: "v7", as: "in_progress" },
  { newVersion: "v8", as: "pending", fraise: "blog" },
];

async function tell({ ledger, clock }: TestLedger): Promise<void> {
  const lease = await leaseOf(ledger);
  for (const { as, ...parts } of STORY) {
    if (as === "pending") await ledger.createDeployment(newDeployment(parts));
    else if (as === "in_progress") await begun(ledger, lease, parts);
    else await ended(ledger, lease, { ...parts, end: { status: as } });
    clock.advance(MINUTE);
  }
}

const versions = (deployments: readonly Deployment[]) => deployments.map(({ newVersion }) => newVersion);

describeEachDatabase("history", (open) => {
  test.for<[filter: DeploymentFilter, versions: string]>([
    [{}, "v8 v7 v6 v5 v4 v3 v2 v1"],
    [{ project: "" }, "v8 v7 v6 v5 v3 v2 v1"],
    [{ project: "bakery" }, "v4"],
    [{ fraise: "shop" }, "v7 v5 v4 v2 v1"],
    [{ environment: "staging" }, "v6 v2"],
    [{ fraise: "shop", environment: "production" }, "v7 v5 v4 v1"],
    [{ target: "local:other" }, "v5"],
    [{ kind: "rollback" }, "v5"],
    [{ status: ["success"] }, "v5 v1"],
    [{ status: ["failed", "abandoned", "cancelled"] }, "v6 v3 v2"],
    [{ status: ["pending", "in_progress"] }, "v8 v7"],
    [{ status: ["superseded"] }, ""],
    [{ status: [] }, ""],
    [{ fraise: "shop", status: [] }, ""],
    [{ fraise: "shop", status: ["success", "failed", "in_progress"] }, "v7 v5 v2 v1"],
    [{ since: new Date(START + 5 * MINUTE) }, "v8 v7 v6"],
    [{ since: new Date(START + 5 * MINUTE + 1) }, "v8 v7"],
    [{ since: new Date(START + 8 * MINUTE) }, ""],
    [{ limit: 3 }, "v8 v7 v6"],
    [{ fraise: "blog", status: ["cancelled", "abandoned"], since: new Date(START), limit: 1 }, "v6"],
    [{ fraise: "sho" }, ""],
    [{ fraise: "Shop" }, ""],
    [{ fraise: "shop' OR '1'='1" }, ""],
    [{ fraise: "%" }, ""],
  ])("of %j is %s", async ([filter, expected]) => {
    const opened = await open();
    await tell(opened);
    expect(versions(await opened.ledger.listDeployments(filter)).join(" ")).toBe(expected);
  });

  test("is the last 20 unless more are asked for", async () => {
    const { ledger } = await open();
    for (let index = 0; index < 25; index++) await ledger.createDeployment(newDeployment());
    expect(await ledger.listDeployments()).toHaveLength(20);
    expect(await ledger.listDeployments({ limit: 100 })).toHaveLength(25);
  });

  test("of one moment has the one that was written last first", async () => {
    const { ledger } = await open();
    const made: string[] = [];
    for (let index = 0; index < 12; index++) made.push((await ledger.createDeployment(newDeployment())).id);
    const listed = await ledger.listDeployments();
    expect(new Set(listed.map(({ startedAt }) => startedAt.getTime())).size).toBe(1);
    expect(listed.map(({ id }) => id)).toEqual(made.reverse());
  });

  test("is ordered by when it began, though the clock went back and ids did not", async () => {
    const { ledger, clock } = await open();
    for (const [newVersion, minutes] of [
      ["first", 10],
      ["earlier", -15],
      ["between", 12],
    ] as const) {
      clock.advance(minutes * MINUTE);
      await ledger.createDeployment(newDeployment({ newVersion }));
    }
    expect(versions(await ledger.listDeployments())).toEqual(["first", "between", "earlier"]);
  });

  test("is the same in pages of any size, equal times or not", async () => {
    const opened = await open();
    const { ledger, clock } = opened;
    await tell(opened);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(0, 0, 0, -3, 5), { maxLength: 4 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom<DeploymentFilter>({}, { fraise: "shop" }, { status: ["pending", "success"] }),
        async (jumps, limit, filter) => {
          for (const minutes of jumps) {
            clock.advance(minutes * MINUTE);
            await ledger.createDeployment(newDeployment());
          }
          const whole = await ledger.listDeployments({ ...filter, limit: 1000 });
          const pages: Deployment[] = [];
          let page: Deployment[];
          do {
            const last = pages.at(-1);
            page = await ledger.listDeployments({ ...filter, limit, ...(last && { after: last.id }) });
            pages.push(...page);
          } while (page.length === limit && pages.length <= whole.length);
          expect(pages).toEqual(whole);
        },
      ),
      { numRuns: 20 },
    );
  });

  test("does not show anything twice when more is deployed between two pages", async () => {
    const opened = await open();
    const { ledger } = opened;
    await tell(opened);
    const first = await ledger.listDeployments({ limit: 3 });
    await ledger.createDeployment(newDeployment({ newVersion: "v9" }));
    const second = await ledger.listDeployments({ limit: 3, after: first.at(-1)?.id ?? "" });
    expect(versions([...first, ...second])).toEqual(["v8", "v7", "v6", "v5", "v4", "v3"]);
  });

  test("goes on after a deployment that the filter itself leaves out", async () => {
    const opened = await open();
    await tell(opened);
    const [blog] = await opened.ledger.listDeployments({ fraise: "blog", status: ["cancelled"] });
    expect(versions(await opened.ledger.listDeployments({ fraise: "shop", after: blog?.id ?? "" }))).toEqual([
      "v2",
      "v1",
    ]);
  });

  test("after a deployment that there is not is empty", async () => {
    const opened = await open();
    await tell(opened);
    expect(await opened.ledger.listDeployments({ after: "0198a000-0000-7000-8000-000000000000" })).toEqual([]);
  });
});
