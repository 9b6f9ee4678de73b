import type { DatabaseSync, StatementSync } from "node:sqlite";
import { cancelled, timedOut } from "../bounded.ts";
import { type Clock, sleep } from "../clock.ts";
import type { Bounds, Connection, RawResult, RunOptions } from "../connection.ts";
import { type RowBuilder, rowBuilder } from "../row-builder.ts";
import type { ParsedStatement } from "../sql/placeholders.ts";
import { QUERY_ONLY } from "./dialect.ts";
import { type FailedStatement, isBusy, isSqliteError, translateError } from "./errors.ts";
import { decoderFor, encodeValue, type SqliteValue } from "./types.ts";

/** How a connection is opened. */
export interface SqliteConnectionOptions {
  /** The file, or `:memory:`. */
  readonly path: string;
  readonly readOnly: boolean;
  /** Statements that set the session up. */
  readonly pragmas: readonly string[];
  /** Milliseconds to wait, at most, for a file that somebody else has locked. */
  readonly busyTimeoutMs: number;
  readonly exposeValues: boolean;
  readonly clock: Clock;
}

/** A prepared statement with what is needed to turn its rows into objects. */
interface Prepared {
  readonly statement: StatementSync;
  columns: readonly string[];
  build: RowBuilder<SqliteValue>;
}

/** How many prepared statements a connection keeps. */
const KEPT_STATEMENTS = 200;
/** How many rows a stream reads at a time before others get their turn. */
const STREAM_BATCH = 200;
/** The longest pause between two looks at a locked file. Constant: a growing one starves those who have waited long. */
const BUSY_PAUSE_MS = 3;
/** Their `changes` count rows; that of any other statement is left over from an earlier one. */
const COUNTING_VERBS = new Set(["INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"]);
const OUT_OF_RANGE = "ERR_OUT_OF_RANGE";
const INT64_MIN = -(2 ** 63);
const SQLITE_OK = 0;
const READONLY = 8;
const IOERR_WRITE = 778;

/** One connection to an SQLite file, by `node:sqlite`. The only place that knows this driver. */
export class SqliteConnection implements Connection {
  readonly #database: DatabaseSync;
  readonly #options: SqliteConnectionOptions;
  readonly #kept = new Map<string, Prepared>();
  readonly #streams = new Set<Iterator<SqliteValue[]>>();
  /** Grows whenever SQLite prepares a statement, also when it silently does so anew after a change of the schema. */
  #preparations = 0;
  readonly #seesPreparations: boolean;
  /** Whether it refuses writes until it is reset. */
  #isQueryOnly = false;

  private constructor(database: DatabaseSync, options: SqliteConnectionOptions) {
    this.#database = database;
    this.#options = options;
    // Node 22 has no authorizer; there the columns are looked up after every run.
    this.#seesPreparations = typeof database.setAuthorizer === "function";
    if (this.#seesPreparations) {
      database.setAuthorizer(() => {
        this.#preparations++;
        return SQLITE_OK;
      });
    }
  }

  /** @throws DatabaseError */
  static async open(options: SqliteConnectionOptions): Promise<SqliteConnection> {
    // Not imported at the top: whoever uses another database does without the driver.
    const sqlite = await import("node:sqlite");
    let database: DatabaseSync;
    try {
      database = new sqlite.DatabaseSync(options.path, {
        readOnly: options.readOnly,
        timeout: 0,
        enableForeignKeyConstraints: true,
      });
    } catch (error) {
      throw translateError(error, options.exposeValues);
    }
    const connection = new SqliteConnection(database, options);
    try {
      for (const pragma of options.pragmas) await connection.control(pragma);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  get isUsable(): boolean {
    return this.#database.isOpen;
  }

  run(statement: ParsedStatement, params: readonly unknown[], options: RunOptions): RawResult | Promise<RawResult> {
    const values = params.map((value, index) => encodeValue(value, index + 1));
    return this.#whenFree(() => this.#runOnce(statement, values, options.keep), options, {
      sql: statement.sql,
      values,
    });
  }

  async *stream(
    statement: ParsedStatement,
    params: readonly unknown[],
    options: RunOptions,
  ): AsyncIterable<Record<string, unknown>[]> {
    const values = params.map((value, index) => encodeValue(value, index + 1));
    const begin = () => {
      const prepared = this.#prepare(statement.sql);
      prepared.statement.setReadBigInts(true);
      const rows = prepared.statement.iterate(...values) as unknown as Iterator<SqliteValue[]>;
      try {
        return { prepared, rows, first: rows.next() };
      } catch (error) {
        // One that met a lock stays open otherwise, and holds up the commit of whatever comes after it.
        rows.return?.();
        throw error;
      }
    };
    const { prepared, rows, first } = await this.#whenFree(begin, options, { sql: statement.sql, values });
    this.#streams.add(rows);
    this.#refreshColumns(prepared);
    let next = first;
    try {
      while (!next.done) {
        const batch: Record<string, unknown>[] = [];
        for (; !next.done && batch.length < STREAM_BATCH; next = this.#translated(() => rows.next()))
          batch.push(prepared.build(next.value));
        yield batch;
        await sleep(this.#options.clock, 0, options.signal).catch(() => {
          throw cancelled();
        });
        this.#assertInTime(options);
      }
    } finally {
      this.#streams.delete(rows);
      rows.return?.();
    }
  }

  control(sql: string, options: Bounds = {}): void | Promise<void> {
    this.#isQueryOnly ||= sql === QUERY_ONLY;
    return this.#whenFree(() => this.#database.exec(sql), options);
  }

  commit(options: Bounds = {}): void | Promise<void> {
    return this.control("COMMIT", options);
  }

  reset(): void {
    for (const rows of this.#streams) rows.return?.();
    this.#streams.clear();
    if (this.inTransaction) this.#database.exec("ROLLBACK");
    if (this.#isQueryOnly) this.#database.exec("PRAGMA query_only = OFF");
    this.#isQueryOnly = false;
  }

  async ping(): Promise<void> {
    await this.control("SELECT 1");
  }

  async close(): Promise<void> {
    this.#kept.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #runOnce(statement: ParsedStatement, values: readonly SqliteValue[], keep: boolean): RawResult {
    const prepared = keep ? this.#keptStatement(statement.sql) : this.#prepare(statement.sql);
    const before = this.#preparations;
    if (prepared.columns.length === 0) {
      const { changes } = prepared.statement.run(...values);
      return {
        rows: [],
        columns: [],
        affectedRows: COUNTING_VERBS.has(statement.verb) ? Number(changes) : 0,
        insertedId: null,
      };
    }
    const raw = this.#readAll(prepared, values);
    if (before !== this.#preparations || !this.#seesPreparations) this.#refreshColumns(prepared);
    return {
      rows: raw.map(prepared.build),
      columns: prepared.columns,
      affectedRows: 0,
      insertedId: null,
    };
  }

  /**
   * Reads integers as numbers, which is faster, and again as bigints when one does not fit. Where the connection may
   * write the statement must not run twice, so there they are bigints from the start.
   */
  #readAll({ statement }: Prepared, values: readonly SqliteValue[]): SqliteValue[][] {
    if (this.#options.readOnly) {
      try {
        const rows = statement.all(...values) as unknown as SqliteValue[][];
        // Node takes this one integer for a safe number, since it has no absolute value.
        if (!rows.some((row) => row.includes(INT64_MIN))) return rows;
      } catch (error) {
        if ((error as { code?: unknown }).code !== OUT_OF_RANGE) throw error;
      }
    }
    statement.setReadBigInts(true);
    try {
      return statement.all(...values) as unknown as SqliteValue[][];
    } finally {
      statement.setReadBigInts(false);
    }
  }

  #keptStatement(sql: string): Prepared {
    const kept = this.#kept.get(sql);
    if (kept !== undefined) return kept;
    const prepared = this.#prepare(sql);
    if (this.#kept.size >= KEPT_STATEMENTS) this.#kept.delete(this.#kept.keys().next().value as string);
    this.#kept.set(sql, prepared);
    return prepared;
  }

  #prepare(sql: string): Prepared {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    const prepared: Prepared = { statement, columns: [], build: () => ({}) };
    this.#refreshColumns(prepared);
    return prepared;
  }

  #refreshColumns(prepared: Prepared): void {
    const columns = prepared.statement.columns();
    prepared.columns = columns.map((column) => column.name);
    prepared.build = rowBuilder<SqliteValue>(
      prepared.columns,
      columns.map((column) => decoderFor(column.type)),
    );
  }

  /** Runs `action`, and again after a short pause for as long as somebody else has the file locked. */
  #whenFree<T>(action: () => T, options: Bounds, statement?: FailedStatement): T | Promise<T> {
    if (options.signal?.aborted) throw cancelled();
    try {
      return action();
    } catch (error) {
      if (!isBusy(error)) throw this.#translate(error, statement);
      return this.#waitUntilFree(action, options, error, statement);
    }
  }

  async #waitUntilFree<T>(
    action: () => T,
    options: Bounds,
    first: unknown,
    statement: FailedStatement | undefined,
  ): Promise<T> {
    const { clock, busyTimeoutMs } = this.#options;
    const deadline = Math.min(options.deadline ?? Number.POSITIVE_INFINITY, clock.monotonic() + busyTimeoutMs);
    let busy = first;
    while (clock.monotonic() < deadline) {
      await sleep(clock, Math.random() * BUSY_PAUSE_MS, options.signal).catch(() => {
        throw cancelled();
      });
      try {
        return action();
      } catch (error) {
        if (!isBusy(error)) throw this.#translate(error, statement);
        busy = error;
      }
    }
    throw this.#translate(busy);
  }

  #translated<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw this.#translate(error);
    }
  }

  #translate(error: unknown, statement?: FailedStatement): unknown {
    // Where a reader is to checkpoint the log it is not SQLite that refuses, but the operating system.
    if (this.#options.readOnly && isSqliteError(error) && error.errcode === IOERR_WRITE) error.errcode = READONLY;
    return translateError(error, this.#options.exposeValues, statement);
  }

  #assertInTime(options: Bounds): void {
    if (options.deadline === undefined || this.#options.clock.monotonic() < options.deadline) return;
    throw timedOut();
  }
}
