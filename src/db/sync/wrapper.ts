import type { FraiserDatabaseAdapter } from "../adapter.ts";
import type { DatabaseConfig } from "../config.ts";
import type { Dialect } from "../dialect.ts";
import { DatabaseError } from "../errors.ts";
import { type AnyAdapterOptions, adapterOf } from "../factory.ts";
import type { PoolMetrics } from "../pool-types.ts";
import type { AdapterOrigin, DatabaseType, HealthStatus } from "../types.ts";
import { BesideTransaction } from "./beside-transaction.ts";
import { inBlockingTransaction, isAnyTransactionOpen, refuseDeadlock } from "./deadlocks.ts";
import { refuseSignal, type SyncStatementOptions, type SyncTransactionOptions } from "./options.ts";
import { SyncQueryMethods } from "./query-methods.ts";
import { RemoteBackend } from "./remote.ts";
import type { BlockingBackend, BlockingScope } from "./scope.ts";
import { originOf } from "./source.ts";
import { StraightBackend } from "./straight.ts";
import { runWork, type SyncTransaction } from "./transaction.ts";

/**
 * The methods of {@link FraiserDatabaseAdapter}, blocking: for callers that can't be asynchronous. The same arguments,
 * results and errors, on connections of its own. SQLite is called on the caller's thread; for a server a worker thread
 * does it, for which the caller's thread waits. Nothing else of the thread runs meanwhile, so a server that answers many
 * at a time should use the asynchronous adapter.
 *
 * @example
 * using wrapper = new SyncDatabaseWrapper("postgresql://shop@localhost/shop");
 * const id = wrapper.insert("users", { name: "Ada" });
 * const [user] = wrapper.executeQuery("SELECT name FROM users WHERE id = ?", [id]);
 */
export class SyncDatabaseWrapper extends SyncQueryMethods {
  override readonly dialect: Dialect;
  readonly #adapter: FraiserDatabaseAdapter;
  readonly #origin: AdapterOrigin;
  readonly #backend: BlockingBackend;
  readonly #statementTimeoutMs: number;
  #isClosed = false;
  /**
   * How long a call waits, at most, while an asynchronous transaction of the same thread may stand in its way.
   *
   * @internal
   */
  protected readonly besideTransactionMs: number = 10_000;

  /**
   * Opens nothing yet: the first call does.
   *
   * @param source an adapter, whose database is opened once more and which stays as it is; or the URL or the
   *   configuration of a database
   * @param options what its own adapter is made with, above what `source` says
   * @throws DatabaseError `unsupported` for what can't be read, or can't be had a second time: a password that a function
   *   makes, a clock, the `:memory:` of another adapter
   */
  constructor(source: FraiserDatabaseAdapter | DatabaseConfig | string, options: AnyAdapterOptions = {}) {
    super();
    const { url, options: all } = originOf(source, options);
    this.#adapter = adapterOf(url, all);
    this.#statementTimeoutMs = all.statementTimeoutMs ?? Number.POSITIVE_INFINITY;
    this.#origin = this.#adapter.origin ?? { url, options: all, database: null };
    this.dialect = this.#adapter.dialect;
    const access = this.#adapter.blockingAccess();
    this.#backend =
      access === null
        ? new RemoteBackend({ url, options: all }, this.#adapter.poolMetrics())
        : new StraightBackend(access, this.dialect);
  }

  databaseType(): DatabaseType {
    return this.#adapter.databaseType();
  }

  /** False before the first connection and after {@link close}. */
  get isConnected(): boolean {
    return !this.#isClosed && this.poolMetrics().openedTotal > 0;
  }

  /**
   * Opens the pool's minimum of connections and so proves that the database answers. Harmless when connected; opens
   * anew after {@link close}.
   *
   * @throws DatabaseError
   */
  connect(): void {
    refuseDeadlock(this.#origin);
    this.#isClosed = false;
    this.#backend.connect();
  }

  /** The same as {@link close}. */
  disconnect(): void {
    this.close();
  }

  /**
   * Closes every connection, ends the worker thread, and refuses every call until {@link connect}. A loop over
   * {@link stream} that is still open ends with `pool_closed`. Harmless twice.
   *
   * @throws DatabaseError `adapter_in_transaction` inside a transaction
   */
  close(): void {
    refuseDeadlock(this.#origin);
    this.#isClosed = true;
    this.#backend.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Runs `work` in a transaction of its own connection: committed when `work` returns, rolled back when it throws.
   *
   * @param work no async function: what it returned would be a promise, for which nobody can wait
   * @example
   * wrapper.transaction((tx) => {
   *   tx.executeUpdate("UPDATE account SET balance = balance - ? WHERE id = ?", [100, from]);
   *   tx.executeUpdate("UPDATE account SET balance = balance + ? WHERE id = ?", [100, to]);
   * });
   * @throws whatever `work` throws; DatabaseError otherwise
   */
  transaction<T>(work: (tx: SyncTransaction) => T, options: SyncTransactionOptions = {}): T {
    refuseSignal(options);
    const { scope, options: admitted } = this.admit(options);
    return scope.transaction(
      (inner) => inBlockingTransaction(this.#origin, () => runWork(inner, this.dialect, work)),
      admitted,
    );
  }

  /** Whether the database answers. @throws DatabaseError `adapter_in_transaction` inside a transaction, nothing else */
  healthCheck(): boolean {
    return this.checkHealth().ok;
  }

  /**
   * How the database is, by one small question to it, which has five seconds. What went wrong is in `error`.
   */
  checkHealth(): HealthStatus {
    if (!this.#isClosed) return this.#backend.checkHealth();
    return { ok: false, latencyMs: 0, serverVersion: null, role: null, error: closed() };
  }

  /** The numbers of the wrapper's own pool at this moment. All zero before the first use. */
  poolMetrics(): PoolMetrics {
    return this.#isClosed ? this.#adapter.poolMetrics() : this.#backend.poolMetrics();
  }

  protected override admit<O extends SyncStatementOptions>(options: O): { scope: BlockingScope; options: O } {
    refuseDeadlock(this.#origin);
    this.assertStreamable();
    if (!isAnyTransactionOpen(this.#origin)) return { scope: this.#backend, options };
    const limitMs = options.timeoutMs === undefined ? this.besideTransactionMs : Number.POSITIVE_INFINITY;
    const timeoutMs = options.timeoutMs ?? Math.min(limitMs, this.#statementTimeoutMs);
    return { scope: new BesideTransaction(this.#backend, limitMs), options: { ...options, timeoutMs } };
  }

  protected override assertStreamable(): void {
    if (this.#isClosed) throw closed();
  }
}

function closed(): DatabaseError {
  return new DatabaseError("pool_closed", "The database adapter is closed.", {
    hint: "Call connect() to open it anew.",
  });
}
