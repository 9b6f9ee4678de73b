/** How `insert` learns the key: from the rowid where the key is one, else by RETURNING. */
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { failure, openAdapter, temporaryFile } from "./support.ts";

const NUMBERED = "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT)";
const MADE = "CREATE TABLE t (id TEXT NOT NULL DEFAULT ('k' || hex(randomblob(4))), x INT)";
const WITHOUT_ROWID = "CREATE TABLE t (id INTEGER NOT NULL DEFAULT 77, x INT PRIMARY KEY) WITHOUT ROWID";

const TABLES = [
  { title: "that is the rowid", sql: NUMBERED },
  {
    title: "that is the rowid, written otherwise",
    sql: 'CREATE TABLE t (x INT, "ID" integer primary key autoincrement)',
  },
  { title: "that is made as text", sql: MADE },
  { title: "of a table without rowid", sql: WITHOUT_ROWID },
  {
    title: "of a number with a default",
    sql: "CREATE TABLE t (id INTEGER NOT NULL DEFAULT (abs(random()) % 1000), x INT)",
  },
  {
    title: "whose table has a trigger that inserts, too",
    sql: `CREATE TABLE log (id INTEGER PRIMARY KEY, x INT); INSERT INTO log VALUES (500, 0); ${NUMBERED};
      CREATE TRIGGER t_log AFTER INSERT ON t BEGIN INSERT INTO log (x) VALUES (new.x); END`,
  },
  { title: "beyond what a number holds", sql: `${NUMBERED}; INSERT INTO t VALUES (9007199254740993, -1)` },
];

/** Runs statements as another program would. */
function run(file: string, sql: string): void {
  using database = new DatabaseSync(file);
  database.exec(sql);
}

describe("a key", () => {
  test.each(TABLES)("$title is that of the very row, alone and in a transaction", async ({ sql }) => {
    const file = temporaryFile();
    run(file, sql);
    const adapter = openAdapter(file);
    const keyOf = async (x: number) => {
      const [row] = await adapter.executeQuery<{ key: string }>("SELECT CAST(id AS TEXT) AS key FROM t WHERE x = ?", [
        x,
      ]);
      return row?.key;
    };
    for (const x of [1, 2]) expect(await adapter.insert("t", { x })).toBe(await keyOf(x));
    const inside = await adapter.transaction((tx) => tx.insert("t", { x: 3 }));
    expect(inside).toBe(await keyOf(3));
  });

  test.each([
    ["counted up, then made", NUMBERED, MADE],
    ["made, then counted up", MADE, NUMBERED],
    ["counted up, then of a table without rowid", NUMBERED, WITHOUT_ROWID],
  ])("is right also when another program made another table meanwhile: %s", async (_title, before, after) => {
    const file = temporaryFile();
    run(file, before);
    const adapter = openAdapter(file);
    await adapter.insert("t", { x: 1 });
    run(file, `DROP TABLE t; ${after}`);
    const inserting = adapter.insert("t", { x: 2 });
    if (after === WITHOUT_ROWID) {
      // The row is there, and nobody could tell its key: that is said, and the next one is asked for otherwise.
      expect(await failure(inserting)).toMatchObject({ kind: "undefined_column" });
    } else {
      const key = await inserting;
      const [row] = await adapter.executeQuery("SELECT CAST(id AS TEXT) AS key FROM t");
      expect(row).toEqual({ key });
    }
    const next = await adapter.insert("t", { x: 3 });
    expect(await adapter.executeQuery("SELECT CAST(id AS TEXT) AS key FROM t WHERE x = 3")).toEqual([{ key: next }]);
  });

  test("and its row are right whatever was inserted before, into whichever columns", async () => {
    const adapter = openAdapter(temporaryFile());
    const declared = "id INTEGER PRIMARY KEY, a INT, b INT, code TEXT NOT NULL DEFAULT (hex(randomblob(4)))";
    const tables = ["t", "u", ...Array.from({ length: 600 }, (_, n) => `t${n}`)];
    await adapter.transaction(async (tx) => {
      for (const table of tables) await tx.executeQuery(`CREATE TABLE ${table} (${declared})`);
    });
    const rows = [{ a: 1 }, { b: 2 }, { a: 3, b: 4 }, { b: 5, a: 6 }, { id: null, a: 7 }, {}];
    const insertAll = (table: string) =>
      adapter.transaction(async (tx) => {
        for (const row of rows) {
          const key = await tx.insert(table, row);
          const [found] = await tx.executeQuery(`SELECT a, b FROM ${table} WHERE id = ?`, [key]);
          const { a = null, b = null } = row as { a?: number; b?: number };
          expect(found).toEqual({ a, b });
          const code = await tx.insert(table, row, { idColumn: "code" });
          expect(await tx.executeQuery(`SELECT a, b FROM ${table} WHERE code = ?`, [code])).toEqual([found]);
        }
      });
    for (const table of ["t", "u", "t"]) await insertAll(table);
    // More tables than are remembered.
    for (const table of tables) expect(await adapter.insert(table, { b: 9 })).toMatch(/^\d+$/);
    await insertAll("t");
  });

  test("that no insert was made for is none", async () => {
    const file = temporaryFile();
    run(file, `${NUMBERED}; CREATE TRIGGER never BEFORE INSERT ON t BEGIN SELECT RAISE(IGNORE); END`);
    const adapter = openAdapter(file);
    expect(await failure(adapter.insert("t", { x: 1 }))).toMatchObject({ kind: "unsupported", table: "t" });
    expect(await adapter.executeQuery("SELECT * FROM t")).toEqual([]);
  });
});
