import { FraiserDatabaseAdapter } from "../adapter.ts";
import { isSameDatabase } from "../blocking.ts";
import { DatabaseError } from "../errors.ts";
import { adaptersAround, adaptersInTransaction } from "../transaction-scope.ts";
import type { AdapterOrigin } from "../types.ts";

/** The databases of the blocking transactions whose work goes on in this thread, the innermost last. */
const blocking: (AdapterOrigin | null)[] = [];

/** Runs `work` as the work of a blocking transaction on this database. */
export function inBlockingTransaction<T>(origin: AdapterOrigin | null, work: () => T): T {
  blocking.push(origin);
  try {
    return work();
  } finally {
    blocking.pop();
  }
}

/**
 * Refuses what could wait for ever for a transaction that itself waits for the answer.
 *
 * @throws DatabaseError `adapter_in_transaction`
 */
export function refuseDeadlock(origin: AdapterOrigin | null): void {
  if (blocking.some((other) => other === origin || isSameDatabase(other, origin))) {
    throw new DatabaseError(
      "adapter_in_transaction",
      "A blocking call was made inside a blocking transaction on the same database, where it could wait for itself for ever.",
      { hint: "Use the transaction object that the work was given, or call before or after the transaction." },
    );
  }
  if (adaptersAround().some((adapter) => isOf(adapter, origin))) {
    throw new DatabaseError(
      "adapter_in_transaction",
      "A blocking call was made inside an asynchronous transaction on the same database, which cannot go on while the thread is blocked.",
      {
        hint: "Use the transaction object that the work was given, with await, or call before or after the transaction.",
      },
    );
  }
}

/**
 * Refuses a blocking call that has no deadline of its own: what {@link refuseDeadlock} refuses, and a write while an
 * asynchronous transaction is open elsewhere in the thread, for whose locks it might wait.
 *
 * @param adapter any of the database that is called
 * @throws DatabaseError `adapter_in_transaction`
 */
export function refuseBlockingCall({ origin }: FraiserDatabaseAdapter, purpose: "read" | "write"): void {
  refuseDeadlock(origin);
  if (purpose === "read" || !isAnyTransactionOpen(origin)) return;
  throw new DatabaseError(
    "adapter_in_transaction",
    "A blocking call was to write while an asynchronous transaction on the same database was open in the same thread, which cannot go on while the thread is blocked.",
    { hint: "Wait for the end of what was begun asynchronously, with await, and then call again." },
  );
}

/** Whether an asynchronous transaction on this database is open in this thread: it ends only when the thread is free again. */
export function isAnyTransactionOpen(origin: AdapterOrigin | null): boolean {
  return adaptersInTransaction().some((adapter) => isOf(adapter, origin));
}

function isOf(adapter: object, origin: AdapterOrigin | null): boolean {
  return adapter instanceof FraiserDatabaseAdapter && isSameDatabase(adapter.origin, origin);
}
