import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LINE_LIMIT, LineSplitter } from "../../src/targets/local/line-splitter.ts";
import { ManualClock } from "../support/manual-clock.ts";

function splitter(clock: ManualClock | null = new ManualClock()) {
  const lines: string[] = [];
  return { lines, splitter: new LineSplitter((line) => lines.push(line), clock) };
}

describe("output", () => {
  test("becomes the same lines however its bytes are split", () => {
    const text = fc.array(fc.string({ unit: "grapheme", maxLength: 12 }).map((line) => line.replace(/[\r\n]/g, "é")));
    fc.assert(
      fc.property(text, fc.boolean(), fc.array(fc.nat(100)), (expected, lastEnded, cuts) => {
        const bytes = Buffer.from(expected.join("\n") + (lastEnded ? "\n" : ""));
        const { lines, splitter: split } = splitter();
        const positions = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
        for (const [index, position] of [0, ...positions].entries())
          split.write(bytes.subarray(position, positions[index]));
        split.end();
        const wanted = expected.join("\n") + (lastEnded ? "\n" : "");
        expect(lines.join("\n")).toBe(wanted.replace(/\n$/, ""));
        for (const line of lines) expect(line).not.toContain("\n");
      }),
    );
  });

  test("is a line each, without its end, and the last one needs none", () => {
    const { lines, splitter: split } = splitter();
    split.write(Buffer.from("one\r\n\ntwo\nthr"));
    expect(lines).toEqual(["one", "", "two"]);
    split.write(Buffer.from("ee"));
    split.end();
    expect(lines).toEqual(["one", "", "two", "three"]);
  });

  test("that has no end yet shows after a second", () => {
    const clock = new ManualClock();
    const { lines, splitter: split } = splitter(clock);
    split.write(Buffer.from("50 %"));
    clock.advance(900);
    split.write(Buffer.from(" 60 %"));
    expect(lines).toEqual([]);
    clock.advance(100);
    expect(lines).toEqual(["50 % 60 %"]);
    split.write(Buffer.from(" 100 %\n"));
    expect(lines).toEqual(["50 % 60 %", " 100 %"]);
    expect(clock.waiting).toBe(0);
  });

  test("without an end in sight comes in pieces, no character torn apart", () => {
    const { lines, splitter: split } = splitter();
    const text = `${"a".repeat(LINE_LIMIT - 1)}😀${"b".repeat(LINE_LIMIT)}`;
    split.write(Buffer.from(text));
    split.end();
    expect(lines.join("")).toBe(text);
    expect(lines.length).toBe(3);
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(LINE_LIMIT);
      expect(line.isWellFormed()).toBe(true);
    }
  });

  test("for programs is never cut nor shown early", () => {
    const { lines, splitter: split } = splitter(null);
    split.write(Buffer.from("a".repeat(3 * LINE_LIMIT)));
    expect(lines).toEqual([]);
    split.write(Buffer.from("\n"));
    expect(lines.map((line) => line.length)).toEqual([3 * LINE_LIMIT]);
  });
});
