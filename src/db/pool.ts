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
  /** The moment on the monotonic clock at which he gives up, and how long that is. */
  readonly deadline: number;
  readonly timeoutMs: number;
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
  /** In the order of their coming. */
  readonly #waiters = new Set<Waiter<C>>();
  /** Goes off when the first of them may have to give up. */
  #alarm: { readonly at: number; readonly timer: Timer } | null = null;
  /** Connections being opened, each for whoever waits longest when it is there. */
  readonly #opening = new Set<Promise<void>>();
  /** When each connection is to be replaced. */
  readonly #expiry = new WeakMap<C, number>();
  /** Those that broke. */
  readonly #lost = new WeakSet<C>();
  /** Connections, among those held, that are being checked for whoever waits. */
  #checking = 0;
  #closing = 0;
  #state: "open" | "closed" = "open";
  readonly #drained = Promise.withResolvers<void>();
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
    const wanted = Math.min(Math.max(1, this.#options.min), this.#options.max);
    while (this.#state === "open" && this.#size < wanted) this.#open();
    // Also those that somebody else began to open prove it.
    const results = await Promise.allSettled(this.#opening);
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    if (this.#state === "closed") throw poolClosed();
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
    this.#acquiredTotal++;
    return last.connection;
  }

  /**
   * A connection, as soon as it is this caller's turn. Give it back with {@link release}.
   *
   * @throws DatabaseError `acquire_timeout`, `cancelled`, `pool_closed`, or whatever opening a connection throws.
   */
  acquire(options: AcquireOptions = {}): Promise<C> {
    if (this.#state === "closed") return Promise.reject(poolClosed());
    if (options.signal?.aborted) return Promise.reject(waitCancelled());
    const timeoutMs = options.timeoutMs ?? this.#options.acquireTimeoutMs;
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter);
        if (this.#waiters.size === 0) this.#cancelAlarm();
        options.signal?.removeEventListener("abort", cancel);
      };
      const waiter: Waiter<C> = {
        purpose: options.purpose ?? "statement",
        deadline: this.#clock.monotonic() + timeoutMs,
        timeoutMs,
        resolve(connection) {
          leave();
          resolve(connection);
        },
        reject(error) {
          leave();
          reject(error);
        },
      };
      const cancel = () => waiter.reject(waitCancelled());
      options.signal?.addEventListener("abort", cancel, { once: true });
      this.#waiters.add(waiter);
      this.#setAlarm(waiter.deadline);
      this.#serve();
    });
  }

  /** Gives a connection back; `destroy` closes it instead of keeping it. */
  release(connection: C, options: { readonly destroy?: boolean } = {}): void {
    if (!this.#held.delete(connection)) throw new Error("a connection was released twice");
    const now = this.#clock.monotonic();
    if (options.destroy || this.#isExpired(connection, now)) this.#close(connection);
    else this.#settle(connection, now);
  }

  /** Refuses new callers, waits until every connection has come back, and closes them all. */
  async close(): Promise<void> {
    this.#state = "closed";
    this.#reaper?.cancel();
    for (const waiter of this.#waiters) waiter.reject(poolClosed());
    for (const { connection } of this.#idle.splice(0)) this.#close(connection);
    this.#noteDrained();
    await this.#drained.promise;
  }

  metrics(): PoolMetrics {
    const [active, idle, max] = [this.#held.size, this.#idle.length, this.#options.max];
    return {
      totalConnections: active + idle,
      activeConnections: active,
      idleConnections: idle,
      waitingRequests: this.#waiters.size,
      openingConnections: this.#opening.size,
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
    return this.#held.size + this.#idle.length + this.#opening.size + this.#closing;
  }

  /** Sees to it that for each who waits a connection comes, as far as there are any: idle ones first, then new ones. */
  #serve(): void {
    const now = this.#clock.monotonic();
    while (this.#state === "open" && this.#waiters.size > this.#checking) {
      const idle = this.#idle.pop();
      if (idle === undefined) break;
      if (this.#isExpired(idle.connection, now)) this.#close(idle.connection);
      else if (now - idle.since > VALIDATE_AFTER_MS) this.#check(idle.connection, now);
      else this.#settle(idle.connection, now);
    }
    while (
      this.#state === "open" &&
      this.#waiters.size > this.#opening.size + this.#checking &&
      this.#size < this.#options.max
    )
      this.#open();
  }

  /** One timer for all who wait: setting one for each costs more than the wait. */
  #setAlarm(at: number): void {
    if (at === Number.POSITIVE_INFINITY || (this.#alarm !== null && this.#alarm.at <= at)) return;
    this.#cancelAlarm();
    const delay = Math.max(0, at - this.#clock.monotonic());
    this.#alarm = { at, timer: this.#clock.startTimer(() => this.#rejectLate(), delay) };
  }

  #cancelAlarm(): void {
    this.#alarm?.timer.cancel();
    this.#alarm = null;
  }

  #rejectLate(): void {
    this.#alarm = null;
    const now = this.#clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const waiter of this.#waiters) {
      if (waiter.deadline > now) {
        next = Math.min(next, waiter.deadline);
        continue;
      }
      this.#timeoutsTotal++;
      waiter.reject(this.#timeoutError(waiter.timeoutMs));
    }
    this.#setAlarm(next);
  }

  /** Opens a connection for whoever waits longest when it is there. The failure is his, or that of who fills the pool. */
  #open(): void {
    const opening = this.#driver
      .open((lost) => this.#noteLost(lost))
      .then(
        (connection) => {
          this.#opening.delete(opening);
          const spread = 0.9 + Math.random() * 0.2;
          this.#expiry.set(connection, this.#clock.monotonic() + this.#options.maxLifetimeMs * spread);
          this.#openedTotal++;
          this.#settle(connection);
        },
        (error) => {
          this.#opening.delete(opening);
          const [first] = this.#waiters;
          first?.reject(error);
          this.#serve();
          this.#noteDrained();
          throw error;
        },
      );
    this.#opening.add(opening);
    opening.catch(() => {}); // told to the caller above
  }

  /** Makes sure that a connection still works, for whoever waits longest when that is known. */
  #check(connection: C, now: number): void {
    this.#checking++;
    this.#hold(connection, "check", now);
    const done = (works: boolean) => {
      this.#checking--;
      this.#held.delete(connection);
      if (works) this.#settle(connection);
      else this.#close(connection);
      this.#serve();
    };
    this.#driver.validate(connection).then(done, () => done(false));
  }

  /** A connection is free: the caller who has waited longest gets it, else it rests. */
  #settle(connection: C, now: number = this.#clock.monotonic()): void {
    const [first] = this.#waiters;
    if (this.#state === "closed" || this.#lost.has(connection)) {
      this.#close(connection);
    } else if (first) {
      this.#hold(connection, first.purpose, now);
      this.#acquiredTotal++;
      first.resolve(connection);
    } else {
      this.#idle.push({ connection, since: now });
      this.#startReaper();
    }
  }

  #hold(connection: C, purpose: string, now: number): void {
    this.#held.set(connection, { since: now, purpose });
  }

  /** A connection broke: when it is idle it goes at once, else as soon as whoever has it is done with it. */
  #noteLost(connection: C): void {
    this.#lost.add(connection);
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
      this.#serve();
    };
    // A connection that fails to close is as gone as one that closed: there is nobody left to tell.
    this.#driver.close(connection).then(done, done);
  }

  #noteDrained(): void {
    if (this.#state === "closed" && this.#size === 0) this.#drained.resolve();
  }

  /** One timer for all idle connections; it fires when the one that has idled longest is due. */
  #startReaper(): void {
    const { min, idleTimeoutMs } = this.#options;
    if (this.#reaper !== null || idleTimeoutMs === Number.POSITIVE_INFINITY || !this.#hasSpare(min)) return;
    const [oldest] = this.#idle as [Idle<C>];
    const reap = () => {
      this.#reaper = null;
      const now = this.#clock.monotonic();
      while (this.#hasSpare(min)) {
        const [first] = this.#idle as [Idle<C>];
        if (now - first.since < idleTimeoutMs) break;
        this.#idle.shift();
        this.#close(first.connection);
      }
      this.#startReaper();
    };
    const due = oldest.since + idleTimeoutMs - this.#clock.monotonic();
    this.#reaper = this.#clock.startTimer(reap, Math.max(1, due), { unref: true });
  }

  /** Whether there is an idle connection more than the pool keeps. */
  #hasSpare(min: number): boolean {
    return this.#idle.length > 0 && this.#held.size + this.#idle.length > min;
  }

  #timeoutError(waitedMs: number): DatabaseError {
    return new DatabaseError(
      "acquire_timeout",
      `No database connection became free within ${Math.round(waitedMs)} ms: ${this.#whyNone()}.`,
      {
        hint: "Shorten what holds the connections, raise pool.max, or raise pool.acquireTimeoutMs.",
      },
    );
  }

  #whyNone(): string {
    const now = this.#clock.monotonic();
    const { max } = this.#options;
    if (this.#opening.size > 0 && this.#held.size < max)
      return `${this.#opening.size} being opened did not answer in time`;
    if (this.#closing > 0) return `${this.#closing} of ${max} are being closed, which takes long`;
    const holders = [...this.#held.values()].map((held) => `${held.purpose} for ${Math.round(now - held.since)} ms`);
    return `all ${max} are in use (${holders.join(", ")}) and ${this.#waiters.size} callers wait`;
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
