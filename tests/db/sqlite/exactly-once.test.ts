import { describe, expect, test } from "vitest";
import type { SqliteAdapter } from "../../../src/db/index.ts";
import { openItems, temporaryFile } from "./support.ts";

/** Statements that write, each with a question whose answer tells how often it ran. */
const WRITES: readonly (readonly [string, string, number])[] = [
  ["INSERT INTO item (n) VALUES (7)", "SELECT count(*) FROM item WHERE n = 7", 1],
  ["REPLACE INTO item (n) VALUES (7)", "SELECT count(*) FROM item WHERE n = 7", 1],
  ["WITH v AS (SELECT 7 AS n) INSERT INTO item (n) SELECT n FROM v", "SELECT count(*) FROM item WHERE n = 7", 1],
  ["/* SELECT */ INSERT INTO item (n) VALUES (7)", "SELECT count(*) FROM item WHERE n = 7", 1],
  ["UPDATE item SET n = n + 1", "SELECT n FROM item", 2],
  ["INSERT INTO item (n) VALUES (7) RETURNING *", "SELECT count(*) FROM item WHERE n = 7", 1],
  ["INSERT INTO item (n) VALUES (9007199254740993) RETURNING n", "SELECT count(*) FROM item WHERE n > 7", 1],
  ["UPDATE item SET n = n + 1 RETURNING 9223372036854775807 AS big, n", "SELECT n FROM item", 2],
  ["DELETE FROM item RETURNING id, -9223372036854775808 AS big", "SELECT count(*) FROM item", 0],
  ["CREATE TABLE other AS SELECT 7 AS n", "SELECT count(*) FROM other", 1],
  ["ALTER TABLE item ADD COLUMN m", "SELECT count(*) FROM pragma_table_info('item')", 3],
  ["PRAGMA user_version = 7", "SELECT user_version FROM pragma_user_version", 7],
  ["PRAGMA application_id = 7", "SELECT application_id FROM pragma_application_id", 7],
  ["ANALYZE", "SELECT count(*) FROM sqlite_stat1", 1],
];

describe("a statement that writes runs exactly once", () => {
  const ask = async (adapter: SqliteAdapter, question: string) =>
    Object.values((await adapter.executeQuery(question))[0] ?? {})[0];

  test.each(WRITES)("%s", async (sql, question, expected) => {
    for (const path of [temporaryFile(), ":memory:"]) {
      const adapter = await openItems(path);
      await adapter.execute(sql);
      expect(await ask(adapter, question)).toBe(expected);
    }
  });

  test.each(WRITES)("streamed: %s", async (sql, question, expected) => {
    for (const path of [temporaryFile(), ":memory:"]) {
      const adapter = await openItems(path);
      for await (const row of adapter.stream(sql)) expect(row).toBeTypeOf("object");
      expect(await ask(adapter, question)).toBe(expected);
    }
  });

  test.each(WRITES)("in a transaction: %s", async (sql, question, expected) => {
    const adapter = await openItems();
    await adapter.transaction((tx) => tx.execute(sql));
    expect(await ask(adapter, question)).toBe(expected);
  });

  test("and its big integers come back as they are", async () => {
    for (const path of [temporaryFile(), ":memory:"]) {
      const adapter = await openItems(path);
      const sql = "INSERT INTO item (id, n) VALUES (?, ?) RETURNING id, n, 5 AS small";
      const params = [2n ** 53n + 1n, -(2n ** 63n)];
      const row = { id: params[0], n: params[1], small: 5 };
      expect(await adapter.executeQuery(sql, params)).toEqual([row]);
      expect(await adapter.executeQuery("SELECT id, n, 5 AS small FROM item WHERE id > 1")).toEqual([row]);
      expect(await ask(adapter, "SELECT count(*) FROM item")).toBe(2);
      expect(await adapter.insert("item", { id: 2n ** 60n })).toBe(String(2n ** 60n));
    }
  });
});
