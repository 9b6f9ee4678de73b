import { describe, expect, onTestFinished, test } from "vitest";
import { type AnyAdapterOptions, createAdapterFromUrl, type FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { describeEachDatabase } from "./support/databases.ts";
import { all } from "./support/expect.ts";

const QUERY = "SELECT * FROM item WHERE id = ?";

describeEachDatabase("a statement that is kept", (_, { types, createUrl }) => {
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
});
