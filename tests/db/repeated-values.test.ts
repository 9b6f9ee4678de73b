import { expect, test } from "vitest";
import { repeatsValue } from "../../src/db/repeated-values.ts";

test("what repeats a value is found among as many as a statement can have, at once", () => {
  const values = Array.from({ length: 65_535 }, (_, n) => String(n * 7919));
  const sql = `INSERT INTO item VALUES (${values.map((_, n) => `$${n + 1}`).join(", ")})`;
  const started = performance.now();
  const text = (quoted: string) => `null value in column "${quoted}" violates not-null constraint`;
  expect(repeatsValue(text("c5"), '"', { sql, values })).toBe(false);
  expect(repeatsValue(text("c5"), '"', { sql, values: [...values, "abc5"] })).toBe(true);
  expect(repeatsValue(text("c5 for abc"), '"', { sql, values: [...values, "abc"] })).toBe(true);
  expect(performance.now() - started).toBeLessThan(1000);
});
