import { describe, expect, onTestFinished, test } from "vitest";
import type { FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { describeEachDatabase } from "./support/databases.ts";
import { all, failure } from "./support/expect.ts";
import { shareAdapter } from "./support/shared-adapter.ts";

/** Names that every database can have, and that go wrong when they are not quoted, or badly. */
const ODD_NAMES = [
  'dou"ble',
  "sin'gle",
  "back`tick",
  "[bracket]",
  "with space",
  "semi;colon",
  "com--ment",
  "/*comment*/",
  "#hash",
  "dollar$1",
  "question?",
  "percent%s",
  "back\\slash",
  "schema.table",
  "new\nline",
  "étl",
  "名前",
  "Mixed Case",
  "select",
  "group",
  "1",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
];

/** Texts that would do harm if they ever became SQL. */
const INJECTIONS = [
  'x"; DROP TABLE victim; --',
  "x'; DROP TABLE victim; --",
  "x`; DROP TABLE victim; --",
  "x]; DROP TABLE victim; --",
  '" (id) VALUES (1); DELETE FROM victim; --',
  "` (id) VALUES (1); DELETE FROM victim; --",
  "victim WHERE 1 = 1; --",
  'id" = "id" OR 1 = 1 --',
  "id` = `id` OR 1 = 1 --",
  "\\'; DELETE FROM victim; --",
  "\\`; DELETE FROM victim; --",
  "1 OR 1=1",
  "1); DELETE FROM victim; --",
  "?",
  "$1",
];

/** An object with a key of its own, also where every object has one of that name. */
const row = (entries: readonly (readonly [string, unknown])[]): Record<string, unknown> => Object.fromEntries(entries);

describeEachDatabase("names", (_, database) => {
  const { types, maxNameLength } = database;
  const shared = shareAdapter(database, async () => {});

  /** The adapter, with a table that goes with the running test. */
  const openWith = async (
    table: string,
    columns: (q: (name: string) => string) => string,
  ): Promise<FraiserDatabaseAdapter> => {
    const adapter = shared();
    const q = (name: string) => adapter.dialect.quoteIdentifier(name);
    const run = (sql: string) => adapter.executeQuery(sql, [], { placeholders: "native" });
    await run(`CREATE TABLE ${q(table)} (${columns(q)})`);
    onTestFinished(async () => void (await run(`DROP TABLE ${q(table)}`)));
    return adapter;
  };

  test.each(ODD_NAMES)("a column called %j is written, read, changed and found", async (name) => {
    const adapter = await openWith("t", (q) => `id ${types.countingKey}, ${q(name)} ${types.keyText} UNIQUE`);
    expect(await adapter.insert("t", row([[name, "a"]]))).toBe("1");
    expect(await adapter.insertMany("t", [row([[name, "b"]]), row([[name, "c"]])])).toBe(2);
    expect(await adapter.upsert("t", row([[name, "a"]]), { conflict: [name] })).toBe("1");
    expect(await adapter.update("t", "c", row([[name, "d"]]), { idColumn: name })).toBe(true);
    expect(await adapter.delete("t", "b", { idColumn: name })).toBe(true);
    const expected = [
      row([
        ["id", 1],
        [name, "a"],
      ]),
      row([
        ["id", 3],
        [name, "d"],
      ]),
    ];
    const renamed = `SELECT id, ${adapter.dialect.quoteIdentifier(name)} AS a FROM t ORDER BY id`;
    expect(await adapter.executeQuery(renamed, [], { placeholders: "native" })).toEqual([
      { id: 1, a: "a" },
      { id: 3, a: "d" },
    ]);
    const rows = await adapter.executeQuery("SELECT * FROM t ORDER BY id");
    expect(rows).toEqual(expected);
    expect(rows.map((found) => Object.entries(found))).toEqual(expected.map((found) => Object.entries(found)));
    expect(await all(adapter.stream("SELECT * FROM t ORDER BY id"))).toEqual(expected);
    expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
  });

  test.each(ODD_NAMES)("a table called %j is written, read, changed and emptied", async (name) => {
    const adapter = await openWith(name, () => `id ${types.countingKey}, a ${types.integer} UNIQUE`);
    expect(await adapter.insert(name, { a: 1 })).toBe("1");
    expect(await adapter.insertMany(name, [{ a: 2 }, { a: 3 }])).toBe(2);
    expect(await adapter.upsert(name, { a: 1 }, { conflict: ["a"] })).toBe("1");
    expect(await adapter.update(name, 2, { a: 4 })).toBe(true);
    expect(await adapter.delete(name, 3)).toBe(true);
    const sql = `SELECT id, a FROM ${adapter.dialect.quoteIdentifier(name)} ORDER BY id`;
    expect(await adapter.executeQuery(sql, [], { placeholders: "native" })).toEqual([
      { id: 1, a: 1 },
      { id: 2, a: 4 },
    ]);
  });

  test("a key column can have an odd name, too", async () => {
    const adapter = await openWith("t", (q) => `${q("__proto__")} ${types.countingKey}, a ${types.integer}`);
    expect(await adapter.insert("t", { a: 1 }, { idColumn: "__proto__" })).toBe("1");
    expect(await adapter.insert("t", row([["__proto__", 7]]), { idColumn: "__proto__" })).toBe("7");
  });

  test("names can be as long as the database allows, and are refused, not cut, when they are longer", async () => {
    const longest = "n".repeat(maxNameLength);
    const adapter = await openWith(longest, (q) => `id ${types.countingKey}, ${q(longest)} ${types.integer}`);
    expect(await adapter.insert(longest, { [longest]: 5 })).toBe("1");
    const tooLong = `${longest}n`;
    await failure(adapter.insert(tooLong, { [longest]: 5 }));
    await failure(adapter.insert(longest, { [tooLong]: 5 }));
    expect(await adapter.executeQuery(`SELECT * FROM ${longest}`)).toEqual([{ id: 1, [longest]: 5 }]);
  });

  test.each([
    ["empty", ""],
    ["with NUL", "a\0b"],
  ])("a name that is %s is refused before anything is sent", async (_, name) => {
    const adapter = await openWith("t", () => `id ${types.countingKey}, a ${types.integer}`);
    for (const work of [
      () => adapter.insert(name, { a: 1 }),
      () => adapter.insert("t", { [name]: 1 }),
      () => adapter.insertMany("t", [{ [name]: 1 }]),
      () => adapter.upsert("t", { a: 1, [name]: 1 }, { conflict: ["a"] }),
      () => adapter.update("t", 1, { a: 1 }, { idColumn: name }),
      () => adapter.delete(name, 1),
    ])
      expect(await failure(work())).toMatchObject({ kind: "unsupported" });
    expect(await adapter.executeQuery("SELECT * FROM t")).toEqual([]);
  });

  describe.each(INJECTIONS)("%j", (harm) => {
    const VICTIM = [
      { id: 1, name: "a" },
      { id: 2, name: "b" },
    ];
    async function openVictim(): Promise<FraiserDatabaseAdapter> {
      const adapter = await openWith("victim", () => `id ${types.countingKey}, name ${types.keyText} UNIQUE`);
      await adapter.insertMany("victim", [{ name: "a" }, { name: "b" }]);
      return adapter;
    }
    const victim = (adapter: FraiserDatabaseAdapter) => adapter.executeQuery("SELECT id, name FROM victim ORDER BY id");

    test("as a name is no SQL, only a name that there isn't", async () => {
      const adapter = await openVictim();
      const attempts: (() => Promise<unknown>)[] = [
        () => adapter.insert(harm, { name: "c" }),
        () => adapter.insert(harm, {}),
        () => adapter.insert("victim", { [harm]: "c" }),
        () => adapter.insert("victim", { name: "c" }, { idColumn: harm }),
        () => adapter.insertMany(harm, [{ name: "c" }]),
        () => adapter.insertMany("victim", [{ [harm]: "c" }]),
        () => adapter.upsert(harm, { name: "a" }, { conflict: ["name"] }),
        () => adapter.upsert("victim", { [harm]: "a" }, { conflict: [harm] }),
        () => adapter.upsert("victim", { name: "c" }, { conflict: ["name"], idColumn: harm }),
        () => adapter.update(harm, 1, { name: "c" }),
        () => adapter.update("victim", 1, { [harm]: "c" }),
        () => adapter.update("victim", 1, { name: "c" }, { idColumn: harm }),
        () => adapter.delete(harm, 1),
        () => adapter.delete("victim", 1, { idColumn: harm }),
      ];
      for (const attempt of attempts)
        expect((await failure(attempt())).kind, attempt.toString()).toMatch(/^(undefined_|unsupported$|syntax_error$)/);
      expect(await victim(adapter)).toEqual(VICTIM);
    });

    test("as the name of a table or a column that there is is just that", async () => {
      const adapter = await openVictim();
      await openWith(harm, (q) => `id ${types.countingKey}, ${q(harm)} ${types.integer}`);
      expect(await adapter.insert(harm, { [harm]: 5 })).toBe("1");
      expect(await adapter.delete(harm, 5, { idColumn: harm })).toBe(true);
      expect(await victim(adapter)).toEqual(VICTIM);
    });

    test("as a value is stored as it is, and as an id finds only itself", async () => {
      const adapter = await openVictim();
      expect(await adapter.update("victim", harm, { name: "c" }, { idColumn: "name" })).toBe(false);
      expect(await adapter.delete("victim", harm, { idColumn: "name" })).toBe(false);
      expect(await adapter.insert("victim", { name: harm }, { idColumn: "name" })).toBe(harm);
      expect(await adapter.executeQuery("SELECT name FROM victim WHERE name = ?", [harm])).toEqual([{ name: harm }]);
      expect(await adapter.delete("victim", harm, { idColumn: "name" })).toBe(true);
      expect(await victim(adapter)).toEqual(VICTIM);
    });
  });
});
