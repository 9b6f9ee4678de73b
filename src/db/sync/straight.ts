import { transactionLeftOpen } from "../adapter.ts";
import { type BlockingAccess, type BlockingConnection, pauseThread } from "../blocking.ts";
import { deadlineAfter } from "../bounded.ts";
import { systemClock } from "../clock.ts";
import type { RawResult } from "../connection.ts";
import type { Dialect } from "../dialect.ts";
import { DatabaseError } from "../errors.ts";
import { type PoolMetrics, sumMetrics } from "../pool-types.ts";
import type { Knowledge } from "../row-procedures.ts";
import { arrangeParameters, type ParsedStatement } from "../sql/placeholders.ts";
import { StatementCache } from "../sql/statement-cache.ts";
import { KnownKeys } from "../table-keys.ts";
import type { HealthStatus, Row, StatementOptions } from "../types.ts";
import { BlockingPool } from "./blocking-pool.ts";
import type { SyncTransactionOptions } from "./options.ts";
import type { BlockingBackend } from "./scope.ts";
import { StraightScope } from "./straight-scope.ts";
import { type StraightRunner, StraightTransaction } from "./straight-transaction.ts";

/** A database whose driver is called on the caller's own thread. */
export class StraightBackend extends StraightScope implements BlockingBackend {
  protected override readonly knowledge: Knowledge;
  readonly #access: BlockingAccess;
  readonly #statements: StatementCache;
  readonly #writers: BlockingPool;
  /** The same pool where the writers read too. */
  readonly #readers: BlockingPool;
  readonly #runner: StraightRunner;
  /** Statements that the readers refused because they write: they go to the writer at once from then on. */
  readonly #writing = new WeakSet<ParsedStatement>();
  #isFileReady = false;

  constructor(access: BlockingAccess, dialect: Dialect) {
    super();
    this.#access = access;
    this.knowledge = { dialect, keys: new KnownKeys() };
    this.#statements = new StatementCache(dialect);
    this.#writers = new BlockingPool(access.writers);
    this.#readers = access.readers === null ? this.#writers : new BlockingPool(this.#afterWriters(access.readers));
    this.#runner = {
      knowledge: this.knowledge,
      parsed: (query, options) => this.#parsed(query, options),
      runOn: (connection, statement, params, options, bound) =>
        runOn(
          connection,
          statement,
          arrangeParameters(statement, params),
          options,
          earlier(bound, deadlineOf(options)),
        ),
      streamOn: (connection, statement, params, options, bound) =>
        connection.stream(statement, arrangeParameters(statement, params), {
          deadline: earlier(bound, deadlineOf(options)),
          keep: false,
        }),
    };
  }

  connect(): void {
    this.#writers.fill();
    if (this.#readers !== this.#writers) this.#readers.fill();
  }

  close(): void {
    this.#readers.close();
    if (this.#readers !== this.#writers) this.#writers.close();
    this.#access.closed();
  }

  poolMetrics(): PoolMetrics {
    if (this.#readers === this.#writers) return this.#writers.metrics();
    return sumMetrics(this.#writers.metrics(), this.#readers.metrics());
  }

  checkHealth(): HealthStatus {
    const started = performance.now();
    try {
      const identity = this.#with(this.#readers, "health check", (connection) => this.#access.identify(connection));
      return { ok: true, ...identity, latencyMs: performance.now() - started, error: null };
    } catch (error) {
      const latencyMs = performance.now() - started;
      return { ok: false, latencyMs, serverVersion: null, role: null, error: error as Error };
    }
  }

  override *stream(
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
  ): Generator<Row[], undefined, undefined> {
    const statement = this.#parsed(query, options);
    const arranged = arrangeParameters(statement, params);
    const deadline = deadlineOf(options);
    for (const pool of this.#poolsFor(statement)) {
      const connection = pool.acquire("stream");
      let isBegun = false;
      try {
        const batches = connection.stream(statement, arranged, { deadline, keep: false });
        for (let next = batches.next(); !next.done; next = batches.next()) {
          isBegun = true;
          yield next.value;
        }
        if (connection.inTransaction) throw transactionLeftOpen(statement);
        return;
      } catch (error) {
        if (isBegun || pool === this.#writers || !this.#noteWriting(statement, error)) throw error;
      } finally {
        pool.release(connection);
      }
    }
  }

  override transaction<T>(work: (inner: StraightTransaction) => T, options: SyncTransactionOptions): T {
    const deadline = deadlineOf(options);
    const attempts = options.retry?.attempts ?? 1;
    const maxDelayMs = options.retry?.maxDelayMs ?? 1000;
    for (let attempt = 1; ; attempt++) {
      try {
        return this.#transactOnce(work, options, deadline);
      } catch (error) {
        const mayRetry = error instanceof DatabaseError && error.retryable && attempt < attempts;
        if (!mayRetry) throw error;
        const delay = Math.random() * Math.min(maxDelayMs, 5 * 2 ** attempt);
        if (deadline !== undefined && performance.now() + delay >= deadline) throw error;
        pauseThread(delay);
      }
    }
  }

  protected override run(
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
  ): RawResult & { executionTimeMs: number } {
    const statement = this.#parsed(query, options);
    const arranged = arrangeParameters(statement, params);
    const deadline = deadlineOf(options);
    for (const pool of this.#poolsFor(statement)) {
      try {
        return this.#with(pool, statement.verb, (connection) => {
          const result = runOn(connection, statement, arranged, options, deadline);
          if (connection.inTransaction) throw transactionLeftOpen(statement);
          return result;
        });
      } catch (error) {
        if (pool === this.#writers || !this.#noteWriting(statement, error)) throw error;
      }
    }
    throw new Error("the writer answers or throws");
  }

  #transactOnce<T>(
    work: (inner: StraightTransaction) => T,
    options: SyncTransactionOptions,
    deadline: number | undefined,
  ): T {
    return this.#with(options.readOnly ? this.#readers : this.#writers, "transaction", (connection) => {
      for (const sql of this.knowledge.dialect.beginTransaction(options)) connection.control(sql, deadline);
      const transaction = new StraightTransaction(connection, this.#runner, deadline);
      const result = work(transaction);
      transaction.finish();
      connection.control("COMMIT", deadline);
      return result;
    });
  }

  #with<T>(pool: BlockingPool, purpose: string, work: (connection: BlockingConnection) => T): T {
    const connection = pool.acquire(purpose);
    try {
      return work(connection);
    } finally {
      pool.release(connection);
    }
  }

  /** A reader is opened only after the writer, which sets the file up. */
  #afterWriters(readers: NonNullable<BlockingAccess["readers"]>): NonNullable<BlockingAccess["readers"]> {
    return {
      options: readers.options,
      open: () => {
        if (!this.#isFileReady) this.#writers.fill();
        this.#isFileReady = true;
        return readers.open();
      },
    };
  }

  #poolsFor(statement: ParsedStatement): readonly BlockingPool[] {
    if (this.#readers === this.#writers || this.#writing.has(statement)) return [this.#writers];
    return [this.#readers, this.#writers];
  }

  #parsed(query: string, options: StatementOptions): ParsedStatement {
    return this.#statements.get(query, options.placeholders === "native");
  }

  /** Remembers that a statement writes, when that is what a reader's refusal says. */
  #noteWriting(statement: ParsedStatement, error: unknown): boolean {
    if (!(error instanceof DatabaseError) || error.kind !== "read_only") return false;
    this.#writing.add(statement);
    return true;
  }
}

function runOn(
  connection: BlockingConnection,
  statement: ParsedStatement,
  params: readonly unknown[],
  options: StatementOptions,
  deadline: number | undefined,
): RawResult & { executionTimeMs: number } {
  const started = performance.now();
  const result = connection.run(statement, params, { deadline, keep: options.prepare ?? true });
  return { ...result, executionTimeMs: performance.now() - started };
}

function deadlineOf({ timeoutMs }: { readonly timeoutMs?: number }): number | undefined {
  return timeoutMs === undefined ? undefined : deadlineAfter(timeoutMs, systemClock);
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
