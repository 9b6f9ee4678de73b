import { describe, expect, test } from "vitest";
import type { SqliteAdapter } from "../../../src/db/index.ts";
import { failure, openAdapter, openItems, temporaryFile } from "./support.ts";

const COUNT = "SELECT count(*) AS count FROM item";

/** Runs `work` while the one writer is taken by a transaction that has written a second item. */
async function whileWriting<T>(adapter: SqliteAdapter, work: () => Promise<T>): Promise<T> {
  const written = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const writing = adapter.transaction(async (tx) => {
    await tx.executeUpdate("INSERT INTO item (n) VALUES (2)");
    written.resolve();
    await done.promise;
  });
  await Promise.race([written.promise, writing]);
  try {
    return await work();
  } finally {
    done.resolve();
    await writing;
  }
}

describe("while a transaction writes", () => {
  test("any number of readers see the old state, and then the new one", async () => {
    const adapter = await openItems();
    await whileWriting(adapter, async () => {
      const counts = await Promise.all(Array.from({ length: 20 }, () => adapter.executeQuery(COUNT)));
      expect(counts).toEqual(Array.from({ length: 20 }, () => [{ count: 1 }]));
    });
    expect(await adapter.executeQuery(COUNT)).toEqual([{ count: 2 }]);
  });

  test.each([
    "SELECT 1",
    "VALUES (1)",
    "WITH one AS (SELECT 1) SELECT * FROM one",
    "SELECT * FROM item WHERE id IN (SELECT n FROM item)",
    "EXPLAIN INSERT INTO item DEFAULT VALUES",
    "PRAGMA table_info(item)",
    "PRAGMA user_version",
    "CREATE TABLE IF NOT EXISTS item (id INTEGER)",
  ])("nothing that only reads waits for it: %s", async (sql) => {
    const adapter = await openItems();
    await whileWriting(adapter, async () => {
      await adapter.executeQuery(sql, [], { timeoutMs: 1000 });
      for await (const row of adapter.stream(sql, [], { timeoutMs: 1000 })) expect(row).toBeTypeOf("object");
    });
  });

  test("a transaction that only reads does not wait for it", async () => {
    const adapter = await openItems();
    const count = await whileWriting(adapter, () =>
      adapter.transaction((tx) => tx.executeQuery(COUNT), { readOnly: true, timeoutMs: 1000 }),
    );
    expect(count).toEqual([{ count: 1 }]);
  });

  test("a second writer waits its turn", async () => {
    const adapter = await openItems();
    await whileWriting(adapter, async () => {
      const waiting = adapter.executeUpdate("DELETE FROM item", [], { timeoutMs: 50 });
      expect(await failure(waiting)).toMatchObject({ kind: "acquire_timeout" });
    });
    expect(await adapter.executeUpdate("DELETE FROM item")).toBe(2);
  });
});

describe("a read-only transaction", () => {
  test("sees one state of the database from its first look to its end", async () => {
    const file = temporaryFile();
    const [adapter, other] = [await openItems(file), openAdapter(file)];
    const seen = await adapter.transaction(
      async (tx) => {
        const before = await tx.executeQuery(COUNT);
        await other.insert("item", { id: 2 });
        return [before, await tx.executeQuery(COUNT)];
      },
      { readOnly: true },
    );
    expect(seen).toEqual([[{ count: 1 }], [{ count: 1 }]]);
    expect(await adapter.executeQuery(COUNT)).toEqual([{ count: 2 }]);
  });

  test.each(["a file", ":memory:"])("refuses to write, and leaves the next transaction free to: %s", async (kind) => {
    const adapter = await openItems(kind === ":memory:" ? kind : undefined);
    for (const sql of ["INSERT INTO item DEFAULT VALUES", "DELETE FROM item RETURNING id", "DROP TABLE item"]) {
      const work = adapter.transaction((tx) => tx.executeQuery(sql), { readOnly: true });
      expect(await failure(work)).toMatchObject({ kind: "read_only" });
    }
    expect(await adapter.transaction((tx) => tx.executeQuery(COUNT), { readOnly: true })).toEqual([{ count: 1 }]);
    expect(await adapter.transaction((tx) => tx.executeUpdate("DELETE FROM item"))).toBe(1);
    expect(await adapter.executeUpdate("INSERT INTO item DEFAULT VALUES")).toBe(1);
  });
});

describe("the writer", () => {
  const INSERT = "INSERT INTO item (n) VALUES (?)";
  const acquiredFor = async (adapter: SqliteAdapter, work: () => Promise<unknown>) => {
    const before = adapter.poolMetrics().acquiredTotal;
    await work();
    return adapter.poolMetrics().acquiredTotal - before;
  };

  test("is asked at once for a statement that a reader refused before, and never for one that reads", async () => {
    const adapter = await openItems();
    expect(await acquiredFor(adapter, () => adapter.executeUpdate(INSERT, [1]))).toBe(2);
    expect(await acquiredFor(adapter, () => adapter.executeUpdate(INSERT, [2]))).toBe(1);
    expect(await acquiredFor(adapter, () => adapter.executeQuery(COUNT))).toBe(1);
    await whileWriting(adapter, async () => {
      expect(await acquiredFor(adapter, () => adapter.executeQuery(COUNT))).toBe(1);
    });
  });

  test("gives its own error, not the reader's refusal", async () => {
    const adapter = await openItems();
    for (let n = 0; n < 2; n++) {
      const double = adapter.executeUpdate("INSERT INTO item (id) VALUES (1)");
      expect(await failure(double)).toMatchObject({ kind: "unique_violation", table: "item", columns: ["id"] });
    }
  });

  test("has written what the next reader sees", async () => {
    const adapter = await openItems();
    for (let n = 2; n < 50; n++) {
      await adapter.executeUpdate(INSERT, [n]);
      const counts = await Promise.all([1, 2, 3, 4].map(() => adapter.executeQuery(COUNT)));
      expect(counts).toEqual([1, 2, 3, 4].map(() => [{ count: n }]));
    }
  });

  test("makes the file smaller by VACUUM, and checkpoints the log", async () => {
    const adapter = await openItems();
    const pages = async () => (await adapter.executeQuery<{ page_count: number }>("PRAGMA page_count"))[0]?.page_count;
    await adapter.executeQuery("CREATE TABLE big AS SELECT zeroblob(1000000) AS filler");
    expect(await adapter.executeQuery("PRAGMA wal_checkpoint(TRUNCATE)")).toEqual([
      { busy: 0, log: 0, checkpointed: 0 },
    ]);
    await adapter.executeQuery("DROP TABLE big");
    expect(await pages()).toBeGreaterThan(100);
    await adapter.executeQuery("VACUUM");
    expect(await pages()).toBeLessThan(10);
  });
});

describe("what belongs to one connection", () => {
  test("a temporary table, is there in the transaction that made it", async () => {
    const adapter = await openItems();
    const rows = await adapter.transaction(async (tx) => {
      await tx.executeQuery("CREATE TEMP TABLE chosen AS SELECT id FROM item");
      await tx.executeUpdate("UPDATE item SET n = 7 WHERE id IN (SELECT id FROM temp.chosen)");
      return tx.executeQuery("SELECT * FROM chosen");
    });
    expect(rows).toEqual([{ id: 1 }]);
    expect(await adapter.executeQuery("SELECT n FROM item")).toEqual([{ n: 7 }]);
  });

  test("a temporary table, goes with a transaction that is rolled back", async () => {
    const adapter = await openItems();
    const work = adapter.transaction(async (tx) => {
      await tx.executeQuery("CREATE TEMP TABLE chosen (id)");
      throw new Error("enough");
    });
    await expect(work).rejects.toThrow("enough");
    await adapter.transaction((tx) => tx.executeQuery("CREATE TEMP TABLE chosen (id)"));
  });

  test("an attached database, is written together with the first in one transaction", async () => {
    const adapter = await openItems();
    const otherFile = temporaryFile();
    const other = await openItems(otherFile);
    await adapter.transaction(async (tx) => {
      await tx.executeQuery("ATTACH ? AS other", [otherFile]);
      await tx.executeUpdate("INSERT INTO other.item (id) VALUES (5)");
      await tx.executeUpdate("UPDATE item SET n = (SELECT count(*) FROM other.item)");
    });
    expect(await other.executeQuery(COUNT)).toEqual([{ count: 2 }]);
    expect(await adapter.executeQuery("SELECT n FROM item")).toEqual([{ n: 2 }]);
  });
});

describe(":memory:", () => {
  test("has one connection, which is never replaced, and its data is its own", async () => {
    const adapter = openAdapter(":memory:", { pool: { min: 0, max: 7, maxLifetimeMs: 0, idleTimeoutMs: 0 } });
    await adapter.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY)");
    await Promise.all(Array.from({ length: 20 }, () => adapter.insert("item", {})));
    expect(await adapter.executeQuery(COUNT)).toEqual([{ count: 20 }]);
    expect(adapter.poolMetrics()).toMatchObject({ totalConnections: 1, maxConnections: 1, openedTotal: 1 });
    const other = openAdapter(":memory:");
    expect(await failure(other.executeQuery(COUNT))).toMatchObject({ kind: "undefined_table" });
  });

  test("is empty again after it was closed", async () => {
    const adapter = await openItems(":memory:");
    await adapter.close();
    await adapter.connect();
    expect(await failure(adapter.executeQuery(COUNT))).toMatchObject({ kind: "undefined_table" });
  });
});
