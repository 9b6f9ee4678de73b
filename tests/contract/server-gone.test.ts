import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type AnyAdapterOptions,
  createAdapterFromUrl,
  type DatabaseError,
  type FraiserDatabaseAdapter,
  type HealthStatus,
} from "../../src/db/index.ts";
import { createDatabase } from "../servers/databases.ts";
import type { ServerKind } from "../servers/products/product.ts";
import { ownServer } from "../servers/shared.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { expectNoCanary, provoked } from "./support/canaries.ts";
import { eventually, failure } from "./support/expect.ts";

const KINDS: readonly ServerKind[] = ["postgresql", "mariadb", "mysql"];
const MAX_CONNECTIONS = 20;
const SERVERS = await Promise.all(
  KINDS.map(async (kind) => ({
    kind,
    server: await ownServer(kind, {
      // InnoDB then undoes more for a lock that was waited for in vain than the statement.
      settings: { max_connections: MAX_CONNECTIONS, ...(kind !== "postgresql" && { innodb_rollback_on_timeout: 1 }) },
    }),
  })),
);
const WORKERS = 8;
/** What a call may meet while the server goes, is gone, and comes back. */
const WHILE_GONE = ["connection_lost", "connection_refused", "commit_outcome_unknown"];

describe.each(SERVERS)("when the server is gone ($kind)", ({ kind, server }) => {
  async function openTable(options?: AnyAdapterOptions): Promise<FraiserDatabaseAdapter> {
    const database = await createDatabase(server);
    const adapter = await createAdapterFromUrl(database.url, options);
    onTestFinished(async () => {
      await adapter.close();
      await database.drop();
    });
    await adapter.executeQuery("CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, worker INTEGER)");
    return adapter;
  }

  /** Workers that write and read in a loop until they are told to stop. */
  function load(adapter: FraiserDatabaseAdapter) {
    const report = {
      acknowledged: new Set<number>(),
      errors: [] as DatabaseError[],
      others: [] as unknown[],
      lastSuccess: 0,
    };
    const succeeded = new Array<number>(WORKERS).fill(0);
    let isRunning = true;
    let id = 0;
    const work = async (worker: number) => {
      while (isRunning) {
        const mine = ++id;
        try {
          await adapter.transaction((tx) => tx.executeUpdate("INSERT INTO item VALUES (?, ?)", [mine, worker]));
          report.acknowledged.add(mine);
          await adapter.executeQuery("SELECT worker FROM item WHERE id = ?", [mine]);
          report.lastSuccess = performance.now();
          succeeded[worker] = report.lastSuccess;
        } catch (error) {
          report.errors.push(error as DatabaseError);
        }
        await pause(1);
      }
    };
    const workers = Promise.all(succeeded.map((_, worker) => work(worker)));
    const stop = () => {
      isRunning = false;
      return workers;
    };
    return { report, stop, everyoneSince: (moment: number) => succeeded.every((at) => at > moment) };
  }

  test.each(["kill", "stop"] as const)("by %s under load, all is well again when it is back", async (end) => {
    const adapter = await openTable({ pool: { max: WORKERS } });
    const started = performance.now();
    const { report, stop, everyoneSince } = load(adapter);
    onTestFinished(async () => void (await stop()));
    await eventually(() => everyoneSince(started), Boolean);

    await server[end]();
    const before = report.errors.length;
    await eventually(
      () => report.errors.length - before,
      (count) => count > 50,
    );
    expect(report.errors.slice(before).map(({ kind }) => kind)).toContain("connection_refused");
    expect(await adapter.healthCheck()).toBe(false);
    expect(adapter.poolMetrics()).toMatchObject({ idleConnections: 0 });

    await server.start();
    const back = performance.now();
    await eventually(() => everyoneSince(back), Boolean);
    expect(report.lastSuccess - back).toBeLessThan(2000);
    const after = report.errors.length;
    await pause(200);
    await stop();
    // No connection from before is left to be handed out.
    expect(report.errors.slice(after)).toEqual([]);

    const kinds = new Set(report.errors.map(({ kind }) => kind));
    expect(WHILE_GONE).toEqual(expect.arrayContaining([...kinds]));
    for (const error of new Set(report.errors)) expectNoCanary(error);
    const metrics = adapter.poolMetrics();
    expect(metrics).toMatchObject({
      activeConnections: 0,
      waitingRequests: 0,
      openingConnections: 0,
      closingConnections: 0,
    });
    expect(metrics.idleConnections).toBeGreaterThan(0);
    expect(metrics.openedTotal - metrics.closedTotal).toBe(metrics.totalConnections);
    // What was acknowledged is there.
    const rows = await adapter.executeQuery<{ id: number }>("SELECT id FROM item");
    const there = new Set(rows.map(({ id }) => id));
    expect([...report.acknowledged].filter((id) => !there.has(id))).toEqual([]);
  });

  test("while nobody calls, what is asked next is answered by the one that is back", async () => {
    const adapter = await openTable({ pool: { min: 3, max: 3 } });
    await adapter.connect();
    const ask = () => adapter.executeQuery("SELECT COUNT(*) AS n FROM item WHERE worker IS NULL");
    for (const end of ["kill", "stop"] as const) {
      await Promise.all([ask(), ask(), ask()]);
      await server[end]();
      await eventually(
        () => adapter.poolMetrics(),
        ({ totalConnections, closingConnections }) => totalConnections + closingConnections === 0,
      );
      await server.start();
      expect(await Promise.all([ask(), ask(), ask()])).toEqual([[{ n: 0 }], [{ n: 0 }], [{ n: 0 }]]);
    }
  });

  test("hung, it is not healthy, which is known after five seconds", async () => {
    const clock = new ManualClock();
    const adapter = await openTable({ pool: { min: 1, max: 1 }, clock });
    await server.pause();
    onTestFinished(() => server.resume());
    let health: HealthStatus | null = null;
    const checking = adapter.checkHealth().then((status) => {
      health = status;
    });
    await eventually(
      () => adapter.poolMetrics().activeConnections,
      (count) => count === 1,
    );
    clock.advance(4999);
    await pause(50);
    expect(health).toBe(null);
    clock.advance(1);
    // The server is then given two seconds to end the question, by the network's own timers, and two to end the connection.
    await eventually(
      () => {
        clock.advance(100);
        return health;
      },
      (status) => status !== null,
    );
    await checking;
    expect(health).toMatchObject({ ok: false, serverVersion: null, role: null, error: { kind: "statement_timeout" } });
    server.resume();
    await eventually(() => {
      clock.advance(100);
      return adapter.healthCheck();
    }, Boolean);
  });

  test("hung, each call ends by its own time limit, and all is well again when it wakes", async () => {
    const adapter = await openTable({ pool: { min: 2, max: 2 } });
    await adapter.connect();
    await server.pause();
    onTestFinished(() => server.resume());
    const started = performance.now();
    const calls = Array.from({ length: 6 }, () =>
      provoked(adapter.executeQuery("SELECT worker FROM item", [], { timeoutMs: 200 })),
    );
    const kinds = (await Promise.all(calls)).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(["statement_timeout", "acquire_timeout"]));
    // Those that run are given 2 s to be ended by the server.
    expect(performance.now() - started).toBeLessThan(4000);
    server.resume();
    await eventually(() => adapter.healthCheck(), Boolean);
    for (let n = 0; n < 5; n++) expect(await adapter.executeQuery("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    await eventually(
      () => adapter.poolMetrics(),
      ({ activeConnections, closingConnections }) => activeConnections + closingConnections === 0,
    );
  });

  test("hung, a transaction ends by its time limit and is not committed", async () => {
    const adapter = await openTable({ pool: { min: 1, max: 2 } });
    const work = adapter.transaction(
      async (tx) => {
        await tx.executeUpdate("INSERT INTO item VALUES (1, 1)");
        await server.pause();
        await tx.executeUpdate("INSERT INTO item VALUES (2, 1)");
      },
      { timeoutMs: 500 },
    );
    onTestFinished(() => server.resume());
    expect(await failure(work)).toMatchObject({ kind: "statement_timeout" });
    server.resume();
    await eventually(() => adapter.healthCheck(), Boolean);
    expect(await adapter.executeQuery("SELECT id FROM item")).toEqual([]);
  });

  test("stubborn, a transaction that waited for a lock in vain can write nothing more", async () => {
    const adapter = await openTable({ pool: { min: 2, max: 2 } });
    await adapter.executeQuery("INSERT INTO item VALUES (1, 1)");
    const setting = kind === "postgresql" ? "SET LOCAL lock_timeout = 50" : "SET innodb_lock_wait_timeout = 1";
    const late: DatabaseError[] = [];
    const locked = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    const holding = adapter.transaction(async (tx) => {
      await tx.update("item", 1, { worker: 2 });
      locked.resolve();
      await done.promise;
    });
    await locked.promise;
    const work = adapter.transaction(async (tx) => {
      await tx.executeQuery(setting);
      await tx.executeUpdate("INSERT INTO item VALUES (2, 2)");
      await tx.update("item", 1, { worker: 3 }).catch(async (error) => {
        late.push(await failure(tx.executeUpdate("INSERT INTO item VALUES (3, 3)")));
        throw error;
      });
    });
    expect(await failure(work).finally(done.resolve)).toMatchObject({ kind: "lock_timeout", retryable: true });
    await holding;
    expect(late).toHaveLength(1);
    expect(await adapter.executeQuery("SELECT id, worker FROM item")).toEqual([{ id: 1, worker: 2 }]);
  });

  test("full, it says so, and takes others as soon as there is room", async () => {
    const adapter = await openTable({ pool: { min: 0, max: 1 } });
    const greedy = await createAdapterFromUrl(server.url, { pool: { min: 40, max: 40 } });
    onTestFinished(() => greedy.close());
    expect(await provoked(greedy.connect())).toMatchObject({
      kind: "too_many_connections",
      retryable: true,
      hint: expect.stringContaining("pool.max"),
    });
    expect(greedy.poolMetrics().totalConnections).toBeLessThanOrEqual(MAX_CONNECTIONS + 1);
    await greedy.close();
    expect(await adapter.executeQuery("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });
});
