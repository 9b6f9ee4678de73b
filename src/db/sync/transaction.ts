import type { Dialect } from "../dialect.ts";
import { DatabaseError } from "../errors.ts";
import type { SyncStatementOptions } from "./options.ts";
import { SyncQueryMethods } from "./query-methods.ts";
import type { BlockingScope } from "./scope.ts";

/**
 * What the work of a blocking transaction is given: the wrapper's query methods, on the transaction's own connection.
 * After the end of the transaction every use is refused with `transaction_ended`.
 */
export class SyncTransaction extends SyncQueryMethods {
  override readonly dialect: Dialect;
  readonly #scope: BlockingScope;
  #isActive = true;

  /** @internal Made by the wrapper alone. */
  constructor(scope: BlockingScope, dialect: Dialect) {
    super();
    this.#scope = scope;
    this.dialect = dialect;
  }

  /** False from the moment the work has returned or thrown. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /**
   * Runs `work` within a savepoint: when it throws, what it did is undone and the outer transaction goes on.
   *
   * @throws whatever `work` throws; DatabaseError otherwise
   */
  transaction<T>(work: (tx: SyncTransaction) => T): T {
    this.assertStreamable();
    return this.#scope.transaction((inner) => runWork(inner, this.dialect, work), {});
  }

  protected override admit<O extends SyncStatementOptions>(options: O): { scope: BlockingScope; options: O } {
    this.assertStreamable();
    return { scope: this.#scope, options };
  }

  protected override assertStreamable(): void {
    if (this.#isActive) return;
    throw new DatabaseError("transaction_ended", "The transaction was used after its end.", {
      hint: "Use it only inside the work that it was given to.",
    });
  }

  /** @internal From now on every use is refused. */
  end(): void {
    this.#isActive = false;
  }
}

/**
 * Gives `work` its transaction, for as long as it runs.
 *
 * @throws whatever `work` throws; DatabaseError `unsupported` when it returns a promise
 */
export function runWork<T>(scope: BlockingScope, dialect: Dialect, work: (tx: SyncTransaction) => T): T {
  const transaction = new SyncTransaction(scope, dialect);
  try {
    const result = work(transaction);
    if (!isThenable(result)) return result;
    result.then(undefined, () => {}); // what it fails with is not the first thing that went wrong
    throw new DatabaseError(
      "unsupported",
      "The work of a blocking transaction returned a promise, which nobody can wait for; it was rolled back.",
      { hint: "Give a function that is not async, or use the asynchronous adapter." },
    );
  } finally {
    transaction.end();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
