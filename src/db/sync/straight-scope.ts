import type { RawResult } from "../connection.ts";
import {
  deleteRow,
  insertRow,
  insertRows,
  type Knowledge,
  NO_RESULT,
  type Procedure,
  updateRow,
  upsertRow,
} from "../row-procedures.ts";
import type { KeyOptions, QueryResult, Row, StatementOptions, UpsertOptions } from "../types.ts";
import type { SyncTransactionOptions } from "./options.ts";
import type { BlockingScope } from "./scope.ts";

/** The query methods on the caller's own thread. */
export abstract class StraightScope implements BlockingScope {
  protected abstract readonly knowledge: Knowledge;

  protected abstract run(
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
  ): RawResult & { executionTimeMs: number };

  abstract stream(query: string, params: readonly unknown[], options: StatementOptions): Iterator<Row[], undefined>;

  abstract transaction<T>(work: (inner: StraightScope) => T, options: SyncTransactionOptions): T;

  executeQuery(query: string, params: readonly unknown[], options: StatementOptions): Row[] {
    return this.run(query, params, options).rows;
  }

  execute(query: string, params: readonly unknown[], options: StatementOptions): QueryResult {
    const { rows, columns, affectedRows, executionTimeMs } = this.run(query, params, options);
    return { rows, rowCount: rows.length || affectedRows, columns, executionTimeMs };
  }

  executeUpdate(query: string, params: readonly unknown[], options: StatementOptions): number {
    const { rows, affectedRows } = this.run(query, params, options);
    return rows.length || affectedRows;
  }

  insert(table: string, data: Row, options: KeyOptions): string {
    return this.#perform(insertRow(this.knowledge, table, data, options), options);
  }

  insertMany(table: string, rows: readonly Row[], options: StatementOptions): number {
    return this.#perform(insertRows(this.knowledge, table, rows), options);
  }

  upsert(table: string, data: Row, options: UpsertOptions): string {
    return this.#perform(upsertRow(this.knowledge, table, data, options), options);
  }

  update(table: string, id: unknown, data: Row, options: KeyOptions): boolean {
    return this.#perform(updateRow(this.knowledge, table, id, data, options), options);
  }

  delete(table: string, id: unknown, options: KeyOptions): boolean {
    return this.#perform(deleteRow(this.knowledge, table, id, options), options);
  }

  /** Takes the steps of a procedure, one after the other. */
  #perform<T>(procedure: Procedure<T>, options: StatementOptions): T {
    let next = procedure.next(NO_RESULT);
    while (!next.done) {
      const step = next.value;
      if ("statement" in step) next = procedure.next(this.run(step.statement.text, step.statement.params, options));
      else {
        const { timeoutMs } = options;
        this.transaction(
          (inner) => inner.#perform(step.atomically, options),
          timeoutMs === undefined ? {} : { timeoutMs },
        );
        next = procedure.next(NO_RESULT);
      }
    }
    return next.value;
  }
}
