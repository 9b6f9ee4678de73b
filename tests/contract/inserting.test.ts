import { describe, expect, test } from "vitest";
import type { FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { describeEachDatabase, IS_FULL } from "./support/databases.ts";
import { failure } from "./support/expect.ts";

const count = async (adapter: FraiserDatabaseAdapter, table = "item") =>
  (await adapter.executeQuery(`SELECT id FROM ${table}`)).length;

describeEachDatabase("inserting", (open, { types, tellsMadeKeys, hasReturning, upsertMeetsEveryKey }) => {
  async function openWith(...columns: string[]): Promise<FraiserDatabaseAdapter> {
    const adapter = await open();
    await adapter.executeQuery(`CREATE TABLE item (${columns.join(", ")})`);
    return adapter;
  }
  const openCounting = () =>
    openWith(`id ${types.countingKey}`, `name ${types.keyText} UNIQUE`, `price ${types.integer} CHECK (price >= 0)`);

  describe("one row", () => {
    test("returns the id that was counted up, as text", async () => {
      const adapter = await openCounting();
      expect(await adapter.insert("item", { name: "pen" })).toBe("1");
      expect(await adapter.insert("item", { name: "ink", price: 3 })).toBe("2");
      expect(await adapter.executeQuery("SELECT id, name, price FROM item ORDER BY id")).toEqual([
        { id: 1, name: "pen", price: null },
        { id: 2, name: "ink", price: 3 },
      ]);
    });

    test("can have nothing but what the database fills in", async () => {
      const adapter = await openCounting();
      expect([await adapter.insert("item", {}), await adapter.insert("item", {})]).toEqual(["1", "2"]);
    });

    test("finds its id in the column that idColumn names", async () => {
      const adapter = await openWith(`number ${types.countingKey}`, `id ${types.integer}`);
      expect(await adapter.insert("item", { id: 77 }, { idColumn: "number" })).toBe("1");
    });

    test.each([
      ["a number", types.integer, 5, "5"],
      ["zero", types.integer, 0, "0"],
      ["a negative number", types.integer, -3, "-3"],
      ["a bigint beyond what numbers hold", types.integer, 9_007_199_254_740_993n, "9007199254740993"],
      ["the greatest integer", types.integer, 2n ** 63n - 1n, "9223372036854775807"],
      ["a UUID", types.uuid, "0191b1f0-7c3e-7000-8000-0123456789ab", "0191b1f0-7c3e-7000-8000-0123456789ab"],
      ["text", types.keyText, "étl 🍓 'x'", "étl 🍓 'x'"],
      ["empty text", types.keyText, "", ""],
    ])("returns an id that is given: %s", async (_, type, id, text) => {
      const adapter = await openWith(`id ${type} PRIMARY KEY`, `name ${types.text}`);
      expect(await adapter.insert("item", { id, name: "a" })).toBe(text);
      expect(await adapter.executeQuery("SELECT id, name FROM item WHERE id = ?", [id])).toEqual([{ id, name: "a" }]);
      expect(await adapter.update("item", text, { name: "b" })).toBe(true);
      expect(await adapter.delete("item", text)).toBe(true);
    });

    test.each([
      [0, "0"],
      [70, "70"],
      [9_007_199_254_740_993n, "9007199254740993"],
    ])("keeps the id %s that is given for a column that counts up", async (id, text) => {
      const adapter = await openCounting();
      expect(await adapter.insert("item", { id, name: "given" })).toBe(text);
      expect(await adapter.executeQuery("SELECT id FROM item")).toEqual([{ id }]);
    });

    test("learns a key that the server made, or writes nothing and says that it can't", async () => {
      const adapter = await openWith(`id ${types.madeKey}`, `name ${types.text}`);
      if (!tellsMadeKeys) {
        expect(await failure(adapter.insert("item", { name: "a" }))).toMatchObject({
          kind: "unsupported",
          table: "item",
        });
        expect(await count(adapter)).toBe(0);
        return;
      }
      const id = await adapter.insert("item", { name: "a" });
      expect(await adapter.executeQuery("SELECT name FROM item WHERE id = ?", [id])).toEqual([{ name: "a" }]);
    });

    test.each([
      ["an instant", types.instant, new Date(0)],
      ["a boolean", types.boolean, true],
      ["JSON", types.text, { a: 1 }],
    ])("writes nothing when the id is %s, which has no text", async (_, type, id) => {
      const adapter = await openWith(`id ${type}`, `name ${types.text}`);
      expect(await failure(adapter.insert("item", { id, name: "a" }))).toMatchObject({ kind: "unsupported" });
      expect(await count(adapter)).toBe(0);
    });

    test.each([
      ["NULL when it is left out", `${types.keyText} UNIQUE`],
      ["NULL by default", `${types.keyText} DEFAULT NULL UNIQUE`],
      ["an instant", `${types.instant} DEFAULT '2026-11-23 12:00:00'`],
      ["a boolean", `${types.boolean} DEFAULT TRUE`],
    ])("writes nothing when the key that it is to return would be %s", async (_, type) => {
      const adapter = await openWith(`id ${type}`, `name ${types.keyText} UNIQUE`);
      for (const data of [{ name: "a" }, { id: null, name: "a" }])
        expect(await failure(adapter.insert("item", data))).toMatchObject({ kind: "unsupported", table: "item" });
      await adapter.transaction(async (tx) => {
        const both = [failure(tx.insert("item", { name: "a" })), tx.executeQuery("SELECT name FROM item")] as const;
        expect(await Promise.all(both)).toMatchObject([{ kind: "unsupported" }, []]);
      });
      const upsert = adapter.upsert("item", { name: "a" }, { conflict: ["name"] });
      expect(await failure(upsert)).toMatchObject({ kind: "unsupported" });
      expect(await count(adapter)).toBe(0);
    });

    test("finds the row of an upsert also where its key could be NULL", async () => {
      const adapter = await openWith(`id ${types.keyText} UNIQUE`, `name ${types.keyText} UNIQUE`);
      await adapter.insert("item", { id: "x", name: "a" });
      expect(await adapter.upsert("item", { name: "a" }, { conflict: ["name"] })).toBe("x");
      const given = adapter.upsert("item", { id: "y", name: "b" }, { conflict: ["name"] });
      if (upsertMeetsEveryKey) expect(await failure(given)).toMatchObject({ kind: "unsupported" });
      else expect(await given).toBe("y");
    });

    test("counts up also when the id is given as null", async () => {
      const adapter = await openCounting();
      expect(await adapter.insert("item", { id: null, name: "a" })).toBe("1");
      expect(await adapter.insert("item", { name: "b", id: null })).toBe("2");
      expect(await adapter.executeQuery("SELECT id, name FROM item WHERE id = 2")).toEqual([{ id: 2, name: "b" }]);
    });

    test("takes its id from the data alone, never from what every object has", async () => {
      const adapter = await open();
      const q = (name: string) => adapter.dialect.quoteIdentifier(name);
      await adapter.executeQuery(`CREATE TABLE item (${q("constructor")} ${types.countingKey}, name ${types.text})`);
      expect(await adapter.insert("item", { name: "a" }, { idColumn: "constructor" })).toBe("1");
    });

    test("refuses undefined, and writes nothing", async () => {
      const adapter = await openCounting();
      const error = await failure(adapter.insert("item", { name: undefined }));
      expect(error).toMatchObject({ kind: "parameter_mismatch" });
      expect(await count(adapter)).toBe(0);
    });

    test.each([
      ["a column that there isn't", { colour: "red" }, { kind: "undefined_column" }],
      ["a value that exists already", { name: "pen" }, { kind: "unique_violation" }],
      ["a value that breaks a rule", { price: -1 }, { kind: "check_violation" }],
    ])("with %s is an error, and the adapter goes on", async (_, data, error) => {
      const adapter = await openCounting();
      await adapter.insert("item", { name: "pen" });
      expect(await failure(adapter.insert("item", data))).toMatchObject(error);
      expect(await failure(adapter.insert("nowhere", data))).not.toMatchObject({ kind: "unknown" });
      expect(await count(adapter)).toBe(1);
    });

    test("gives 32 that come at once each its own id", async () => {
      const adapter = await openCounting();
      const names = Array.from({ length: 32 }, (_, n) => `name ${n}`);
      const ids = await Promise.all(names.map((name) => adapter.insert("item", { name })));
      expect(new Set(ids).size).toBe(32);
      const rows = await adapter.executeQuery<{ id: number; name: string }>("SELECT id, name FROM item");
      expect(Object.fromEntries(rows.map(({ id, name }) => [name, String(id)]))).toEqual(
        Object.fromEntries(names.map((name, n) => [name, ids[n]])),
      );
    });

    test("in a transaction has its id before the commit", async () => {
      const adapter = await openCounting();
      const id = await adapter.transaction(async (tx) => {
        const made = await tx.insert("item", { name: "a" });
        await tx.insert("item", { name: "b" });
        expect(await tx.update("item", made, { price: 4 })).toBe(true);
        return made;
      });
      expect(await adapter.executeQuery("SELECT name, price FROM item WHERE id = ?", [id])).toEqual([
        { name: "a", price: 4 },
      ]);
    });
  });

  describe("many rows", () => {
    test("returns how many there are now more", async () => {
      const adapter = await openCounting();
      expect(await adapter.insertMany("item", [{ name: "a" }, { name: "b" }])).toBe(2);
      expect(await adapter.insertMany("item", [{ name: "c" }])).toBe(1);
      expect(await count(adapter)).toBe(3);
    });

    test("does nothing for an empty list", async () => {
      const adapter = await openCounting();
      expect(await adapter.insertMany("item", [])).toBe(0);
    });

    test("can have nothing but what the database fills in", async () => {
      const adapter = await openCounting();
      expect(await adapter.insertMany("item", [{}, {}, {}])).toBe(3);
      expect(await adapter.executeQuery("SELECT id FROM item ORDER BY id")).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    });

    test("takes the columns in any order, and lists and objects as JSON", async () => {
      const adapter = await openWith(`id ${types.countingKey}`, `a ${types.text}`, `b ${types.json}`);
      await adapter.insertMany("item", [
        { a: "1", b: [1, [2]] },
        { b: { x: [] }, a: "2" },
      ]);
      expect(await adapter.executeQuery("SELECT a, b FROM item ORDER BY id")).toEqual([
        { a: "1", b: [1, [2]] },
        { a: "2", b: { x: [] } },
      ]);
    });

    const ROWS = IS_FULL ? 60_000 : 6_000;
    const COLUMNS = Array.from({ length: 11 }, (_, n) => `c${n}`);
    const wide = (n: number) => ({
      id: n,
      ...Object.fromEntries(COLUMNS.map((column, index) => [column, n * 11 + index])),
    });
    const openWide = () =>
      openWith(`id ${types.integer} PRIMARY KEY`, ...COLUMNS.map((column) => `${column} ${types.integer} NOT NULL`));

    test(`writes more values than one statement can have: 12 columns of ${ROWS} rows`, {
      timeout: 120_000,
    }, async () => {
      const adapter = await openWide();
      expect(
        await adapter.insertMany(
          "item",
          Array.from({ length: ROWS }, (_, n) => wide(n)),
        ),
      ).toBe(ROWS);
      const rows = await adapter.executeQuery("SELECT * FROM item WHERE id IN (0, ?, ?) ORDER BY id", [
        ROWS / 2,
        ROWS - 1,
      ]);
      expect(rows).toEqual([wide(0), wide(ROWS / 2), wide(ROWS - 1)]);
      expect(await adapter.executeUpdate("DELETE FROM item")).toBe(ROWS);
    });

    test.each([
      ["first", 0],
      ["last", ROWS - 1],
    ])("writes none of them when the %s is refused", { timeout: 120_000 }, async (_, bad) => {
      const adapter = await openWide();
      const rows = Array.from({ length: ROWS }, (_, n) => (n === bad ? { ...wide(n), c5: null } : wide(n)));
      expect(await failure(adapter.insertMany("item", rows))).toMatchObject({ kind: "not_null_violation" });
      expect(await adapter.executeQuery("SELECT COUNT(*) AS n FROM item")).toEqual([{ n: 0 }]);
    });

    test("writes more at once than a server takes in one piece", { timeout: 120_000 }, async () => {
      const adapter = await openCounting();
      await adapter.executeQuery(`CREATE TABLE page (id ${types.countingKey}, a ${types.text}, b ${types.bytes})`);
      const rows = Array.from({ length: 40 }, (_, n) => ({ a: "é".repeat(1_000_000), b: Buffer.alloc(100_000, n) }));
      expect(await adapter.insertMany("page", rows)).toBe(40);
      expect(await adapter.executeQuery("SELECT b FROM page WHERE id = 40")).toEqual([{ b: rows[39]?.b }]);
    });

    test("of which one is refused undoes only itself in a transaction", async () => {
      const adapter = await openCounting();
      const rows = (prefix: string, price: number) =>
        Array.from({ length: 33_000 }, (_, n) => ({ name: `${prefix}${n}`, price: n === 32_999 ? price : 1 }));
      await adapter.transaction(async (tx) => {
        await tx.insert("item", { name: "before" });
        expect(await failure(tx.insertMany("item", rows("a", -1)))).toMatchObject({ kind: "check_violation" });
        await tx.insert("item", { name: "after" });
      });
      expect(await adapter.executeQuery("SELECT name FROM item ORDER BY id")).toEqual([
        { name: "before" },
        { name: "after" },
      ]);
    });

    test.each([
      ["more", { name: "b", price: 1 }, "price"],
      ["fewer", {}, "name"],
      ["other", { price: 1 }, "price"],
    ])("with %s columns in one row names the row and the column, and writes nothing", async (_, odd, column) => {
      const adapter = await openCounting();
      const error = await failure(adapter.insertMany("item", [{ name: "a" }, { name: "c" }, odd]));
      expect(error).toMatchObject({ kind: "parameter_mismatch", table: "item" });
      expect(error.message).toContain("Row 2");
      expect(error.message).toContain(`"${column}"`);
      expect(await count(adapter)).toBe(0);
    });

    test("does not take what every object has for a column", async () => {
      const adapter = await open();
      const q = (name: string) => adapter.dialect.quoteIdentifier(name);
      await adapter.executeQuery(`CREATE TABLE item (${q("constructor")} ${types.text})`);
      const rows = [{ constructor: "a" }, {}] as Record<string, unknown>[];
      expect(await failure(adapter.insertMany("item", rows))).toMatchObject({ kind: "parameter_mismatch" });
    });
  });

  test("a statement that returns what it wrote works where the database has it", async () => {
    const adapter = await openCounting();
    const sql = "INSERT INTO item (name) VALUES (?), (?) RETURNING id, name";
    if (!hasReturning) {
      expect(await failure(adapter.execute(sql, ["a", "b"]))).toMatchObject({ kind: "syntax_error" });
      return;
    }
    expect(await adapter.execute(sql, ["a", "b"])).toMatchObject({
      rows: [
        { id: 1, name: "a" },
        { id: 2, name: "b" },
      ],
      rowCount: 2,
      columns: ["id", "name"],
    });
    expect(await adapter.executeUpdate(sql, ["c", "d"])).toBe(2);
    expect(await count(adapter)).toBe(4);
  });
});
