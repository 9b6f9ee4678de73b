import type { RawResult } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import { DatabaseError } from "./errors.ts";
import {
  type BuiltStatement,
  buildDelete,
  buildInsert,
  buildInsertMany,
  buildSelect,
  buildUpdate,
  buildUpsert,
} from "./sql/build.ts";
import { assertOnlyConflict, isCountedUp } from "./table-keys.ts";
import type { KeyOptions, Queryable, QueryResult, Row, StatementOptions, UpsertOptions } from "./types.ts";

/** The query methods, which the adapter and a transaction share; they differ only in where a statement runs. */
export abstract class QueryMethods implements Queryable {
  abstract readonly dialect: Dialect;
  /** Columns, with their tables, of which it is known that the server counts them up. */
  protected readonly countedUp: Set<string> = new Set();

  /** Runs one statement where this object runs them. */
  protected abstract run(
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
  ): Promise<RawResult & { executionTimeMs: number }>;

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
    return (await this.run(query, params, options)).rows as R[];
  }

  /** Runs any statement and returns its rows with what is known about them. @throws DatabaseError */
  async execute<R extends object = Row>(
    query: string,
    params: readonly unknown[] = [],
    options: StatementOptions = {},
  ): Promise<QueryResult<R>> {
    const { rows, columns, affectedRows, executionTimeMs } = await this.run(query, params, options);
    return { rows: rows as R[], rowCount: rows.length || affectedRows, columns, executionTimeMs };
  }

  /** Runs a statement and returns how many rows it matched, also those that it left as they were. @throws DatabaseError */
  async executeUpdate(query: string, params: readonly unknown[] = [], options: StatementOptions = {}): Promise<number> {
    const { rows, affectedRows } = await this.run(query, params, options);
    return rows.length || affectedRows;
  }

  /**
   * Inserts one row.
   *
   * @returns the key of that very row, as text: `data[idColumn]` when given, else the one that the database made.
   * @throws DatabaseError `unsupported`, before anything is written, when the key cannot be learnt.
   */
  async insert(table: string, data: Row, options: KeyOptions = {}): Promise<string> {
    const idColumn = options.idColumn ?? "id";
    const given = givenKey(data, idColumn);
    if (given !== undefined && given !== null) {
      const key = keyText(given, table, idColumn); // fails, if it does, before anything is written
      await this.#runBuilt(buildInsert(this.dialect, table, data, null), options);
      return key;
    }
    if (this.dialect.supportsReturning) {
      const { rows } = await this.#runBuilt(buildInsert(this.dialect, table, data, idColumn), options);
      return keyText(Object.values(rows[0] ?? {})[0], table, idColumn);
    }
    if (!(await this.#countsUp(table, idColumn, options))) {
      // A table that does not exist says so itself.
      await this.run(`SELECT 1 FROM ${this.dialect.quoteIdentifier(table)} WHERE 1 = 0`, [], options);
      throw keyUnknown(table, idColumn);
    }
    const { insertedId } = await this.#runBuilt(buildInsert(this.dialect, table, data, null), options);
    if (insertedId === null) throw keyUnknown(table, idColumn);
    return insertedId;
  }

  /** Inserts many rows, which all have the same columns, in one transaction. @returns how many there are now more */
  async insertMany(table: string, rows: readonly Row[], options: StatementOptions = {}): Promise<number> {
    if (rows.length === 0) return 0;
    const statements = buildInsertMany(this.dialect, table, rows);
    const [only] = statements;
    if (only && statements.length === 1) return (await this.#runBuilt(only, options)).affectedRows;
    let count = 0;
    await this.atomically(async (scope) => {
      for (const statement of statements) count += (await scope.#runBuilt(statement, options)).affectedRows;
    }, options);
    return count;
  }

  /** Inserts one row, or updates the one that has the same values in the columns `conflict`. @returns the row's key, as text */
  async upsert(table: string, data: Row, options: UpsertOptions): Promise<string> {
    const idColumn = options.idColumn ?? "id";
    const { supportsReturning, tableKeys } = this.dialect;
    const built = buildUpsert(this.dialect, table, data, options.conflict, supportsReturning ? idColumn : null);
    if (tableKeys === null) {
      const { rows } = await this.#runBuilt(built, options);
      return keyText(Object.values(rows[0] ?? {})[0], table, idColumn);
    }
    const given = givenKey(data, idColumn);
    let key = "";
    await this.atomically(async (scope) => {
      const query = async (text: string, params: readonly unknown[]) => (await scope.run(text, params, options)).rows;
      await assertOnlyConflict(query, tableKeys, table, data, options.conflict);
      const { insertedId } = await scope.#runBuilt(built, options);
      if (given === undefined || given === null) {
        const found = buildSelect(this.dialect, table, idColumn, data, options.conflict);
        const [row] = await query(found.text, found.params);
        // Without a row one of the conflict's values is NULL, which collides with nothing: the row is a new one.
        key = keyText(row === undefined ? insertedId : Object.values(row)[0], table, idColumn);
      } else key = keyText(given, table, idColumn);
    }, options);
    return key;
  }

  /** Changes the row with this key. @returns false only when there is no such row */
  async update(table: string, id: unknown, data: Row, options: KeyOptions = {}): Promise<boolean> {
    const { rows, affectedRows } = await this.#runBuilt(
      buildUpdate(this.dialect, table, options.idColumn ?? "id", id, data),
      options,
    );
    return rows.length > 0 || affectedRows > 0;
  }

  /** Deletes the row with this key. @returns false only when there was no such row */
  async delete(table: string, id: unknown, options: KeyOptions = {}): Promise<boolean> {
    return (
      (await this.#runBuilt(buildDelete(this.dialect, table, options.idColumn ?? "id", id), options)).affectedRows > 0
    );
  }

  #runBuilt(statement: BuiltStatement, options: StatementOptions): Promise<RawResult> {
    return this.run(statement.text, statement.params, options);
  }

  /** Asked once for each table and column: what changes later shows in the insert itself. */
  async #countsUp(table: string, idColumn: string, options: StatementOptions): Promise<boolean> {
    const { tableKeys } = this.dialect;
    if (tableKeys === null) return false;
    const known = `${table}\0${idColumn}`;
    if (this.countedUp.has(known)) return true;
    const query = async (text: string, params: readonly unknown[]) => (await this.run(text, params, options)).rows;
    if (!(await isCountedUp(query, tableKeys, table, idColumn))) return false;
    this.countedUp.add(known);
    return true;
  }
}

/** The key in the data itself: every object has a `constructor`. */
function givenKey(data: Row, idColumn: string): unknown {
  return Object.hasOwn(data, idColumn) ? data[idColumn] : undefined;
}

function keyUnknown(table: string, idColumn: string): DatabaseError {
  return new DatabaseError("unsupported", `This database cannot tell the "${idColumn}" that it makes for a row.`, {
    table,
    hint: `Give data["${idColumn}"] yourself, or declare the column AUTO_INCREMENT.`,
  });
}

function keyText(key: unknown, table: string, idColumn: string): string {
  if (typeof key === "string") return key;
  if (typeof key === "number" || typeof key === "bigint") return String(key);
  throw new DatabaseError("unsupported", `The key "${idColumn}" of "${table}" is neither text nor an integer.`, {
    table,
  });
}
