import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readUtc } from "../../src/db/instants.ts";

describe("reading an instant", () => {
  test("comes to what Date makes of it, from the year 100 on", () => {
    const instants = fc.date({
      min: new Date("0100-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59.999Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instants, (instant) => {
        expect(readUtc(instant.toISOString(), 23)).toEqual(instant);
      }),
    );
  });

  test.each([
    ["2026-11-23 13:45:00+00", 19, "2026-11-23T13:45:00.000Z"],
    ["2026-11-23 13:45:00.1+00", 21, "2026-11-23T13:45:00.100Z"],
    ["2026-11-23 13:45:00.12+00", 22, "2026-11-23T13:45:00.120Z"],
    ["2026-11-23 13:45:00.120999+00", 26, "2026-11-23T13:45:00.120Z"],
    ["2024-02-29 23:59:59.9999999+00", 27, "2024-02-29T23:59:59.999Z"],
    ["9999-12-31 23:59:59.999+00", 23, "9999-12-31T23:59:59.999Z"],
  ])("of %s up to %i is %s", (text, end, expected) => {
    expect(readUtc(text, end)?.toISOString()).toBe(expected);
  });

  test.each([
    "2026-02-30T00:00:00.000Z",
    "2026-00-10T00:00:00.000Z",
    "2026-13-10T00:00:00.000Z",
    "2026-01-00T00:00:00.000Z",
    "2026-01-32T00:00:00.000Z",
    "2026-01-01T24:00:00.000Z",
    "2026-01-01T00:60:00.000Z",
    "2026-01-01T00:00:60.000Z",
    "0099-01-01T00:00:00.000Z",
    "+12026-01-01T00:00:00.00",
    "2026/01/01T00:00:00.000Z",
    "2026-01/01T00:00:00.000Z",
    "2026-01-01T00.00:00.000Z",
    "2026-01-01T00:00.00.000Z",
    "2026-01-01T00:00:00,000Z",
    "2026-01-01T00:00:00.00xZ",
    "2026-01-01T00:00:x0.000Z",
    "2026-01-01T00:x0:00.000Z",
    "2026-01-01Tx0:00:00.000Z",
    "2026-01-x1T00:00:00.000Z",
    "2026-x1-01T00:00:00.000Z",
    "20x6-01-01T00:00:00.000Z",
    "",
  ])("is left to others: %j", (text) => {
    expect(readUtc(text, 23)).toBeNull();
  });

  test("is left to others where a fraction has no digit, or its last is none", () => {
    expect(readUtc("2026-01-01 00:00:00.", 20)).toBeNull();
    expect(readUtc("2026-01-01 00:00:00.1234x", 25)).toBeNull();
  });
});
