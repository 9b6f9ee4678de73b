import { AsyncLocalStorage } from "node:async_hooks";
import { DatabaseError } from "./errors.ts";
import type { Transaction } from "./transaction.ts";

/** Marks the asynchronous context of a transaction's work, so that who began it can refuse to deadlock on itself. */
interface TransactionScope {
  /** The adapter; of a savepoint, the transaction outside of it. */
  readonly adapter: object;
  readonly transaction: Transaction;
  readonly outer: TransactionScope | undefined;
}

const currentScope = new AsyncLocalStorage<TransactionScope>();

/** Runs the work of a transaction of `adapter` in its scope. */
export function runInScope<T>(
  adapter: object,
  transaction: Transaction,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return currentScope.run({ adapter, transaction, outer: currentScope.getStore() }, async () => work(transaction));
}

/**
 * Refuses to go on inside a transaction of `adapter` that is still active. What the work started and left running
 * after the transaction's end is free to use the adapter.
 *
 * @throws DatabaseError `adapter_in_transaction`
 */
export function refuseInScope(adapter: object): void {
  for (let scope = currentScope.getStore(); scope !== undefined; scope = scope.outer) {
    if (scope.adapter !== adapter || !scope.transaction.isActive) continue;
    throw new DatabaseError(
      "adapter_in_transaction",
      "The adapter was used inside its own transaction, where it could wait for itself for ever.",
      { hint: "Use the transaction object that the work was given." },
    );
  }
}
