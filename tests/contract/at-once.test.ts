import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import type { FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { describeEachDatabase } from "./support/databases.ts";
import { all } from "./support/expect.ts";

describeEachDatabase("statements at the same time in one transaction", (open, database) => {
  const { types } = database;

  async function openItems(): Promise<FraiserDatabaseAdapter> {
    const adapter = await open();
    await adapter.executeQuery(`CREATE TABLE item (id ${types.countingKey}, name ${types.keyText} NOT NULL UNIQUE)`);
    return adapter;
  }

  test("keep the process alive until the last of them is answered", async () => {
    const url = await database.createUrl(onTestFinished);
    const script = join(import.meta.dirname, "support", "at-once.ts");
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, url]);
    expect([JSON.parse(stdout || "null"), stderr]).toEqual([[[{ n: 1 }], [{ n: 2 }], [{ n: 2 }]], ""]);
  });

  test("may have the same text, which nobody has prepared yet", async () => {
    const adapter = await openItems();
    const ids = await adapter.transaction((tx) =>
      Promise.all(["a", "b", "c"].map((name) => tx.insert("item", { name }))),
    );
    expect(new Set(ids).size).toBe(3);
    expect(await adapter.executeQuery("SELECT name FROM item ORDER BY name")).toHaveLength(3);
  });

  test("may be some that take several statements, and a stream", async () => {
    const adapter = await openItems();
    const [a, b, inserted, rows, streamed] = await adapter.transaction(async (tx) =>
      Promise.all([
        tx.upsert("item", { name: "a" }, { conflict: ["name"] }),
        tx.upsert("item", { name: "b" }, { conflict: ["name"] }),
        tx.insert("item", { name: "c" }),
        tx.executeQuery("SELECT 5 AS five"),
        all(tx.stream("SELECT 6 AS six")),
      ]),
    );
    expect(new Set([a, b, inserted]).size).toBe(3);
    expect([rows, streamed]).toEqual([[{ five: 5 }], [{ six: 6 }]]);
    expect(await adapter.executeQuery("SELECT name FROM item")).toHaveLength(3);
  });

  test("of which one fails leave the others their answers", async () => {
    const adapter = await openItems();
    const work = adapter.transaction(async (tx) => {
      const settled = await Promise.allSettled([
        tx.executeQuery("SELECT 1 AS n"),
        tx.executeQuery("SELECT none FROM item"),
      ]);
      expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
      throw new Error("over");
    });
    await expect(work).rejects.toThrow("over");
    expect(await adapter.executeQuery("SELECT 1 AS n")).toEqual([{ n: 1 }]);
  });
});
