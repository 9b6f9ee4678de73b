import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import type { SqliteAdapter } from "../../../src/db/index.ts";
import { failure, openAdapter, startChild, temporaryFile } from "./support.ts";

async function accounts(): Promise<{ file: string; adapter: SqliteAdapter }> {
  const file = temporaryFile();
  const adapter = openAdapter(file, { busyTimeoutMs: 2000 });
  for (const table of ["debit", "credit"])
    await adapter.executeQuery(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, filler TEXT)`);
  await adapter.insert("debit", { filler: "first" });
  await adapter.insert("credit", { filler: "first" });
  return { file, adapter };
}

const FILLERS =
  "SELECT d.id, d.filler AS debit, c.filler AS credit FROM debit d FULL JOIN credit c ON c.id = d.id ORDER BY 1";

async function expectIntact(adapter: SqliteAdapter): Promise<void> {
  expect(await adapter.executeQuery("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  expect(await adapter.executeQuery("PRAGMA foreign_key_check")).toEqual([]);
}

describe("a writer that is killed in the middle of a transaction", () => {
  test.each(["an adapter that was open all the time", "an adapter that is opened afterwards"])(
    "leaves nothing of it, and the next writer goes on: %s",
    async (which) => {
      const { file, adapter } = await accounts();
      if (which !== "an adapter that was open all the time") await adapter.close();
      const writer = startChild("write-until-killed.ts", [file, "hang"]);
      expect(await writer.next()).toBe("written");
      expect(readdirSync(dirname(file))).toContain("test.db-wal");
      writer.kill("SIGKILL");
      expect(await writer.ended).toBe("SIGKILL");

      await adapter.connect();
      expect(await adapter.executeQuery(FILLERS)).toEqual([{ id: 1, debit: "first", credit: "first" }]);
      expect(await adapter.insert("debit", { filler: "next" })).toBe("2");
      expect(await adapter.insert("credit", { filler: "next" })).toBe("2");
      await expectIntact(adapter);
    },
  );

  test("held the lock until then, also while it was stopped", async () => {
    const { file, adapter } = await accounts();
    const writer = startChild("write-until-killed.ts", [file, "hang"]);
    expect(await writer.next()).toBe("written");
    writer.kill("SIGSTOP");
    const impatient = openAdapter(file, { busyTimeoutMs: 100 });
    expect(await failure(impatient.insert("debit", {}))).toMatchObject({ kind: "busy" });
    const waiting = adapter.insert("debit", { filler: "next" });
    writer.kill("SIGKILL");
    expect(await waiting).toBe("2");
  });
});

test("a writer that is killed at any moment has lost nothing that it knew to be committed, and left nothing half done", {
  timeout: 120_000,
}, async () => {
  const { file, adapter } = await accounts();
  const rounds = process.env.FRAISIER_TEST_SCALE === "1" ? 50 : 5;
  for (let round = 0; round < rounds; round++) {
    const writer = startChild("write-until-killed.ts", [file, "commit"]);
    let known = await writer.next<number>();
    const killAfter = known + round;
    while (known < killAfter) known = await writer.next<number>();
    writer.kill("SIGKILL");
    await writer.ended;

    const [found] = await adapter.executeQuery<{ last: number }>("SELECT max(id) AS last FROM debit");
    expect(found?.last).toBeGreaterThanOrEqual(known);
    const halves = `SELECT id FROM (${FILLERS}) WHERE debit IS NULL OR debit IS NOT credit`;
    expect(await adapter.executeQuery(halves)).toEqual([]);
    await expectIntact(adapter);
  }
});
