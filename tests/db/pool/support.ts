/**
 * A pool, a clock that the test moves, and connections to nothing: only the pool is tested here. The contract suite
 * meets real connections.
 */
import { Pool } from "../../../src/db/pool.ts";
import type { AcquireOptions, PoolDriver, PoolMetrics, PoolOptions } from "../../../src/db/pool-types.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/** A connection to nothing. */
export interface TestConnection {
  readonly id: number;
  /** Breaks it, as a server that goes away does. */
  lose(): void;
}

/** Lets everything pass at once, or, when closed, one by one as the test says. */
export class Gate<T> {
  isClosed = false;
  readonly #waiting: PromiseWithResolvers<T>[] = [];
  readonly #usual: T;

  constructor(usual: T) {
    this.#usual = usual;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async pass(): Promise<T> {
    if (!this.isClosed) return this.#usual;
    const pending = Promise.withResolvers<T>();
    this.#waiting.push(pending);
    return pending.promise;
  }

  /** Lets the one pass that has waited longest, or that at `index`. */
  answer(value: T = this.#usual, index = 0): void {
    this.#waiting.splice(index, 1)[0]?.resolve(value);
  }

  fail(error: Error, index = 0): void {
    this.#waiting.splice(index, 1)[0]?.reject(error);
  }
}

/** Opens, checks and closes connections as its gates let it. */
export class TestDriver implements PoolDriver<TestConnection> {
  readonly opens: Gate<Error | null> = new Gate<Error | null>(null);
  readonly checks: Gate<boolean> = new Gate(true);
  readonly closes: Gate<void> = new Gate<void>(undefined);
  /** The connections that there are, those being opened or closed included. */
  count = 0;
  /** The most that there ever were. */
  peak = 0;
  checked = 0;
  /** Whether the next connection breaks when it is opened, before the pool has it. */
  isNextLost = false;
  #made = 0;

  async open(lost: () => void): Promise<TestConnection> {
    this.count++;
    this.peak = Math.max(this.peak, this.count);
    const failure = await this.opens.pass();
    if (failure) {
      this.count--;
      throw failure;
    }
    const connection: TestConnection = { id: ++this.#made, lose: lost };
    if (this.isNextLost) connection.lose();
    this.isNextLost = false;
    return connection;
  }

  validate(): Promise<boolean> {
    this.checked++;
    return this.checks.pass();
  }

  async close(): Promise<void> {
    await this.closes.pass().finally(() => this.count--);
  }
}

/** What became of a call that wants a connection. */
export interface Call {
  readonly promise: Promise<TestConnection>;
  connection: TestConnection | null;
  error: unknown;
}

const OPTIONS: PoolOptions = {
  min: 0,
  max: 2,
  acquireTimeoutMs: 1000,
  idleTimeoutMs: Number.POSITIVE_INFINITY,
  maxLifetimeMs: Number.POSITIVE_INFINITY,
};

/** A pool with all that a test needs of it. */
export class TestPool {
  readonly clock: ManualClock = new ManualClock();
  readonly driver: TestDriver = new TestDriver();
  readonly pool: Pool<TestConnection>;

  constructor(options: Partial<PoolOptions> = {}) {
    this.pool = new Pool(this.driver, { ...OPTIONS, ...options }, this.clock);
  }

  get metrics(): PoolMetrics {
    return this.pool.metrics();
  }

  /** Asks for a connection and lets happen what can. */
  async call(options?: AcquireOptions): Promise<Call> {
    const call = this.begin(options);
    await settled();
    return call;
  }

  /** Asks for a connection. */
  begin(options?: AcquireOptions): Call {
    const promise = this.pool.acquire(options);
    const call: Call = { promise, connection: null, error: null };
    promise.then(
      (connection) => {
        call.connection = connection;
      },
      (error) => {
        call.error = error;
      },
    );
    return call;
  }

  /** Takes as many connections as there are. */
  async takeAll(purpose = "holder"): Promise<TestConnection[]> {
    return Promise.all(Array.from({ length: this.metrics.maxConnections }, () => this.pool.acquire({ purpose })));
  }

  async release(connection: TestConnection | null | undefined, options?: { destroy: boolean }): Promise<void> {
    if (!connection) throw new Error("there is no connection to release");
    this.pool.release(connection, options);
    await settled();
  }

  async advance(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await settled();
  }
}

/** Lets everything happen that waits for neither the clock nor a gate. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
