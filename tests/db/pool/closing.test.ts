import { describe, expect, test } from "vitest";
import { settled, TestPool } from "./support.ts";

/** Closes the pool, and tells whether that is done. */
function closing(pool: TestPool): { readonly isDone: boolean } {
  const state = { isDone: false };
  pool.pool.close().then(() => {
    state.isDone = true;
  });
  return state;
}

describe("closing a pool", () => {
  test("is done at once when it never opened anything", async () => {
    const pool = new TestPool();
    await pool.pool.close();
    expect(pool.metrics).toMatchObject({ totalConnections: 0, openedTotal: 0 });
  });

  test("closes what is idle, and waits for what is in use", async () => {
    const pool = new TestPool({ max: 3 });
    const [first, second, third] = await pool.takeAll();
    await pool.release(first);
    const close = closing(pool);
    await settled();
    expect(pool.metrics).toMatchObject({ activeConnections: 2, idleConnections: 0, closedTotal: 1 });
    await pool.release(second);
    expect(close.isDone).toBe(false);
    await pool.release(third);
    expect(close.isDone).toBe(true);
    expect(pool.driver.count).toBe(0);
  });

  test("waits until the last connection is really closed", async () => {
    const pool = new TestPool();
    const { connection } = await pool.call();
    pool.driver.closes.isClosed = true;
    await pool.release(connection, { destroy: true });
    const close = closing(pool);
    await settled();
    expect(close.isDone).toBe(false);
    pool.driver.closes.answer();
    await settled();
    expect(close.isDone).toBe(true);
  });

  test("is done also when a connection fails to close", async () => {
    const pool = new TestPool();
    await pool.release((await pool.call()).connection);
    pool.driver.closes.isClosed = true;
    const close = closing(pool);
    pool.driver.closes.fail(new Error("the socket is gone"));
    await settled();
    expect(close.isDone).toBe(true);
    expect(pool.metrics).toMatchObject({ closingConnections: 0, closedTotal: 1 });
  });

  test("sends those who wait away, at once and in one word", async () => {
    const pool = new TestPool({ max: 1 });
    const { connection } = await pool.call();
    const waiting = [await pool.call(), await pool.call()];
    const close = closing(pool);
    await settled();
    for (const call of waiting)
      expect(call.error).toMatchObject({ kind: "pool_closed", hint: "Call connect() to open it anew." });
    expect(pool.clock.waiting).toBe(0);
    await pool.release(connection);
    expect(close.isDone).toBe(true);
  });

  test("refuses those who come later", async () => {
    const pool = new TestPool();
    await pool.release((await pool.call()).connection);
    await pool.pool.close();
    expect(pool.pool.tryAcquire("SELECT")).toBeUndefined();
    expect((await pool.call()).error).toMatchObject({ kind: "pool_closed", retryable: false });
    expect(pool.metrics.openedTotal).toBe(1);
  });

  test("closes the connection that was being opened before it is done", async () => {
    const pool = new TestPool();
    pool.driver.opens.isClosed = true;
    const call = await pool.call();
    const close = closing(pool);
    await settled();
    expect(call.error).toMatchObject({ kind: "pool_closed" });
    expect(close.isDone).toBe(false);
    pool.driver.closes.isClosed = true;
    pool.driver.opens.answer();
    await settled();
    expect(close.isDone).toBe(false);
    expect(pool.metrics).toMatchObject({ totalConnections: 0, closingConnections: 1 });
    pool.driver.closes.answer();
    await settled();
    expect(close.isDone).toBe(true);
    expect(pool.driver.count).toBe(0);
  });

  test("is done when the connection that was being opened fails", async () => {
    const pool = new TestPool();
    pool.driver.opens.isClosed = true;
    await pool.call();
    const close = closing(pool);
    pool.driver.opens.answer(new Error("refused"));
    await settled();
    expect(close.isDone).toBe(true);
  });

  test("opens no connection for those it has sent away", async () => {
    const pool = new TestPool({ max: 1 });
    const { connection } = await pool.call();
    await pool.call();
    closing(pool);
    await pool.release(connection, { destroy: true });
    expect(pool.metrics).toMatchObject({ openedTotal: 1, openingConnections: 0, closedTotal: 1 });
  });

  test("twice at the same time is the same as once", async () => {
    const pool = new TestPool();
    const { connection } = await pool.call();
    const both = [closing(pool), closing(pool)];
    await settled();
    expect(both).toEqual([{ isDone: false }, { isDone: false }]);
    await pool.release(connection);
    expect(both).toEqual([{ isDone: true }, { isDone: true }]);
  });

  test("leaves no timer behind", async () => {
    const pool = new TestPool({ idleTimeoutMs: 5000 });
    await pool.release((await pool.call()).connection);
    expect(pool.clock.waiting).toBe(1);
    await pool.pool.close();
    expect(pool.clock.waiting).toBe(0);
  });
});
