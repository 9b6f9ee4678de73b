import { AsyncLocalStorage } from "node:async_hooks";
import { DatabaseError } from "./errors.ts";

/** Whoever has a connection to itself while its work goes on: a transaction, or a session. */
interface ConnectionHolder {
  readonly isActive: boolean;
}

/**
 * Marks the asynchronous context of a transaction's work, so that who began it can refuse to deadlock on itself. To be
 * left when the work is over, or is waited for no longer.
 */
export class TransactionScope<H extends ConnectionHolder = ConnectionHolder> {
  readonly adapter: object;
  readonly holder: H;
  readonly outer: TransactionScope | undefined;
  /** Where it is among {@link going}. */
  #position: number;

  /** @param adapter whose transaction it is; of a savepoint, the transaction outside of it */
  constructor(adapter: object, holder: H) {
    this.adapter = adapter;
    this.holder = holder;
    this.outer = currentScope.getStore();
    this.#position = going.push(this) - 1;
  }

  run<T>(work: (holder: H) => Promise<T>): Promise<T> {
    return currentScope.run(this, work, this.holder);
  }

  /** Harmless twice. */
  leave(): void {
    if (going[this.#position] !== this) return;
    const last = going.pop() as TransactionScope;
    if (last === this) return;
    going[this.#position] = last;
    last.#position = this.#position;
  }
}

/** Those whose work goes on in this thread, in no order. Taking one out of a Set costs V8 as much as a small transaction. */
const going: TransactionScope[] = [];
const currentScope = new AsyncLocalStorage<TransactionScope>();

/** Whose transactions are active around what runs now. */
export function adaptersAround(): object[] {
  const found = [];
  for (let scope = currentScope.getStore(); scope !== undefined; scope = scope.outer)
    if (scope.holder.isActive) found.push(scope.adapter);
  return found;
}

/** Whose transactions are active in this thread, around what runs now or elsewhere. */
export function adaptersInTransaction(): object[] {
  return going.filter(({ holder }) => holder.isActive).map(({ adapter }) => adapter);
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
