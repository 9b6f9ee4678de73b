import { expect, test } from "vitest";
import { failure, openAdapter, temporaryFile } from "./support.ts";

test("a statement that rolls the whole transaction back ends it, and what comes after is refused for that reason", async () => {
  const adapter = openAdapter(temporaryFile());
  await adapter.executeQuery("CREATE TABLE item (name TEXT UNIQUE)");
  let first: unknown;
  const work = adapter.transaction(async (tx) => {
    await tx.executeUpdate("INSERT INTO item (name) VALUES ('one')");
    first = await failure(tx.executeUpdate("INSERT OR ROLLBACK INTO item (name) VALUES ('one')"));
    expect(first).toMatchObject({ kind: "unique_violation" });
    expect(tx.isActive).toBe(false);
    await tx.executeUpdate("INSERT INTO item (name) VALUES ('alone')");
  });
  expect(await failure(work)).toBe(first);
  expect(await adapter.executeQuery("SELECT * FROM item")).toEqual([]);
});
