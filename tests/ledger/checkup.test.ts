/** What `fraisier db check` finds out; what it prints and ends with is shown in tests/cli/check.test.ts. */
import { describe, expect, test } from "vitest";
import { SqliteAdapter, systemClock } from "../../src/db/index.ts";
import { type Check, type Checkup, checkDatabase, type Surroundings } from "../../src/ledger/index.ts";
import { runSql } from "../servers/databases.ts";
import { DATABASES } from "../support/databases.ts";
import { temporaryFolder } from "./databases.ts";

const HOUR = 3_600_000;
const MEBIBYTE = 2 ** 20;

function check(url: string, surroundings: Partial<Surroundings> = {}): Promise<Checkup> {
  const freeSpace = async (folder: string) => ({ folder, bytes: 1000 * MEBIBYTE, files: null });
  const place = { directory: temporaryFolder(), env: {}, options: { url } };
  return checkDatabase(place, 10_000, { clock: systemClock, freeSpace, ...surroundings });
}

const found = ({ checks }: Checkup, name: Check["name"]) => checks.find((one) => one.name === name);

describe.each(DATABASES.filter(({ server }) => server !== null))("a check ($name)", (database) => {
  test("tells how far the clocks of database and machine are apart, and warns where that is too far", async () => {
    const url = await database.createUrl();
    const fast = { ...systemClock, now: () => Date.now() + HOUR };
    const apart = await check(url, { clock: fast });
    expect(Math.abs((apart.clockDifferenceMs ?? 0) + HOUR)).toBeLessThan(2000);
    const warning = {
      outcome: "warning",
      text: expect.stringMatching(/^-3[56]\d{5} ms/),
      hint: expect.stringContaining("NTP"),
    };
    expect([found(apart, "clock"), apart.error]).toEqual([expect.objectContaining(warning), null]);
    expect(found(await check(url), "clock")).toMatchObject({ outcome: "ok", hint: null });
  });
});

test("a check of PostgreSQL fails where the database only allows reading", async () => {
  const url = await DATABASES.find(({ type }) => type === "postgresql")?.createUrl();
  const { pathname } = new URL(url ?? "");
  await runSql(
    { kind: "postgresql", url: url ?? "" },
    `ALTER DATABASE ${pathname.slice(1)} SET default_transaction_read_only = on`,
  );
  const checkup = await check(url ?? "");
  expect([checkup.role, checkup.error]).toEqual(["read_only", expect.objectContaining({ kind: "read_only" })]);
  expect(found(checkup, "role")).toMatchObject({ outcome: "failed", hint: expect.stringContaining("primary") });
  expect(found(checkup, "latency")?.outcome).toBe("ok"); // the rest is looked at all the same
});

describe("a check of SQLite", () => {
  const createUrl = async () => (await DATABASES[0]?.createUrl()) ?? "";

  test("warns where little space is free", async () => {
    const url = await createUrl();
    const folders: string[] = [];
    const checkup = await check(url, {
      async freeSpace(folder) {
        folders.push(folder);
        return { folder, bytes: 5 * MEBIBYTE, files: null };
      },
    });
    expect(url).toContain(`${folders}/`);
    expect([checkup.freeBytes, checkup.error]).toEqual([5 * MEBIBYTE, null]);
    expect(found(checkup, "space")).toMatchObject({ outcome: "warning", hint: expect.stringContaining("Make room") });
    expect(found(await check(url), "space")).toMatchObject({ outcome: "ok", hint: null });
  });

  test("fails where the URL only allows reading, whether the file is there or not", async () => {
    const url = await createUrl();
    const readOnly = url.replace("synchronous=off", "mode=ro");
    for (const isThere of [false, true]) {
      if (isThere) await runOnce(url);
      const checkup = await check(readOnly);
      expect(checkup.error).toMatchObject({ kind: "read_only", hint: "Take mode=ro out of the URL." });
      expect(found(checkup, "role")).toMatchObject({ outcome: "failed", text: expect.stringContaining("mode=ro") });
      expect((await check(url)).error).toBeNull();
    }
  });
});

async function runOnce(url: string): Promise<void> {
  await using adapter = new SqliteAdapter(url);
  await adapter.connect();
}
