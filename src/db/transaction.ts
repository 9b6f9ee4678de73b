import type { Bounds, Connection, RawResult } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import { DatabaseError } from "./errors.ts";
import { QueryMethods, type Stopwatch } from "./query-methods.ts";
import type { KnownKeys } from "./table-keys.ts";
import { refuseInScope, TransactionScope } from "./transaction-scope.ts";
import type { Row, StatementOptions } from "./types.ts";

/** What the caller of a statement gave. */
export interface Call {
  readonly query: string;
  readonly params: readonly unknown[];
  readonly options: StatementOptions;
  readonly stopwatch: Stopwatch | null;
}

/** Runs a statement on a connection that somebody already has. */
export interface ConnectionRunner {
  readonly dialect: Dialect;
  /** What every transaction of the adapter knows of its tables. */
  readonly keys: KnownKeys;
  runOn(connection: Connection, call: Call, bounds: Bounds): RawResult | Promise<RawResult>;
  streamOn<R extends object>(
    connection: Connection,
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
    bounds: Bounds,
  ): AsyncIterable<Iterable<R>>;
}

/**
 * What the work of a transaction is given: the adapter's query methods, on the transaction's own connection. After
 * the end of the transaction every use is refused with `transaction_ended`.
 */
export class Transaction extends QueryMethods {
  override readonly dialect: Dialect;
  readonly #connection: Connection;
  readonly #runner: ConnectionRunner;
  /** Those of the whole transaction, which every statement in it has too. */
  readonly #bounds: Bounds;
  readonly #depth: number;
  #state: "active" | "ended" = "active";
  /** Why it ended, when that was not its own work's doing. */
  #endedBy: unknown = null;
  /** The savepoint that is open inside; others wait for it. */
  #inner: Promise<unknown> | null = null;
  /** Whether that savepoint is one that a single call takes by itself, of which its caller knows nothing. */
  #isInnerOwn = false;
  /** What its work was given: it ends with this one. */
  #innerTransaction: Transaction | null = null;

  /** @internal Made by the adapter alone. */
  constructor(connection: Connection, runner: ConnectionRunner, bounds: Bounds, depth = 0) {
    super(runner.keys);
    this.#connection = connection;
    this.#runner = runner;
    this.#bounds = bounds;
    this.#depth = depth;
    this.dialect = runner.dialect;
  }

  /** False from the moment the transaction is committed, rolled back or cancelled. */
  get isActive(): boolean {
    return this.#state === "active";
  }

  /**
   * Runs `work` within a savepoint: when it throws, what it did is undone and the outer transaction goes on.
   * Savepoints begun at the same time run one after the other.
   *
   * @throws whatever `work` throws
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#within(work, false);
  }

  async #within<T>(work: (tx: Transaction) => Promise<T>, isOwn: boolean): Promise<T> {
    this.assertActive();
    refuseInScope(this); // inside its own savepoint it would wait for itself
    while (this.#inner !== null) await this.#inner.catch(() => {}); // its own caller hears of its failure
    this.assertActive();
    const running = this.#savepoint(work);
    this.#inner = running;
    this.#isInnerOwn = isOwn;
    try {
      return await running;
    } finally {
      this.#inner = null;
    }
  }

  override async *stream<R extends object = Row>(
    query: string,
    params: readonly unknown[] = [],
    options: StatementOptions = {},
  ): AsyncIterable<R> {
    await this.#whenUsable();
    const batches = this.#runner.streamOn<R>(this.#connection, query, params, options, this.#bounds);
    for await (const batch of this.#whileActive(batches)) {
      for (const row of batch) {
        this.assertActive();
        yield row;
      }
    }
  }

  protected override run(
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
    stopwatch: Stopwatch | null,
  ): RawResult | Promise<RawResult> {
    const call = { query, params, options, stopwatch };
    if (this.#inner !== null) return this.#whenUsable().then(() => this.#runNow(call));
    this.assertActive();
    return this.#runNow(call);
  }

  #runNow(call: Call): RawResult | Promise<RawResult> {
    let running: RawResult | Promise<RawResult>;
    try {
      running = this.#runner.runOn(this.#connection, call, this.#bounds);
    } catch (error) {
      this.#noteEnd(error);
      throw error;
    }
    if (running instanceof Promise) return this.#answered(running);
    this.#assertStillOpen();
    return running;
  }

  async #answered(running: Promise<RawResult>): Promise<RawResult> {
    let result: RawResult;
    try {
      result = await running;
    } catch (error) {
      this.#noteEnd(error);
      throw error;
    }
    this.#assertStillOpen();
    return result;
  }

  protected override atomically(work: (scope: QueryMethods) => Promise<void>): Promise<void> {
    return this.#within(work, true);
  }

  /** @throws DatabaseError `transaction_ended` when a statement was a COMMIT, or one that commits on the way */
  #assertStillOpen(): void {
    if (this.#connection.inTransaction || !this.isActive) return;
    this.end();
    throw new DatabaseError("transaction_ended", "The statement ended the transaction that it ran in.", {
      hint: "Let transaction() commit, or throw to roll back; don't send COMMIT or ROLLBACK yourself.",
    });
  }

  /** Some failures, a deadlock on MySQL for one, end the whole transaction: what comes after would be outside of it. */
  #noteEnd(error: unknown): void {
    if (!this.#connection.inTransaction && this.isActive) this.end(error);
  }

  /** @internal From now on every use is refused; `reason` is thrown instead where there is one. */
  end(reason: unknown = null): void {
    if (!this.isActive) return; // the first reason is the true one
    this.#state = "ended";
    this.#endedBy = reason;
    this.#innerTransaction?.end(reason);
  }

  /**
   * @internal The work has returned, and its end may follow.
   * @throws what ended the transaction; DatabaseError `adapter_in_transaction` while a savepoint is open inside, whose
   * work would be kept by half
   */
  finish(): void {
    this.assertActive();
    if (this.#inner !== null) {
      throw new DatabaseError(
        "adapter_in_transaction",
        "The work of a transaction returned while a savepoint inside it was still open, so it was rolled back.",
        { hint: "Let the work wait for every tx.transaction() that it begins." },
      );
    }
    this.end();
  }

  async #savepoint<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const name = `fraisier_${this.#depth + 1}`;
    await this.#connection.control(`SAVEPOINT ${name}`, this.#bounds);
    this.assertActive();
    const inner = new Transaction(this.#connection, this.#runner, this.#bounds, this.#depth + 1);
    this.#innerTransaction = inner;
    const scope = new TransactionScope(this, inner);
    try {
      const result = await scope.run(work);
      inner.finish();
      await this.#connection.control(`RELEASE SAVEPOINT ${name}`);
      return result;
    } catch (error) {
      inner.end();
      if (!this.isActive) throw error; // the connection may be somebody else's by now
      if (!this.#connection.inTransaction) {
        // The whole transaction has ended in the database: there is no savepoint left to go back to.
        this.end(error);
        throw error;
      }
      try {
        await this.#connection.control(`ROLLBACK TO SAVEPOINT ${name}`);
        if (this.isActive) await this.#connection.control(`RELEASE SAVEPOINT ${name}`);
      } catch {
        // The first error is the one to report. Without its savepoint the outer transaction must not commit.
        this.end(error);
      }
      throw error;
    } finally {
      scope.leave();
    }
  }

  /** Asks for more only while the connection is still this transaction's. */
  async *#whileActive<B>(batches: AsyncIterable<B>): AsyncIterable<B> {
    const iterator = batches[Symbol.asyncIterator]();
    try {
      for (;;) {
        this.assertActive();
        const { done, value } = await iterator.next();
        if (done) return this.#assertStillOpen();
        yield value;
      }
    } catch (error) {
      this.#noteEnd(error);
      throw error;
    } finally {
      if (this.isActive) await iterator.return?.();
    }
  }

  /** @internal @throws what ended the transaction; else DatabaseError `transaction_ended` */
  assertActive(): void {
    if (this.isActive) return;
    if (this.#endedBy !== null) throw this.#endedBy;
    throw new DatabaseError("transaction_ended", "The transaction was used after its end.", {
      hint: "Await everything that uses it before its work returns.",
    });
  }

  /** @throws DatabaseError `adapter_in_transaction` while a savepoint of the caller's is open inside */
  async #whenUsable(): Promise<void> {
    while (this.#inner !== null && this.#isInnerOwn) await this.#inner.catch(() => {});
    this.assertActive();
    if (this.#inner === null) return;
    throw new DatabaseError(
      "adapter_in_transaction",
      "The outer transaction was used while a savepoint inside it is open.",
      {
        hint: "Use the transaction object that the inner work was given.",
      },
    );
  }
}
