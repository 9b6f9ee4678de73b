import type { BlockingAccess } from "./blocking.ts";
import { deadlineAfter, narrowed, PING_TIMEOUT_MS } from "./bounded.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import type { Bounds, Connection, RawResult, RunOptions } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import { DatabaseError } from "./errors.ts";
import type { Pool } from "./pool.ts";
import { type PoolMetrics, type PoolOptions, sumMetrics } from "./pool-types.ts";
import { QueryMethods, type Stopwatch } from "./query-methods.ts";
import { runTransaction } from "./run-transaction.ts";
import { Session, type SessionTransactionOptions } from "./session.ts";
import { arrangeParameters, type ParsedStatement } from "./sql/placeholders.ts";
import { StatementCache } from "./sql/statement-cache.ts";
import { streamBatches } from "./stream-batches.ts";
import { KnownKeys } from "./table-keys.ts";
import type { Call, ConnectionRunner, Transaction } from "./transaction.ts";
import { refuseInScope, TransactionScope } from "./transaction-scope.ts";
import type { AdapterOrigin, DatabaseType, HealthStatus, Row, StatementOptions, TransactionOptions } from "./types.ts";

/** What every adapter can be given. */
export interface AdapterOptions {
  /** Sizes and times of the pool; what is left out has the database's default. */
  readonly pool?: Partial<PoolOptions>;
  /** Default for `timeoutMs` of every statement, streams left out. Default: none; `timeoutMs: Infinity` lifts it for one. */
  readonly statementTimeoutMs?: number;
  /** Keeps the driver's own error, with whatever values its text holds, as `cause`. Default false. */
  readonly exposeValues?: boolean;
  /** For tests of time. Default: the machine's clock. */
  readonly clock?: Clock;
}

/** The pools of an adapter. Where a database has no readers of their own, both are the same pool. */
export interface ConnectionPools {
  readonly writers: Pool<Connection>;
  readonly readers: Pool<Connection>;
}

/** What a database must be asked to learn how it is. */
export interface ServerIdentity {
  readonly serverVersion: string;
  readonly role: "primary" | "read_only";
}

/**
 * Any SQL database behind one set of methods: the same SQL text, the same values, the same errors.
 *
 * @example
 * await using adapter = new SqliteAdapter("./app.db");
 * const id = await adapter.insert("users", { name: "Ada" });
 * const [user] = await adapter.executeQuery("SELECT name FROM users WHERE id = ?", [id]);
 */
export abstract class FraiserDatabaseAdapter extends QueryMethods {
  /** What this database can do and how its SQL is written. */
  abstract override readonly dialect: Dialect;
  protected readonly clock: Clock;
  readonly #statements: () => StatementCache;
  readonly #runner: ConnectionRunner;
  #pools: ConnectionPools | null = null;
  #state: "open" | "closed" = "open";
  /** Statements that the readers refused because they write: they go to the writer at once from then on. */
  readonly #writing = new WeakSet<ParsedStatement>();
  readonly #statementTimeoutMs: number;

  protected constructor(options: AdapterOptions) {
    const keys = new KnownKeys();
    super(keys);
    this.clock = options.clock ?? systemClock;
    this.#statementTimeoutMs = options.statementTimeoutMs ?? Number.POSITIVE_INFINITY;
    let statements: StatementCache | null = null;
    this.#statements = () => {
      statements ??= new StatementCache(this.dialect);
      return statements;
    };
    const self = this;
    this.#runner = {
      get dialect() {
        return self.dialect;
      },
      keys,
      runOn: (connection, call, bounds) => this.#runOn(connection, this.#requestOf(call, bounds)),
      streamOn: (connection, query, params, runOptions, bounds) =>
        streamBatches(connection, this.#parsed(query, runOptions), params, narrowed(bounds, this.#bounds(runOptions))),
    };
  }

  /** Makes the pools of this adapter, without opening a connection. */
  protected abstract createPools(): ConnectionPools;

  /** Asks the database who it is. */
  protected abstract identify(connection: Connection, bounds: Bounds): Promise<ServerIdentity>;

  abstract databaseType(): DatabaseType;

  /**
   * Where it leads; null when that is nobody else's to know.
   *
   * @internal
   */
  get origin(): AdapterOrigin | null {
    return null;
  }

  /**
   * How the database is called on the caller's own thread; null where its driver only answers asynchronously.
   *
   * @internal
   */
  blockingAccess(): BlockingAccess | null {
    return null;
  }

  /** False before the first connection and after {@link close}. */
  get isConnected(): boolean {
    const { openedTotal } = this.poolMetrics();
    return this.#state === "open" && openedTotal > 0;
  }

  /**
   * Whether it was closed, and not opened anew.
   *
   * @internal
   */
  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /**
   * Opens the pool's minimum of connections and so proves that the database answers. Harmless when connected; opens
   * anew after {@link close}.
   *
   * @throws DatabaseError
   */
  async connect(): Promise<void> {
    this.#refuseInTransaction();
    if (this.#state === "closed") this.#pools = null; // what still drains does so by itself
    this.#state = "open";
    const { writers, readers } = this.#openPools();
    await writers.fill();
    if (readers !== writers) await readers.fill();
  }

  /** The same as {@link close}. */
  disconnect(): Promise<void> {
    return this.close();
  }

  /** Waits for what is running, closes every connection, and refuses every call until {@link connect}. Harmless twice. */
  async close(): Promise<void> {
    this.#refuseInTransaction();
    this.#state = "closed";
    const pools = this.#pools;
    if (pools === null) return;
    await pools.readers.close();
    if (pools.readers !== pools.writers) await pools.writers.close();
    if (this.#pools === pools) this.#pools = null;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Runs a statement that may return more rows than fit in memory. Has a connection of its own until the loop ends;
   * leaving the loop early frees it.
   *
   * @example for await (const row of adapter.stream("SELECT * FROM log")) handle(row);
   */
  override async *stream<R extends object = Row>(
    query: string,
    params: readonly unknown[] = [],
    options: StatementOptions = {},
  ): AsyncIterable<R> {
    this.#refuseInTransaction();
    const statement = this.#parsed(query, options);
    arrangeParameters(statement, params); // a wrong count is said before anything is waited for
    const { readers, writers } = this.#openPools();
    const bounds = this.#bounds(options);
    for (const pool of this.#writing.has(statement) ? [writers] : [readers, writers]) {
      const connection = await this.#acquire(pool, "stream", bounds);
      let rows = 0;
      try {
        for await (const batch of streamBatches<R>(connection, statement, params, bounds)) {
          for (const row of batch) {
            rows++;
            yield row;
          }
        }
        if (connection.inTransaction) throw transactionLeftOpen(statement);
        return;
      } catch (error) {
        if (rows > 0 || pool === writers || !this.#noteWriting(statement, error)) throw error;
      } finally {
        await giveBack(pool, connection);
      }
    }
  }

  /**
   * Runs `work` in a transaction of its own connection: committed when `work` returns, rolled back when it throws.
   *
   * @example
   * await adapter.transaction(async (tx) => {
   *   await tx.executeUpdate("UPDATE account SET balance = balance - ? WHERE id = ?", [100, from]);
   *   await tx.executeUpdate("UPDATE account SET balance = balance + ? WHERE id = ?", [100, to]);
   * });
   * @throws whatever `work` throws; DatabaseError otherwise
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    // Whatever was given, nothing is thrown at the call.
    return options?.retry === undefined ? this.#transactOnce(work, options) : this.#transactAgain(work, options);
  }

  async #transactAgain<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions): Promise<T> {
    const bounds = this.#bounds(options);
    const attempts = options.retry?.attempts ?? 1;
    const { deadline } = bounds;
    const maxDelayMs = options.retry?.maxDelayMs ?? 1000;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#transactOnce(work, options, bounds);
      } catch (error) {
        const mayRetry = error instanceof DatabaseError && error.retryable && attempt < attempts;
        if (!mayRetry) throw error;
        const delay = Math.random() * Math.min(maxDelayMs, 5 * 2 ** attempt);
        if (deadline !== undefined && this.clock.monotonic() + delay >= deadline) throw error;
        await sleep(this.clock, delay, options.signal).catch(() => {
          throw new DatabaseError("cancelled", "The transaction was cancelled while it waited to be tried again.");
        });
      }
    }
  }

  /**
   * Runs `work` with a connection of its own, which is closed afterwards, so that nothing of it reaches others.
   *
   * @internal
   */
  async session<T>(work: (session: Session) => Promise<T>): Promise<T> {
    this.#refuseInTransaction();
    const { writers } = this.#openPools();
    const connection = await writers.acquire({ purpose: "session" });
    const session = new Session(connection, this.#runner, (...request) => this.#transactOn(...request));
    const scope = new TransactionScope(this, session);
    try {
      return await scope.run(work);
    } finally {
      session.end();
      scope.leave();
      if (connection.holdsData) await giveBack(writers, connection);
      else writers.release(connection, { destroy: true });
    }
  }

  /** Whether the database answers. Never throws. */
  async healthCheck(): Promise<boolean> {
    return (await this.checkHealth()).ok;
  }

  /** How the database is, by one small question to it, which has five seconds. Never throws: what went wrong is in `error`. */
  async checkHealth(): Promise<HealthStatus> {
    const started = this.clock.monotonic();
    const latency = () => this.clock.monotonic() - started;
    try {
      const { readers } = this.#openPools();
      const connection = await readers.acquire({ purpose: "health check" });
      try {
        const bounds = { deadline: this.clock.monotonic() + PING_TIMEOUT_MS };
        return { ok: true, ...(await this.identify(connection, bounds)), latencyMs: latency(), error: null };
      } finally {
        await giveBack(readers, connection);
      }
    } catch (error) {
      return { ok: false, latencyMs: latency(), serverVersion: null, role: null, error: error as Error };
    }
  }

  /** The numbers of the pool at this moment; readers and writer together. All zero before the first use. */
  poolMetrics(): PoolMetrics {
    const { writers, readers } = this.#pools ?? this.createPools();
    if (writers === readers) return writers.metrics();
    return sumMetrics(writers.metrics(), readers.metrics());
  }

  protected override run(
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
    stopwatch: Stopwatch | null,
  ): RawResult | Promise<RawResult> {
    this.#refuseInTransaction();
    const request = this.#requestOf({ query, params, options, stopwatch });
    const { statement } = request;
    const pools = this.#openPools();
    const { readers, writers } = pools;
    if (readers === writers || this.#writing.has(statement)) return this.#runIn(writers, request);
    // What goes wrong in getting a connection is no answer to the statement.
    const reader = readers.tryAcquire(statement.verb);
    if (reader !== undefined) return this.#read(pools, reader, request);
    return this.#acquire(readers, statement.verb, request.bounds).then((later) => this.#read(pools, later, request));
  }

  /** Without a promise when a connection is idle whose driver answers at once. */
  #runIn(pool: Pool<Connection>, request: Request): RawResult | Promise<RawResult> {
    const { verb } = request.statement;
    const idle = pool.tryAcquire(verb);
    if (idle !== undefined) return this.#runAndGiveBack(pool, idle, request);
    return this.#acquire(pool, verb, request.bounds).then((later) => this.#runAndGiveBack(pool, later, request));
  }

  /** On a reader; on the writer when that refuses, since the statement writes. */
  #read({ readers, writers }: ConnectionPools, reader: Connection, request: Request): RawResult | Promise<RawResult> {
    const result = this.#runAndGiveBack(readers, reader, request);
    if (!(result instanceof Promise)) return result;
    return result.catch((error) => {
      if (!this.#noteWriting(request.statement, error)) throw error;
      return this.#runIn(writers, request);
    });
  }

  protected override atomically(
    work: (scope: QueryMethods) => Promise<void>,
    options: Pick<StatementOptions, "signal" | "timeoutMs">,
  ): Promise<void> {
    return this.transaction(work, options);
  }

  /** A connection whose driver answers at once is free again before anybody else can ask for it. */
  #runAndGiveBack(pool: Pool<Connection>, connection: Connection, request: Request): RawResult | Promise<RawResult> {
    let running: RawResult | Promise<RawResult>;
    try {
      running = this.#runOn(connection, request);
    } catch (error) {
      running = Promise.reject(error);
    }
    if (running instanceof Promise || connection.inTransaction)
      return this.#giveBackAfter(pool, connection, request.statement, running);
    const reset = giveBack(pool, connection);
    const result = running;
    return reset === undefined ? result : reset.then(() => result);
  }

  async #giveBackAfter(
    pool: Pool<Connection>,
    connection: Connection,
    statement: ParsedStatement,
    running: RawResult | Promise<RawResult>,
  ): Promise<RawResult> {
    try {
      const result = await running;
      if (connection.inTransaction) throw transactionLeftOpen(statement);
      return result;
    } finally {
      const reset = giveBack(pool, connection);
      if (reset !== undefined) await reset;
    }
  }

  #runOn(connection: Connection, { statement, params, bounds, stopwatch }: Request): RawResult | Promise<RawResult> {
    if (stopwatch === null) return connection.run(statement, params, bounds);
    const started = this.clock.monotonic();
    const stop = (result: RawResult) => {
      stopwatch.elapsedMs = this.clock.monotonic() - started;
      return result;
    };
    const running = connection.run(statement, params, bounds);
    return running instanceof Promise ? running.then(stop) : stop(running);
  }

  async #transactOnce<T>(
    work: (tx: Transaction) => Promise<T>,
    options: TransactionOptions,
    bounds: Bounds = this.#bounds(options),
  ): Promise<T> {
    this.#refuseInTransaction();
    const { readers, writers } = this.#openPools();
    const pool = options.readOnly ? readers : writers;
    const mayTake = bounds.signal?.aborted !== true;
    const idle = mayTake ? pool.tryAcquire("transaction") : undefined;
    const connection = idle ?? (await this.#acquire(pool, "transaction", bounds));
    try {
      const { clock } = this;
      return await runTransaction(connection, { adapter: this, runner: this.#runner, clock, work, options, bounds });
    } finally {
      const reset = giveBack(pool, connection);
      if (reset !== undefined) await reset;
    }
  }

  /** On a connection that stays in use afterwards. */
  async #transactOn<T>(
    connection: Connection,
    work: (tx: Transaction) => Promise<T>,
    options: SessionTransactionOptions,
  ): Promise<T> {
    const bounds = this.#bounds(options);
    try {
      const { clock } = this;
      return await runTransaction(connection, { adapter: this, runner: this.#runner, clock, work, options, bounds });
    } catch (error) {
      try {
        if (connection.isUsable) await connection.reset();
      } catch {
        // The first error is the one to report; a connection that can't be reset is refused by the next statement.
      }
      throw error;
    }
  }

  #acquire(pool: Pool<Connection>, purpose: string, { signal, deadline }: Bounds): Promise<Connection> {
    const timeoutMs = deadline === undefined ? undefined : Math.max(0, deadline - this.clock.monotonic());
    return pool.acquire({ purpose, signal, timeoutMs });
  }

  #openPools(): ConnectionPools {
    if (this.#state === "closed") {
      throw new DatabaseError("pool_closed", "The database adapter is closed.", {
        hint: "Call connect() to open it anew.",
      });
    }
    if (this.#pools === null) {
      this.#pools = this.createPools();
    }
    return this.#pools;
  }

  #refuseInTransaction(): void {
    refuseInScope(this);
  }

  #parsed(query: string, options: StatementOptions): ParsedStatement {
    return this.#statements().get(query, options.placeholders === "native");
  }

  /** Remembers that a statement writes, when that is what a reader's refusal says. */
  #noteWriting(statement: ParsedStatement, error: unknown): boolean {
    const { readers, writers } = this.#openPools();
    if (readers === writers || !(error instanceof DatabaseError) || error.kind !== "read_only") return false;
    this.#writing.add(statement);
    return true;
  }

  #bounds(
    { signal, timeoutMs }: Pick<StatementOptions, "signal" | "timeoutMs">,
    usualTimeoutMs = Number.POSITIVE_INFINITY,
  ): Bounds {
    return { signal, deadline: deadlineAfter(timeoutMs === undefined ? usualTimeoutMs : timeoutMs, this.clock) };
  }

  /** @param within what holds for it beside its own */
  #requestOf({ query, params, options, stopwatch }: Call, within?: Bounds): Request {
    const statement = this.#parsed(query, options);
    const own = this.#bounds(options, this.#statementTimeoutMs);
    const { signal, deadline } = within === undefined ? own : narrowed(within, own);
    const bounds = { signal, deadline, keep: options.prepare ?? true };
    return { statement, params: arrangeParameters(statement, params), bounds, stopwatch };
  }
}

/** A statement and what it is run with. */
interface Request {
  readonly statement: ParsedStatement;
  readonly params: readonly unknown[];
  readonly bounds: RunOptions;
  readonly stopwatch: Stopwatch | null;
}

/** Returns a connection to its pool, fit for its next user, or ended if it can't be. Never throws: the caller's own error stands. */
function giveBack(pool: Pool<Connection>, connection: Connection): Promise<void> | undefined {
  const release = (destroy: boolean) => pool.release(connection, { destroy: destroy || !connection.isUsable });
  try {
    const resetting = connection.isUsable ? connection.reset() : undefined;
    if (resetting) {
      return resetting.then(
        () => release(false),
        () => release(true),
      );
    }
  } catch {
    release(true);
    return undefined;
  }
  release(false);
  return undefined;
}

/** @internal What is thrown when a single statement left a transaction open. */
export function transactionLeftOpen(statement: ParsedStatement): DatabaseError {
  return new DatabaseError(
    "unsupported",
    `${statement.verb} opened a transaction on a connection that is shared with others; it was rolled back.`,
    {
      hint: "Use transaction(), which keeps its connection to itself.",
    },
  );
}
