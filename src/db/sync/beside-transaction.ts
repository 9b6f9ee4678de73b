import { DatabaseError, type DatabaseErrorKind } from "../errors.ts";
import type { KeyOptions, QueryResult, Row, StatementOptions, UpsertOptions } from "../types.ts";
import type { SyncTransactionOptions } from "./options.ts";
import type { BlockingScope } from "./scope.ts";

/** What waiting in vain for somebody else's lock is called. */
const LOCKED: readonly DatabaseErrorKind[] = ["busy", "lock_timeout"];

/** Timers may come a little early. */
const SLACK_MS = 10;

/**
 * A scope while an asynchronous transaction of the same thread is open on its database. What that transaction has locked
 * stays locked for as long as this thread is blocked, so that waiting for it is told by its true name.
 */
export class BesideTransaction implements BlockingScope {
  readonly #scope: BlockingScope;
  readonly #limitMs: number;
  readonly #began: number = performance.now();

  /** @param limitMs what was set as the limit of the call, which its caller did not ask for */
  constructor(scope: BlockingScope, limitMs: number) {
    this.#scope = scope;
    this.#limitMs = limitMs;
  }

  executeQuery(query: string, params: readonly unknown[], options: StatementOptions): Row[] {
    return this.#explaining(() => this.#scope.executeQuery(query, params, options));
  }

  execute(query: string, params: readonly unknown[], options: StatementOptions): QueryResult {
    return this.#explaining(() => this.#scope.execute(query, params, options));
  }

  executeUpdate(query: string, params: readonly unknown[], options: StatementOptions): number {
    return this.#explaining(() => this.#scope.executeUpdate(query, params, options));
  }

  insert(table: string, data: Row, options: KeyOptions): string {
    return this.#explaining(() => this.#scope.insert(table, data, options));
  }

  insertMany(table: string, rows: readonly Row[], options: StatementOptions): number {
    return this.#explaining(() => this.#scope.insertMany(table, rows, options));
  }

  upsert(table: string, data: Row, options: UpsertOptions): string {
    return this.#explaining(() => this.#scope.upsert(table, data, options));
  }

  update(table: string, id: unknown, data: Row, options: KeyOptions): boolean {
    return this.#explaining(() => this.#scope.update(table, id, data, options));
  }

  delete(table: string, id: unknown, options: KeyOptions): boolean {
    return this.#explaining(() => this.#scope.delete(table, id, options));
  }

  stream(query: string, params: readonly unknown[], options: StatementOptions): Iterator<Row[], undefined> {
    const batches = this.#explaining(() => this.#scope.stream(query, params, options));
    return {
      next: () => this.#explaining(() => batches.next()),
      return: () => batches.return?.() ?? { done: true, value: undefined },
    };
  }

  transaction<T>(work: (inner: BlockingScope) => T, options: SyncTransactionOptions): T {
    let ofWork: unknown;
    const watched = (inner: BlockingScope) => {
      try {
        return work(new BesideTransaction(inner, this.#limitMs));
      } catch (error) {
        ofWork = error;
        throw error;
      }
    };
    return this.#explaining(
      () => this.#scope.transaction(watched, options),
      (error) => error === ofWork, // it is the work's to say
    );
  }

  #explaining<T>(call: () => T, isExplained: (error: unknown) => boolean = () => false): T {
    try {
      return call();
    } catch (error) {
      throw isExplained(error) ? error : this.#explained(error);
    }
  }

  #explained(error: unknown): unknown {
    if (!(error instanceof DatabaseError)) return error;
    const waited = performance.now() - this.#began;
    const isLimit = error.kind === "statement_timeout" && waited >= this.#limitMs - SLACK_MS;
    if (!isLimit && !LOCKED.includes(error.kind)) return error;
    return new DatabaseError(
      "adapter_in_transaction",
      `The blocking call waited ${(waited / 1000).toFixed(1)} s in vain beside an asynchronous transaction of the same thread on the same database, which can't end, nor give its locks back, while the thread is blocked.`,
      {
        hint: "Call it after that transaction, or use the asynchronous adapter; give timeoutMs to what only takes long.",
        cause: error,
      },
    );
  }
}
