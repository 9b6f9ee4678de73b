import { StatementSync } from "node:sqlite";
import { queryObjects } from "node:v8";
import { describe, expect, test } from "vitest";
import type { SqliteAdapter } from "../../../src/db/index.ts";
import { failure, openAdapter, runChild, temporaryFile } from "./support.ts";

const SET_UP = [
  "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, done TEXT)",
  "INSERT INTO item (name, done) VALUES ('one', 1)",
  "CREATE VIEW v_item AS SELECT id, name FROM item",
];

/** Changes of the schema, with what a statement prepared before them then returns. */
const CHANGES: readonly {
  readonly change: string;
  readonly query: string;
  readonly before: Record<string, unknown>;
  readonly after: Record<string, unknown>;
}[] = [
  {
    change: "ALTER TABLE item ADD COLUMN colour TEXT DEFAULT 'red'",
    query: "SELECT * FROM item",
    before: { id: 1, name: "one", done: "1" },
    after: { id: 1, name: "one", done: "1", colour: "red" },
  },
  {
    change: "DROP VIEW v_item; ALTER TABLE item DROP COLUMN name",
    query: "SELECT * FROM item",
    before: { id: 1, name: "one", done: "1" },
    after: { id: 1, done: "1" },
  },
  {
    change: "ALTER TABLE item RENAME COLUMN name TO label",
    query: "SELECT * FROM item",
    before: { id: 1, name: "one", done: "1" },
    after: { id: 1, label: "one", done: "1" },
  },
  {
    change:
      "DROP TABLE item; CREATE TABLE item (done TEXT, name TEXT, id TEXT); INSERT INTO item VALUES ('x', 'y', 'z')",
    query: "SELECT * FROM item",
    before: { id: 1, name: "one", done: "1" },
    after: { done: "x", name: "y", id: "z" },
  },
  {
    change: "DROP TABLE item; CREATE TABLE item (id, name JSON, done BOOLEAN); INSERT INTO item VALUES (1, '[2]', 1)",
    query: "SELECT * FROM item",
    before: { id: 1, name: "one", done: "1" },
    after: { id: 1, name: [2], done: true },
  },
  {
    change: "DROP VIEW v_item; CREATE VIEW v_item AS SELECT name AS id, 7 AS name, id AS number FROM item",
    query: "SELECT * FROM v_item WHERE name IS NOT NULL",
    before: { id: 1, name: "one" },
    after: { id: "one", name: 7, number: 1 },
  },
  {
    change: "DROP VIEW v_item; CREATE TABLE v_item (id DECIMAL_TEXT); INSERT INTO v_item VALUES ('1.50')",
    query: "SELECT * FROM v_item",
    before: { id: 1, name: "one" },
    after: { id: "1.50" },
  },
];

/** How somebody else changes the schema. */
const BY: Readonly<Record<string, (file: string, sql: string) => Promise<void>>> = {
  "another process": async (file, sql) => {
    expect(await runChild("run-sql.ts", [file, sql])).toBe("done");
  },
  "another adapter": async (file, sql) => {
    await using other = openAdapter(file);
    for (const statement of sql.split("; ")) await other.executeQuery(statement);
  },
};

async function setUp(path: string = temporaryFile()): Promise<SqliteAdapter> {
  const adapter = openAdapter(path, { pool: { max: 2 } }); // one reader, which keeps every statement
  for (const sql of SET_UP) await adapter.executeQuery(sql);
  return adapter;
}

async function expectRow(adapter: SqliteAdapter, query: string, row: Record<string, unknown>): Promise<void> {
  const result = await adapter.execute(query);
  expect(result.rows).toEqual([row]);
  expect(result.columns).toEqual(Object.keys(row));
  expect(Object.keys(result.rows[0] ?? {})).toEqual(Object.keys(row));
  expect(await adapter.transaction((tx) => tx.executeQuery(query))).toEqual([row]);
  for await (const streamed of adapter.stream(query)) expect(streamed).toEqual(row);
}

describe.each(Object.keys(BY))("a kept statement is right at once after a change by %s", (by) => {
  test.each(CHANGES)("$change", async ({ change, query, before, after }) => {
    const file = temporaryFile();
    const adapter = await setUp(file);
    await expectRow(adapter, query, before);
    await BY[by]?.(file, change);
    await expectRow(adapter, query, after);
  });
});

describe("a kept statement is right at once", () => {
  test.each(CHANGES)("after a change by its own adapter: $change", async ({ change, query, before, after }) => {
    for (const path of [temporaryFile(), ":memory:"]) {
      const adapter = await setUp(path);
      await expectRow(adapter, query, before);
      for (const statement of change.split("; ")) await adapter.executeQuery(statement);
      await expectRow(adapter, query, after);
    }
  });

  test.each(CHANGES)("in the transaction that changes, and after its rollback: $change", async (wanted) => {
    const { change, query, before, after } = wanted;
    const adapter = await setUp();
    await expectRow(adapter, query, before);
    const work = adapter.transaction(async (tx) => {
      expect(await tx.executeQuery(query)).toEqual([before]);
      for (const statement of change.split("; ")) await tx.executeQuery(statement);
      expect(await tx.executeQuery(query)).toEqual([after]);
      throw new Error("enough");
    });
    await expect(work).rejects.toThrow("enough");
    await expectRow(adapter, query, before);
  });

  test("when nothing is found, as to its columns", async () => {
    const file = temporaryFile();
    const adapter = await setUp(file);
    const columns = async () => (await adapter.execute("SELECT * FROM item WHERE id = 99")).columns;
    expect(await columns()).toEqual(["id", "name", "done"]);
    await BY["another adapter"]?.(file, "ALTER TABLE item ADD COLUMN colour");
    expect(await columns()).toEqual(["id", "name", "done", "colour"]);
  });

  test.each(CHANGES)("when it is streamed before anything else meets the change: $change", async (wanted) => {
    const { change, query, before, after } = wanted;
    const file = temporaryFile();
    const adapter = await setUp(file);
    await expectRow(adapter, query, before);
    await BY["another adapter"]?.(file, change);
    const streamed = [];
    for await (const row of adapter.stream(query)) streamed.push(row);
    expect(streamed).toEqual([after]);
  });

  test("when it writes and returns", async () => {
    const file = temporaryFile();
    const adapter = await setUp(file);
    const insert = "INSERT INTO item (name) VALUES (?) RETURNING *";
    expect(await adapter.executeQuery(insert, ["two"])).toEqual([{ id: 2, name: "two", done: null }]);
    await BY["another adapter"]?.(file, "ALTER TABLE item ADD COLUMN seen BOOLEAN DEFAULT 1");
    expect(await adapter.executeQuery(insert, ["three"])).toEqual([{ id: 3, name: "three", done: null, seen: true }]);
    expect(await adapter.executeQuery("SELECT count(*) AS n FROM item")).toEqual([{ n: 3 }]);
  });

  test("when its table is gone, and when it is there again", async () => {
    const file = temporaryFile();
    const adapter = await setUp(file);
    const query = "SELECT name FROM item";
    expect(await adapter.executeQuery(query)).toEqual([{ name: "one" }]);
    await BY["another adapter"]?.(file, "ALTER TABLE item RENAME TO thing");
    expect(await failure(adapter.executeQuery(query))).toMatchObject({ kind: "undefined_table", table: "item" });
    await BY["another adapter"]?.(file, "ALTER TABLE thing RENAME TO item");
    expect(await adapter.executeQuery(query)).toEqual([{ name: "one" }]);
  });
});

describe("statements", () => {
  test("are kept, but no more than a bounded number, however many there are", async () => {
    const adapter = await setUp(":memory:");
    const alive = () => queryObjects(StatementSync, { format: "count" });
    for (let n = 0; n < 100; n++) await adapter.executeQuery(`SELECT ${n} AS n`);
    expect(alive()).toBeGreaterThanOrEqual(100);
    for (let n = 0; n < 2000; n++) await adapter.executeQuery(`SELECT ${n} AS n`);
    expect(alive()).toBeLessThan(300);
    for (let n = 0; n < 2000; n++) await adapter.executeQuery(`SELECT ${n} AS m`, [], { prepare: false });
    expect(alive()).toBeLessThan(300);
    await adapter.close();
    expect(alive()).toBeLessThan(100);
  });

  test("work for ever, also those that had to make room", async () => {
    const adapter = await setUp();
    const numbers = Array.from({ length: 300 }, (_, n) => n);
    for (let round = 0; round < 2; round++)
      for (const n of numbers)
        expect(await adapter.executeQuery(`SELECT name, ${n} AS n FROM item`)).toEqual([{ name: "one", n }]);
  });
});
