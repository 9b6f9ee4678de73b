import type { RawResult } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import {
  deleteRow,
  insertRow,
  insertRows,
  type Knowledge,
  NO_RESULT,
  type Procedure,
  updateRow,
  upsertRow,
} from "./row-procedures.ts";
import type { KnownKeys } from "./table-keys.ts";
import type { KeyOptions, Queryable, QueryResult, Row, StatementOptions, UpsertOptions } from "./types.ts";

/** Takes the time of a statement from the moment that it has its connection, for whoever wants to know. */
export interface Stopwatch {
  elapsedMs: number;
}

/** The query methods, which the adapter and a transaction share; they differ only in where a statement runs. */
export abstract class QueryMethods implements Queryable {
  abstract readonly dialect: Dialect;
  readonly #keys: KnownKeys;

  protected constructor(keys: KnownKeys) {
    this.#keys = keys;
  }

  /**
   * Runs one statement where this object runs them. Without a promise where the driver answers at once: to wait
   * nevertheless would cost as much as a small statement.
   */
  protected abstract run(
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
    stopwatch: Stopwatch | null,
  ): RawResult | Promise<RawResult>;

  /** Runs `work` so that all of it happens or nothing, within the signal and the time of `options`. */
  protected abstract atomically(
    work: (scope: QueryMethods) => Promise<void>,
    options: Pick<StatementOptions, "signal" | "timeoutMs">,
  ): Promise<void>;

  abstract stream<R extends object = Row>(
    query: string,
    params?: readonly unknown[],
    options?: StatementOptions,
  ): AsyncIterable<R>;

  /**
   * Runs any statement, DDL too, and returns its rows.
   *
   * @example const users = await adapter.executeQuery("SELECT id, name FROM users WHERE age > ?", [30]);
   * @throws DatabaseError
   */
  async executeQuery<R extends object = Row>(
    query: string,
    params: readonly unknown[] = [],
    options: StatementOptions = {},
  ): Promise<R[]> {
    const running = this.run(query, params, options, null);
    return (running instanceof Promise ? await running : running).rows as R[];
  }

  /** Runs any statement and returns its rows with what is known about them. @throws DatabaseError */
  async execute<R extends object = Row>(
    query: string,
    params: readonly unknown[] = [],
    options: StatementOptions = {},
  ): Promise<QueryResult<R>> {
    const stopwatch = { elapsedMs: 0 };
    const { rows, columns, affectedRows } = await this.run(query, params, options, stopwatch);
    return { rows: rows as R[], rowCount: rows.length || affectedRows, columns, executionTimeMs: stopwatch.elapsedMs };
  }

  /** Runs a statement and returns how many rows it matched, also those that it left as they were. @throws DatabaseError */
  async executeUpdate(query: string, params: readonly unknown[] = [], options: StatementOptions = {}): Promise<number> {
    const running = this.run(query, params, options, null);
    const { rows, affectedRows } = running instanceof Promise ? await running : running;
    return rows.length || affectedRows;
  }

  /**
   * Inserts one row.
   *
   * @returns the key of that very row, as text: `data[idColumn]` when given, else the one that the database made.
   * @throws DatabaseError `unsupported`, before anything is written, when the key cannot be learnt.
   */
  insert(table: string, data: Row, options: KeyOptions = {}): Promise<string> {
    return this.#perform(insertRow(this.#knowledge, table, data, options), options);
  }

  /** Inserts many rows, which all have the same columns, in one transaction. @returns how many there are now more */
  insertMany(table: string, rows: readonly Row[], options: StatementOptions = {}): Promise<number> {
    return this.#perform(insertRows(this.#knowledge, table, rows), options);
  }

  /** Inserts one row, or updates the one that has the same values in the columns `conflict`. @returns the row's key, as text */
  upsert(table: string, data: Row, options: UpsertOptions): Promise<string> {
    return this.#perform(upsertRow(this.#knowledge, table, data, options), options);
  }

  /** Changes the row with this key. @returns false only when there is no such row */
  update(table: string, id: unknown, data: Row, options: KeyOptions = {}): Promise<boolean> {
    return this.#perform(updateRow(this.#knowledge, table, id, data, options), options);
  }

  /** Deletes the row with this key. @returns false only when there was no such row */
  delete(table: string, id: unknown, options: KeyOptions = {}): Promise<boolean> {
    return this.#perform(deleteRow(this.#knowledge, table, id, options), options);
  }

  get #knowledge(): Knowledge {
    return { dialect: this.dialect, keys: this.#keys };
  }

  /** Takes the steps of a procedure, one after the other. */
  async #perform<T>(procedure: Procedure<T>, options: StatementOptions): Promise<T> {
    let next = procedure.next(NO_RESULT);
    while (!next.done) {
      const step = next.value;
      if ("statement" in step) {
        const running = this.run(step.statement.text, step.statement.params, options, null);
        next = procedure.next(running instanceof Promise ? await running : running);
      } else {
        await this.atomically((scope) => scope.#perform(step.atomically, options), options);
        next = procedure.next(NO_RESULT);
      }
    }
    return next.value;
  }
}
