import { setImmediate } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { type AnyAdapterOptions, createAdapterFromUrl, type FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { describeEachDatabase } from "./support/databases.ts";
import { all, eventually } from "./support/expect.ts";

const QUERY = "SELECT * FROM item WHERE id = ?";

describeEachDatabase("a statement that is kept", (open, { types, createUrl, countPrepared }) => {
  /** Two adapters on the same table, on one connection each, of which the first has run the query a few times. */
  async function openWarm(): Promise<{ adapter: FraiserDatabaseAdapter; other: FraiserDatabaseAdapter }> {
    const url = await createUrl(onTestFinished);
    const openOne = async (options?: AnyAdapterOptions) => {
      const adapter = await createAdapterFromUrl(url, { pool: { min: 0, max: 1 }, ...options });
      onTestFinished(() => adapter.close());
      return adapter;
    };
    const [adapter, other] = [await openOne(), await openOne()];
    await adapter.executeQuery(`CREATE TABLE item (id ${types.integer}, name ${types.keyText})`);
    await adapter.executeUpdate("INSERT INTO item (id, name) VALUES (1, 'a')");
    for (let n = 0; n < 7; n++) expect(await adapter.executeQuery(QUERY, [1])).toEqual([{ id: 1, name: "a" }]);
    return { adapter, other };
  }

  const CHANGES: Readonly<Record<string, { readonly sql: string; readonly row: Record<string, unknown> }>> = {
    "a column was added": {
      sql: "ALTER TABLE item ADD COLUMN size INTEGER DEFAULT 5",
      row: { id: 1, name: "a", size: 5 },
    },
    "a column was dropped": { sql: "ALTER TABLE item DROP COLUMN name", row: { id: 1 } },
    "a column was renamed": { sql: "ALTER TABLE item RENAME COLUMN name TO title", row: { id: 1, title: "a" } },
  };

  describe.each(Object.entries(CHANGES))("returns the table as it is after %s", (_name, { sql, row }) => {
    test("on its own connection", async () => {
      const { adapter } = await openWarm();
      await adapter.executeQuery(sql);
      for (let n = 0; n < 3; n++) expect(await adapter.executeQuery(QUERY, [1])).toEqual([row]);
      expect((await adapter.execute(QUERY, [1])).columns).toEqual(Object.keys(row));
    });

    test("on another connection", async () => {
      const { adapter, other } = await openWarm();
      await other.executeQuery(sql);
      for (let n = 0; n < 3; n++) expect(await adapter.executeQuery(QUERY, [1])).toEqual([row]);
      expect((await adapter.execute(QUERY, [1])).columns).toEqual(Object.keys(row));
      expect(await all(adapter.stream(QUERY, [1]))).toEqual([row]);
    });

    test("on another connection, in a transaction that may be tried again", async () => {
      const { adapter, other } = await openWarm();
      await other.executeQuery(sql);
      const rows = await adapter.transaction((tx) => tx.executeQuery(QUERY, [1]), { retry: { attempts: 2 } });
      expect(rows).toEqual([row]);
      expect(await adapter.executeQuery(QUERY, [1])).toEqual([row]);
    });
  });

  test("meets a table that was dropped and made anew", async () => {
    const { adapter, other } = await openWarm();
    await other.executeQuery("DROP TABLE item");
    await other.executeQuery(`CREATE TABLE item (size ${types.boolean}, id ${types.text})`);
    await other.executeUpdate("INSERT INTO item (size, id) VALUES (?, ?)", [true, "1"]);
    expect(await adapter.executeQuery("SELECT size, id FROM item WHERE id = ?", ["1"])).toEqual([
      { size: true, id: "1" },
    ]);
    expect(await adapter.executeQuery("SELECT * FROM item")).toEqual([{ size: true, id: "1" }]);
  });

  test("writes to the table as it is", async () => {
    const { adapter, other } = await openWarm();
    const insert = "INSERT INTO item (id, name) VALUES (?, ?)";
    for (let id = 2; id < 9; id++) await adapter.executeUpdate(insert, [id, "b"]);
    await other.executeQuery("ALTER TABLE item ADD COLUMN size INTEGER DEFAULT 5");
    await adapter.executeUpdate(insert, [9, "c"]);
    expect(await adapter.executeQuery(QUERY, [9])).toEqual([{ id: 9, name: "c", size: 5 }]);
  });

  test("sees at once on every connection what its table got and lost", async () => {
    const adapter = await open();
    await adapter.executeQuery(`CREATE TABLE item (id ${types.integer}, name ${types.keyText})`);
    await adapter.insert("item", { id: 1, name: "a" });
    const read = () => Promise.all([1, 2, 3].map(() => adapter.executeQuery("SELECT * FROM item")));
    for (const rows of await read()) expect(rows).toEqual([{ id: 1, name: "a" }]);
    await adapter.executeQuery("ALTER TABLE item ADD COLUMN size INTEGER DEFAULT 5");
    for (const rows of await read()) expect(rows).toEqual([{ id: 1, name: "a", size: 5 }]);
    await adapter.executeQuery("ALTER TABLE item DROP COLUMN name");
    for (const rows of await read()) expect(rows).toEqual([{ id: 1, size: 5 }]);
  });

  test("never fails for those who read while its table is altered, again and again", async () => {
    const url = await createUrl(onTestFinished);
    const [adapter, other] = await Promise.all([createAdapterFromUrl(url), createAdapterFromUrl(url)]);
    onTestFinished(async () => void (await Promise.all([adapter.close(), other.close()])));
    await adapter.executeQuery(`CREATE TABLE item (id ${types.integer}, name ${types.keyText})`);
    await adapter.insert("item", { id: 1, name: "a" });
    const reads = new Set<string>();
    let isOver = false;
    const readers = [1, 2, 3, 4].map(async () => {
      while (!isOver) {
        for (const row of await adapter.executeQuery(QUERY, [1])) reads.add(Object.keys(row).join());
        await setImmediate(); // SQLite answers without waiting, and would let nobody else have a turn
      }
    });
    const columns = ["id", "name"];
    try {
      for (let n = 0; n < 5; n++) {
        await other.executeQuery(`ALTER TABLE item ADD COLUMN c${n} INTEGER`);
        columns.push(`c${n}`);
        await eventually(() => reads.has(columns.join()), Boolean);
      }
    } finally {
      isOver = true;
      await Promise.all(readers);
    }
    expect([...reads].filter((names) => !columns.join().startsWith(names))).toEqual([]);
  });

  test("and failed when it ran for the first time is run again", async () => {
    const adapter = await open({ pool: { min: 1, max: 1 } });
    await adapter.executeQuery("CREATE TABLE fruit (id INT PRIMARY KEY)");
    const insert = () => adapter.executeUpdate("INSERT INTO fruit (id) VALUES (?)", [1]);
    await adapter.executeQuery("INSERT INTO fruit (id) VALUES (1)");
    for (let n = 0; n < 3; n++) await expect(insert()).rejects.toMatchObject({ kind: "unique_violation" });
    await adapter.executeUpdate("DELETE FROM fruit");
    expect(await insert()).toBe(1);
  });

  test("is one of many, of which the connection forgets the oldest", async () => {
    const adapter = await open({ pool: { min: 1, max: 1 } });
    const ask = (n: number) => adapter.executeQuery(`SELECT ${n} AS n`);
    for (let n = 0; n < 450; n++) expect(await ask(n)).toEqual([{ n }]);
    for (const n of [0, 100, 449]) expect(await ask(n)).toEqual([{ n }]);
  });

  test.runIf(countPrepared !== null)(
    "is no stream, nor one that is not to be kept: the server forgets those",
    async () => {
      const adapter = await open({ pool: { min: 1, max: 1 } });
      const prepared = async () => countPrepared?.(adapter);
      await prepared(); // itself is kept from now on
      const before = await prepared();
      for (let n = 0; n < 10; n++) {
        await adapter.executeQuery(`SELECT ${n} AS n`, [], { prepare: false });
        await all(adapter.stream(`SELECT ${n} AS m`));
      }
      expect(await prepared()).toBe(before);
      for (let n = 0; n < 10; n++) await adapter.executeQuery(`SELECT ${n} AS n`);
      expect(await prepared()).toBe(Number(before) + 10);
    },
  );
});
