import { expect, test } from "vitest";
import { StatementCache } from "../../../src/db/sql/statement-cache.ts";
import { DIALECTS } from "./support.ts";

/** A dialect that counts how many placeholders it was asked for: one for each that is scanned. */
function counting() {
  const counts = { scans: 0 };
  const placeholder = (n: number) => {
    counts.scans++;
    return `$${n}`;
  };
  return { counts, dialect: { ...DIALECTS.postgresql, placeholder } };
}

test("a text is scanned once", () => {
  const { counts, dialect } = counting();
  const cache = new StatementCache(dialect);
  const first = cache.get("SELECT ?", false);
  expect(first.sql).toBe("SELECT $1");
  expect(cache.get("SELECT ?", false)).toBe(first);
  expect(counts.scans).toBe(1);
});

test("a native text and the same text with placeholders are two statements", () => {
  const cache = new StatementCache(DIALECTS.postgresql);
  expect(cache.get("SELECT ?", true).sql).toBe("SELECT ?");
  expect(cache.get("SELECT ?", false).sql).toBe("SELECT $1");
  expect(cache.get("SELECT ?", true)).toBe(cache.get("SELECT ?", true));
});

test("a text that is refused is refused each time", () => {
  const cache = new StatementCache(DIALECTS.postgresql);
  for (let n = 0; n < 2; n++) expect(() => cache.get("SELECT 'a", false)).toThrow("never closed");
});

test("the oldest texts are forgotten when there are too many, the others are kept", () => {
  const { counts, dialect } = counting();
  const cache = new StatementCache(dialect, 3);
  const texts = ["SELECT ?, 1", "SELECT ?, 2", "SELECT ?, 3", "SELECT ?, 4"];
  for (const text of texts) cache.get(text, false);
  for (const text of texts.slice(1)) cache.get(text, false);
  expect(counts.scans).toBe(4);
  cache.get(texts[0] ?? "", false);
  expect(counts.scans).toBe(5);
});
