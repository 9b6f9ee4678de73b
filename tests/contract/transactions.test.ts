import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import {
  type Clock,
  createAdapterFromUrl,
  type FraiserDatabaseAdapter,
  type IsolationLevel,
  type Queryable,
  systemClock,
} from "../../src/db/index.ts";
import { describeEachDatabase } from "./support/databases.ts";
import { all, failure } from "./support/expect.ts";

const LEVELS: readonly IsolationLevel[] = ["read uncommitted", "read committed", "repeatable read", "serializable"];

describeEachDatabase("a transaction", (open, database) => {
  const { types, failureEndsTransaction, hasTransactionalDdl } = database;

  async function openItems(): Promise<FraiserDatabaseAdapter> {
    const adapter = await open();
    await adapter.executeQuery(`CREATE TABLE item (id ${types.countingKey}, name ${types.keyText} NOT NULL)`);
    return adapter;
  }

  const names = async (on: Queryable) =>
    (await on.executeQuery<{ name: string }>("SELECT name FROM item ORDER BY name")).map(({ name }) => name);

  const add = (on: Queryable, ...added: string[]) =>
    on.insertMany(
      "item",
      added.map((name) => ({ name })),
    );

  /** A statement that fails without anything to be undone. */
  const fail = (on: Queryable) => on.executeUpdate("INSERT INTO item (name) VALUES (?)", [null]);

  test("keeps what it did when its work returns, and hands out what the work returned", async () => {
    const adapter = await openItems();
    const id = await adapter.transaction((tx) => tx.insert("item", { name: "a" }));
    expect(await adapter.executeQuery("SELECT name FROM item WHERE id = ?", [id])).toEqual([{ name: "a" }]);
  });

  test("undoes what it did when its work throws, and throws that very error", async () => {
    const adapter = await openItems();
    const mine = new Error("mine");
    const work = adapter.transaction(async (tx) => {
      await add(tx, "a", "b");
      throw mine;
    });
    await expect(work).rejects.toBe(mine);
    expect(await names(adapter)).toEqual([]);
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0, waitingRequests: 0 });
  });

  test.each(["snapshot", "SERIALIZABLE", "serializable; DROP TABLE item; --", "constructor"])(
    "has no isolation level %s, and nothing of it becomes SQL",
    async (isolation) => {
      const adapter = await openItems();
      const work = adapter.transaction(async (tx) => add(tx, "a"), { isolation: isolation as IsolationLevel });
      expect(await failure(work)).toMatchObject({ kind: "unsupported", hint: expect.stringContaining("serializable") });
      expect(await names(adapter)).toEqual([]);
      expect(adapter.poolMetrics().activeConnections).toBe(0);
    },
  );

  test("undoes what it did when a statement of it fails", async () => {
    const adapter = await openItems();
    const work = adapter.transaction(async (tx) => {
      await add(tx, "a");
      await fail(tx);
    });
    expect(await failure(work)).toMatchObject({ kind: "not_null_violation" });
    expect(await names(adapter)).toEqual([]);
  });

  test("sees its own changes, which others don't before its end", async () => {
    const adapter = await openItems();
    const began = Promise.withResolvers<void>();
    const looked = Promise.withResolvers<void>();
    const work = adapter.transaction(async (tx) => {
      await add(tx, "a");
      began.resolve();
      await looked.promise;
      return names(tx);
    });
    await began.promise;
    // As on any server: whoever asks for less than a snapshot would wait for nobody.
    expect(await adapter.transaction((tx) => names(tx), { isolation: "read committed", readOnly: true })).toEqual([]);
    looked.resolve();
    expect(await work).toEqual(["a"]);
    expect(await names(adapter)).toEqual(["a"]);
  });

  test("never lets a statement of others slip in", async () => {
    const adapter = await openItems();
    const began = Promise.withResolvers<void>();
    const others = Promise.withResolvers<void>();
    const work = adapter.transaction(
      async (tx) => {
        await tx.executeQuery("SELECT 1 AS one");
        began.resolve();
        await others.promise;
        throw new Error("undone");
      },
      { readOnly: true },
    );
    await began.promise;
    await Promise.all(Array.from({ length: 10 }, (_, n) => add(adapter, `n${n}`)));
    others.resolve();
    await expect(work).rejects.toThrow("undone");
    expect(await names(adapter)).toHaveLength(10);
  });

  test("read only refuses to write, and its connection writes again afterwards", async () => {
    const adapter = await openItems();
    for (let n = 0; n < 3; n++) {
      const work = adapter.transaction((tx) => add(tx, "a"), { readOnly: true });
      expect(await failure(work)).toMatchObject({ kind: "read_only" });
    }
    expect(await adapter.transaction((tx) => names(tx), { readOnly: true })).toEqual([]);
    await adapter.transaction((tx) => add(tx, "b"));
    expect(await names(adapter)).toEqual(["b"]);
  });

  test.each(LEVELS)("at the level %s commits and undoes as any other", async (isolation) => {
    const adapter = await openItems();
    await adapter.transaction((tx) => add(tx, "a"), { isolation });
    const undone = adapter.transaction(
      async (tx) => {
        await add(tx, "b");
        throw new Error("undone");
      },
      { isolation },
    );
    await expect(undone).rejects.toThrow("undone");
    expect(await adapter.transaction((tx) => names(tx), { isolation, readOnly: true })).toEqual(["a"]);
  });

  test("after a failed statement is never called a success unless it was one", async () => {
    const adapter = await openItems();
    const work = adapter.transaction(async (tx) => {
      await add(tx, "a");
      await fail(tx).catch(() => {});
    });
    if (failureEndsTransaction) {
      expect(await failure(work)).toMatchObject({
        kind: "transaction_ended",
        hint: expect.stringContaining("tx.transaction()"),
      });
      expect(await names(adapter)).toEqual([]);
    } else {
      await work;
      expect(await names(adapter)).toEqual(["a"]);
    }
  });

  test.each(["COMMIT", "ROLLBACK"])("that is sent %s as a statement is over, and says so", async (statement) => {
    const adapter = await openItems();
    const after: string[] = [];
    const work = adapter.transaction(async (tx) => {
      await add(tx, "a");
      await tx.executeQuery(statement).catch((error) => after.push(error.kind));
      await add(tx, "b").catch((error) => after.push(error.kind));
    });
    expect(await failure(work)).toMatchObject({ kind: "transaction_ended" });
    expect(after).toEqual(["transaction_ended", "transaction_ended"]);
    expect(await names(adapter)).toEqual(statement === "COMMIT" ? ["a"] : []);
  });

  test("that is sent COMMIT by a stream is over, too", async () => {
    const adapter = await openItems();
    const work = adapter.transaction(async (tx) => {
      await add(tx, "a");
      await all(tx.stream("COMMIT"));
      await add(tx, "b");
    });
    expect(await failure(work)).toMatchObject({ kind: "transaction_ended" });
    expect(await names(adapter)).toEqual(["a"]);
  });

  test("with a change of the schema is one transaction, or is over and says so", async () => {
    const adapter = await openItems();
    const work = adapter.transaction(async (tx) => {
      await add(tx, "a");
      await tx.executeQuery("CREATE TABLE other (id INTEGER)");
      throw new Error("undone");
    });
    if (hasTransactionalDdl) {
      await expect(work).rejects.toThrow("undone");
      expect(await names(adapter)).toEqual([]);
      expect(await failure(adapter.executeQuery("SELECT * FROM other"))).toMatchObject({ kind: "undefined_table" });
    } else {
      expect(await failure(work)).toMatchObject({ kind: "transaction_ended" });
      expect(await names(adapter)).toEqual(["a"]);
    }
  });

  test("goes on with other statements while it reads a stream", async () => {
    const adapter = await openItems();
    await add(adapter, ...Array.from({ length: 1200 }, (_, n) => `n${String(n).padStart(4, "0")}`));
    await adapter.executeQuery(`CREATE TABLE copy (name ${types.keyText} NOT NULL)`);
    let read = 0;
    await adapter.transaction(async (tx) => {
      for await (const { name } of tx.stream<{ name: string }>("SELECT name FROM item ORDER BY name")) {
        if (read++ % 100 === 0) await tx.executeUpdate("INSERT INTO copy (name) VALUES (?)", [name]);
      }
    });
    expect(read).toBe(1200);
    const copied = await adapter.executeQuery<{ name: string }>("SELECT name FROM copy ORDER BY name");
    expect(copied.map(({ name }) => name)).toEqual(
      Array.from({ length: 12 }, (_, n) => `n${String(n * 100).padStart(4, "0")}`),
    );
  });

  test("that leaves a stream open ends all the same", async () => {
    const adapter = await openItems();
    await add(adapter, ...Array.from({ length: 1200 }, (_, n) => `n${n}`));
    await adapter.transaction(async (tx) => {
      const rows = tx.stream("SELECT name FROM item")[Symbol.asyncIterator]();
      await rows.next();
      await add(tx, "a");
    });
    expect(await names(adapter)).toContain("a");
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0 });
  });

  test("whose time limit passes while it begins leaves its level to no other", async () => {
    let callsLeft = Number.POSITIVE_INFINITY;
    const clock: Clock = {
      now: () => systemClock.now(),
      monotonic: () => systemClock.monotonic() + (--callsLeft < 0 ? 1_000_000 : 0),
      startTimer: (...timer) => systemClock.startTimer(...timer),
    };
    const url = await database.createUrl(onTestFinished);
    const [adapter, other] = await Promise.all([
      createAdapterFromUrl(url, { pool: { min: 0, max: 1, maxLifetimeMs: 1e12 }, clock }),
      createAdapterFromUrl(url),
    ]);
    const added = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    onTestFinished(async () => {
      done.resolve();
      await Promise.all([adapter.close(), other.close()]);
    });
    await adapter.executeQuery(`CREATE TABLE item (id ${types.countingKey}, name ${types.keyText} NOT NULL)`);
    const uncommitted = other.transaction(async (tx) => {
      await add(tx, "not yet");
      added.resolve();
      await done.promise;
    });
    await added.promise;
    // The limit is looked at ever so often: each time it may have passed.
    for (let calls = 0; calls < 16; calls++) {
      callsLeft = calls;
      const weak = { isolation: "read uncommitted", readOnly: true, timeoutMs: 500_000 } as const;
      await adapter.transaction((tx) => names(tx), weak).catch((error) => expect(error.kind).toMatch(/timeout/));
      callsLeft = Number.POSITIVE_INFINITY;
      expect(await adapter.transaction((tx) => names(tx), { readOnly: true }), `at call ${calls}`).toEqual([]);
    }
    done.resolve();
    await uncommitted;
  });

  test("that is past its time limit ends there, though its work goes on", async () => {
    const adapter = await openItems();
    const late = Promise.withResolvers<unknown>();
    const work = adapter.transaction(
      async (tx) => {
        await add(tx, "a");
        await pause(100);
        await add(tx, "b").then(late.resolve, late.resolve);
      },
      { timeoutMs: 40 },
    );
    expect(await failure(work)).toMatchObject({ kind: "statement_timeout" });
    expect(await late.promise).toMatchObject({ kind: "statement_timeout" });
    expect(await names(adapter)).toEqual([]);
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0 });
  });

  test("that is aborted between two statements is undone", async () => {
    const adapter = await openItems();
    const cancelling = new AbortController();
    const work = adapter.transaction(
      async (tx) => {
        await add(tx, "a");
        cancelling.abort();
        await pause(5);
        await add(tx, "b");
      },
      { signal: cancelling.signal },
    );
    expect(await failure(work)).toMatchObject({ kind: "cancelled" });
    expect(await names(adapter)).toEqual([]);
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0 });
  });
});
