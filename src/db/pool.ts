import type { Clock, Timer } from "./clock.ts";
import { DatabaseError } from "./errors.ts";
import type { AcquireOptions, PoolDriver, PoolMetrics, PoolOptions } from "./pool-types.ts";

interface Held {
  readonly since: number;
  readonly purpose: string;
}

interface Idle<C> {
  readonly connection: C;
  readonly since: number;
}

interface Waiter<C> {
  readonly purpose: string;
  resolve(connection: C): void;
  reject(error: unknown): void;
}

/** After so long without use a connection is checked before it is handed out. */
const VALIDATE_AFTER_MS = 30_000;

/**
 * A pool of connections: first come, first served; an absolute deadline for waiting; a failed connect is an error of
 * the call that needed it, at once. An idle pool does not keep the process alive.
 */
export class Pool<C extends object> {
  readonly #options: PoolOptions;
  readonly #driver: PoolDriver<C>;
  readonly #clock: Clock;
  readonly #held = new Map<C, Held>();
  readonly #idle: Idle<C>[] = [];
  readonly #waiters = new Set<Waiter<C>>();
  /** When each connection is to be replaced. */
  readonly #expiry = new WeakMap<C, number>();
  #opening = 0;
  #closing = 0;
  #state: "open" | "closed" = "open";
  #drained: (() => void) | null = null;
  #reaper: Timer | null = null;
  #acquiredTotal = 0;
  #openedTotal = 0;
  #closedTotal = 0;
  #timeoutsTotal = 0;

  constructor(driver: PoolDriver<C>, options: PoolOptions, clock: Clock) {
    this.#driver = driver;
    this.#options = options;
    this.#clock = clock;
  }

  /** Opens the minimum of connections, at least one, and so proves that the server answers. @throws what opening throws */
  async fill(): Promise<void> {
    const wanted = Math.max(1, this.#options.min) - this.#size;
    const opened = await Promise.allSettled(Array.from({ length: Math.max(0, wanted) }, () => this.#open()));
    for (const result of opened) if (result.status === "fulfilled") this.#settle(result.value);
    const failed = opened.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }

  /** A connection that is idle right now, without waiting; undefined when there is none or it wants checking first. */
  tryAcquire(purpose: string): C | undefined {
    if (this.#waiters.size > 0) return undefined;
    const last = this.#idle.at(-1);
    if (last === undefined || this.#state === "closed") return undefined;
    const now = this.#clock.monotonic();
    if (now - last.since > VALIDATE_AFTER_MS || this.#isExpired(last.connection, now)) return undefined;
    this.#idle.pop();
    this.#hold(last.connection, purpose, now);
    return last.connection;
  }

  /**
   * A connection, as soon as it is this caller's turn. Give it back with {@link release}.
   *
   * @throws DatabaseError `acquire_timeout`, `cancelled`, `pool_closed`, or whatever opening a connection throws.
   */
  async acquire(options: AcquireOptions = {}): Promise<C> {
    const deadline = this.#clock.monotonic() + (options.timeoutMs ?? this.#options.acquireTimeoutMs);
    for (;;) {
      const { connection, idleFor } = await this.#take(options, deadline);
      if (idleFor <= VALIDATE_AFTER_MS || (await this.#driver.validate(connection))) return connection;
      this.release(connection, { destroy: true });
    }
  }

  /** Gives a connection back; `destroy` closes it instead of keeping it. */
  release(connection: C, options: { readonly destroy?: boolean } = {}): void {
    if (!this.#held.delete(connection)) throw new Error("a connection was released twice");
    const now = this.#clock.monotonic();
    if (options.destroy || this.#state === "closed" || this.#isExpired(connection, now)) this.#close(connection);
    else this.#settle(connection);
  }

  /** Refuses new callers, waits until every connection has come back, and closes them all. */
  async close(): Promise<void> {
    this.#state = "closed";
    this.#reaper?.cancel();
    for (const waiter of this.#waiters) waiter.reject(poolClosed());
    for (const { connection } of this.#idle.splice(0)) this.#close(connection);
    if (this.#size > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
  }

  metrics(): PoolMetrics {
    const [active, idle, max] = [this.#held.size, this.#idle.length, this.#options.max];
    return {
      totalConnections: active + idle,
      activeConnections: active,
      idleConnections: idle,
      waitingRequests: this.#waiters.size,
      openingConnections: this.#opening,
      closingConnections: this.#closing,
      minConnections: this.#options.min,
      maxConnections: max,
      utilization: active / max,
      isExhausted: this.#state === "open" && idle === 0 && this.#size >= max,
      acquiredTotal: this.#acquiredTotal,
      openedTotal: this.#openedTotal,
      closedTotal: this.#closedTotal,
      timeoutsTotal: this.#timeoutsTotal,
    };
  }

  get #size(): number {
    return this.#held.size + this.#idle.length + this.#opening + this.#closing;
  }

  /** Waits in line; how long the connection has been idle tells whether it must be checked. */
  #take(options: AcquireOptions, deadline: number): Promise<{ connection: C; idleFor: number }> {
    const purpose = options.purpose ?? "statement";
    if (this.#state === "closed") return Promise.reject(poolClosed());
    if (options.signal?.aborted) return Promise.reject(waitCancelled());
    const now = this.#clock.monotonic();
    while (this.#waiters.size === 0 && this.#idle.length > 0) {
      const { connection, since } = this.#idle.pop() as Idle<C>;
      if (this.#isExpired(connection, now)) this.#close(connection);
      else {
        this.#hold(connection, purpose, now);
        return Promise.resolve({ connection, idleFor: now - since });
      }
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter);
        timer.cancel();
        options.signal?.removeEventListener("abort", cancel);
      };
      const waiter: Waiter<C> = {
        purpose,
        resolve(connection) {
          leave();
          resolve({ connection, idleFor: 0 });
        },
        reject(error) {
          leave();
          reject(error);
        },
      };
      const cancel = () => waiter.reject(waitCancelled());
      const timer = this.#clock.startTimer(
        () => {
          const error = this.#timeoutError(options.timeoutMs ?? this.#options.acquireTimeoutMs);
          this.#timeoutsTotal++;
          waiter.reject(error);
        },
        Math.max(0, deadline - now),
      );
      options.signal?.addEventListener("abort", cancel, { once: true });
      this.#waiters.add(waiter);
      this.#openForWaiters();
    });
  }

  /** Opens as many connections as there are callers that no connection is being opened for. */
  #openForWaiters(): void {
    if (this.#state === "closed") return;
    for (let n = this.#waiters.size - this.#opening; n > 0 && this.#size < this.#options.max; n--) {
      this.#open().then(
        (connection) => this.#settle(connection),
        (error) => {
          const [first] = this.#waiters;
          first?.reject(error);
          this.#openForWaiters();
        },
      );
    }
  }

  async #open(): Promise<C> {
    this.#opening++;
    try {
      const connection = await this.#driver.open((lost) => this.#discardIdle(lost));
      const spread = 0.9 + Math.random() * 0.2;
      this.#expiry.set(connection, this.#clock.monotonic() + this.#options.maxLifetimeMs * spread);
      this.#openedTotal++;
      return connection;
    } finally {
      this.#opening--;
      this.#noteDrained();
    }
  }

  /** A connection is free: the caller who has waited longest gets it, else it rests. */
  #settle(connection: C): void {
    const now = this.#clock.monotonic();
    const [first] = this.#waiters;
    if (this.#state === "closed") {
      this.#close(connection);
    } else if (first) {
      this.#hold(connection, first.purpose, now);
      first.resolve(connection);
    } else {
      this.#idle.push({ connection, since: now });
      this.#startReaper();
    }
  }

  #hold(connection: C, purpose: string, now: number): void {
    this.#held.set(connection, { since: now, purpose });
    this.#acquiredTotal++;
  }

  /** A connection broke: when it was idle it goes at once; its user notices by himself. */
  #discardIdle(connection: C): void {
    const index = this.#idle.findIndex((idle) => idle.connection === connection);
    if (index < 0) return;
    this.#idle.splice(index, 1);
    this.#close(connection);
  }

  #isExpired(connection: C, now: number): boolean {
    return now >= (this.#expiry.get(connection) ?? Number.POSITIVE_INFINITY);
  }

  #close(connection: C): void {
    this.#closing++;
    const done = () => {
      this.#closing--;
      this.#closedTotal++;
      this.#noteDrained();
      this.#openForWaiters();
    };
    // A connection that fails to close is as gone as one that closed: there is nobody left to tell.
    this.#driver.close(connection).then(done, done);
  }

  #noteDrained(): void {
    if (this.#state === "closed" && this.#size === 0) this.#drained?.();
  }

  /** One timer for all idle connections; it fires when the one that has idled longest is due. */
  #startReaper(): void {
    if (
      this.#reaper !== null ||
      this.#idle.length <= this.#options.min ||
      this.#options.idleTimeoutMs === Number.POSITIVE_INFINITY
    )
      return;
    const oldest = this.#idle[0] as Idle<C>;
    const due = oldest.since + this.#options.idleTimeoutMs - this.#clock.monotonic();
    this.#reaper = this.#clock.startTimer(
      () => {
        this.#reaper = null;
        const now = this.#clock.monotonic();
        while (this.#idle.length > 0 && this.#held.size + this.#idle.length > this.#options.min) {
          const [first] = this.#idle as [Idle<C>];
          if (now - first.since < this.#options.idleTimeoutMs) break;
          this.#idle.shift();
          this.#close(first.connection);
        }
        this.#startReaper();
      },
      Math.max(1, due),
      { unref: true },
    );
  }

  #timeoutError(waitedMs: number): DatabaseError {
    const now = this.#clock.monotonic();
    const holders = [...this.#held.values()].map((held) => `${held.purpose} for ${Math.round(now - held.since)} ms`);
    const { max } = this.#options;
    const why =
      this.#held.size >= max || this.#opening === 0
        ? `all ${max} are in use (${holders.join(", ")}) and ${this.#waiters.size} callers wait`
        : `${this.#opening} being opened did not answer in time`;
    return new DatabaseError(
      "acquire_timeout",
      `No database connection became free within ${Math.round(waitedMs)} ms: ${why}.`,
      {
        hint: "Shorten what holds the connections, raise pool.max, or raise pool.acquireTimeoutMs.",
      },
    );
  }
}

function poolClosed(): DatabaseError {
  return new DatabaseError("pool_closed", "The database adapter is closed.", {
    hint: "Call connect() to open it anew.",
  });
}

function waitCancelled(): DatabaseError {
  return new DatabaseError("cancelled", "The call was cancelled while it waited for a database connection.");
}
