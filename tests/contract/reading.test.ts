import { describe, expect, test } from "vitest";
import type { FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { describeEachDatabase } from "./support/databases.ts";
import { all, failure } from "./support/expect.ts";

describeEachDatabase("reading", (open, { types }) => {
  /** An adapter on a database with three items, of which two cost the same. */
  async function openItems(): Promise<FraiserDatabaseAdapter> {
    const adapter = await open();
    await adapter.executeQuery(
      `CREATE TABLE item (id ${types.countingKey}, name ${types.keyText}, price ${types.integer})`,
    );
    await adapter.insertMany("item", [
      { name: "pen", price: 2 },
      { name: "ink", price: 5 },
      { name: "cap", price: 2 },
    ]);
    return adapter;
  }

  describe("executeQuery", () => {
    test("returns the rows as plain objects", async () => {
      const adapter = await openItems();
      const rows = await adapter.executeQuery("SELECT id, name FROM item WHERE price = ? ORDER BY id", [2]);
      expect(rows).toEqual([
        { id: 1, name: "pen" },
        { id: 3, name: "cap" },
      ]);
      expect(Object.getPrototypeOf(rows[0])).toBe(Object.prototype);
    });

    test("returns an empty list for statements without rows, DDL too", async () => {
      const adapter = await openItems();
      for (const sql of [
        "SELECT id FROM item WHERE price > 100",
        "UPDATE item SET price = 3 WHERE name = 'pen'",
        "CREATE INDEX item_price ON item (price)",
        "DROP TABLE item",
      ])
        expect(await adapter.executeQuery(sql), sql).toEqual([]);
      expect(await failure(adapter.executeQuery("SELECT id FROM item"))).toMatchObject({ kind: "undefined_table" });
    });

    test.each([
      "SELECT name FROM item WHERE id = ?",
      "SELECT name FROM item WHERE id = $1",
      "SELECT name FROM item WHERE id = %s;",
    ])("takes the placeholders of %s", async (sql) => {
      const adapter = await openItems();
      expect(await adapter.executeQuery(sql, [2])).toEqual([{ name: "ink" }]);
    });

    test("gives the last of two columns with the same name", async () => {
      const adapter = await openItems();
      const { rows, columns } = await adapter.execute("SELECT id, name, price AS id FROM item WHERE name = 'ink'");
      expect({ rows, columns }).toEqual({ rows: [{ id: 5, name: "ink" }], columns: ["id", "name", "id"] });
    });

    test("reads wide rows, and many of them", async () => {
      const adapter = await openItems();
      const columns = Array.from({ length: 200 }, (_, n) => `a.price + ${n} AS c${n}`).join(", ");
      const rows = await adapter.executeQuery(
        `SELECT ${columns} FROM item a, item b, item c, item d, item e, item f WHERE a.name = 'ink'`,
      );
      expect(rows).toHaveLength(3 ** 5);
      expect(Object.values(rows.at(-1) ?? {}).map(Number)).toEqual(Array.from({ length: 200 }, (_, n) => 5 + n));
    });
  });

  describe("execute", () => {
    test("tells the rows, their number, the columns in their order, and how long it took", async () => {
      const adapter = await openItems();
      const result = await adapter.execute("SELECT price, name, id FROM item ORDER BY id");
      expect(result).toEqual({
        rows: [
          { price: 2, name: "pen", id: 1 },
          { price: 5, name: "ink", id: 2 },
          { price: 2, name: "cap", id: 3 },
        ],
        rowCount: 3,
        columns: ["price", "name", "id"],
        executionTimeMs: expect.any(Number),
      });
      expect(result.executionTimeMs).toBeGreaterThan(0);
    });

    test("keeps the order of columns whose names are numbers, which no object does", async () => {
      const adapter = await openItems();
      const q = (name: string) => adapter.dialect.quoteIdentifier(name);
      const { columns } = await adapter.execute(`SELECT id AS ${q("2")}, name AS ${q("1")} FROM item`);
      expect(columns).toEqual(["2", "1"]);
    });

    test("tells the columns also where there are no rows", async () => {
      const adapter = await openItems();
      expect(await adapter.execute("SELECT name, id FROM item WHERE id = 0")).toMatchObject({
        rows: [],
        rowCount: 0,
        columns: ["name", "id"],
      });
    });

    test("counts the rows matched by a statement that returns none", async () => {
      const adapter = await openItems();
      expect(await adapter.execute("UPDATE item SET price = 2 WHERE price = 2")).toMatchObject({
        rows: [],
        rowCount: 2,
        columns: [],
      });
      expect(await adapter.execute("CREATE TABLE other (id INTEGER)")).toMatchObject({
        rows: [],
        rowCount: 0,
        columns: [],
      });
    });

    test("follows a table whose columns change between two runs", async () => {
      const adapter = await openItems();
      const look = () => adapter.execute("SELECT * FROM item WHERE name = 'ink'");
      expect((await look()).columns).toEqual(["id", "name", "price"]);
      await adapter.executeQuery(`ALTER TABLE item ADD COLUMN colour ${types.text}`);
      expect(await look()).toMatchObject({
        rows: [{ id: 2, name: "ink", price: 5, colour: null }],
        columns: ["id", "name", "price", "colour"],
      });
    });
  });

  describe("executeUpdate", () => {
    test("counts the rows matched, not merely those changed", async () => {
      const adapter = await openItems();
      expect(await adapter.executeUpdate("UPDATE item SET price = 2")).toBe(3);
      expect(await adapter.executeUpdate("UPDATE item SET price = 2")).toBe(3);
      expect(await adapter.executeUpdate("UPDATE item SET price = ? WHERE name = ?", [2, "pen"])).toBe(1);
      expect(await adapter.executeUpdate("UPDATE item SET price = 2 WHERE id > 99")).toBe(0);
    });

    test("counts the rows inserted and deleted", async () => {
      const adapter = await openItems();
      expect(await adapter.executeUpdate("INSERT INTO item (name, price) VALUES ('a', 1), ('b', 1)")).toBe(2);
      expect(await adapter.executeUpdate("INSERT INTO item (name) SELECT name FROM item")).toBe(5);
      expect(await adapter.executeUpdate("DELETE FROM item WHERE price IS NULL")).toBe(5);
      expect(await adapter.executeUpdate("DELETE FROM item")).toBe(5);
      expect(await adapter.executeUpdate("DELETE FROM item")).toBe(0);
    });

    test("counts nothing for DDL, whatever ran before", async () => {
      const adapter = await openItems();
      expect(await adapter.executeUpdate("UPDATE item SET price = 2")).toBe(3);
      expect(await adapter.executeUpdate("CREATE TABLE other (id INTEGER)")).toBe(0);
      expect(await adapter.executeUpdate("DROP TABLE other")).toBe(0);
    });
  });

  test("the same statement means the same to every method that runs one", async () => {
    const adapter = await openItems();
    const sql = "SELECT name FROM item WHERE price = ? ORDER BY name";
    const rows = [{ name: "cap" }, { name: "pen" }];
    expect(await adapter.executeQuery(sql, [2])).toEqual(rows);
    expect((await adapter.execute(sql, [2])).rows).toEqual(rows);
    expect(await all(adapter.stream(sql, [2]))).toEqual(rows);
    expect(await adapter.executeUpdate(sql, [2])).toBe(2);
    await adapter.transaction(async (tx) => {
      expect(await tx.executeQuery(sql, [2])).toEqual(rows);
      expect((await tx.execute(sql, [2])).rows).toEqual(rows);
      expect(await all(tx.stream(sql, [2]))).toEqual(rows);
      expect(await tx.executeUpdate(sql, [2])).toBe(2);
    });
  });

  test("a statement that is not kept prepared means the same", async () => {
    const adapter = await openItems();
    const look = () => adapter.executeQuery("SELECT name FROM item WHERE id = ?", [2], { prepare: false });
    expect(await look()).toEqual([{ name: "ink" }]);
    expect(await look()).toEqual([{ name: "ink" }]);
  });

  test("a text in the database's own placeholders is sent as it is", async () => {
    const adapter = await openItems();
    const sql = `SELECT name FROM item WHERE id = ${adapter.dialect.placeholder(1)}`;
    expect(await adapter.executeQuery(sql, [2], { placeholders: "native" })).toEqual([{ name: "ink" }]);
  });
});
