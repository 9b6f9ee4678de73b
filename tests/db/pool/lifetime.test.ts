import { describe, expect, test, vi } from "vitest";
import { settled, TestPool } from "./support.ts";

const HALF_MINUTE = 30_000;

/** A pool with this many idle connections, all of them used a moment ago. */
async function idlePool(count: number, options: ConstructorParameters<typeof TestPool>[0]): Promise<TestPool> {
  const pool = new TestPool({ max: count, ...options });
  for (const connection of await pool.takeAll()) await pool.release(connection);
  return pool;
}

describe("an idle connection", () => {
  test("is closed after the idle timeout, and not a moment before", async () => {
    const pool = await idlePool(1, { idleTimeoutMs: 5000 });
    await pool.advance(4999);
    expect(pool.metrics.idleConnections).toBe(1);
    await pool.advance(1);
    expect(pool.metrics).toMatchObject({ totalConnections: 0, closedTotal: 1 });
  });

  test("counts as idle since its last use", async () => {
    const pool = await idlePool(1, { idleTimeoutMs: 5000 });
    await pool.advance(3000);
    await pool.release((await pool.call()).connection);
    await pool.advance(4999);
    expect(pool.metrics.idleConnections).toBe(1);
    await pool.advance(1);
    expect(pool.metrics.idleConnections).toBe(0);
  });

  test("goes when its own time has come, each by itself", async () => {
    const pool = new TestPool({ max: 3, idleTimeoutMs: 5000 });
    for (const connection of await pool.takeAll()) {
      await pool.release(connection);
      await pool.advance(1000);
    }
    const left: number[] = [];
    for (let second = 3; second <= 7; second++) {
      left.push(pool.metrics.idleConnections);
      await pool.advance(1000);
    }
    expect(left).toEqual([3, 3, 2, 1, 0]);
  });

  test("stays for ever when it is one of the minimum", async () => {
    const pool = await idlePool(4, { min: 2, idleTimeoutMs: 5000 });
    await pool.advance(1_000_000);
    expect(pool.metrics).toMatchObject({ idleConnections: 2, closedTotal: 2 });
    expect(pool.clock.waiting).toBe(0);
  });

  test("above the minimum goes also while others are in use", async () => {
    const pool = new TestPool({ min: 1, max: 2, idleTimeoutMs: 5000 });
    const [, second] = await pool.takeAll();
    await pool.release(second);
    await pool.advance(5000);
    expect(pool.metrics).toMatchObject({ activeConnections: 1, idleConnections: 0 });
  });

  test("that breaks is closed at once and never handed out", async () => {
    const pool = await idlePool(2, {});
    const broken = await pool.pool.acquire();
    await pool.release(broken);
    broken.lose();
    await settled();
    expect(pool.metrics).toMatchObject({ idleConnections: 1, closedTotal: 1 });
    for (const connection of await pool.takeAll()) expect(connection).not.toBe(broken);
  });

  test("that breaks twice is closed once", async () => {
    const pool = await idlePool(1, {});
    const broken = await pool.pool.acquire();
    await pool.release(broken);
    broken.lose();
    broken.lose();
    await settled();
    expect(pool.metrics).toMatchObject({ totalConnections: 0, closingConnections: 0, closedTotal: 1 });
    expect(pool.driver.count).toBe(0);
  });

  test("that breaks while somebody uses it is left to him", async () => {
    const pool = new TestPool();
    const { connection } = await pool.call();
    connection?.lose();
    await settled();
    expect(pool.metrics).toMatchObject({ activeConnections: 1, closedTotal: 0 });
    await pool.release(connection, { destroy: true });
    expect(pool.metrics).toMatchObject({ totalConnections: 0, closedTotal: 1 });
  });

  test("that broke while somebody used it is closed when it comes back", async () => {
    const pool = new TestPool();
    const { connection } = await pool.call();
    connection?.lose();
    await pool.release(connection);
    expect(pool.metrics).toMatchObject({ totalConnections: 0, closedTotal: 1 });
  });

  test("that breaks before the pool has it is closed, and whoever waits gets another", async () => {
    const pool = new TestPool({ max: 1 });
    pool.driver.isNextLost = true;
    const { connection } = await pool.call();
    expect(connection).toMatchObject({ id: 2 });
    expect(pool.metrics).toMatchObject({ totalConnections: 1, openedTotal: 2, closedTotal: 1 });
  });

  test("that breaks while it is checked is closed, whatever the check says", async () => {
    const pool = await idlePool(1, {});
    const [broken] = await pool.takeAll();
    await pool.release(broken);
    await pool.advance(30_001);
    pool.driver.checks.isClosed = true;
    const waiting = await pool.call();
    broken?.lose();
    pool.driver.checks.answer(true);
    await settled();
    expect(waiting.connection).not.toBe(broken);
    expect(pool.metrics).toMatchObject({ activeConnections: 1, openedTotal: 2, closedTotal: 1 });
  });
});

describe("the lifetime of a connection", () => {
  test.each([
    [0, 900],
    [0.5, 1000],
    [0.999_999, 1099],
  ])("is the maximum, 10 % more or less: with %s drawn, %i ms", async (drawn, lifetime) => {
    // The pool draws from Math.random, which can be had in no other way.
    const random = vi.spyOn(Math, "random").mockReturnValue(drawn);
    const pool = new TestPool({ max: 1, maxLifetimeMs: 1000 });
    const { connection } = await pool.call();
    random.mockRestore();
    await pool.release(connection);
    await pool.advance(lifetime - 1);
    const young = await pool.call();
    expect(young.connection).toBe(connection);
    await pool.release(young.connection);
    await pool.advance(2);
    expect(pool.pool.tryAcquire("SELECT")).toBeUndefined();
    expect((await pool.call()).connection).not.toBe(connection);
  });

  test("ends no use of it: it is replaced when it comes back", async () => {
    const pool = new TestPool({ max: 1, maxLifetimeMs: 1000 });
    const { connection } = await pool.call();
    const waiting = await pool.call({ timeoutMs: 10_000 });
    await pool.advance(2000);
    expect(pool.metrics).toMatchObject({ activeConnections: 1, closedTotal: 0 });
    await pool.release(connection);
    expect(waiting.connection).toMatchObject({ id: 2 });
    expect(pool.metrics).toMatchObject({ activeConnections: 1, closedTotal: 1 });
  });

  test("is not the same for all that were opened together", async () => {
    const pool = await idlePool(20, { maxLifetimeMs: 1_000_000 });
    await pool.advance(1_000_000);
    for (const connection of await pool.takeAll()) await pool.release(connection);
    const replaced = pool.metrics.closedTotal;
    expect(replaced).toBeGreaterThan(0);
    expect(replaced).toBeLessThan(20);
  });
});

describe("a connection that was idle for half a minute", () => {
  test("is checked before it is handed out, once", async () => {
    const pool = await idlePool(1, {});
    await pool.advance(HALF_MINUTE);
    await pool.release((await pool.call()).connection);
    expect(pool.driver.checked).toBe(0);
    await pool.advance(HALF_MINUTE + 1);
    expect(pool.pool.tryAcquire("SELECT")).toBeUndefined();
    await pool.release((await pool.call()).connection);
    expect(pool.driver.checked).toBe(1);
    await pool.release((await pool.call()).connection);
    expect(pool.driver.checked).toBe(1);
  });

  test("counts as in use while it is checked", async () => {
    const pool = await idlePool(1, {});
    await pool.advance(HALF_MINUTE + 1);
    pool.driver.checks.isClosed = true;
    const call = await pool.call();
    expect(pool.metrics).toMatchObject({ activeConnections: 1, idleConnections: 0 });
    expect(call.connection).toBeNull();
    pool.driver.checks.answer();
    await settled();
    expect(call.connection).toMatchObject({ id: 1 });
  });

  test("is replaced when it does not work any more, and so are the others", async () => {
    const pool = await idlePool(3, {});
    await pool.advance(HALF_MINUTE + 1);
    pool.driver.checks.isClosed = true;
    const call = await pool.call();
    for (let n = 0; n < 3; n++) {
      pool.driver.checks.answer(false);
      await settled();
    }
    expect(call.connection).toMatchObject({ id: 4 });
    expect(pool.metrics).toMatchObject({ totalConnections: 1, closedTotal: 3 });
  });

  test("makes nobody wait beyond his deadline while it does not answer", async () => {
    const pool = await idlePool(1, { acquireTimeoutMs: 1000 });
    await pool.advance(HALF_MINUTE + 1);
    pool.driver.checks.isClosed = true;
    const call = await pool.call();
    await pool.advance(1000);
    expect(call.error).toMatchObject({ kind: "acquire_timeout" });
  });

  test("lets its caller be cancelled while it is checked", async () => {
    const pool = await idlePool(1, {});
    await pool.advance(HALF_MINUTE + 1);
    pool.driver.checks.isClosed = true;
    const controller = new AbortController();
    const call = await pool.call({ signal: controller.signal });
    controller.abort();
    await settled();
    expect(call.error).toMatchObject({ kind: "cancelled" });
  });

  test("costs its caller no place in the line when it does not work", async () => {
    const pool = await idlePool(1, {});
    await pool.advance(HALF_MINUTE + 1);
    pool.driver.checks.isClosed = true;
    const first = await pool.call();
    const second = await pool.call();
    pool.driver.checks.answer(false);
    await settled();
    expect(first.connection).not.toBeNull();
    expect(second.connection).toBeNull();
  });

  test("is given up when the check itself fails", async () => {
    const pool = await idlePool(1, {});
    await pool.advance(HALF_MINUTE + 1);
    pool.driver.checks.isClosed = true;
    const call = await pool.call();
    pool.driver.checks.fail(new Error("the server is gone"));
    await settled();
    expect(call.connection).toMatchObject({ id: 2 });
    expect(pool.metrics).toMatchObject({ activeConnections: 1, closedTotal: 1 });
  });
});
