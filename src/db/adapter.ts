import { AsyncLocalStorage } from "node:async_hooks";
import { type Clock, sleep, systemClock } from "./clock.ts";
import type { Connection, RawResult } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import { DatabaseError } from "./errors.ts";
import type { Pool, PoolMetrics, PoolOptions } from "./pool.ts";
import { QueryMethods } from "./query-methods.ts";
import { arrangeParameters, type ParsedStatement } from "./sql/placeholders.ts";
import { StatementCache } from "./sql/statement-cache.ts";
import { type ConnectionRunner, Transaction } from "./transaction.ts";
import type { DatabaseType, HealthStatus, Row, StatementOptions, TransactionOptions } from "./types.ts";

/** What every adapter can be given. */
export interface AdapterOptions {
  /** Sizes and times of the pool; what is left out has the database's default. */
  readonly pool?: Partial<PoolOptions>;
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

/** Marks the asynchronous context of a transaction's work, so that the adapter can refuse to deadlock on itself. */
interface TransactionScope {
  readonly adapter: FraiserDatabaseAdapter;
  readonly transaction: Transaction;
  readonly outer: TransactionScope | undefined;
}
const currentScope = new AsyncLocalStorage<TransactionScope>();

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
  #state: "new" | "connected" | "closed" = "new";
  /** Statements that the readers refused because they write: they go to the writer at once from then on. */
  readonly #writing = new WeakSet<ParsedStatement>();

  protected constructor(options: AdapterOptions) {
    super();
    this.clock = options.clock ?? systemClock;
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
      runOn: (connection, query, params, runOptions) => this.#runInTransaction(connection, query, params, runOptions),
      streamOn: (connection, query, params, runOptions) => this.#streamOn(connection, query, params, runOptions),
    };
  }

  /** Makes the pools of this adapter, without opening a connection. */
  protected abstract createPools(): ConnectionPools;

  /** Asks the database who it is. */
  protected abstract identify(connection: Connection): Promise<ServerIdentity>;

  abstract databaseType(): DatabaseType;

  /** False before the first connection and after {@link close}. */
  get isConnected(): boolean {
    return this.#state === "connected";
  }

  /**
   * Opens the pool's minimum of connections and so proves that the database answers. Harmless when connected; opens
   * anew after {@link close}.
   *
   * @throws DatabaseError
   */
  async connect(): Promise<void> {
    if (this.#state === "closed") this.#state = "new";
    const { writers, readers } = this.#openPools();
    await writers.fill();
    if (readers !== writers) await readers.fill();
    this.#state = "connected";
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
    this.#pools = null;
    if (pools === null) return;
    await pools.readers.close();
    if (pools.readers !== pools.writers) await pools.writers.close();
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
    const statement = this.#statements().get(query, options.placeholders === "native");
    const { readers, writers } = this.#openPools();
    const deadline = this.#deadline(options);
    for (const pool of this.#writing.has(statement) ? [writers] : [readers, writers]) {
      const connection = await pool.acquire({ ...this.#acquireOptions(options, deadline), purpose: "stream" });
      let rows = 0;
      try {
        for await (const row of this.#streamOn<R>(connection, query, params, options)) {
          rows++;
          yield row;
        }
        return;
      } catch (error) {
        if (rows > 0 || pool === writers || !this.#noteWriting(statement, error)) throw error;
      } finally {
        await this.#giveBack(pool, connection);
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
  async transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    this.#refuseInTransaction();
    const deadline = this.#deadline(options);
    const attempts = options.retry?.attempts ?? 1;
    const maxDelayMs = options.retry?.maxDelayMs ?? 1000;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#transactOnce(work, options, deadline);
      } catch (error) {
        const mayRetry = error instanceof DatabaseError && error.retryable && attempt < attempts;
        if (!mayRetry) throw error;
        const delay = Math.random() * Math.min(maxDelayMs, 5 * 2 ** attempt);
        if (deadline !== undefined && this.clock.monotonic() + delay >= deadline) throw error;
        await sleep(this.clock, delay, options.signal);
      }
    }
  }

  /** Whether the database answers. Never throws. */
  async healthCheck(): Promise<boolean> {
    return (await this.checkHealth()).ok;
  }

  /** How the database is, by one small question to it. Never throws: what went wrong is in `error`. */
  async checkHealth(): Promise<HealthStatus> {
    const started = this.clock.monotonic();
    const latency = () => this.clock.monotonic() - started;
    try {
      const { readers } = this.#openPools();
      const connection = await readers.acquire({ purpose: "health check" });
      try {
        return { ok: true, ...(await this.identify(connection)), latencyMs: latency(), error: null };
      } finally {
        await this.#giveBack(readers, connection);
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

  protected override async run(
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
  ): Promise<RawResult & { executionTimeMs: number }> {
    this.#refuseInTransaction();
    const statement = this.#statements().get(query, options.placeholders === "native");
    const arranged = arrangeParameters(statement, params);
    const { readers, writers } = this.#openPools();
    const deadline = this.#deadline(options);
    if (readers !== writers && !this.#writing.has(statement)) {
      try {
        return await this.#runFrom(readers, statement, arranged, options, deadline);
      } catch (error) {
        if (!this.#noteWriting(statement, error)) throw error;
      }
    }
    return this.#runFrom(writers, statement, arranged, options, deadline);
  }

  protected override atomically(work: (scope: QueryMethods) => Promise<void>): Promise<void> {
    return this.transaction(work);
  }

  async #runFrom(
    pool: Pool<Connection>,
    statement: ParsedStatement,
    params: readonly unknown[],
    options: StatementOptions,
    deadline: number | undefined,
  ): Promise<RawResult & { executionTimeMs: number }> {
    const connection =
      pool.tryAcquire(statement.verb) ??
      (await pool.acquire({ ...this.#acquireOptions(options, deadline), purpose: statement.verb }));
    try {
      const result = await this.#runOn(connection, statement, params, options, deadline);
      if (connection.inTransaction) throw transactionLeftOpen(statement);
      return result;
    } finally {
      await this.#giveBack(pool, connection);
    }
  }

  async #runOn(
    connection: Connection,
    statement: ParsedStatement,
    params: readonly unknown[],
    options: StatementOptions,
    deadline: number | undefined,
  ): Promise<RawResult & { executionTimeMs: number }> {
    const started = this.clock.monotonic();
    const running = connection.run(statement, params, {
      signal: options.signal,
      deadline,
      keep: options.prepare ?? true,
    });
    const { rows, columns, affectedRows, insertedId } = running instanceof Promise ? await running : running;
    return { rows, columns, affectedRows, insertedId, executionTimeMs: this.clock.monotonic() - started };
  }

  #runInTransaction(
    connection: Connection,
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
  ): Promise<RawResult & { executionTimeMs: number }> {
    const statement = this.#statements().get(query, options.placeholders === "native");
    return this.#runOn(connection, statement, arrangeParameters(statement, params), options, this.#deadline(options));
  }

  async *#streamOn<R extends object>(
    connection: Connection,
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
  ): AsyncIterable<R> {
    const statement = this.#statements().get(query, options.placeholders === "native");
    const running = { signal: options.signal, deadline: this.#deadline(options), keep: false };
    for await (const batch of connection.stream(statement, arrangeParameters(statement, params), running))
      yield* batch as R[];
  }

  async #transactOnce<T>(
    work: (tx: Transaction) => Promise<T>,
    options: TransactionOptions,
    deadline: number | undefined,
  ): Promise<T> {
    const { readers, writers } = this.#openPools();
    const pool = options.readOnly ? readers : writers;
    const connection = await pool.acquire({ ...this.#acquireOptions(options, deadline), purpose: "transaction" });
    const bound = { signal: options.signal, deadline };
    const transaction = new Transaction(connection, this.#runner);
    try {
      for (const sql of this.dialect.beginTransaction(options)) await connection.control(sql, bound);
      const scope = { adapter: this, transaction, outer: currentScope.getStore() };
      const working = currentScope.run(scope, async () => work(transaction));
      const result = await this.#untilCancelled(working, transaction, options.signal, deadline);
      if (!transaction.isActive)
        throw new DatabaseError("transaction_ended", "The transaction was ended before its work returned.");
      transaction.end();
      await connection.control("COMMIT", bound);
      return result;
    } catch (error) {
      transaction.end();
      throw error;
    } finally {
      await this.#giveBack(pool, connection);
    }
  }

  /** The result of `working`, unless the caller's signal or the deadline comes first; then the transaction ends there. */
  async #untilCancelled<T>(
    working: Promise<T>,
    transaction: Transaction,
    signal: AbortSignal | undefined,
    deadline: number | undefined,
  ): Promise<T> {
    if (signal === undefined && deadline === undefined) return working;
    const { promise, reject } = Promise.withResolvers<never>();
    const give = (error: DatabaseError) => {
      transaction.end(error);
      reject(error);
    };
    const cancel = () => give(new DatabaseError("cancelled", "The transaction was cancelled and rolled back."));
    const expire = () =>
      give(
        new DatabaseError("statement_timeout", "The transaction took longer than its timeoutMs and was rolled back."),
      );
    const timer =
      deadline === undefined ? null : this.clock.startTimer(expire, Math.max(0, deadline - this.clock.monotonic()));
    signal?.addEventListener("abort", cancel, { once: true });
    if (signal?.aborted) cancel();
    try {
      return await Promise.race([working, promise]);
    } finally {
      timer?.cancel();
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** Returns a connection to its pool, rolled back if need be, or ended if it can't be. Never throws: the caller's own error stands. */
  async #giveBack(pool: Pool<Connection>, connection: Connection): Promise<void> {
    if (connection.isUsable && connection.inTransaction) {
      try {
        await connection.control("ROLLBACK");
      } catch {
        // Whatever it was, nobody may get this connection again.
        return pool.release(connection, { destroy: true });
      }
    }
    pool.release(connection, { destroy: !connection.isUsable });
  }

  #openPools(): ConnectionPools {
    if (this.#state === "closed") {
      throw new DatabaseError("pool_closed", "The database adapter is closed.", {
        hint: "Call connect() to open it anew.",
      });
    }
    if (this.#pools === null) {
      this.#pools = this.createPools();
      this.#state = "connected";
    }
    return this.#pools;
  }

  #refuseInTransaction(): void {
    for (let scope = currentScope.getStore(); scope !== undefined; scope = scope.outer) {
      if (scope.adapter !== this || !scope.transaction.isActive) continue;
      throw new DatabaseError(
        "adapter_in_transaction",
        "The adapter was used inside its own transaction, where it could wait for itself for ever.",
        {
          hint: "Use the transaction object that the work was given.",
        },
      );
    }
  }

  /** Remembers that a statement writes, when that is what a reader's refusal says. */
  #noteWriting(statement: ParsedStatement, error: unknown): boolean {
    const { readers, writers } = this.#openPools();
    if (readers === writers || !(error instanceof DatabaseError) || error.kind !== "read_only") return false;
    this.#writing.add(statement);
    return true;
  }

  #deadline(options: { readonly timeoutMs?: number }): number | undefined {
    return options.timeoutMs === undefined ? undefined : this.clock.monotonic() + options.timeoutMs;
  }

  #acquireOptions(
    options: { readonly signal?: AbortSignal },
    deadline: number | undefined,
  ): { signal: AbortSignal | undefined; timeoutMs: number | undefined } {
    return {
      signal: options.signal,
      timeoutMs: deadline === undefined ? undefined : Math.max(0, deadline - this.clock.monotonic()),
    };
  }
}

function transactionLeftOpen(statement: ParsedStatement): DatabaseError {
  return new DatabaseError(
    "unsupported",
    `${statement.verb} opened a transaction on a connection that is shared with others; it was rolled back.`,
    {
      hint: "Use transaction(), which keeps its connection to itself.",
    },
  );
}

function sumMetrics(a: PoolMetrics, b: PoolMetrics): PoolMetrics {
  const sum = Object.fromEntries(
    Object.entries(a).map(([key, value]) => [
      key,
      typeof value === "number" ? value + (b[key as keyof PoolMetrics] as number) : value,
    ]),
  ) as unknown as PoolMetrics;
  return {
    ...sum,
    utilization: sum.activeConnections / sum.maxConnections,
    isExhausted: a.isExhausted || b.isExhausted,
  };
}
