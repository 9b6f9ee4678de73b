import { AsyncLocalStorage } from "node:async_hooks";
import { DatabaseError } from "./errors.ts";

/** Whoever has a connection to itself while its work goes on: a transaction, or a session. */
interface ConnectionHolder {
  readonly isActive: boolean;
}

/** Marks the asynchronous context of a transaction's work, so that who began it can refuse to deadlock on itself. */
interface TransactionScope {
  /** The adapter; of a savepoint, the transaction outside of it. */
  readonly adapter: object;
  readonly holder: ConnectionHolder;
  readonly outer: TransactionScope | undefined;
}

/** Those whose work goes on in this thread. */
const going = new Set<TransactionScope>();
const currentScope = new AsyncLocalStorage<TransactionScope>();

/** Runs the work of a transaction of `adapter` in its scope. */
export function runInScope<H extends ConnectionHolder, T>(
  adapter: object,
  holder: H,
  work: (holder: H) => Promise<T>,
): Promise<T> {
  const scope = { adapter, holder, outer: currentScope.getStore() };
  going.add(scope);
  return currentScope.run(scope, async () => {
    try {
      return await work(holder);
    } finally {
      going.delete(scope);
    }
  });
}

/** Whose transactions are active around what runs now. */
export function adaptersAround(): object[] {
  const found = [];
  for (let scope = currentScope.getStore(); scope !== undefined; scope = scope.outer)
    if (scope.holder.isActive) found.push(scope.adapter);
  return found;
}

/** Whose transactions are active in this thread, around what runs now or elsewhere. */
export function adaptersInTransaction(): object[] {
  return [...going].filter(({ holder }) => holder.isActive).map(({ adapter }) => adapter);
}

/**
 * Refuses to go on inside a transaction of `adapter` that is still active. What the work started and left running
 * after the transaction's end is free to use the adapter.
 *
 * @throws DatabaseError `adapter_in_transaction`
 */
export function refuseInScope(adapter: object): void {
  for (let scope = currentScope.getStore(); scope !== undefined; scope = scope.outer) {
    if (scope.adapter !== adapter || !scope.holder.isActive) continue;
    throw new DatabaseError(
      "adapter_in_transaction",
      "The adapter was used inside its own transaction, where it could wait for itself for ever.",
      { hint: "Use the transaction object that the work was given." },
    );
  }
}
