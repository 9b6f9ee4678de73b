import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type AnyAdapterOptions,
  createAdapterFromUrl,
  type FraiserDatabaseAdapter,
  type Queryable,
  type StatementOptions,
} from "../../src/db/index.ts";
import { type ContractDatabase, DATABASES, describeEachDatabase } from "./support/databases.ts";
import { all, eventually, failure } from "./support/expect.ts";

/** Signals and time limits on calls that wait for a connection: the same everywhere. */
describeEachDatabase("a call that waits for a connection", (open, { types }) => {
  /** An adapter whose one writing connection is taken until `free` is called. */
  async function openFull(): Promise<{ adapter: FraiserDatabaseAdapter; free: () => Promise<void> }> {
    const adapter = await open({ pool: { min: 0, max: 1 } });
    await adapter.executeQuery(`CREATE TABLE item (id ${types.countingKey}, name ${types.text})`);
    const { promise: released, resolve } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const holding = adapter.transaction(() => {
      begin();
      return released;
    });
    await begun;
    const free = async () => {
      resolve();
      await holding;
    };
    onTestFinished(free);
    return { adapter, free };
  }

  const CALLS: Readonly<
    Record<string, (adapter: FraiserDatabaseAdapter, options: StatementOptions) => Promise<unknown>>
  > = {
    executeQuery: (adapter, options) => adapter.executeQuery("DELETE FROM item", [], options),
    execute: (adapter, options) => adapter.execute("DELETE FROM item", [], options),
    executeUpdate: (adapter, options) => adapter.executeUpdate("DELETE FROM item", [], options),
    stream: (adapter, options) => all(adapter.stream("DELETE FROM item", [], options)),
    insert: (adapter, options) => adapter.insert("item", { name: "a" }, options),
    insertMany: (adapter, options) => adapter.insertMany("item", [{ name: "a" }], options),
    "insertMany of more than one statement": (adapter, options) =>
      adapter.insertMany(
        "item",
        Array.from({ length: 70_000 }, () => ({ name: "a" })),
        options,
      ),
    upsert: (adapter, options) => adapter.upsert("item", { id: 1 }, { conflict: ["id"], ...options }),
    update: (adapter, options) => adapter.update("item", 1, { name: "a" }, options),
    delete: (adapter, options) => adapter.delete("item", 1, options),
    transaction: (adapter, options) => adapter.transaction((tx) => tx.insert("item", {}), options),
  };

  test.each(Object.entries(CALLS))("%s ends by its signal, and never reaches the database", async (_, call) => {
    const { adapter, free } = await openFull();
    const cancelling = new AbortController();
    const waiting = failure(call(adapter, { signal: cancelling.signal }));
    await eventually(
      () => adapter.poolMetrics().waitingRequests,
      (count) => count === 1,
    );
    cancelling.abort();
    expect(await waiting).toMatchObject({ kind: "cancelled", retryable: false });
    expect(adapter.poolMetrics()).toMatchObject({ waitingRequests: 0, activeConnections: 1 });
    await free();
    expect(await adapter.executeQuery("SELECT id FROM item")).toEqual([]);
  });

  test.each(Object.entries(CALLS))("%s ends by its time limit, and never reaches the database", async (_, call) => {
    const { adapter, free } = await openFull();
    const started = performance.now();
    const error = await failure(call(adapter, { timeoutMs: 30 }));
    expect(performance.now() - started).toBeLessThan(5000); // the pool itself has more patience
    expect(error).toMatchObject({ kind: "acquire_timeout", retryable: true });
    expect(error.message).toMatch(/all 1 are in use \(transaction for \d+ ms\)/);
    expect(adapter.poolMetrics()).toMatchObject({ waitingRequests: 0, activeConnections: 1, timeoutsTotal: 1 });
    await free();
    expect(await adapter.executeQuery("SELECT id FROM item")).toEqual([]);
  });

  test("has as much time as it is given, however much that is", async () => {
    const adapter = await open({ pool: { max: 1, acquireTimeoutMs: Number.POSITIVE_INFINITY } });
    const free = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const holding = adapter.transaction(() => {
      begun.resolve();
      return free.promise;
    });
    await begun.promise;
    const waiting = [2 ** 31, 1e15, Number.POSITIVE_INFINITY].map((timeoutMs) =>
      adapter.executeQuery("SELECT 1 AS n", [], { timeoutMs }),
    );
    await pause(30);
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 1, timeoutsTotal: 0 });
    free.resolve();
    await holding;
    expect(await Promise.all(waiting)).toEqual([[{ n: 1 }], [{ n: 1 }], [{ n: 1 }]]);
  });

  test("has no time at all with none, and must be given a number", async () => {
    const adapter = await open();
    for (const [timeoutMs, kind] of [
      [0, "statement_timeout"],
      [-5, "statement_timeout"],
      [Number.NaN, "unsupported"],
      ["100", "unsupported"],
      [null, "unsupported"],
    ] as const) {
      const options = { timeoutMs: timeoutMs as unknown as number };
      expect(await failure(adapter.executeQuery("SELECT 1", [], options)), String(timeoutMs)).toMatchObject({ kind });
      expect(await failure(adapter.transaction(async () => 1, options)), String(timeoutMs)).toMatchObject({ kind });
    }
  });

  test("does not begin at all with a signal that is aborted already", async () => {
    const adapter = await open();
    await adapter.executeQuery(`CREATE TABLE item (id ${types.countingKey}, name ${types.text})`);
    const signal = AbortSignal.abort();
    for (const [name, call] of Object.entries(CALLS))
      expect(await failure(call(adapter, { signal })), name).toMatchObject({ kind: "cancelled" });
    expect(await adapter.executeQuery("SELECT id FROM item")).toEqual([]);
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0, waitingRequests: 0 });
  });

  test("leaves nothing on a signal that outlives it", async () => {
    const adapter = await open();
    const { signal } = new AbortController();
    const listeners: unknown[] = [];
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (type: string, listener: never, options?: never) => {
      listeners.push(listener);
      addEventListener.call(signal, type, listener, options);
    };
    signal.removeEventListener = (type: string, listener: never, options?: never) => {
      listeners.splice(listeners.indexOf(listener), 1);
      removeEventListener.call(signal, type, listener, options);
    };
    await adapter.executeQuery("SELECT 1 AS one", [], { signal });
    await all(adapter.stream("SELECT 1 AS one", [], { signal }));
    await adapter.transaction((tx) => tx.executeQuery("SELECT 1 AS one"), { signal });
    expect(listeners).toEqual([]);
  });
});

const withSlowQuery = DATABASES.filter(
  (database): database is ContractDatabase & { slowQuery: string; sessionsQuery: string } =>
    database.slowQuery !== null && database.sessionsQuery !== null,
);

describe.each(withSlowQuery)("a statement that runs ($name)", ({ createUrl, slowQuery, sessionsQuery }) => {
  /** An adapter, and a second one that sees what the server is doing for the first. */
  async function openWatched(
    options: AnyAdapterOptions = {},
  ): Promise<{ adapter: FraiserDatabaseAdapter; running: () => Promise<number> }> {
    const url = await createUrl(onTestFinished);
    const [adapter, watcher] = await Promise.all([
      createAdapterFromUrl(url, options),
      createAdapterFromUrl(url, { pool: { min: 0, max: 1 } }),
    ]);
    onTestFinished(async () => void (await Promise.all([adapter.close(), watcher.close()])));
    const running = async () => {
      const sessions = await watcher.executeQuery<{ running: string | null }>(sessionsQuery);
      return sessions.filter((session) => /sleep/i.test(session.running ?? "")).length;
    };
    return { adapter, running };
  }
  const isRunning = (running: () => Promise<number>, count = 1) => eventually(running, (found) => found === count);

  const RUNS: Readonly<Record<string, (on: Queryable, options: StatementOptions) => Promise<unknown>>> = {
    executeQuery: (on, options) => on.executeQuery(slowQuery, [], options),
    "executeQuery, not kept prepared": (on, options) => on.executeQuery(slowQuery, [], { ...options, prepare: false }),
    stream: (on, options) => all(on.stream(slowQuery, [], options)),
  };

  describe.each(Object.entries(RUNS))("by %s", (_, run) => {
    test("is ended by its signal on the server, too", async () => {
      const { adapter, running } = await openWatched({ pool: { min: 0, max: 1 } });
      const cancelling = new AbortController();
      const ended = failure(run(adapter, { signal: cancelling.signal }));
      await isRunning(running);
      cancelling.abort();
      expect(await ended).toMatchObject({ kind: "cancelled", retryable: false });
      await isRunning(running, 0);
    });

    test("is ended by its time limit on the server, too", async () => {
      const { adapter, running } = await openWatched({ pool: { min: 0, max: 1 } });
      const started = performance.now();
      const error = await failure(run(adapter, { timeoutMs: 200 }));
      expect(error).toMatchObject({ kind: "statement_timeout", retryable: false });
      expect(performance.now() - started).toBeGreaterThan(190);
      await isRunning(running, 0);
    });

    test("never ends the next statement in its stead", async () => {
      const { adapter } = await openWatched({ pool: { min: 0, max: 1 } });
      for (let round = 0; round < 5; round++) {
        const cancelling = new AbortController();
        const ended = failure(run(adapter, { signal: cancelling.signal }));
        setTimeout(() => cancelling.abort(), round * 5);
        expect(await ended).toMatchObject({ kind: "cancelled" });
        for (let next = 0; next < 5; next++)
          expect(await adapter.executeQuery("SELECT 1 AS one")).toEqual([{ one: 1 }]);
      }
      expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0, waitingRequests: 0 });
    });
  });

  test("is ended with its transaction by the signal of the transaction", async () => {
    const { adapter, running } = await openWatched();
    const cancelling = new AbortController();
    const work = adapter.transaction((tx) => tx.executeQuery(slowQuery), { signal: cancelling.signal });
    const ended = failure(work);
    await isRunning(running);
    cancelling.abort();
    expect(await ended).toMatchObject({ kind: "cancelled" });
    await isRunning(running, 0);
    await eventually(
      () => adapter.poolMetrics().activeConnections,
      (count) => count === 0,
    );
  });

  test("is ended with its transaction by the time limit of the transaction", async () => {
    const { adapter, running } = await openWatched();
    const work = adapter.transaction((tx) => tx.executeQuery(slowQuery), { timeoutMs: 200 });
    expect(await failure(work)).toMatchObject({ kind: "statement_timeout" });
    await isRunning(running, 0);
  });

  test("in a savepoint is ended alone, and the transaction goes on", async () => {
    const { adapter, running } = await openWatched();
    const rows = await adapter.transaction(async (tx) => {
      const inner = tx.transaction((nested) => nested.executeQuery(slowQuery, [], { timeoutMs: 100 }));
      expect(await failure(inner)).toMatchObject({ kind: "statement_timeout" });
      return tx.executeQuery("SELECT 1 AS one");
    });
    expect(rows).toEqual([{ one: 1 }]);
    await isRunning(running, 0);
  });

  test("of several at once is the only one that is ended", async () => {
    const { adapter, running } = await openWatched();
    const cancelling = [new AbortController(), new AbortController(), new AbortController()];
    const ended = cancelling.map(({ signal }) => failure(adapter.executeQuery(slowQuery, [], { signal })));
    await isRunning(running, 3);
    cancelling[1]?.abort();
    expect(await ended[1]).toMatchObject({ kind: "cancelled" });
    await isRunning(running, 2);
    for (const each of cancelling) each.abort();
    await Promise.all(ended);
    await isRunning(running, 0);
  });
});
