import { expect, test } from "vitest";
import { doublings } from "../../bench/adapter/schema.ts";

test.each([1, 2, 3, 1000, 1_000_000])("a table of one row becomes one of %i by copying", (count) => {
  let rows = 1;
  for (const { have, more } of doublings(count)) {
    expect(have).toBe(rows);
    expect(more).toBeLessThanOrEqual(have);
    rows += more;
  }
  expect(rows).toBe(count);
});
