import { describe, expect, test } from "vitest";
import { bothTimes, duration, parseSince, relativeTime } from "../../src/cli/time.ts";

const NOW = new Date("2026-11-23T13:45:00.000Z");
const before = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);

test.for<[seconds: number, text: string]>([
  [0, "just now"],
  [0.4, "just now"],
  [1, "1 second ago"],
  [59, "59 seconds ago"],
  [60, "1 minute ago"],
  [3599, "59 minutes ago"],
  [3600, "1 hour ago"],
  [86_399, "23 hours ago"],
  [86_400, "1 day ago"],
  [29 * 86_400, "29 days ago"],
  [60 * 86_400, "1 month ago"],
  [400 * 86_400, "1 year ago"],
  [-120, "in 2 minutes"],
])("%d seconds are %s", ([seconds, text]) => {
  expect(relativeTime(before(seconds), NOW)).toBe(text);
});

test("a time is shown both relative and exact, in UTC", () => {
  expect(bothTimes(before(200), NOW)).toBe("3 minutes ago (2026-11-23 13:41:40Z)");
});

test.for<[seconds: number, text: string]>([
  [0.04, "0.0 s"],
  [9.94, "9.9 s"],
  [12.4, "12 s"],
  [59.4, "59 s"],
  [59.6, "1 min 0 s"],
  [200, "3 min 20 s"],
  [3599.6, "1 h 0 min"],
  [7500, "2 h 5 min"],
])("%d seconds last %s", ([seconds, text]) => {
  expect(duration(seconds)).toBe(text);
});

describe("--since", () => {
  test.for<[text: string, iso: string]>([
    ["90s", "2026-11-23T13:43:30.000Z"],
    ["45m", "2026-11-23T13:00:00.000Z"],
    ["2h", "2026-11-23T11:45:00.000Z"],
    ["3d", "2026-11-20T13:45:00.000Z"],
    ["1w", "2026-11-16T13:45:00.000Z"],
    ["2026-11-01", "2026-11-01T00:00:00.000Z"],
    ["2026-11-01T10:30", "2026-11-01T10:30:00.000Z"],
    ["2026-11-01 10:30:05Z", "2026-11-01T10:30:05.000Z"],
    ["2026-11-01 10:30:05", "2026-11-01T10:30:05.000Z"],
    ["2026-11-01T10:30:05.250Z", "2026-11-01T10:30:05.250Z"],
    ["2026-11-01T10:30:05+02:00", "2026-11-01T08:30:05.000Z"],
    ["2028-02-29", "2028-02-29T00:00:00.000Z"],
  ])("%s is %s, whatever the zone of the machine", ([text, iso]) => {
    for (const zone of ["UTC", "America/New_York", "Asia/Kolkata"]) {
      process.env.TZ = zone;
      expect(parseSince(text, NOW)?.toISOString()).toBe(iso);
    }
    delete process.env.TZ;
  });

  test.for([
    "",
    "3",
    "-3d",
    "3 years",
    "yesterday",
    "2026-02-29",
    "2026-13-01",
    "2026-11-01T25:00",
    "2026-1-1",
    "2026-11-01x",
  ])("%j is none", (text) => {
    expect(parseSince(text, NOW)).toBeNull();
  });
});
