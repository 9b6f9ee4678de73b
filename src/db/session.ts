import type { Bounds, Connection, RawResult } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import { QueryMethods, type Stopwatch } from "./query-methods.ts";
import type { ConnectionRunner, Transaction } from "./transaction.ts";
import type { Row, StatementOptions, TransactionOptions } from "./types.ts";

/** How a transaction of a {@link Session} is done. */
export interface SessionTransactionOptions extends TransactionOptions {
  /** How long its BEGIN may wait for another writer, in milliseconds. Default: as long as any statement. */
  readonly beginTimeoutMs?: number;
}

/** Begins, does and ends a transaction on a connection. */
export type TransactionOnConnection = <T>(
  connection: Connection,
  work: (tx: Transaction) => Promise<T>,
  options: SessionTransactionOptions,
) => Promise<T>;

/**
 * A connection that its user has alone, for what lasts longer than a transaction: locks of the session, its settings,
 * statements that no transaction may hold.
 *
 * @internal
 */
export class Session extends QueryMethods {
  override readonly dialect: Dialect;
  readonly #connection: Connection;
  readonly #runner: ConnectionRunner;
  readonly #transact: TransactionOnConnection;
  #isActive = true;

  constructor(connection: Connection, runner: ConnectionRunner, transact: TransactionOnConnection) {
    super(runner.keys);
    this.dialect = runner.dialect;
    this.#connection = connection;
    this.#runner = runner;
    this.#transact = transact;
  }

  /** Whether its work still goes on. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** False behind a pooler that gives the server's session to others between two transactions. */
  get isExclusive(): boolean {
    return this.#connection.isExclusive;
  }

  get inTransaction(): boolean {
    return this.#connection.inTransaction;
  }

  /** Runs a statement that has neither parameters nor rows, such as BEGIN. @throws DatabaseError */
  async control(sql: string, bounds: Bounds = {}): Promise<void> {
    await this.#connection.control(sql, bounds);
  }

  /** Runs `work` in a transaction. @throws whatever `work` throws; DatabaseError otherwise */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options: SessionTransactionOptions = {}): Promise<T> {
    return this.#transact(this.#connection, work, options);
  }

  override async *stream<R extends object = Row>(
    query: string,
    params: readonly unknown[] = [],
    options: StatementOptions = {},
  ): AsyncIterable<R> {
    for await (const batch of this.#runner.streamOn<R>(this.#connection, query, params, options, {})) yield* batch;
  }

  /** From now on its connection is somebody else's. */
  end(): void {
    this.#isActive = false;
  }

  protected override run(
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
    stopwatch: Stopwatch | null,
  ): RawResult | Promise<RawResult> {
    return this.#runner.runOn(this.#connection, { query, params, options, stopwatch }, {});
  }

  protected override atomically(work: (scope: QueryMethods) => Promise<void>): Promise<void> {
    return this.transaction(work);
  }
}
