import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Call, settled, TestPool } from "./support.ts";

describe("a caller", () => {
  test("gets the connection that was used last, so that the others can go", async () => {
    const pool = new TestPool();
    const [first, second] = await pool.takeAll();
    await pool.release(second);
    await pool.release(first);
    expect(await pool.pool.acquire()).toBe(first);
  });

  test("opens a connection only when none is idle and there is room", async () => {
    const pool = new TestPool();
    const first = await pool.call();
    await pool.release(first.connection);
    const second = await pool.call();
    expect(second.connection).toBe(first.connection);
    await pool.call();
    await pool.call();
    expect(pool.driver.peak).toBe(2);
    expect(pool.metrics).toMatchObject({ activeConnections: 2, waitingRequests: 1, openedTotal: 2 });
  });

  test("takes what comes back before the connection that is opened for it is there", async () => {
    const pool = new TestPool();
    const first = await pool.call();
    pool.driver.opens.isClosed = true;
    const second = await pool.call();
    await pool.release(first.connection);
    expect(second.connection).toBe(first.connection);
    pool.driver.opens.answer();
    await settled();
    expect(pool.metrics).toMatchObject({ activeConnections: 1, idleConnections: 1, openingConnections: 0 });
  });

  test("who need not wait is served without a promise, but never before those who wait", async () => {
    const pool = new TestPool({ max: 1 });
    expect(pool.pool.tryAcquire("SELECT")).toBeUndefined();
    const { connection } = await pool.call();
    await pool.release(connection);
    expect(pool.pool.tryAcquire("SELECT")).toBe(connection);
    const waiting = await pool.call();
    expect(pool.pool.tryAcquire("SELECT")).toBeUndefined();
    await pool.release(connection);
    expect(waiting.connection).toBe(connection);
  });

  test("gives a connection back once", async () => {
    const pool = new TestPool();
    const { connection } = await pool.call();
    await pool.release(connection);
    await expect(pool.release(connection)).rejects.toThrow("released twice");
    await expect(pool.release({ id: 99, lose() {} })).rejects.toThrow("released twice");
    expect(pool.metrics).toMatchObject({ activeConnections: 0, idleConnections: 1 });
  });
});

describe("those who wait", () => {
  test("are served in the order in which they came", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }), async (destroys) => {
        const pool = new TestPool({ max: 1 });
        let current = (await pool.call()).connection;
        const calls: Call[] = [];
        for (const _ of destroys) calls.push(await pool.call());
        for (const [index, destroy] of destroys.entries()) {
          await pool.release(current, { destroy });
          expect(calls.map((call) => call.connection !== null)).toEqual(destroys.map((_, other) => other <= index));
          current = calls[index]?.connection ?? null;
        }
      }),
      { numRuns: 20 },
    ));

  test("are given the connection of whoever destroyed his, as a new one", async () => {
    const pool = new TestPool({ max: 1 });
    const { connection } = await pool.call();
    pool.driver.closes.isClosed = true;
    const waiting = await pool.call();
    await pool.release(connection, { destroy: true });
    // The broken one still counts until it is closed.
    expect(pool.metrics).toMatchObject({ closingConnections: 1, openingConnections: 0, waitingRequests: 1 });
    pool.driver.closes.answer();
    await settled();
    expect(waiting.connection).toMatchObject({ id: 2 });
    expect(pool.driver.peak).toBe(1);
  });

  test("give up at their deadline, whatever happened meanwhile", async () => {
    const pool = new TestPool({ max: 1, acquireTimeoutMs: 1000 });
    let current = (await pool.call()).connection;
    const patient = await pool.call({ timeoutMs: 1500 });
    const impatient = await pool.call({ timeoutMs: 300 });
    const usual = await pool.call();
    await pool.advance(299);
    expect(impatient.error).toBeNull();
    await pool.advance(1);
    expect(impatient.error).toMatchObject({ kind: "acquire_timeout", retryable: true });
    await pool.release(current);
    current = patient.connection;
    await pool.advance(699);
    expect(usual.error).toBeNull();
    await pool.advance(1);
    expect(usual.error).toMatchObject({ kind: "acquire_timeout" });
    expect(current).not.toBeNull();
    expect(pool.metrics).toMatchObject({ timeoutsTotal: 2, waitingRequests: 0 });
  });

  test("leave the line at their deadline: what comes back goes to the next", async () => {
    const pool = new TestPool({ max: 1 });
    const { connection } = await pool.call();
    const late = await pool.call({ timeoutMs: 10 });
    const next = await pool.call();
    await pool.advance(10);
    await pool.release(connection);
    expect(late.error).toMatchObject({ kind: "acquire_timeout" });
    expect(next.connection).toBe(connection);
  });

  test("leave nothing behind when they are served: no timer, no listener", async () => {
    const pool = new TestPool({ max: 1 });
    const { connection } = await pool.call();
    const { signal } = new AbortController();
    const waiting = await pool.call({ signal });
    expect([pool.clock.waiting, getEventListeners(signal, "abort").length]).toEqual([1, 1]);
    await pool.release(connection);
    expect(waiting.connection).toBe(connection);
    expect([pool.clock.waiting, getEventListeners(signal, "abort").length]).toEqual([0, 0]);
  });

  test("learn by whom the connections are held, for how long, and how many wait", async () => {
    const pool = new TestPool({ max: 2 });
    await pool.call({ purpose: "transaction" });
    await pool.advance(400);
    await pool.call({ purpose: "SELECT" });
    await pool.call();
    const call = await pool.call({ timeoutMs: 50 });
    await pool.advance(50);
    expect(call.error).toMatchObject({
      message:
        "No database connection became free within 50 ms: all 2 are in use (transaction for 450 ms, SELECT for 50 ms) and 2 callers wait.",
      hint: "Shorten what holds the connections, raise pool.max, or raise pool.acquireTimeoutMs.",
    });
  });

  test("learn that it is the server that does not answer, when it is", async () => {
    const pool = new TestPool({ max: 3 });
    await pool.call();
    pool.driver.opens.isClosed = true;
    const call = await pool.call();
    await pool.advance(1000);
    expect(call.error).toMatchObject({
      kind: "acquire_timeout",
      message: "No database connection became free within 1000 ms: 1 being opened did not answer in time.",
    });
  });

  test("learn that it is connections that do not end, when it is", async () => {
    const pool = new TestPool({ max: 1 });
    const { connection } = await pool.call();
    pool.driver.closes.isClosed = true;
    await pool.release(connection, { destroy: true });
    const call = await pool.call();
    await pool.advance(1000);
    expect(call.error).toMatchObject({ kind: "acquire_timeout", message: expect.stringContaining("being closed") });
  });
});

describe("a signal", () => {
  test("that is aborted already refuses the call, even when a connection is idle", async () => {
    const pool = new TestPool();
    await pool.release((await pool.call()).connection);
    const call = await pool.call({ signal: AbortSignal.abort() });
    expect(call.error).toMatchObject({ kind: "cancelled" });
    expect(pool.metrics).toMatchObject({ idleConnections: 1, activeConnections: 0 });
  });

  test("ends the wait at once, and the connection goes to the next", async () => {
    const pool = new TestPool({ max: 1 });
    const { connection } = await pool.call();
    const controller = new AbortController();
    const cancelled = await pool.call({ signal: controller.signal });
    const next = await pool.call();
    controller.abort();
    await settled();
    expect(cancelled.error).toMatchObject({ kind: "cancelled", retryable: false });
    expect(pool.metrics).toMatchObject({ waitingRequests: 1, timeoutsTotal: 0 });
    await pool.release(connection);
    expect(next.connection).toBe(connection);
  });

  test("ends the wait for a connection that is being opened, which is kept for others", async () => {
    const pool = new TestPool();
    pool.driver.opens.isClosed = true;
    const controller = new AbortController();
    const call = await pool.call({ signal: controller.signal });
    controller.abort();
    pool.driver.opens.answer();
    await settled();
    expect(call.error).toMatchObject({ kind: "cancelled" });
    expect(pool.metrics).toMatchObject({ idleConnections: 1, openingConnections: 0 });
  });

  test("that comes after the connection takes nothing away", async () => {
    const pool = new TestPool();
    const controller = new AbortController();
    const call = await pool.call({ signal: controller.signal });
    controller.abort();
    await settled();
    expect(call.connection).not.toBeNull();
    expect(pool.metrics.activeConnections).toBe(1);
  });
});
