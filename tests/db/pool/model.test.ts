import fc from "fast-check";
import { expect, test } from "vitest";
import type { PoolOptions } from "../../../src/db/pool-types.ts";
import { type Call, settled, type TestConnection, TestPool } from "./support.ts";

const RUNS = process.env.FRAISIER_TEST_SCALE === "1" ? 20_000 : 300;

type Step =
  | { readonly what: "acquire"; readonly timeoutMs: number }
  | { readonly what: "take" | "fill" | "close" }
  | { readonly what: "release"; readonly which: number; readonly destroy: boolean }
  | { readonly what: "advance"; readonly milliseconds: number }
  | { readonly what: "opened" | "checked"; readonly which: number; readonly isGood: boolean }
  | { readonly what: "closed" | "lose" | "cancel"; readonly which: number };

const which = fc.nat({ max: 9 });
const usually = fc.nat({ max: 9 }).map((n) => n > 2);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({ what: fc.constant("acquire" as const), timeoutMs: fc.integer({ min: 1, max: 40_000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constantFrom("take" as const, "fill") }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("close" as const) }) },
  {
    weight: 15,
    arbitrary: fc.record({ what: fc.constant("release" as const), which, destroy: usually.map((x) => !x) }),
  },
  { weight: 8, arbitrary: fc.record({ what: fc.constant("advance" as const), milliseconds: fc.nat({ max: 35_000 }) }) },
  { weight: 20, arbitrary: fc.record({ what: fc.constantFrom("opened" as const, "checked"), which, isGood: usually }) },
  { weight: 10, arbitrary: fc.record({ what: fc.constantFrom("closed" as const, "lose", "cancel"), which }) },
);
const steps = fc.array(fc.record({ step, thenWaits: usually }), { minLength: 10, maxLength: 60 });
const options = fc.record({
  min: fc.nat({ max: 3 }),
  max: fc.integer({ min: 1, max: 4 }),
  idleTimeoutMs: fc.constantFrom(5000, 60_000),
  maxLifetimeMs: fc.constantFrom(50_000, 1_000_000),
});

interface Asked extends Call {
  readonly deadline: number;
  readonly controller: AbortController;
}

/** A pool whose driver does nothing by itself, and what the test knows of it. */
class Model {
  readonly test: TestPool;
  readonly asked: Asked[] = [];
  readonly known: TestConnection[] = [];
  readonly taken: TestConnection[] = [];
  readonly returned: Set<Call> = new Set();
  isClosed = false;
  #closing = 0;

  constructor(given: Partial<PoolOptions>) {
    this.test = new TestPool(given);
    for (const gate of this.#gates) gate.isClosed = true;
  }

  get #gates() {
    const { opens, checks, closes } = this.test.driver;
    return [opens, checks, closes];
  }

  get unanswered(): Asked[] {
    return this.asked.filter((call) => call.connection === null && call.error === null);
  }

  /** Connections that somebody has. */
  get inUse(): TestConnection[] {
    const given = this.asked.filter((call) => call.connection !== null && !this.returned.has(call));
    return [...given.map((call) => call.connection as TestConnection), ...this.taken];
  }

  do(step: Step): void {
    const { pool, driver, clock } = this.test;
    switch (step.what) {
      case "acquire": {
        const controller = new AbortController();
        const { timeoutMs } = step;
        const call = this.test.begin({ timeoutMs, signal: controller.signal });
        this.asked.push(Object.assign(call, { deadline: clock.monotonic() + timeoutMs, controller }));
        break;
      }
      case "take": {
        const connection = pool.tryAcquire("model");
        if (connection) this.taken.push(connection);
        break;
      }
      case "fill":
        if (!this.isClosed) pool.fill().catch(() => {});
        break;
      case "close":
        this.isClosed = true;
        this.#closing++;
        pool.close().then(() => this.#closing--);
        break;
      case "release":
        this.#release(step.which, step.destroy);
        break;
      case "advance":
        clock.advance(step.milliseconds);
        break;
      case "opened":
        driver.opens.answer(step.isGood ? null : new Error("refused"), step.which);
        break;
      case "checked":
        driver.checks.answer(step.isGood, step.which);
        break;
      case "closed":
        driver.closes.answer(undefined, step.which);
        break;
      case "lose":
        this.known.at(-1 - step.which)?.lose();
        break;
      case "cancel":
        this.unanswered[step.which]?.controller.abort();
    }
    for (const connection of this.inUse) if (!this.known.includes(connection)) this.known.push(connection);
  }

  #release(index: number, destroy: boolean): void {
    const connection = this.inUse[index];
    if (connection === undefined) return;
    const call = this.asked.find((asked) => asked.connection === connection && !this.returned.has(asked));
    if (call) this.returned.add(call);
    else this.taken.splice(this.taken.indexOf(connection), 1);
    this.test.pool.release(connection, { destroy });
  }

  /** What holds at every moment, also between two microtasks. */
  checkNumbers(): void {
    const metrics = this.test.metrics;
    const { totalConnections, activeConnections, idleConnections, openingConnections, closingConnections } = metrics;
    expect(totalConnections).toBe(activeConnections + idleConnections);
    expect(totalConnections + openingConnections + closingConnections).toBeLessThanOrEqual(metrics.maxConnections);
    expect(this.test.driver.peak).toBeLessThanOrEqual(metrics.maxConnections);
  }

  /** What holds once everything has happened that could. */
  checkAtRest(): void {
    const { driver, metrics, clock } = this.test;
    const waiting = this.unanswered;
    expect(metrics).toMatchObject({
      activeConnections: this.inUse.length + driver.checks.waiting,
      openingConnections: driver.opens.waiting,
      closingConnections: driver.closes.waiting,
      isExhausted: !this.isClosed && metrics.idleConnections === 0 && driver.count === metrics.maxConnections,
    });
    expect(driver.count).toBe(metrics.totalConnections + metrics.openingConnections + metrics.closingConnections);
    expect(new Set(this.inUse).size).toBe(this.inUse.length);
    expect(metrics.waitingRequests).toBe(waiting.length);
    for (const call of waiting) expect(call.deadline).toBeGreaterThan(clock.monotonic());
    if (this.isClosed) expect(waiting).toEqual([]);
    if (waiting.length === 0) return;
    // Nobody waits for nothing: there is no idle connection, and one comes for each, as far as there is room.
    if (driver.checks.waiting < waiting.length) expect(metrics.idleConnections).toBe(0);
    const coming = driver.opens.waiting + driver.checks.waiting;
    expect(coming).toBeGreaterThanOrEqual(Math.min(waiting.length, coming + metrics.maxConnections - driver.count));
  }

  /** Nobody got a connection while somebody waited who had come before him. */
  checkOrder(before: readonly Asked[]): void {
    const served = before.map((call) => call.connection !== null);
    const waits = before.map((call) => this.unanswered.includes(call));
    expect(served.lastIndexOf(true)).toBeLessThan(
      waits.indexOf(true) < 0 ? Number.POSITIVE_INFINITY : waits.indexOf(true),
    );
  }

  checkErrors(): void {
    const now = this.test.clock.monotonic();
    for (const { error, deadline, controller } of this.asked) {
      if (error === null) continue;
      const { kind, message } = error as { kind?: string; message: string };
      if (kind === "acquire_timeout") expect(deadline).toBeLessThanOrEqual(now);
      else if (kind === "cancelled") expect(controller.signal.aborted).toBe(true);
      else if (kind === "pool_closed") expect(this.isClosed).toBe(true);
      else expect(message).toBe("refused");
    }
  }

  /** Everybody gives back what he has; then closing leaves nothing. */
  async end(): Promise<void> {
    const { driver, pool, clock } = this.test;
    for (const gate of this.#gates) {
      gate.isClosed = false;
      while (gate.waiting > 0) gate.answer();
    }
    this.do({ what: "close" });
    await settled();
    while (this.inUse.length > 0) this.#release(0, false);
    await settled();
    expect([this.#closing, driver.count]).toEqual([0, 0]);
    const { openedTotal, closedTotal, totalConnections } = pool.metrics();
    expect([totalConnections, closedTotal, clock.waiting]).toEqual([0, openedTotal, 0]);
  }
}

test(
  "whatever happens, the numbers agree with the connections that there are, and nobody is forgotten",
  {
    timeout: 600_000,
  },
  () =>
    fc.assert(
      fc.asyncProperty(options, steps, async (given, plan) => {
        const model = new Model(given);
        for (const { step: next, thenWaits } of plan) {
          const before = model.unanswered;
          model.do(next);
          model.checkNumbers();
          if (!thenWaits) continue;
          await settled();
          model.checkNumbers();
          model.checkAtRest();
          model.checkOrder(before);
          model.checkErrors();
        }
        await model.end();
      }),
      { numRuns: RUNS },
    ),
);
