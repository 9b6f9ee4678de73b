import type { Clock, Timer } from "./clock.ts";
import { DatabaseError } from "./errors.ts";
import type { AcquireOptions, PoolDriver, PoolMetrics, PoolOptions } from "./pool-types.ts";

/** An open connection and how it stands. */
interface Member<C> {
  readonly connection: C;
  /** When it is to be replaced. */
  readonly expiresAt: number;
  /** What it is held for; null while it is idle. */
  purpose: string | null;
  /** Since when it has been held, or idle. */
  since: number;
  /** Whether it broke. */
  isLost: boolean;
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
  /** Those that are open, held or idle. */
  readonly #members = new Map<C, Member<C>>();
  readonly #idle: Member<C>[] = [];
  /** In the order of their coming. */
  readonly #waiters = new Set<Waiter<C>>();
  /** Goes off when the first of them may have to give up. */
  #alarm: { readonly at: number; readonly timer: Timer } | null = null;
  /** Connections being opened, each for whoever waits longest when it is there. */
  readonly #opening = new Set<Promise<void>>();
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
    if (now - last.since > VALIDATE_AFTER_MS || now >= last.expiresAt) return undefined;
    this.#idle.pop();
    hold(last, purpose, now);
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
    const member = this.#members.get(connection);
    if (member === undefined || member.purpose === null) throw new Error("a connection was released twice");
    const now = this.#clock.monotonic();
    if (options.destroy || now >= member.expiresAt) this.#close(member);
    else this.#settle(member, now);
  }

  /** Refuses new callers, waits until every connection has come back, and closes them all. */
  async close(): Promise<void> {
    this.#state = "closed";
    this.#reaper?.cancel();
    for (const waiter of this.#waiters) waiter.reject(poolClosed());
    for (const member of this.#idle.splice(0)) this.#close(member);
    this.#noteDrained();
    await this.#drained.promise;
  }

  metrics(): PoolMetrics {
    const { max } = this.#options;
    const idle = this.#idle.length;
    const active = this.#members.size - idle;
    return {
      totalConnections: this.#members.size,
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
    return this.#members.size + this.#opening.size + this.#closing;
  }

  /** Sees to it that for each who waits a connection comes, as far as there are any: idle ones first, then new ones. */
  #serve(): void {
    const now = this.#clock.monotonic();
    while (this.#state === "open" && this.#waiters.size > this.#checking) {
      const idle = this.#idle.pop();
      if (idle === undefined) break;
      if (now >= idle.expiresAt) this.#close(idle);
      else if (now - idle.since > VALIDATE_AFTER_MS) this.#check(idle, now);
      else this.#settle(idle, now);
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
    let member: Member<C> | null = null;
    let isLost = false;
    const lost = () => {
      isLost = true;
      if (member !== null) this.#noteLost(member);
    };
    const opening = this.#driver.open(lost).then(
      (connection) => {
        this.#opening.delete(opening);
        const now = this.#clock.monotonic();
        const expiresAt = now + this.#options.maxLifetimeMs * (0.9 + Math.random() * 0.2);
        member = { connection, expiresAt, purpose: "opening", since: now, isLost };
        this.#members.set(connection, member);
        this.#openedTotal++;
        this.#settle(member, now);
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
  #check(member: Member<C>, now: number): void {
    this.#checking++;
    hold(member, "check", now);
    const done = (works: boolean) => {
      this.#checking--;
      if (works) this.#settle(member, this.#clock.monotonic());
      else this.#close(member);
      this.#serve();
    };
    this.#driver.validate(member.connection).then(done, () => done(false));
  }

  /** A connection is free: the caller who has waited longest gets it, else it rests. */
  #settle(member: Member<C>, now: number): void {
    if (this.#state === "closed" || member.isLost) {
      this.#close(member);
    } else if (this.#waiters.size > 0) {
      const [first] = this.#waiters as Iterable<Waiter<C>> as [Waiter<C>];
      hold(member, first.purpose, now);
      this.#acquiredTotal++;
      first.resolve(member.connection);
    } else {
      member.purpose = null;
      member.since = now;
      this.#idle.push(member);
      this.#startReaper();
    }
  }

  /** A connection broke: when it is idle it goes at once, else as soon as whoever has it is done with it. */
  #noteLost(member: Member<C>): void {
    member.isLost = true;
    const index = this.#idle.indexOf(member);
    if (index < 0) return;
    this.#idle.splice(index, 1);
    this.#close(member);
  }

  #close({ connection }: Member<C>): void {
    this.#members.delete(connection);
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
    const [oldest] = this.#idle as [Member<C>];
    const reap = () => {
      this.#reaper = null;
      const now = this.#clock.monotonic();
      while (this.#hasSpare(min)) {
        const [first] = this.#idle as [Member<C>];
        if (now - first.since < idleTimeoutMs) break;
        this.#idle.shift();
        this.#close(first);
      }
      this.#startReaper();
    };
    const due = oldest.since + idleTimeoutMs - this.#clock.monotonic();
    this.#reaper = this.#clock.startTimer(reap, Math.max(1, due), { unref: true });
  }

  /** Whether there is an idle connection more than the pool keeps. */
  #hasSpare(min: number): boolean {
    return this.#idle.length > 0 && this.#members.size > min;
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
    const held = [...this.#members.values()].filter(({ purpose }) => purpose !== null);
    if (this.#opening.size > 0 && held.length < max) return `${this.#opening.size} being opened did not answer in time`;
    if (this.#closing > 0) return `${this.#closing} of ${max} are being closed, which takes long`;
    const holders = held.map(({ purpose, since }) => `${purpose} for ${Math.round(now - since)} ms`);
    return `all ${max} are in use (${holders.join(", ")}) and ${this.#waiters.size} callers wait`;
  }
}

function hold(member: Member<object>, purpose: string, now: number): void {
  member.purpose = purpose;
  member.since = now;
}

function poolClosed(): DatabaseError {
  return new DatabaseError("pool_closed", "The database adapter is closed.", {
    hint: "Call connect() to open it anew.",
  });
}

function waitCancelled(): DatabaseError {
  return new DatabaseError("cancelled", "The call was cancelled while it waited for a database connection.");
}
