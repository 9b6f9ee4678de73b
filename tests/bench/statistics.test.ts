import { describe, expect, test } from "vitest";
import { median, quantile, summarize } from "../../bench/measure/statistics.ts";

describe("the statistics of a run", () => {
  test("the median is the value in the middle, whatever the order, or half-way between the two there", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([100, 9, 20, 10])).toBe(15);
    expect(median([7])).toBe(7);
  });

  test("a quantile lies between its neighbours by their distance", () => {
    const values = [50, 40, 30, 20, 10];
    expect([0, 0.25, 0.9, 1].map((share) => quantile(values, share))).toEqual([10, 20, 46, 50]);
  });

  test("the spread is the middle half, which one bad round does not widen", () => {
    expect(summarize([100, 101, 102, 103, 10_000])).toEqual({ median: 102, low: 101, high: 103 });
  });

  test("nothing is said of no values", () => {
    expect(() => median([])).toThrow(RangeError);
  });
});
