import { beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../packaging/support.ts";
import { document, FRUIT, fraisier, project, type Remembered, remember } from "./support.ts";

const DAY = 86_400_000;
const ago = (milliseconds: number): Date => new Date(Date.now() - milliseconds);

/** Five deployments, the oldest first. */
const STORY: readonly Remembered[] = [
  { at: ago(40 * DAY), newVersion: "v1" },
  {
    at: ago(3 * DAY),
    newVersion: "v2",
    oldVersion: "v1",
    end: { status: "failed", errorMessage: "build: it ended with 1" },
  },
  { at: ago(2 * DAY), newVersion: "v3", environment: "staging", triggeredByUser: "jo" },
  { at: ago(DAY / 2), newVersion: "n1", fraise: "nightly", end: { status: "cancelled" } },
  { at: ago(60_000), newVersion: "v4", oldVersion: "v1", kind: "rollback", end: { status: "rolled_back" } },
];

const folder = project(FRUIT, temporaryFolder("history"));
beforeAll(async () => {
  await remember(folder, ...STORY);
});

const versions = async (...options: string[]): Promise<(string | null)[]> =>
  (await document<{ deployments: { newVersion: string | null }[] }>(folder, "history", ...options)).deployments.map(
    ({ newVersion }) => newVersion,
  );

test("the newest is first, with how it ended, its versions, when it began (relative and exact), how long it took, and by whom", async () => {
  const { exitCode, stdout, stderr } = await fraisier(folder, ["history"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const [head, ...rows] = stdout.trimEnd().split("\n");
  expect(head).toMatch(/^ID +FRAISE +ENVIRONMENT +KIND +STATUS +VERSION +STARTED +TOOK +BY$/);
  const exact = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/;
  const row = (parts: string) =>
    expect.stringMatching(
      new RegExp(`^[0-9a-f]{8} {2}${parts.replace("EXACT", `\\(${exact.source}\\)`).replaceAll(" | ", " +")}$`),
    );
  expect(rows).toEqual([
    row("shop | production | rollback | rolled back | v1 → v4 | 1 minute ago EXACT | 2.5 s | maria"),
    row("nightly | production | deploy | cancelled | n1 | 12 hours ago EXACT | 2.5 s | maria"),
    row("shop | staging | deploy | success | v3 | 2 days ago EXACT | 2.5 s | jo"),
    row("shop | production | deploy | failed | v1 → v2 | 3 days ago EXACT | 2.5 s | maria"),
    row("shop | production | deploy | success | v1 | 1 month ago EXACT | 2.5 s | maria"),
  ]);
});

describe("it shows only what is asked for:", () => {
  test.for<[options: string, versions: string[]]>([
    ["--fraise shop", ["v4", "v3", "v2", "v1"]],
    ["-f nightly", ["n1"]],
    ["--environment staging", ["v3"]],
    ["-f shop -e production", ["v4", "v2", "v1"]],
    ["--status failed", ["v2"]],
    ["--status failed,cancelled", ["n1", "v2"]],
    ["--status rolled-back", ["v4"]],
    ["--number 2", ["v4", "n1"]],
    ["-n 1 --status success", ["v3"]],
    ["--since 1h", ["v4"]],
    ["--since 1d", ["v4", "n1"]],
    ["--since 60h", ["v4", "n1", "v3"]],
    ["-s 1w", ["v4", "n1", "v3", "v2"]],
    ["--since 2020-01-01", ["v4", "n1", "v3", "v2", "v1"]],
    [`--since ${ago(DAY).toISOString()}`, ["v4", "n1"]],
    ["--since 2999-01-01", []],
  ])("%s", async ([options, expected]) => {
    expect(await versions(...options.split(" "))).toEqual(expected);
  });

  test("20 unless more are asked for", async () => {
    const busy = project(FRUIT);
    await remember(busy, ...Array.from({ length: 25 }, () => ({})));
    const count = async (...options: string[]) =>
      (await document<{ deployments: object[] }>(busy, "history", ...options)).deployments.length;
    expect(await count()).toBe(20);
    expect(await count("-n", "1000")).toBe(25);
  });

  test("nothing that matches is said on stderr, and is no error", async () => {
    const expected = { exitCode: 0, stdout: "", stderr: "No deployment matches.\n" };
    expect(await fraisier(folder, ["history", "--fraise", "bakery"])).toMatchObject(expected);
  });
});

test.for([
  ["-n 0", "--number takes a whole number from 1"],
  ["-n -1", "--number takes a whole number from 1"],
  ["-n 1.5", "--number takes a whole number from 1"],
  ["-n 1e3", "--number takes a whole number from 1"],
  ["-n ten", "--number takes a whole number from 1"],
  ["-n 99999999999999999999", "--number takes a whole number from 1"],
  ["--since yesterday", "--since takes a date"],
  ["--since 3", "--since takes a date"],
  ["--since 2026-02-31", "--since takes a date"],
  ["--since 2026-11-23junk", "--since takes a date"],
  ["--since 999999999999w", "--since takes a date"],
  ["--status broken", "--status takes pending, in_progress, success, failed"],
  ["--status success,", "--status takes pending, in_progress, success, failed"],
])("fraisier history %s is refused: exit 2, and what it takes", async ([options = "", message]) => {
  const { exitCode, stderr } = await fraisier(folder, ["history", ...options.split(" ")]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`${message}`);
});

test("deployments of several projects in one database are told apart", async () => {
  const shared = project(FRUIT);
  await remember(shared, { fraise: "nightly" }, { project: "bakery" });
  const { stdout } = await fraisier(shared, ["history"]);
  expect(stdout).toContain("bakery: shop");
  expect(stdout).toContain("fruit: nightly");
});
