import { expect, test } from "vitest";
import { SqliteAdapter } from "../../../src/db/index.ts";

test("a stream that a transaction leaves open holds no table of its connection", async () => {
  await using adapter = new SqliteAdapter(":memory:");
  await adapter.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY)");
  await adapter.insertMany(
    "item",
    Array.from({ length: 500 }, (_, id) => ({ id })),
  );
  await adapter.transaction(async (tx) => {
    const rows = tx.stream("SELECT id FROM item")[Symbol.asyncIterator]();
    expect(await rows.next()).toEqual({ done: false, value: { id: 0 } });
  });
  // SQLite refuses it while somebody reads the table.
  expect(await adapter.executeQuery("DROP TABLE item")).toEqual([]);
});
