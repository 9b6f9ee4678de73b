import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type AnyAdapterOptions,
  createAdapterFromUrl,
  type FraiserDatabaseAdapter,
  type PoolMetrics,
} from "../../src/db/index.ts";
import { describeEachDatabase, IS_FULL } from "./support/databases.ts";
import { eventually, failure } from "./support/expect.ts";

/** What is true of a pool at every moment. */
function expectTrue(metrics: PoolMetrics): void {
  const { totalConnections, activeConnections, idleConnections, openingConnections, closingConnections } = metrics;
  expect(totalConnections).toBe(activeConnections + idleConnections);
  expect(totalConnections + openingConnections + closingConnections).toBeLessThanOrEqual(metrics.maxConnections);
  expect(metrics.utilization).toBe(activeConnections / metrics.maxConnections);
  expect(metrics.openedTotal - metrics.closedTotal).toBe(totalConnections + closingConnections);
}

describeEachDatabase("a pool", (_, { types, pool, slowQuery, sessionsQuery, createUrl }) => {
  /** An adapter, and how many sessions the server has for it, as a second adapter sees. */
  async function openWatched(options: AnyAdapterOptions = {}): Promise<{
    url: string;
    adapter: FraiserDatabaseAdapter;
    sessions: () => Promise<number>;
    running: () => Promise<number>;
  }> {
    const url = await createUrl(onTestFinished);
    const [adapter, watcher] = await Promise.all([
      createAdapterFromUrl(url, options),
      createAdapterFromUrl(url, { pool: { min: 0, max: 1 } }),
    ]);
    onTestFinished(async () => void (await Promise.all([adapter.close(), watcher.close()])));
    const list = () => watcher.executeQuery<{ running: string | null }>(sessionsQuery ?? "SELECT 1 WHERE 1 = 0");
    const sessions = async () => (await list()).length;
    const running = async () => (await list()).filter((session) => /sleep/i.test(session.running ?? "")).length;
    return { url, adapter, sessions, running };
  }
  const hasSessions = async (sessions: () => Promise<number>, count: number) => {
    if (sessionsQuery !== null) await eventually(sessions, (found) => found === count);
  };

  test("is empty before it is used", async () => {
    const { adapter, sessions } = await openWatched();
    expect(adapter.isConnected).toBe(false);
    expect(adapter.poolMetrics()).toEqual({
      totalConnections: 0,
      activeConnections: 0,
      idleConnections: 0,
      waitingRequests: 0,
      openingConnections: 0,
      closingConnections: 0,
      minConnections: pool.min,
      maxConnections: pool.max,
      utilization: 0,
      isExhausted: false,
      acquiredTotal: 0,
      openedTotal: 0,
      closedTotal: 0,
      timeoutsTotal: 0,
    });
    await hasSessions(sessions, 0);
  });

  test("has its minimum of connections after connect(), and opens no more when that is called again", async () => {
    const { adapter, sessions } = await openWatched();
    await Promise.all([adapter.connect(), adapter.connect()]);
    await adapter.connect();
    expect(adapter.isConnected).toBe(true);
    expect(adapter.poolMetrics()).toMatchObject({
      totalConnections: pool.min,
      idleConnections: pool.min,
      openedTotal: pool.min,
    });
    await hasSessions(sessions, pool.min);
  });

  test("leaves no session on the server when it is closed", async () => {
    const { adapter, sessions } = await openWatched();
    await Promise.all(
      Array.from({ length: pool.max }, () =>
        adapter.transaction((tx) => tx.executeQuery("SELECT 1"), { readOnly: true }),
      ),
    );
    const opened = await eventually(
      () => adapter.poolMetrics(),
      ({ openingConnections }) => openingConnections === 0,
    );
    await hasSessions(sessions, opened.totalConnections);
    await adapter.close();
    expect(adapter.isConnected).toBe(false);
    expect(adapter.poolMetrics()).toMatchObject({ totalConnections: 0, openingConnections: 0, closingConnections: 0 });
    await hasSessions(sessions, 0);
  });

  test.each([
    ["that lets its connections be", 1_800_000],
    ["that replaces its connections all the time", 20],
  ])(
    "tells the truth at every moment of a load, and never has more than its maximum: one %s",
    {
      timeout: 180_000,
    },
    async (_, maxLifetimeMs) => {
      const max = 4;
      const isSteady = maxLifetimeMs > 1000;
      const { adapter, sessions } = await openWatched({
        pool: { min: 1, max, maxLifetimeMs, acquireTimeoutMs: 170_000 },
      });
      await adapter.executeQuery(`CREATE TABLE item (id ${types.countingKey}, n ${types.integer})`);
      const seen = { waiting: 0, active: 0, exhausted: false, sessions: 0 };
      const look = () => {
        const metrics = adapter.poolMetrics();
        expectTrue(metrics);
        seen.waiting = Math.max(seen.waiting, metrics.waitingRequests);
        seen.active = Math.max(seen.active, metrics.activeConnections);
        seen.exhausted ||= metrics.isExhausted;
      };
      const work = async (n: number) => {
        look();
        if (n % 3 === 0) await adapter.insert("item", { n });
        else if (n % 3 === 1) await adapter.executeQuery("SELECT COUNT(*) AS n FROM item");
        else
          await adapter
            .transaction(async (tx) => {
              look();
              await tx.insert("item", { n });
              look();
              if (n % 2 === 0) throw new Error("rolled back");
            })
            .catch((error: Error) => expect(error.message).toBe("rolled back"));
        look();
      };
      const calls = IS_FULL ? 6000 : 300;
      let isOver = false;
      /** How often in a row the server listed other sessions than the pool counts: it may be a moment behind. */
      let disagreements = 0;
      const watch = async () => {
        while (!isOver) {
          const before = adapter.poolMetrics();
          const found = await sessions();
          const after = adapter.poolMetrics();
          seen.sessions = Math.max(seen.sessions, found);
          if (sessionsQuery === null || !isSteady) continue; // a server may list for a moment what has been closed
          const most = after.totalConnections + after.openingConnections;
          disagreements = found < before.totalConnections || found > most ? disagreements + 1 : 0;
          expect(disagreements, `${found} sessions, ${before.totalConnections} to ${most} counted`).toBeLessThan(3);
        }
      };
      const working = Promise.all(Array.from({ length: calls }, (_unused, n) => work(n))).finally(() => {
        isOver = true;
      });
      await Promise.all([working, watch()]);
      expect(seen.exhausted).toBe(true);
      if (isSteady) expect(seen.active).toBe(max); // to open one may take longer than the others live
      expect(seen.waiting).toBeGreaterThan(max);
      if (isSteady) expect(seen.sessions).toBeLessThanOrEqual(max);
      else expect(adapter.poolMetrics().closedTotal).toBeGreaterThan(0);
      const after = await eventually(
        () => adapter.poolMetrics(),
        ({ openingConnections, closingConnections }) => openingConnections + closingConnections === 0,
      );
      expect(after).toMatchObject({ activeConnections: 0, waitingRequests: 0, isExhausted: false });
      await hasSessions(sessions, after.totalConnections);
    },
  );

  test("counts a connection as active for as long as a transaction or a stream has it", async () => {
    const { adapter } = await openWatched();
    const active = () => adapter.poolMetrics().activeConnections;
    await adapter.transaction(async (tx) => {
      expect(active()).toBe(1);
      await tx.executeQuery("SELECT 1");
      await tx.transaction(async () => expect(active()).toBe(1));
    });
    expect(active()).toBe(0);
    for await (const _row of adapter.stream("SELECT 1")) expect(active()).toBe(1);
    expect(active()).toBe(0);
  });

  test.runIf(slowQuery !== null)("has as many active connections as the server has statements running", async () => {
    const max = 4;
    const { adapter, sessions, running } = await openWatched({ pool: { min: max, max } });
    await adapter.connect();
    const cancelling = new AbortController();
    const calls: Promise<unknown>[] = [];
    const begin = (count: number) => {
      for (let n = 0; n < count; n++)
        calls.push(failure(adapter.executeQuery(slowQuery ?? "", [], { signal: cancelling.signal })));
    };
    begin(3);
    await eventually(running, (found) => found === 3);
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 3, idleConnections: 1, waitingRequests: 0 });
    expect(adapter.poolMetrics()).toMatchObject({ utilization: 0.75, isExhausted: false });
    begin(4);
    await eventually(running, (found) => found === max);
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: max, idleConnections: 0, waitingRequests: 3 });
    expect(adapter.poolMetrics()).toMatchObject({ utilization: 1, isExhausted: true });
    expect(await sessions()).toBe(max);
    cancelling.abort();
    await Promise.all(calls);
    await eventually(running, (found) => found === 0);
    // Those whose statement was cancelled are replaced.
    const after = await eventually(
      () => adapter.poolMetrics(),
      ({ closingConnections }) => closingConnections === 0,
    );
    expect(after).toMatchObject({ activeConnections: 0, waitingRequests: 0, isExhausted: false });
  });

  test("counts its connections until the last one is closed", async () => {
    const { adapter } = await openWatched();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const holding = adapter.transaction(() => released);
    await eventually(
      () => adapter.poolMetrics().activeConnections,
      (count) => count === 1,
    );
    const closing = [adapter.close(), adapter.close()];
    let isClosed = 0;
    for (const each of closing) each.then(() => isClosed++);
    await new Promise((resolve) => setImmediate(resolve));
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 1, totalConnections: 1 });
    expect(isClosed).toBe(0);
    release();
    await Promise.all([holding, ...closing]);
    expect(adapter.poolMetrics()).toMatchObject({ totalConnections: 0, closingConnections: 0 });
  });

  test("does not keep its process alive", async () => {
    const { url } = await openWatched();
    const script = join(import.meta.dirname, "support", "leave-idle.ts");
    // A process that does not end by itself is ended after 20 seconds, and that is an error here.
    const { stdout } = await promisify(execFile)(process.execPath, [script, url], { timeout: 20_000 });
    expect(Number(stdout)).toBeGreaterThanOrEqual(pool.min);
  });

  describe("its health", () => {
    test("is good when the database answers", async () => {
      const { adapter } = await openWatched();
      const health = await adapter.checkHealth();
      expect(health).toEqual({
        ok: true,
        latencyMs: expect.any(Number),
        serverVersion: expect.stringMatching(/^(SQLite|PostgreSQL|MariaDB|MySQL) \d+(\.\d+)+$/),
        role: "primary",
        error: null,
      });
      expect(health.latencyMs).toBeGreaterThan(0);
      expect(await adapter.healthCheck()).toBe(true);
    });

    test("is bad when the adapter is closed, and good when it is open again", async () => {
      const { adapter } = await openWatched();
      await adapter.close();
      expect(await adapter.checkHealth()).toMatchObject({
        ok: false,
        serverVersion: null,
        role: null,
        error: { kind: "pool_closed" },
      });
      expect(await adapter.healthCheck()).toBe(false);
      await adapter.connect();
      expect(await adapter.healthCheck()).toBe(true);
    });

    test("is bad when no connection becomes free", async () => {
      const { adapter } = await openWatched({ pool: { min: 0, max: 1, acquireTimeoutMs: 500 } }); // opening one has as long
      await adapter.transaction(async () => {
        expect(await adapter.checkHealth()).toMatchObject({ ok: false, error: { kind: "acquire_timeout" } });
        expect(await adapter.healthCheck()).toBe(false);
      });
    });

    test.runIf(sessionsQuery === null)("tells that a file was opened for reading", async () => {
      const { adapter, url } = await openWatched();
      await adapter.executeQuery("CREATE TABLE item (id INTEGER)");
      await using reader = await createAdapterFromUrl(`${url}&mode=ro`);
      expect(await reader.checkHealth()).toMatchObject({ ok: true, role: "read_only" });
      expect(await failure(reader.insert("item", { id: 1 }))).toMatchObject({ kind: "read_only" });
      expect(await adapter.checkHealth()).toMatchObject({ ok: true, role: "primary" });
    });

    test.runIf(sessionsQuery !== null)("is bad when nothing answers", async () => {
      const { url } = await openWatched();
      const nowhere = new URL(url);
      nowhere.port = "1";
      await using adapter = await createAdapterFromUrl(nowhere.href);
      const health = await adapter.checkHealth();
      expect(health).toMatchObject({
        ok: false,
        serverVersion: null,
        role: null,
        error: { kind: "connection_refused" },
      });
      expect(health.latencyMs).toBeGreaterThan(0);
      expect(await adapter.healthCheck()).toBe(false);
      expect(await failure(adapter.connect())).toMatchObject({ kind: "connection_refused" });
      expect(adapter.isConnected).toBe(false);
      expect(adapter.poolMetrics()).toMatchObject({ totalConnections: 0, openingConnections: 0, openedTotal: 0 });
    });
  });
});
