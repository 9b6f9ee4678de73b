import { describe, expect, test } from "vitest";
import { DatabaseError } from "../../../src/db/index.ts";
import { settled, TestPool } from "./support.ts";

const refused = () => new DatabaseError("connection_refused", "No connection to db:5432: nothing listens there.");

describe("a connection that cannot be opened", () => {
  test("is an error of its caller, at once and with the true cause", async () => {
    const pool = new TestPool();
    pool.driver.opens.isClosed = true;
    const call = await pool.call();
    const error = refused();
    pool.driver.opens.answer(error);
    await settled();
    expect(call.error).toBe(error);
    expect(pool.metrics).toMatchObject({ waitingRequests: 0, openingConnections: 0, openedTotal: 0, timeoutsTotal: 0 });
    expect(pool.clock.waiting).toBe(0);
  });

  test("is an error for each who waits, none of whom waits for his deadline", async () => {
    const pool = new TestPool({ max: 2 });
    pool.driver.opens.isClosed = true;
    const calls = [await pool.call(), await pool.call(), await pool.call(), await pool.call()];
    while (pool.driver.opens.waiting > 0) {
      pool.driver.opens.answer(refused());
      await settled();
    }
    expect(calls.map((call) => call.error)).toEqual(calls.map(() => refused()));
    expect(pool.driver.peak).toBe(2);
  });

  test("does not stand in the way of the next call", async () => {
    const pool = new TestPool({ max: 1 });
    pool.driver.opens.isClosed = true;
    const first = await pool.call();
    pool.driver.opens.answer(refused());
    await settled();
    expect(first.error).toMatchObject({ kind: "connection_refused" });
    pool.driver.opens.isClosed = false;
    expect((await pool.call()).connection).toMatchObject({ id: 1 });
  });

  test("leaves those alone who have a connection", async () => {
    const pool = new TestPool({ max: 2 });
    const first = await pool.call();
    pool.driver.opens.isClosed = true;
    const second = await pool.call();
    pool.driver.opens.answer(refused());
    await settled();
    expect(second.error).toMatchObject({ kind: "connection_refused" });
    await pool.release(first.connection);
    expect(pool.metrics).toMatchObject({ totalConnections: 1, idleConnections: 1 });
  });
});

describe("filling a pool", () => {
  test("opens the minimum, once", async () => {
    const pool = new TestPool({ min: 3, max: 5 });
    await pool.pool.fill();
    expect(pool.metrics).toMatchObject({ idleConnections: 3, openedTotal: 3 });
    await pool.pool.fill();
    expect(pool.metrics.openedTotal).toBe(3);
  });

  test("opens at least one connection, which proves that the server answers", async () => {
    const pool = new TestPool({ min: 0 });
    await pool.pool.fill();
    expect(pool.metrics.idleConnections).toBe(1);
  });

  test("opens never more than the maximum", async () => {
    const pool = new TestPool({ min: 5, max: 2 });
    await pool.pool.fill();
    expect(pool.driver.peak).toBe(2);
  });

  test("brings back to the minimum what has gone since", async () => {
    const pool = new TestPool({ min: 2, max: 2 });
    const [first, second] = await pool.takeAll();
    await pool.release(first);
    await pool.release(second, { destroy: true });
    expect(pool.metrics.totalConnections).toBe(1);
    await pool.pool.fill();
    expect(pool.metrics.totalConnections).toBe(2);
  });

  test("fails with the true cause, and keeps what could be opened", async () => {
    const pool = new TestPool({ min: 2, max: 2 });
    pool.driver.opens.isClosed = true;
    const filling = pool.pool.fill();
    const error = refused();
    pool.driver.opens.answer(error);
    pool.driver.opens.answer();
    await expect(filling).rejects.toBe(error);
    expect(pool.metrics).toMatchObject({ idleConnections: 1, openingConnections: 0 });
  });

  test("twice at the same time proves it to both", async () => {
    const pool = new TestPool({ min: 1 });
    pool.driver.opens.isClosed = true;
    const both = Promise.allSettled([pool.pool.fill(), pool.pool.fill()]);
    await settled();
    while (pool.driver.opens.waiting > 0) {
      pool.driver.opens.answer(refused());
      await settled();
    }
    expect((await both).map((result) => result.status)).toEqual(["rejected", "rejected"]);
  });

  test("serves those who wait as soon as one connection is there", async () => {
    const pool = new TestPool({ min: 2, max: 2 });
    pool.driver.opens.isClosed = true;
    const filling = pool.pool.fill();
    const call = await pool.call();
    pool.driver.opens.answer();
    await settled();
    expect(call.connection).toMatchObject({ id: 1 });
    pool.driver.opens.answer();
    await filling;
  });

  test("that fails is an error at once for those who wait, too", async () => {
    const pool = new TestPool({ min: 1, max: 1 });
    pool.driver.opens.isClosed = true;
    const filling = pool.pool.fill();
    const call = await pool.call();
    pool.driver.opens.answer(refused());
    await expect(filling).rejects.toMatchObject({ kind: "connection_refused" });
    pool.driver.opens.answer(refused());
    await settled();
    expect(call.error).toMatchObject({ kind: "connection_refused" });
  });

  test("counts what it has opened while it waits for the rest", async () => {
    const pool = new TestPool({ min: 2, max: 2 });
    pool.driver.opens.isClosed = true;
    const filling = pool.pool.fill();
    pool.driver.opens.answer();
    await settled();
    expect(pool.metrics).toMatchObject({ idleConnections: 1, openingConnections: 1 });
    await pool.call();
    await pool.call();
    expect(pool.driver.peak).toBe(2);
    pool.driver.opens.answer();
    await filling;
  });
});
