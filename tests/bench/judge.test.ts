import { describe, expect, test } from "vitest";
import type { Contender, Work } from "../../bench/adapter/work.ts";
import { certainRatiosOf, isKept, isWithin, ratiosOf, regressionsOf } from "../../bench/measure/judge.ts";
import type { Measurement } from "../../bench/measure/results.ts";
import { promised } from "../../bench/measure/targets.ts";

function measured(contender: Contender, median: number, work: Work = "byKey"): Measurement {
  const all = { median, low: median, high: median, values: [median], cpuMicroseconds: 1 };
  return { database: "postgresql", work, contender, ...all };
}

describe("ratios", () => {
  test("say how many times as fast Fraisier is, with what is promised", () => {
    const ratios = ratiosOf([measured("bare", 100), measured("fraisier", 96), measured("Kysely", 64)]);
    expect(ratios).toEqual([
      { id: "postgresql byKey / bare", value: 0.96, atLeast: 0.95 },
      { id: "postgresql byKey / Kysely", value: 1.5, atLeast: 1.6 },
    ]);
    expect(ratios.map(isKept)).toEqual([true, false]);
  });

  test("are of one work, and need both sides", () => {
    expect(
      ratiosOf([measured("bare", 100), measured("fraisier", 96, "insert"), measured("Knex", 0, "insert")]),
    ).toEqual([]);
  });

  test("without a promise are kept", () => {
    const [ratio] = ratiosOf([measured("postgres.js", 100, "insert"), measured("fraisier", 1, "insert")]);
    expect(ratio).toMatchObject({ atLeast: null });
    expect(ratio && isKept(ratio)).toBe(true);
  });
});

test("what is certain of a run is its ratios with the spread against Fraisier; what has no rounds stays", () => {
  const measurements = [
    { ...measured("bare", 100), low: 90, high: 125 },
    { ...measured("fraisier", 80), low: 50, high: 85 },
  ];
  const python = { id: "start and completion / Python", value: 0.8, atLeast: 1 };
  expect(certainRatiosOf({ measurements, ratios: [...ratiosOf(measurements), python] })).toEqual([
    { id: "postgresql byKey / bare", value: 0.4, atLeast: 0.95 },
    python,
  ]);
});

test("of several promises the strictest counts, and what no promise names has none", () => {
  expect(promised("mariadb", "byKey", "Drizzle")).toBe(2);
  expect(promised("sqlite", "stream", "bare")).toBeCloseTo(0.83, 2);
  expect(promised("sqlite", "stream", "Kysely")).toBeNull();
});

test("a limit may be reached and not exceeded", () => {
  const limit = { id: "package", unit: "MB", atMost: 6 } as const;
  expect([5.9, 6, 6.1].map((value) => isWithin({ ...limit, value }))).toEqual([true, true, false]);
});

describe("a quick run", () => {
  const recorded = [{ id: "a", value: 2, atLeast: 1.6 }];
  const now = (value: number, id = "a") => [{ id, value, atLeast: 1.6 }];

  test("fails below half of what is recorded, and no sooner", () => {
    expect(regressionsOf(now(0.99), recorded)).toEqual([{ id: "a", value: 0.99, recorded: 2 }]);
    expect(regressionsOf(now(1), recorded)).toEqual([]);
  });

  test("does not judge what was not recorded", () => {
    expect(regressionsOf(now(0.01, "b"), recorded)).toEqual([]);
    expect(regressionsOf([], recorded)).toEqual([]);
  });
});
