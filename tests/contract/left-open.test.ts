import { expect, test } from "vitest";
import { describeEachDatabase } from "./support/databases.ts";
import { all, failure } from "./support/expect.ts";

/** A statement by itself has a connection that the next caller gets. */
describeEachDatabase("a transaction begun by a statement", (open, { types, streamsInTransaction }) => {
  test.each(["BEGIN", "begin;", "BEGIN -- work"])("is refused, and nothing of it is left: %s", async (sql) => {
    const adapter = await open({ pool: { min: 0, max: 1 } });
    await adapter.executeQuery(`CREATE TABLE item (id ${types.countingKey}, name ${types.text})`);
    for (const work of [adapter.executeQuery(sql), adapter.execute(sql), adapter.executeUpdate(sql)]) {
      expect(await failure(work)).toMatchObject({
        kind: "unsupported",
        hint: expect.stringContaining("transaction()"),
      });
    }
    expect(await failure(adapter.executeQuery(sql, [], { placeholders: "native" }))).toMatchObject({
      kind: "unsupported",
    });
    await adapter.insert("item", { name: "a" });
    await adapter.close();
    await adapter.connect();
    expect(await adapter.executeQuery("SELECT name FROM item")).toEqual([{ name: "a" }]);
  });

  test.each(["BEGIN", "START TRANSACTION", "SAVEPOINT a"])(
    "in a stream is refused, or means nothing there, and nothing of it is left: %s",
    async (sql) => {
      const adapter = await open({ pool: { min: 0, max: 1 } });
      await adapter.executeQuery(`CREATE TABLE item (id ${types.countingKey}, name ${types.text})`);
      const outcome = await all(adapter.stream(sql)).catch((error) => error.kind);
      if (streamsInTransaction) expect(outcome).toEqual([]);
      else
        expect(sql.startsWith("SAVEPOINT") ? [[], "unsupported"] : ["unsupported", "syntax_error"]).toContainEqual(
          outcome,
        );
      await adapter.insert("item", { name: "a" });
      await adapter.close();
      await adapter.connect();
      expect(await adapter.executeQuery("SELECT name FROM item")).toEqual([{ name: "a" }]);
    },
  );
});
