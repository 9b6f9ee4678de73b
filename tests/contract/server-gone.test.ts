import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { createAdapterFromUrl, type DatabaseError } from "../../src/db/index.ts";
import { ownServer } from "../servers/shared.ts";

/** What calls may come to while there is no server. */
const GONE = ["connection_lost", "connection_refused", "commit_outcome_unknown", "too_many_connections"];

describe.each(["postgresql", "mariadb", "mysql"] as const)("when the %s server goes", async (kind) => {
  const server = await ownServer(kind);

  async function openAdapter(acquireTimeoutMs = 3000) {
    const adapter = await createAdapterFromUrl(server.url, { pool: { acquireTimeoutMs } });
    onTestFinished(() => adapter.close());
    await adapter.connect();
    return adapter;
  }

  test("and comes back under load, every call has a typed end, and work goes on within two seconds", async () => {
    const adapter = await openAdapter();
    const load = { isOver: false, done: 0, kinds: new Map<string, number>() };
    const call = (index: number): Promise<unknown> =>
      index % 2 === 0
        ? adapter.executeQuery("SELECT ? AS n", [index])
        : adapter.transaction((tx) => tx.executeQuery("SELECT 1 AS n"));
    const workers = Array.from({ length: 8 }, async (_, index) => {
      while (!load.isOver) {
        try {
          await call(index);
          load.done++;
        } catch (error) {
          const word = (error as DatabaseError).kind ?? String(error);
          load.kinds.set(word, (load.kinds.get(word) ?? 0) + 1);
          await pause(5);
        }
      }
    });
    await expect.poll(() => load.done).toBeGreaterThan(100);
    await server.kill();
    await expect.poll(() => load.kinds.get("connection_refused") ?? 0).toBeGreaterThan(20);
    expect(await adapter.healthCheck()).toBe(false);
    const before = load.done;
    await server.start();
    const started = performance.now();
    await expect.poll(() => load.done, { interval: 1, timeout: 10_000 }).toBeGreaterThan(before);
    expect(performance.now() - started).toBeLessThan(2000);
    load.kinds.clear();
    const again = load.done;
    await expect.poll(() => load.done).toBeGreaterThan(again + 500);
    expect([...load.kinds]).toEqual([]); // no stale connection was handed out
    load.isOver = true;
    await Promise.all(workers);
    const { activeConnections, totalConnections, idleConnections, openedTotal, closedTotal } = adapter.poolMetrics();
    expect([activeConnections, totalConnections]).toEqual([0, idleConnections]);
    expect(openedTotal - closedTotal).toBe(totalConnections);
  });

  test("while nothing is asked of it, the idle connections go at once, and the next call has a new one", async () => {
    const adapter = await openAdapter();
    await server.kill();
    await expect.poll(() => adapter.poolMetrics().totalConnections).toBe(0);
    const error = await adapter.executeQuery("SELECT 1").catch((thrown: unknown) => thrown);
    expect(GONE).toContain((error as DatabaseError).kind);
    await server.start();
    expect(await adapter.executeQuery("SELECT 1 AS n")).toEqual([{ n: 1 }]);
  });

  test("in the middle of a transaction, its end is typed, and nothing of it stays", async () => {
    const adapter = await openAdapter();
    await adapter.executeQuery("CREATE TABLE note (n INT)");
    const error = await adapter
      .transaction(async (tx) => {
        await tx.executeUpdate("INSERT INTO note (n) VALUES (1)");
        await server.kill();
        await tx.executeUpdate("INSERT INTO note (n) VALUES (2)");
      })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: "connection_lost", retryable: true });
    await server.start();
    expect(await adapter.executeQuery("SELECT n FROM note")).toEqual([]);
  });

  test("silent, a deadline is kept, and closing is not held up", async () => {
    const adapter = await openAdapter();
    server.pause();
    try {
      const started = performance.now();
      const error = await adapter.executeQuery("SELECT 1", [], { timeoutMs: 300 }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: "statement_timeout" });
      // The server has two seconds to end what it was asked to end.
      expect(performance.now() - started).toBeLessThan(4000);
      const health = await adapter.checkHealth();
      expect(health).toMatchObject({ ok: false, error: { kind: expect.stringMatching(/timeout/) } });
      await adapter.close();
      expect(performance.now() - started).toBeLessThan(20_000);
    } finally {
      server.resume();
    }
  });
});
