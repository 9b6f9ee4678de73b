import type { Dialect } from "../dialect.ts";
import type { QueryResult, Row } from "../types.ts";
import { refuseSignal, type SyncKeyOptions, type SyncStatementOptions, type SyncUpsertOptions } from "./options.ts";
import type { BlockingScope } from "./scope.ts";

/**
 * The query methods, which the wrapper and a transaction share: those of the asynchronous adapter, with the same
 * arguments, results and errors. Each blocks the thread until it is done.
 */
export abstract class SyncQueryMethods {
  /** What this database can do and how its SQL is written. */
  abstract readonly dialect: Dialect;

  /** Where the next call runs, with its options. @throws DatabaseError when there can be no call now */
  protected abstract admit<O extends SyncStatementOptions>(options: O): { scope: BlockingScope; options: O };

  /** @throws what a stream that was begun meets when it may not go on */
  protected abstract assertStreamable(scope: BlockingScope): void;

  /**
   * Runs any statement, DDL too, and returns its rows.
   *
   * @example const users = wrapper.executeQuery("SELECT id, name FROM users WHERE age > ?", [30]);
   * @throws DatabaseError
   */
  executeQuery<R extends object = Row>(
    query: string,
    params: readonly unknown[] = [],
    options: SyncStatementOptions = {},
  ): R[] {
    const admitted = this.#admitted(options);
    return admitted.scope.executeQuery(query, params, admitted.options) as R[];
  }

  /** Runs any statement and returns its rows with what is known about them. @throws DatabaseError */
  execute<R extends object = Row>(
    query: string,
    params: readonly unknown[] = [],
    options: SyncStatementOptions = {},
  ): QueryResult<R> {
    const admitted = this.#admitted(options);
    return admitted.scope.execute(query, params, admitted.options) as QueryResult<R>;
  }

  /** Runs a statement and returns how many rows it matched, also those that it left as they were. @throws DatabaseError */
  executeUpdate(query: string, params: readonly unknown[] = [], options: SyncStatementOptions = {}): number {
    const admitted = this.#admitted(options);
    return admitted.scope.executeUpdate(query, params, admitted.options);
  }

  /**
   * Runs a statement that may return more rows than fit in memory; they are fetched in batches. Has a connection of its
   * own until the loop ends; leaving the loop early frees it.
   *
   * @example for (const row of wrapper.stream("SELECT * FROM log")) handle(row);
   * @throws DatabaseError
   */
  *stream<R extends object = Row>(
    query: string,
    params: readonly unknown[] = [],
    options: SyncStatementOptions = {},
  ): IterableIterator<R> {
    const admitted = this.#admitted(options);
    const batches = admitted.scope.stream(query, params, admitted.options);
    try {
      for (let next = batches.next(); !next.done; next = batches.next()) {
        for (const row of next.value) {
          yield row as R;
          this.assertStreamable(admitted.scope);
        }
      }
    } finally {
      batches.return?.();
    }
  }

  /**
   * Inserts one row.
   *
   * @returns the key of that very row, as text: `data[idColumn]` when given, else the one that the database made.
   * @throws DatabaseError `unsupported`, before anything is written, when the key cannot be learnt.
   */
  insert(table: string, data: Row, options: SyncKeyOptions = {}): string {
    const admitted = this.#admitted(options);
    return admitted.scope.insert(table, data, admitted.options);
  }

  /**
   * Inserts many rows, which all have the same columns, in one transaction.
   *
   * @returns how many there are now more
   * @throws DatabaseError
   */
  insertMany(table: string, rows: readonly Row[], options: SyncStatementOptions = {}): number {
    const admitted = this.#admitted(options);
    return admitted.scope.insertMany(table, rows, admitted.options);
  }

  /**
   * Inserts one row, or updates the one that has the same values in the columns `conflict`.
   *
   * @returns the row's key, as text
   * @throws DatabaseError
   */
  upsert(table: string, data: Row, options: SyncUpsertOptions): string {
    const admitted = this.#admitted(options);
    return admitted.scope.upsert(table, data, admitted.options);
  }

  /** Changes the row with this key. @returns false only when there is no such row @throws DatabaseError */
  update(table: string, id: unknown, data: Row, options: SyncKeyOptions = {}): boolean {
    const admitted = this.#admitted(options);
    return admitted.scope.update(table, id, data, admitted.options);
  }

  /** Deletes the row with this key. @returns false only when there was no such row @throws DatabaseError */
  delete(table: string, id: unknown, options: SyncKeyOptions = {}): boolean {
    const admitted = this.#admitted(options);
    return admitted.scope.delete(table, id, admitted.options);
  }

  #admitted<O extends SyncStatementOptions>(options: O): { scope: BlockingScope; options: O } {
    refuseSignal(options);
    return this.admit(options);
  }
}
