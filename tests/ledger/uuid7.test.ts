import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";

const NOW = Date.UTC(2026, 5, 1);
const MILLISECONDS_48_BITS = 2 ** 48 - 1;

/** Fresh for every test: the order of a process is one for all that it makes. */
let uuid7: (milliseconds: number) => string;
let shortId: (id: string) => string;

beforeEach(async () => {
  vi.resetModules();
  ({ uuid7, shortId } = await import("../../src/ledger/uuid7.ts"));
});

const timeOf = (id: string): number => Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
const isSorted = (ids: readonly string[]): boolean =>
  ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? ""));

describe("a UUID of version 7", () => {
  test("has the version and the variant of RFC 9562", () => {
    for (let index = 0; index < 2000; index++)
      expect(uuid7(NOW + index)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("starts with the time in 48 bits, the most significant first", async () => {
    expect(uuid7(0x0123_4567_89ab)).toMatch(/^01234567-89ab-7/);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: MILLISECONDS_48_BITS }), async (time) => {
        vi.resetModules();
        const fresh = await import("../../src/ledger/uuid7.ts");
        expect(timeOf(fresh.uuid7(time))).toBe(time);
      }),
      { numRuns: 50 },
    );
  });

  test("is random in its last 62 bits", () => {
    const bits = Array.from({ length: 62 }, () => 0);
    const count = 2000;
    for (let index = 0; index < count; index++) {
      const tail =
        BigInt(
          `0x${uuid7(NOW + index)
            .replaceAll("-", "")
            .slice(16)}`,
        ) &
        (2n ** 62n - 1n);
      for (let bit = 0; bit < 62; bit++) if ((tail >> BigInt(bit)) & 1n) bits[bit] = (bits[bit] ?? 0) + 1;
    }
    for (const ones of bits) expect(Math.abs(ones - count / 2)).toBeLessThan(count / 6); // 15 standard deviations
  });

  test("keeps the order in which one process made them, all in one millisecond", () => {
    const ids = Array.from({ length: 10_000 }, () => uuid7(NOW));
    expect(isSorted(ids)).toBe(true);
    // 12 bits are not enough for so many: the time runs ahead by as little as it must.
    expect(timeOf(ids.at(-1) ?? "") - NOW).toBeLessThanOrEqual(Math.ceil(10_000 / 2048));
  });

  test("keeps the order whatever the clock does", () => {
    const jump = fc.oneof(fc.constant(0), fc.integer({ min: -100_000, max: 100_000 }));
    fc.assert(
      fc.property(fc.array(jump, { minLength: 2, maxLength: 300 }), (jumps) => {
        let time = NOW;
        const ids = jumps.map((milliseconds) => {
          time += milliseconds;
          return uuid7(time);
        });
        expect(isSorted(ids)).toBe(true);
      }),
    );
  });

  test("follows the clock again once that has caught up", () => {
    const before = uuid7(NOW);
    expect(timeOf(uuid7(NOW - 3_600_000))).toBe(timeOf(before));
    expect(timeOf(uuid7(NOW + 1))).toBe(NOW + 1);
  });

  test("is never made twice in 100,000, with a clock that goes on and back", () => {
    const ids = new Set<string>();
    for (let index = 0; index < 100_000; index++) ids.add(uuid7(NOW + Math.floor(index / 50) - (index % 7) * 1000));
    expect(ids.size).toBe(100_000);
  });
});

test("a short id is the last 8 hex digits", () => {
  expect(shortId("0198a000-1111-7222-8333-444455556666")).toBe("55556666");
});
