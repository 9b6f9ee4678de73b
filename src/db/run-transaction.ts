import { narrowed } from "./bounded.ts";
import type { Clock } from "./clock.ts";
import type { Bounds, Connection } from "./connection.ts";
import { DatabaseError } from "./errors.ts";
import type { SessionTransactionOptions } from "./session.ts";
import type { ConnectionRunner } from "./transaction.ts";
import { Transaction } from "./transaction.ts";
import { TransactionScope } from "./transaction-scope.ts";

/** What one attempt at a transaction needs. */
export interface TransactionRequest<T> {
  /** Whose transaction it is. */
  readonly adapter: object;
  readonly runner: ConnectionRunner;
  readonly clock: Clock;
  readonly work: (tx: Transaction) => Promise<T>;
  readonly options: SessionTransactionOptions;
  readonly bounds: Bounds;
}

/**
 * Begins a transaction on `connection`, does the work and commits. When it throws, the connection may still be in the
 * transaction; resetting the connection rolls it back.
 *
 * @throws whatever the work throws; DatabaseError otherwise
 */
export async function runTransaction<T>(connection: Connection, request: TransactionRequest<T>): Promise<T> {
  const { adapter, runner, clock, work, options, bounds } = request;
  const transaction = new Transaction(connection, runner, bounds);
  const scope = new TransactionScope(adapter, transaction);
  try {
    const { beginTimeoutMs } = options;
    const deadline = beginTimeoutMs === undefined ? undefined : clock.monotonic() + beginTimeoutMs;
    const toBegin = narrowed(bounds, { deadline });
    for (const sql of runner.dialect.beginTransaction(options)) {
      const begun = connection.control(sql, toBegin);
      if (begun) await begun;
    }
    const result = await untilBound(scope.run(work), transaction, bounds, clock);
    transaction.finish();
    const committed = connection.commit(bounds);
    if (committed) await committed;
    return result;
  } catch (error) {
    transaction.end();
    throw error;
  } finally {
    scope.leave();
  }
}

/** The result of `working`, unless the caller's signal or the deadline comes first; then the transaction ends there. */
function untilBound<T>(working: Promise<T>, transaction: Transaction, bounds: Bounds, clock: Clock): Promise<T> {
  const isBound = bounds.signal !== undefined || bounds.deadline !== undefined;
  return isBound ? whicheverIsFirst(working, transaction, bounds, clock) : working;
}

async function whicheverIsFirst<T>(
  working: Promise<T>,
  transaction: Transaction,
  { signal, deadline }: Bounds,
  clock: Clock,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = (error: DatabaseError) => {
    transaction.end(error);
    reject(error);
  };
  const cancel = () => giveUp(new DatabaseError("cancelled", "The transaction was cancelled and rolled back."));
  const expire = () =>
    giveUp(
      new DatabaseError("statement_timeout", "The transaction took longer than its timeoutMs and was rolled back."),
    );
  const timer = deadline === undefined ? null : clock.startTimer(expire, Math.max(0, deadline - clock.monotonic()));
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted) cancel();
  try {
    return await Promise.race([working, promise]);
  } finally {
    timer?.cancel();
    signal?.removeEventListener("abort", cancel);
  }
}
