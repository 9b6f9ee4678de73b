/** Every method of the adapter and of a transaction, in every state that they can be in. */
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type AnyAdapterOptions,
  createAdapterFromUrl,
  type FraiserDatabaseAdapter,
  type Queryable,
  type StatementOptions,
  type Transaction,
} from "../../src/db/index.ts";
import { describeEachDatabase } from "./support/databases.ts";
import { all, eventually, failure } from "./support/expect.ts";
import { shareAdapter } from "./support/shared-adapter.ts";

type Call<On> = (on: On, options?: StatementOptions) => Promise<unknown>;

/** What an adapter and a transaction have in common. The table has one item, `{ id: 1, name: "a" }`. */
const QUERIES: Readonly<Record<string, Call<Queryable>>> = {
  executeQuery: (on, options) => on.executeQuery("SELECT name FROM item WHERE id = 1", [], options),
  execute: (on, options) => on.execute("UPDATE item SET name = 'a' WHERE id = 1", [], options),
  executeUpdate: (on, options) => on.executeUpdate("UPDATE item SET name = 'a' WHERE id = 1", [], options),
  stream: (on, options) => all(on.stream("SELECT name FROM item WHERE id = 1", [], options)),
  insert: (on, options) => on.insert("item", { name: "b" }, options),
  insertMany: (on, options) => on.insertMany("item", [{ name: "c" }, { name: "d" }], options),
  upsert: (on, options) => on.upsert("item", { id: 1, name: "a" }, { conflict: ["id"], ...options }),
  update: (on, options) => on.update("item", 1, { name: "a" }, options),
  delete: (on, options) => on.delete("item", 0, options),
};
/** What each of them comes to where it is allowed. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  executeQuery: [{ name: "a" }],
  execute: { rows: [], rowCount: 1, columns: [], executionTimeMs: expect.any(Number) },
  executeUpdate: 1,
  stream: [{ name: "a" }],
  insert: expect.stringMatching(/^\d+$/),
  insertMany: 2,
  upsert: "1",
  update: true,
  delete: false,
  transaction: [{ name: "a" }],
};
const read = (tx: Transaction) => tx.executeQuery("SELECT name FROM item WHERE id = 1");
const ADAPTER_CALLS: readonly (readonly [string, Call<FraiserDatabaseAdapter>])[] = [
  ...Object.entries(QUERIES),
  ["transaction", (adapter, options) => adapter.transaction(read, options)],
];
const TRANSACTION_CALLS: readonly (readonly [string, Call<Transaction>])[] = [
  ...Object.entries(QUERIES),
  ["transaction", (tx) => tx.transaction(read)],
];
const OPENING_AND_CLOSING: readonly (readonly [string, (adapter: FraiserDatabaseAdapter) => Promise<unknown>])[] = [
  ["connect", (adapter) => adapter.connect()],
  ["disconnect", (adapter) => adapter.disconnect()],
  ["close", (adapter) => adapter.close()],
  ["[Symbol.asyncDispose]", (adapter) => adapter[Symbol.asyncDispose]()],
];

const ID = expect.stringMatching(/^\d+$/);

describeEachDatabase("an adapter", (_, database) => {
  const { types, type } = database;
  /** For the tests in which it is neither closed nor new. */
  const shared = shareAdapter(database, async (adapter, url) => {
    databaseUrl = url;
    await adapter.executeQuery(`CREATE TABLE item (id ${types.countingKey}, name ${types.text})`);
    await adapter.insert("item", {}); // the key that is given below is counted as well
  });
  let databaseUrl = "";

  /** An adapter of the running test's own, on the database of them all. */
  async function open(options?: AnyAdapterOptions): Promise<FraiserDatabaseAdapter> {
    const adapter = await createAdapterFromUrl(databaseUrl, options);
    onTestFinished(() => adapter.close());
    return adapter;
  }
  async function withItem(adapter: FraiserDatabaseAdapter): Promise<FraiserDatabaseAdapter> {
    await adapter.executeUpdate("DELETE FROM item");
    await adapter.insert("item", { id: 1, name: "a" });
    return adapter;
  }
  const openItem = async (options?: AnyAdapterOptions) => withItem(await open(options));
  const item = () => withItem(shared());
  /** A transaction that lasts until `release`. */
  async function hold(adapter: FraiserDatabaseAdapter): Promise<{ release: () => Promise<string> }> {
    const [begun, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holding = adapter.transaction(async (tx) => {
      begun.resolve();
      await released.promise;
      return tx.insert("item", { name: "held" });
    });
    await begun.promise;
    return {
      release: () => {
        released.resolve();
        return holding;
      },
    };
  }

  describe("that is new", () => {
    test("tells its type and its numbers, and that it is not connected", async () => {
      const adapter = await open();
      expect(adapter.databaseType()).toBe(type);
      expect(adapter.isConnected).toBe(false);
      expect(adapter.poolMetrics().openedTotal).toBe(0);
    });

    test.each([
      ["executeQuery", (adapter: FraiserDatabaseAdapter) => adapter.executeQuery("SELECT 1 AS one"), [{ one: 1 }]],
      ["stream", (adapter: FraiserDatabaseAdapter) => all(adapter.stream("SELECT 1 AS one")), [{ one: 1 }]],
      ["transaction", (adapter: FraiserDatabaseAdapter) => adapter.transaction(async () => 1), 1],
      ["healthCheck", (adapter: FraiserDatabaseAdapter) => adapter.healthCheck(), true],
      ["connect", (adapter: FraiserDatabaseAdapter) => adapter.connect(), undefined],
    ])("is connected by its first %s", async (_, call, answer) => {
      const adapter = await open();
      expect(await call(adapter)).toEqual(answer);
      expect(adapter.isConnected).toBe(true);
    });

    test("can be closed, twice, and opens nothing for that", async () => {
      const adapter = await open();
      await adapter.close();
      await adapter.close();
      expect(adapter.isConnected).toBe(false);
      expect(adapter.poolMetrics().openedTotal).toBe(0);
    });
  });

  test.each(ADAPTER_CALLS)("that is connected lets %s work", async (name, call) => {
    expect(await call(await item())).toEqual(ANSWERS[name]);
  });

  test.each(ADAPTER_CALLS)("refuses %s inside its own transaction, and one inside that", async (_, call) => {
    const adapter = await item();
    const error = { kind: "adapter_in_transaction", retryable: false };
    await adapter.transaction(async (tx) => {
      expect(await failure(call(adapter))).toMatchObject(error);
      await tx.transaction(async () => void expect(await failure(call(adapter))).toMatchObject(error));
      expect(await read(tx)).toEqual([{ name: "a" }]);
    });
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0, waitingRequests: 0 });
  });

  test.each(OPENING_AND_CLOSING)("refuses %s inside its own transaction, which goes on", async (_, call) => {
    const adapter = await item();
    await adapter.transaction(async (tx) => {
      expect(await failure(call(adapter))).toMatchObject({ kind: "adapter_in_transaction" });
      await tx.insert("item", { name: "b" });
    });
    expect(adapter.isConnected).toBe(true);
    expect(await adapter.executeQuery("SELECT name FROM item ORDER BY id")).toEqual([{ name: "a" }, { name: "b" }]);
  });

  test("tells its health and its numbers inside its own transaction", async () => {
    const adapter = await item();
    await adapter.transaction(async () => {
      expect(await adapter.healthCheck()).toBe(true);
      expect(await adapter.checkHealth()).toMatchObject({ ok: true, error: null });
      expect(adapter.poolMetrics().activeConnections).toBe(1);
      expect(adapter.isConnected).toBe(true);
    });
  });

  test("lets another adapter be used inside its transaction", async () => {
    const adapter = await item();
    const other = await createAdapterFromUrl(await database.createUrl(onTestFinished));
    onTestFinished(() => other.close());
    expect(await adapter.transaction(() => other.executeQuery("SELECT 1 AS one"))).toEqual([{ one: 1 }]);
  });

  test.each(ADAPTER_CALLS)("refuses %s while it drains, and finishes what is running", async (_, call) => {
    const adapter = await openItem();
    const { release } = await hold(adapter);
    const closing = adapter.close();
    expect(await failure(call(adapter))).toMatchObject({ kind: "pool_closed", retryable: false });
    expect(adapter.isConnected).toBe(false);
    expect(await adapter.healthCheck()).toBe(false);
    expect(await release()).toEqual(ID);
    await closing;
    expect(adapter.poolMetrics()).toMatchObject({ totalConnections: 0, closingConnections: 0 });
  });

  test.each(ADAPTER_CALLS)("that is closed refuses %s, and lets it work when it is open again", async (name, call) => {
    const adapter = await openItem();
    await adapter.close();
    const error = await failure(call(adapter));
    expect(error).toMatchObject({ kind: "pool_closed", retryable: false });
    expect(error.hint).toContain("connect()");
    await adapter.connect();
    expect(adapter.isConnected).toBe(true);
    expect(await call(adapter)).toEqual(ANSWERS[name]);
  });

  test.each(OPENING_AND_CLOSING.slice(1))("is closed by %s, also when it is closed already", async (_, call) => {
    const adapter = await openItem();
    await call(adapter);
    await call(adapter);
    expect(adapter.isConnected).toBe(false);
    expect(adapter.poolMetrics().totalConnections).toBe(0);
    expect(await failure(adapter.executeQuery("SELECT 1"))).toMatchObject({ kind: "pool_closed" });
  });

  test("can be opened again while it drains", async () => {
    const adapter = await openItem();
    const { release } = await hold(adapter);
    const closing = adapter.close();
    await adapter.connect();
    expect(await adapter.executeQuery("SELECT name FROM item")).toEqual([{ name: "a" }]);
    expect(await release()).toEqual(ID);
    await closing;
    expect(adapter.isConnected).toBe(true);
    expect(await adapter.executeQuery("SELECT name FROM item")).toHaveLength(2);
  });

  test.each(ADAPTER_CALLS)("does not begin %s with an aborted signal", async (_, call) => {
    const adapter = await item();
    const { openedTotal } = adapter.poolMetrics();
    expect(await failure(call(adapter, { signal: AbortSignal.abort() }))).toMatchObject({ kind: "cancelled" });
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0, waitingRequests: 0, openedTotal });
    expect(await adapter.executeQuery("SELECT name FROM item")).toEqual([{ name: "a" }]);
  });

  test.each(ADAPTER_CALLS)("lets %s wait its turn when the pool is full", async (name, call) => {
    const adapter = await openItem({ pool: { min: 0, max: 1 } });
    const { release } = await hold(adapter);
    const waiting = call(adapter);
    await eventually(
      () => adapter.poolMetrics(),
      ({ waitingRequests, isExhausted }) => waitingRequests === 1 && isExhausted,
    );
    expect(await release()).toEqual(ID);
    expect(await waiting).toEqual(ANSWERS[name]);
  });

  test.each(ADAPTER_CALLS)("ends the wait of %s when it is closed", async (_, call) => {
    const adapter = await openItem({ pool: { min: 0, max: 1 } });
    const { release } = await hold(adapter);
    const waiting = failure(call(adapter));
    await eventually(
      () => adapter.poolMetrics().waitingRequests,
      (count) => count === 1,
    );
    const closing = adapter.close();
    expect(await waiting).toMatchObject({ kind: "pool_closed" });
    await release();
    await closing;
  });

  describe("gives a transaction", () => {
    test.each(TRANSACTION_CALLS)("in which %s works, in one inside it too", async (name, call) => {
      const adapter = await item();
      await adapter.transaction(async (tx) => {
        expect(await call(tx)).toEqual(ANSWERS[name]);
        await tx.transaction(async (inner) => expect(await call(inner)).toEqual(ANSWERS[name]));
      });
    });

    test("that runs savepoints begun at the same time one after the other", async () => {
      const adapter = await item();
      await adapter.transaction(async (tx) => {
        const ids = await Promise.all(
          ["b", "c", "d"].map((name) => tx.transaction((inner) => inner.insert("item", { name }))),
        );
        expect(ids).toEqual([ID, ID, ID]);
      });
    });

    test.each(TRANSACTION_CALLS)("whose outer %s is refused while one inside it is open", async (name, call) => {
      const adapter = await item();
      await adapter.transaction(async (tx) => {
        await tx.transaction(async (inner) => {
          expect(await failure(call(tx))).toMatchObject({ kind: "adapter_in_transaction" });
          expect(await read(inner)).toEqual([{ name: "a" }]);
        });
        expect(await call(tx)).toEqual(ANSWERS[name]);
      });
    });

    test.each(TRANSACTION_CALLS)("whose %s is refused after its end, whatever the end", async (_, call) => {
      const adapter = await openItem();
      const left: Transaction[] = [];
      await adapter.transaction(async (tx) => {
        await tx.transaction(async (inner) => void left.push(tx, inner));
        expect(await failure(call(left[1] as Transaction))).toMatchObject({ kind: "transaction_ended" });
      });
      const failing = adapter.transaction(async (tx) => {
        left.push(tx);
        throw new Error("of the work");
      });
      await expect(failing).rejects.toThrow("of the work");
      expect(left.map((tx) => tx.isActive)).toEqual([false, false, false]);
      for (const tx of left)
        expect(await failure(call(tx))).toMatchObject({ kind: "transaction_ended", retryable: false });
      await adapter.close();
      for (const tx of left) expect(await failure(call(tx))).toMatchObject({ kind: "transaction_ended" });
    });

    test.each(TRANSACTION_CALLS)("in which %s works while its adapter drains", async (name, call) => {
      const adapter = await openItem();
      const begun = Promise.withResolvers<void>();
      const closing = Promise.withResolvers<void>();
      const working = adapter.transaction(async (tx) => {
        begun.resolve();
        await closing.promise;
        return call(tx);
      });
      await begun.promise;
      const closed = adapter.close();
      closing.resolve();
      expect(await working).toEqual(ANSWERS[name]);
      await closed;
    });

    test.each(TRANSACTION_CALLS.filter(([name]) => name !== "transaction"))(
      "in which %s with an aborted signal is not begun",
      async (_, call) => {
        const adapter = await item();
        await adapter.transaction(async (tx) => {
          const cancelled = tx.transaction((inner) => call(inner, { signal: AbortSignal.abort() }));
          expect(await failure(cancelled)).toMatchObject({ kind: "cancelled" });
          expect(await read(tx)).toEqual([{ name: "a" }]);
        });
        expect(await adapter.executeQuery("SELECT name FROM item")).toEqual([{ name: "a" }]);
      },
    );
  });
});
