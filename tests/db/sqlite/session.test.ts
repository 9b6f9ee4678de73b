import { describe, expect, test } from "vitest";
import type { SqliteAdapter, Transaction } from "../../../src/db/index.ts";
import { failure, openAdapter, temporaryFile } from "./support.ts";

const READERS = 4;

/** Asks every connection of an adapter at the same time: each reader, then the writer. */
async function askEach(adapter: SqliteAdapter, ask: (tx: Transaction) => Promise<unknown>) {
  const everybody = Promise.withResolvers<void>();
  let here = 0;
  const held = async (tx: Transaction) => {
    if (++here === READERS + 1) everybody.resolve();
    await everybody.promise;
    return ask(tx);
  };
  return Promise.all([
    ...Array.from({ length: READERS }, () => adapter.transaction(held, { readOnly: true })),
    adapter.transaction(held),
  ]);
}

const pragma = (name: string) => async (tx: Transaction) => {
  const [row] = await tx.executeQuery(`PRAGMA ${name}`);
  return row?.[name];
};

describe("every connection", () => {
  test("has foreign keys on and the write-ahead log", async () => {
    const adapter = openAdapter(temporaryFile(), { pool: { max: READERS + 1 } });
    expect(await askEach(adapter, pragma("foreign_keys"))).toEqual([1, 1, 1, 1, 1]);
    expect(await askEach(adapter, pragma("journal_mode"))).toEqual(["wal", "wal", "wal", "wal", "wal"]);
    expect(adapter.poolMetrics()).toMatchObject({ totalConnections: 5, openedTotal: 5 });
  });

  test("that replaces one whose time is over has the same session", async () => {
    const adapter = openAdapter(`sqlite://${temporaryFile()}?synchronous=extra`, {
      pool: { max: READERS + 1, maxLifetimeMs: 0 },
    });
    for (let round = 0; round < 2; round++) {
      expect(await askEach(adapter, pragma("foreign_keys"))).toEqual([1, 1, 1, 1, 1]);
      expect(await adapter.transaction(pragma("synchronous"))).toBe(3);
    }
    expect(adapter.poolMetrics().openedTotal).toBeGreaterThan(10);
  });

  test("that reads cannot write", async () => {
    const adapter = openAdapter(temporaryFile(), { pool: { max: READERS + 1 } });
    await adapter.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY)");
    const kinds = await askEach(adapter, (tx) =>
      tx.executeUpdate("INSERT INTO item DEFAULT VALUES").then(
        () => "written",
        (error) => error.kind,
      ),
    );
    expect(kinds).toEqual(["read_only", "read_only", "read_only", "read_only", "written"]);
  });
});

describe("a commit", () => {
  test.each([
    ["", 2],
    ["?synchronous=off", 0],
    ["?synchronous=normal", 1],
    ["?synchronous=full", 2],
    ["?synchronous=extra", 3],
  ])("is as sure on disk as the URL says: %j", async (query, level) => {
    const adapter = openAdapter(`sqlite://${temporaryFile()}${query}`);
    expect(await adapter.transaction(pragma("synchronous"))).toBe(level);
  });

  test("stays so, whatever a statement sets on the connection that it meets", async () => {
    const adapter = openAdapter(temporaryFile());
    await adapter.executeQuery("PRAGMA synchronous = OFF");
    await adapter.transaction((tx) => failure(tx.executeQuery("PRAGMA synchronous = OFF")));
    expect(await adapter.transaction(pragma("synchronous"))).toBe(2);
  });
});

describe("foreign keys", () => {
  const TABLES = [
    "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
    "CREATE TABLE child (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY IMMEDIATE)",
  ];
  test.each(["file", ":memory:"])("are enforced in a %s", async (kind) => {
    const adapter = openAdapter(kind === "file" ? temporaryFile() : kind);
    for (const sql of TABLES) await adapter.executeQuery(sql);
    const orphan = adapter.executeUpdate("INSERT INTO child VALUES (1)");
    expect(await failure(orphan)).toMatchObject({ kind: "foreign_key_violation" });
  });

  test("cannot be turned off by a statement or in a transaction", async () => {
    const adapter = openAdapter(temporaryFile());
    for (const sql of TABLES) await adapter.executeQuery(sql);
    await adapter.executeQuery("PRAGMA foreign_keys = OFF");
    const inTransaction = adapter.transaction(async (tx) => {
      await tx.executeQuery("PRAGMA foreign_keys = OFF");
      await tx.executeUpdate("INSERT INTO child VALUES (1)");
    });
    expect(await failure(inTransaction)).toMatchObject({ kind: "foreign_key_violation" });
    const alone = adapter.executeUpdate("INSERT INTO child VALUES (1)");
    expect(await failure(alone)).toMatchObject({ kind: "foreign_key_violation" });
  });

  test("deferred in one transaction are immediate again in the next", async () => {
    const adapter = openAdapter(temporaryFile());
    for (const sql of TABLES) await adapter.executeQuery(sql);
    await adapter.transaction(async (tx) => {
      await tx.executeQuery("PRAGMA defer_foreign_keys = ON");
      await tx.executeUpdate("INSERT INTO child VALUES (1)");
      await tx.executeUpdate("INSERT INTO parent VALUES (1)");
    });
    const next = adapter.transaction(async (tx) => {
      await tx.executeUpdate("INSERT INTO child VALUES (2)");
      await tx.executeUpdate("INSERT INTO parent VALUES (2)");
    });
    expect(await failure(next)).toMatchObject({ kind: "foreign_key_violation" });
    const late = adapter.transaction(async (tx) => {
      await tx.executeQuery("PRAGMA defer_foreign_keys = ON");
      await tx.executeUpdate("INSERT INTO child VALUES (3)");
    });
    expect(await failure(late)).toMatchObject({ kind: "foreign_key_violation" }); // at COMMIT
    expect(await adapter.executeQuery("SELECT parent FROM child")).toEqual([{ parent: 1 }]);
  });
});

describe("a database opened with mode=ro", () => {
  test("answers, says so, and refuses writes", async () => {
    const file = temporaryFile();
    await openAdapter(file).executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY)");
    for (const adapter of [openAdapter(`sqlite://${file}?mode=ro`), openAdapter(file, { readOnly: true })]) {
      expect(await adapter.checkHealth()).toMatchObject({ ok: true, role: "read_only" });
      expect(await adapter.executeQuery("SELECT count(*) AS n FROM item")).toEqual([{ n: 0 }]);
      const writing = [
        () => adapter.insert("item", {}),
        () => adapter.executeQuery("CREATE TABLE other (id INTEGER)"),
        () => adapter.transaction((tx) => tx.executeUpdate("DELETE FROM item")),
        () => adapter.executeQuery("PRAGMA user_version = 3"),
      ];
      for (const write of writing) expect(await failure(write())).toMatchObject({ kind: "read_only" });
    }
    const primary = openAdapter(file);
    expect(await primary.checkHealth()).toMatchObject({ ok: true, role: "primary" });
  });

  test("sees what others commit meanwhile", async () => {
    const file = temporaryFile();
    const writer = openAdapter(file);
    await writer.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY)");
    const reader = openAdapter(`sqlite://${file}?mode=ro`);
    const count = () => reader.executeQuery("SELECT count(*) AS n FROM item");
    expect(await count()).toEqual([{ n: 0 }]);
    await writer.insert("item", {});
    expect(await count()).toEqual([{ n: 1 }]);
  });

  test("holds for :memory: too, though nothing can be in it", async () => {
    const adapter = openAdapter("sqlite::memory:?mode=ro");
    expect(await adapter.checkHealth()).toMatchObject({ ok: true, role: "read_only" });
    expect(await failure(adapter.executeQuery("CREATE TABLE item (id)"))).toMatchObject({ kind: "read_only" });
  });
});
