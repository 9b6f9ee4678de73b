import { describe, expect, test } from "vitest";
import type { FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { describeEachDatabase } from "./support/databases.ts";
import { failure } from "./support/expect.ts";

describeEachDatabase("writing", (open, { types, upsertMeetsEveryKey }) => {
  /** An adapter on a database with one city, Oslo. */
  async function openCities(): Promise<FraiserDatabaseAdapter> {
    const adapter = await open();
    await adapter.executeQuery(
      `CREATE TABLE city (id ${types.countingKey}, name ${types.keyText} NOT NULL, country ${types.keyText},
        people ${types.integer} CHECK (people >= 0), UNIQUE (name, country))`,
    );
    await adapter.insert("city", { name: "Oslo", country: "NO", people: 5 });
    return adapter;
  }
  const cities = (adapter: FraiserDatabaseAdapter) =>
    adapter.executeQuery("SELECT id, name, country, people FROM city ORDER BY id");
  const OSLO = { id: 1, name: "Oslo", country: "NO", people: 5 };
  const conflict = ["name", "country"];

  test("never throws at the call, whatever it is given", async () => {
    const adapter = await openCities();
    const nothing = null as never;
    const answers = () => [
      adapter.insert("city", nothing),
      adapter.insert("city", {}, nothing),
      adapter.insertMany("city", nothing),
      adapter.upsert("city", {}, nothing),
      adapter.update("city", 1, nothing),
      adapter.update("city", 1, {}, nothing),
      adapter.delete("city", 1, nothing),
      adapter.executeQuery(nothing),
      adapter.executeUpdate("SELECT 1", nothing),
      adapter.transaction(nothing),
      adapter.transaction(async () => {}, nothing),
    ];
    for (const { status } of await Promise.allSettled(answers())) expect(status).toBe("rejected");
    expect(await cities(adapter)).toEqual([OSLO]);
  });

  describe("upsert", () => {
    test("inserts a row that isn't there, and returns its key", async () => {
      const adapter = await openCities();
      const id = await adapter.upsert("city", { name: "Rome", country: "IT", people: 7 }, { conflict });
      expect(await cities(adapter)).toEqual([OSLO, { id: Number(id), name: "Rome", country: "IT", people: 7 }]);
    });

    test("updates the one that has the same values in all columns of the conflict, and returns its key", async () => {
      const adapter = await openCities();
      await adapter.insert("city", { name: "Oslo", country: "US", people: 1 });
      expect(await adapter.upsert("city", { name: "Oslo", country: "NO", people: 6 }, { conflict })).toBe("1");
      expect(await cities(adapter)).toMatchObject([
        { id: 1, people: 6 },
        { country: "US", people: 1 },
      ]);
    });

    test("leaves columns alone that it was not given", async () => {
      const adapter = await openCities();
      await adapter.upsert("city", { name: "Oslo", country: "NO" }, { conflict: ["country", "name"] });
      expect(await cities(adapter)).toEqual([OSLO]);
    });

    test("returns the key of the row also when it changes nothing", async () => {
      const adapter = await openCities();
      const { id: _, ...same } = OSLO;
      for (const data of [same, same, { name: "Oslo", country: "NO" }])
        expect(await adapter.upsert("city", data, { conflict })).toBe("1");
      expect(await cities(adapter)).toEqual([OSLO]);
    });

    test("by the key itself returns that key", async () => {
      const adapter = await openCities();
      await adapter.executeQuery(`CREATE TABLE note (id ${types.keyText} PRIMARY KEY, body ${types.text})`);
      for (const body of ["a", "b", "b"])
        expect(await adapter.upsert("note", { id: "étl", body }, { conflict: ["id"] })).toBe("étl");
      expect(await adapter.executeQuery("SELECT * FROM note")).toEqual([{ id: "étl", body: "b" }]);
    });

    test("returns the key from the column that idColumn names", async () => {
      const adapter = await openCities();
      await adapter.executeQuery(`CREATE TABLE tag (code ${types.keyText} PRIMARY KEY, n ${types.integer})`);
      const put = (n: number) => adapter.upsert("tag", { code: "x", n }, { conflict: ["code"], idColumn: "code" });
      expect([await put(1), await put(2)]).toEqual(["x", "x"]);
      expect(await adapter.executeQuery("SELECT n FROM tag")).toEqual([{ n: 2 }]);
    });

    test("inserts each time where a column of the conflict is NULL, which equals nothing", async () => {
      const adapter = await openCities();
      const put = () => adapter.upsert("city", { name: "Nowhere", country: null }, { conflict });
      const [first, second] = [await put(), await put()];
      expect(first).not.toBe(second);
      expect((await cities(adapter)).map(({ id }) => String(id))).toEqual(["1", first, second]);
    });

    test("of 16 at once of the same row leaves one, and each has its key", async () => {
      const adapter = await openCities();
      const put = (people: number) =>
        adapter.transaction((tx) => tx.upsert("city", { name: "Rome", country: "IT", people }, { conflict }), {
          retry: { attempts: 100, maxDelayMs: 20 },
        });
      const ids = await Promise.all(Array.from({ length: 16 }, (_, n) => put(n)));
      expect(new Set(ids).size).toBe(1);
      expect(await cities(adapter)).toMatchObject([OSLO, { id: Number(ids[0]), name: "Rome" }]);
    });

    test("refuses a conflict whose values are not given, and one without columns", async () => {
      const adapter = await openCities();
      const error = await failure(adapter.upsert("city", { name: "Oslo" }, { conflict }));
      expect(error).toMatchObject({ kind: "parameter_mismatch", table: "city" });
      expect(error.message).toContain('"country"');
      expect(await failure(adapter.upsert("city", { name: "Oslo" }, { conflict: [] }))).toMatchObject({
        kind: "parameter_mismatch",
      });
      expect(await cities(adapter)).toEqual([OSLO]);
    });

    test.each([
      ["no key", ["people"]],
      ["part of a key", ["name"]],
      ["more than a key", ["name", "country", "people"]],
    ])("refuses a conflict that is %s", async (_, columns) => {
      const adapter = await openCities();
      const { id: __, ...same } = OSLO;
      const error = await failure(adapter.upsert("city", same, { conflict: columns }));
      expect(error).toMatchObject({ kind: "unsupported" });
      expect(await cities(adapter)).toEqual([OSLO]);
    });

    test("never changes another row than that of the conflict", async () => {
      const adapter = await openCities();
      await adapter.executeQuery(`CREATE TABLE login (id ${types.countingKey}, name ${types.keyText} UNIQUE,
        mail ${types.keyText} UNIQUE, n ${types.integer})`);
      await adapter.insertMany("login", [
        { name: "ada", mail: "a@x", n: 1 },
        { name: "bob", mail: "b@x", n: 2 },
      ]);
      const before = await adapter.executeQuery("SELECT * FROM login ORDER BY id");
      const error = await failure(adapter.upsert("login", { name: "cleo", mail: "b@x", n: 3 }, { conflict: ["name"] }));
      expect(error).toMatchObject({ kind: upsertMeetsEveryKey ? "unsupported" : "unique_violation" });
      expect(await adapter.executeQuery("SELECT * FROM login ORDER BY id")).toEqual(before);
      // The other key can meet nothing when its columns are left out.
      expect(await adapter.upsert("login", { name: "bob", n: 4 }, { conflict: ["name"] })).toBe("2");
    });

    test("sees another key also when its column is written in capitals", async () => {
      const adapter = await openCities();
      await adapter.executeQuery(
        `CREATE TABLE login (id ${types.integer} PRIMARY KEY, name ${types.keyText} UNIQUE, n ${types.integer})`,
      );
      await adapter.insert("login", { id: 1, name: "ada", n: 1 });
      const data = { ID: 1, name: "cleo", n: 2 };
      await failure(adapter.upsert("login", data, { conflict: ["name"], idColumn: "ID" }));
      expect(await adapter.executeQuery("SELECT * FROM login")).toEqual([{ id: 1, name: "ada", n: 1 }]);
    });

    test.runIf(upsertMeetsEveryKey)("refuses a key that only compares the beginning of a column", async () => {
      const adapter = await openCities();
      await adapter.executeQuery(`CREATE TABLE page (id ${types.countingKey}, url ${types.keyText}, n ${types.integer},
        UNIQUE KEY beginning (url(3)))`);
      await adapter.insert("page", { url: "abc/1", n: 1 });
      expect(await failure(adapter.upsert("page", { url: "abc/2", n: 2 }, { conflict: ["url"] }))).toMatchObject({
        kind: "unsupported",
      });
      expect(await adapter.executeQuery("SELECT url, n FROM page")).toEqual([{ url: "abc/1", n: 1 }]);
    });

    test("that fails leaves a transaction as it was before", async () => {
      const adapter = await openCities();
      await adapter.transaction(async (tx) => {
        await tx.insert("city", { name: "Rome" });
        const failing = tx.transaction((inner) =>
          inner.upsert("city", { name: "Oslo", country: "NO", people: -1 }, { conflict }),
        );
        expect(await failure(failing)).toMatchObject({ kind: "check_violation" });
      });
      expect(await cities(adapter)).toMatchObject([OSLO, { name: "Rome" }]);
    });
  });

  describe("update", () => {
    test("changes the row with the key, and no other", async () => {
      const adapter = await openCities();
      const rome = await adapter.insert("city", { name: "Rome", country: "IT", people: 7 });
      expect(await adapter.update("city", 1, { people: 6, country: null })).toBe(true);
      expect(await cities(adapter)).toEqual([
        { id: 1, name: "Oslo", country: null, people: 6 },
        { id: Number(rome), name: "Rome", country: "IT", people: 7 },
      ]);
    });

    test("is true also when the row has these values already", async () => {
      const adapter = await openCities();
      const { id, ...same } = OSLO;
      expect([await adapter.update("city", id, same), await adapter.update("city", id, same)]).toEqual([true, true]);
    });

    test.each(["1x", "1 OR 1=1", "", "1.0.0"])("is false for the text %j where keys are numbers", async (id) => {
      const adapter = await openCities();
      const answered = await adapter.update("city", id, { people: 1 }).catch((error) => error.kind);
      // PostgreSQL compares no such text with a number.
      expect([false, "out_of_range", "syntax_error", "unknown", "parameter_mismatch"]).toContain(answered);
      expect(await adapter.delete("city", id).catch(() => false)).toBe(false);
      expect(await cities(adapter)).toEqual([OSLO]);
      expect(await adapter.update("city", "1", { people: 4 })).toBe(true);
    });

    test.each([0, false, 1n, 7.5])("is false for %s where keys are text", async (id) => {
      const adapter = await open();
      await adapter.executeQuery(`CREATE TABLE word (id ${types.keyText} NOT NULL PRIMARY KEY, n ${types.integer})`);
      const words = ["a", "1x", "7.5 apples"].map((each) => ({ id: each, n: 1 }));
      await adapter.insertMany("word", words);
      expect(await adapter.update("word", id, { n: 2 })).toBe(false);
      expect(await adapter.delete("word", id)).toBe(false);
      expect(await adapter.executeQuery("SELECT id, n FROM word WHERE n = 1")).toHaveLength(3);
      await adapter.insert("word", { id: "5", n: 1 });
      expect([await adapter.update("word", 5, { n: 3 }), await adapter.delete("word", 5n)]).toEqual([true, true]);
    });

    test("without data looks whether the row exists", async () => {
      const adapter = await openCities();
      expect([await adapter.update("city", 1, {}), await adapter.update("city", 2, {})]).toEqual([true, false]);
      expect(await cities(adapter)).toEqual([OSLO]);
    });

    test.each([
      ["another id", 2],
      ["NULL", null],
      ["a bigint beyond numbers", 2n ** 62n],
    ])("is false for %s, and changes nothing", async (_, id) => {
      const adapter = await openCities();
      expect(await adapter.update("city", id, { people: 1 })).toBe(false);
      expect(await cities(adapter)).toEqual([OSLO]);
    });

    test("finds the row by the column that idColumn names, and can change the key", async () => {
      const adapter = await openCities();
      expect(await adapter.update("city", "Oslo", { name: "Christiania", id: 9 }, { idColumn: "name" })).toBe(true);
      expect(await cities(adapter)).toEqual([{ ...OSLO, id: 9, name: "Christiania" }]);
    });

    test("refuses an undefined id and an undefined value", async () => {
      const adapter = await openCities();
      for (const work of [
        adapter.update("city", undefined, { people: 1 }),
        adapter.update("city", 1, { people: undefined }),
      ])
        expect(await failure(work)).toMatchObject({ kind: "parameter_mismatch" });
      expect(await cities(adapter)).toEqual([OSLO]);
    });
  });

  describe("delete", () => {
    test("removes the row with the key, once, and no other", async () => {
      const adapter = await openCities();
      const rome = await adapter.insert("city", { name: "Rome" });
      expect(await adapter.delete("city", rome)).toBe(true);
      expect(await adapter.delete("city", rome)).toBe(false);
      expect(await cities(adapter)).toEqual([OSLO]);
    });

    test("finds the row by the column that idColumn names", async () => {
      const adapter = await openCities();
      expect(await adapter.delete("city", "Rome", { idColumn: "name" })).toBe(false);
      expect(await adapter.delete("city", "Oslo", { idColumn: "name" })).toBe(true);
      expect(await cities(adapter)).toEqual([]);
    });

    test("is false for NULL, and refuses undefined", async () => {
      const adapter = await openCities();
      expect(await adapter.delete("city", null)).toBe(false);
      expect(await failure(adapter.delete("city", undefined))).toMatchObject({ kind: "parameter_mismatch" });
      expect(await cities(adapter)).toEqual([OSLO]);
    });

    test("of a row that another one needs is an error", async () => {
      const adapter = await openCities();
      await adapter.executeQuery(
        `CREATE TABLE street (id ${types.countingKey}, city ${types.integer} NOT NULL, FOREIGN KEY (city) REFERENCES city (id))`,
      );
      await adapter.insert("street", { city: 1 });
      expect(await failure(adapter.delete("city", 1))).toMatchObject({ kind: "foreign_key_violation" });
      expect(await cities(adapter)).toEqual([OSLO]);
    });
  });
});
