import type { DatabaseSync, StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type { RawResult } from "../connection.ts";
import { type RowBuilder, rowBuilder } from "../row-builder.ts";
import type { ParsedStatement } from "../sql/placeholders.ts";
import { HAS_AUTHORIZER, QUERY_ONLY, ROWID_COLUMN } from "./dialect.ts";
import { type FailedStatement, isSqliteError, translateError } from "./errors.ts";
import { decoderFor, type SqliteValue } from "./types.ts";

/** How a file is opened. */
export interface SqliteDatabaseOptions {
  /** The file, or `:memory:`. */
  readonly path: string;
  readonly readOnly: boolean;
  /** Whether nobody writes it meanwhile. */
  readonly isImmutable: boolean;
  readonly exposeValues: boolean;
}

/** A prepared statement with what is needed to turn its rows into objects. */
interface Prepared {
  readonly statement: StatementSync;
  columns: readonly string[];
  build: RowBuilder<SqliteValue>;
  /** Where it inserts; null where it doesn't, or the driver doesn't tell. */
  target: InsertTarget | null;
}

/** The table that a statement inserts into, and its column that is the rowid, once that was looked up. */
interface InsertTarget {
  readonly table: string;
  readonly schema: string;
  rowid: string | null;
}

/** How many prepared statements a connection keeps. */
const KEPT_STATEMENTS = 200;
/** How many rows a stream reads at a time before others get their turn. */
const STREAM_BATCH = 200;
/** Their `changes` count rows; that of any other statement is left over from an earlier one. */
const COUNTING_VERBS = new Set(["INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"]);
const OUT_OF_RANGE = "ERR_OUT_OF_RANGE";
const INT64_MIN = -(2 ** 63);
const SQLITE_OK = 0;
/** https://sqlite.org/c3ref/c_alter_table.html */
const SQLITE_INSERT = 18;
const READONLY = 8;
const IOERR_WRITE = 778;

/**
 * An open SQLite file, by `node:sqlite`. The only place that knows this driver. Waits for nothing: what meets a lock
 * throws the driver's error, and whoever wants to wait does it again.
 */
export class SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #options: SqliteDatabaseOptions;
  readonly #kept = new Map<string, Prepared>();
  readonly #streams = new Set<Iterator<SqliteValue[]>>();
  /** Grows whenever SQLite prepares a statement, also when it silently does so anew after a change of the schema. */
  #preparations = 0;
  /** The table that the statement prepared last inserts into. */
  #target: InsertTarget | null = null;
  /** Whether it refuses writes until it is reset. */
  #isQueryOnly = false;

  /** @throws DatabaseError */
  constructor(options: SqliteDatabaseOptions) {
    // Not imported at the top: whoever uses another database does without the driver.
    const sqlite = process.getBuiltinModule("node:sqlite");
    try {
      this.#database = new sqlite.DatabaseSync(options.isImmutable ? immutable(options.path) : options.path, {
        readOnly: options.readOnly,
        timeout: 0,
        enableForeignKeyConstraints: true,
      });
    } catch (error) {
      throw translateError(error, options.exposeValues);
    }
    this.#options = options;
    // Without an authorizer the columns are looked up after every run.
    if (HAS_AUTHORIZER) {
      this.#database.setAuthorizer((action, table, _column, schema, trigger) => {
        this.#preparations++;
        const isTarget = action === SQLITE_INSERT && trigger === null && table !== null && schema !== null;
        if (isTarget) this.#target ??= { table, schema, rowid: null };
        return SQLITE_OK;
      });
    }
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  get holdsData(): boolean {
    return this.#options.path === ":memory:";
  }

  get isOpen(): boolean {
    return this.#database.isOpen;
  }

  /** Runs a statement that has neither parameters nor rows. @throws the driver's error */
  execute(sql: string): void {
    this.#isQueryOnly ||= sql === QUERY_ONLY;
    // What begins and ends transactions comes again and again; a PRAGMA must not be kept, and may have rows.
    if (sql.startsWith("PRAGMA")) this.#database.exec(sql);
    else this.#keptStatement(sql).statement.run();
  }

  /** Runs a statement to its end. @throws the driver's error */
  run(statement: ParsedStatement, values: readonly SqliteValue[], keep: boolean): RawResult {
    const prepared = keep ? this.#keptStatement(statement.sql) : this.#prepare(statement.sql);
    const before = this.#preparations;
    if (prepared.columns.length === 0) {
      const { changes, lastInsertRowid } = prepared.statement.run(...values);
      if (before !== this.#preparations) prepared.target = this.#takeTarget();
      const { target } = prepared;
      const hasInserted = target !== null && statement.verb === "INSERT" && changes > 0;
      return {
        rows: [],
        columns: [],
        affectedRows: COUNTING_VERBS.has(statement.verb) ? Number(changes) : 0,
        insertedId: hasInserted ? String(lastInsertRowid) : null,
        insertedColumn: hasInserted ? this.#rowidOf(target) : null,
      };
    }
    const raw = this.#readAll(prepared, values);
    if (before !== this.#preparations || !HAS_AUTHORIZER) this.#refreshColumns(prepared);
    return {
      rows: raw.map(prepared.build),
      columns: prepared.columns,
      affectedRows: 0,
      insertedId: null,
      insertedColumn: null,
    };
  }

  /**
   * Begins a statement, whose first row is read at once, and hands out its rows in batches.
   *
   * @throws the driver's error
   */
  stream(
    { sql }: ParsedStatement,
    values: readonly SqliteValue[],
  ): Generator<Record<string, unknown>[], undefined, undefined> {
    const prepared = this.#prepare(sql);
    prepared.statement.setReadBigInts(true);
    const rows = prepared.statement.iterate(...values) as unknown as Iterator<SqliteValue[], undefined>;
    let first: IteratorResult<SqliteValue[], undefined>;
    try {
      first = rows.next();
    } catch (error) {
      // One that met a lock stays open otherwise, and holds up the commit of whatever comes after it.
      rows.return?.();
      throw error;
    }
    this.#streams.add(rows);
    this.#refreshColumns(prepared);
    return this.#batches(prepared, rows, first);
  }

  /** Makes it fit for its next user: ends the streams that were left open, and rolls back. @throws the driver's error */
  reset(): void {
    if (this.#streams.size > 0) {
      for (const rows of this.#streams) rows.return?.();
      this.#streams.clear();
    }
    if (this.inTransaction) this.#database.exec("ROLLBACK");
    if (this.#isQueryOnly) this.#database.exec("PRAGMA query_only = OFF");
    this.#isQueryOnly = false;
  }

  close(): void {
    this.#kept.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  /** The driver's error in the vocabulary; other errors as they are. */
  translate(error: unknown, statement?: FailedStatement): unknown {
    // Where a reader is to checkpoint the log it is not SQLite that refuses, but the operating system.
    if (this.#options.readOnly && isSqliteError(error) && error.errcode === IOERR_WRITE) error.errcode = READONLY;
    return translateError(error, this.#options.exposeValues, statement);
  }

  *#batches(
    { build }: Prepared,
    rows: Iterator<SqliteValue[], undefined>,
    first: IteratorResult<SqliteValue[], undefined>,
  ): Generator<Record<string, unknown>[], undefined, undefined> {
    let next = first;
    try {
      while (!next.done) {
        const batch: Record<string, unknown>[] = [];
        for (; !next.done && batch.length < STREAM_BATCH; next = rows.next()) batch.push(build(next.value));
        yield batch;
      }
    } finally {
      this.#streams.delete(rows);
      rows.return?.();
    }
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

  #takeTarget(): InsertTarget | null {
    const target = this.#target;
    this.#target = null;
    return target;
  }

  /** The column that the rowid is in; `rowid` itself where no column has another name for it. */
  #rowidOf(target: InsertTarget): string {
    if (target.rowid === null) {
      const found = this.#database.prepare(ROWID_COLUMN).get(target.table, target.schema) as
        | { name: string }
        | undefined;
      target.rowid = found?.name ?? "rowid";
    }
    return target.rowid;
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
    this.#target = null;
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    const prepared: Prepared = { statement, columns: [], build: () => ({}), target: this.#takeTarget() };
    this.#refreshColumns(prepared);
    // Its counts and the rowid, exactly.
    if (prepared.columns.length === 0) statement.setReadBigInts(true);
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
}

/** SQLite takes no locks and makes no files for such a name (https://sqlite.org/uri.html). */
function immutable(path: string): URL {
  const url = pathToFileURL(path);
  url.searchParams.set("immutable", "1");
  return url;
}
