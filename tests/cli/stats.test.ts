import { describe, expect, test } from "vitest";
import { document, emptyFolder, everythingIn, FRUIT, fraisier, project, remember } from "./support.ts";

const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);
const dayOf = (date: Date) => date.toISOString().slice(0, 10);
const FAILED = { end: { status: "failed" } } as const;

interface Counts {
  readonly day: string;
  readonly successes: number;
  readonly failures: number;
  readonly rollbacks: number;
  readonly cancellations: number;
  readonly totalSeconds: number;
  readonly successRate: number | null;
  readonly meanSeconds: number | null;
}

interface Document {
  readonly firstDay: string;
  readonly fraises: { fraise: string; environment: string; total: Counts; byDay: Counts[] }[];
  readonly byDay: Counts[];
}

/** Deployments of two fraises on several days, each of 2.5 seconds. */
async function busyProject(): Promise<string> {
  const folder = project(FRUIT);
  await remember(
    folder,
    { at: daysAgo(40) },
    { at: daysAgo(3) },
    { at: daysAgo(3), ...FAILED },
    { at: daysAgo(1), fraise: "nightly", end: { status: "cancelled" } },
    { at: daysAgo(1) },
    { at: daysAgo(1), environment: "staging", ...FAILED },
  );
  return folder;
}

describe("stats", () => {
  test("counts by place and by day, of the days asked for", async () => {
    const folder = await busyProject();
    const { firstDay, fraises, byDay } = await document<Document>(folder, "stats");
    expect(firstDay).toBe(dayOf(daysAgo(29)));
    expect(fraises.map(({ fraise, environment }) => `${fraise} ${environment}`)).toEqual([
      "nightly production",
      "shop production",
      "shop staging",
    ]);
    expect(fraises[1]?.total).toEqual({
      successes: 2,
      failures: 1,
      rollbacks: 0,
      cancellations: 0,
      totalSeconds: 7.5,
      successRate: 2 / 3,
      meanSeconds: 2.5,
    });
    expect(fraises[0]?.total).toMatchObject({ cancellations: 1, successRate: null });
    expect(
      byDay.map(({ day, successes, failures, cancellations }) => [day, successes, failures, cancellations]),
    ).toEqual([
      [dayOf(daysAgo(3)), 1, 1, 0],
      [dayOf(daysAgo(1)), 1, 1, 1],
    ]);
    const longer = await document<Document>(folder, "stats", "--days", "60", "-f", "shop", "-e", "production");
    expect(longer.fraises.map(({ total }) => total.successes)).toEqual([3]);
    expect(longer.byDay).toHaveLength(3);
  });

  test("for people: two tables", async () => {
    const { stdout } = await fraisier(await busyProject(), ["stats", "-d", "7"]);
    expect(stdout).toMatch(new RegExp(`^The last 7 days, since ${dayOf(daysAgo(6))} \\(UTC\\)$`, "m"));
    expect(stdout).toMatch(/^shop +production +2 +1 +0 +0 +67 % +2\.5 s$/m);
    expect(stdout).toMatch(new RegExp(`^${dayOf(daysAgo(1))} +1 +1 +0 +1 +50 % +2\\.5 s$`, "m"));
  });

  test("where nothing is: it says so, and makes nothing", async () => {
    const folder = emptyFolder();
    expect(await fraisier(folder, ["stats"])).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "Nothing deployed yet.\n",
    });
    expect(everythingIn(folder)).toEqual([]);
    const other = await fraisier(await busyProject(), ["stats", "-f", "bakery"]);
    expect(other).toMatchObject({ exitCode: 0, stdout: "" });
    expect(other.stderr).toMatch(/^No deployment ended since /);
    for (const days of ["0", "many"]) expect((await fraisier(folder, ["stats", "--days", days])).exitCode).toBe(2);
  });
});
