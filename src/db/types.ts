/** The databases that one adapter covers. MariaDB is `mysql`. */
export const DatabaseType = { SQLITE: "sqlite", POSTGRESQL: "postgresql", MYSQL: "mysql" } as const;
export type DatabaseType = (typeof DatabaseType)[keyof typeof DatabaseType];

/** A row as a plain object: column name → value. */
export type Row = Record<string, unknown>;

/** What a statement came to. */
export interface QueryResult<R extends object = Row> {
  /** The rows it returned; empty for a statement that returns none. */
  readonly rows: R[];
  /** Rows returned, or, for a statement that returns none, rows matched by it. */
  readonly rowCount: number;
  /** The names of the columns, in order. */
  readonly columns: readonly string[];
  /** Milliseconds from the moment a connection was had until the last row was read. */
  readonly executionTimeMs: number;
}

/** What every statement can be given. */
export interface StatementOptions {
  /** Aborting it ends the wait for a connection, or the statement, with an error of kind `cancelled`. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the wait and the statement together; then an error of kind `acquire_timeout`, `busy` or `statement_timeout`. */
  readonly timeoutMs?: number;
  /** Whether the statement is kept prepared on its connection. Default true. */
  readonly prepare?: boolean;
  /** `native` sends the text as it is, with the database's own placeholders. */
  readonly placeholders?: "native";
}

export type IsolationLevel = "read uncommitted" | "read committed" | "repeatable read" | "serializable";

/** What a transaction can be given. */
export interface TransactionOptions {
  /** A level that the database lacks becomes the next stronger one. Default: the database's own. */
  readonly isolation?: IsolationLevel;
  /** Refuses writes. Default false. */
  readonly readOnly?: boolean;
  /** How often the whole transaction is tried when it ends with a retryable error. Default: once. */
  readonly retry?: {
    /** Tries in total. */
    readonly attempts: number;
    /** The longest pause between two tries, in milliseconds. Default 1000. */
    readonly maxDelayMs?: number;
  };
  /** Aborting it rolls the transaction back, with an error of kind `cancelled`. */
  readonly signal?: AbortSignal;
  /** Milliseconds for everything: all tries and their pauses. Default: no bound. */
  readonly timeoutMs?: number;
}

/** How a table's key is named. */
export interface KeyOptions extends StatementOptions {
  /** The key column. Default `id`. */
  readonly idColumn?: string;
}

/** What `upsert` needs to know. */
export interface UpsertOptions extends KeyOptions {
  /** The columns of the unique key whose row is updated when it exists. */
  readonly conflict: readonly string[];
}

/** The result of {@link FraiserDatabaseAdapter.checkHealth}. */
export interface HealthStatus {
  readonly ok: boolean;
  /** Milliseconds that the probe took. */
  readonly latencyMs: number;
  /** e.g. `SQLite 3.53.4`; null when the server did not answer. */
  readonly serverVersion: string | null;
  /** `read_only` for a replica or a database opened for reading; null when the server did not answer. */
  readonly role: "primary" | "read_only" | null;
  readonly error: Error | null;
}

/** What the query methods of the adapter and of a transaction have in common. */
export interface Queryable {
  executeQuery<R extends object = Row>(
    query: string,
    params?: readonly unknown[],
    options?: StatementOptions,
  ): Promise<R[]>;
  execute<R extends object = Row>(
    query: string,
    params?: readonly unknown[],
    options?: StatementOptions,
  ): Promise<QueryResult<R>>;
  executeUpdate(query: string, params?: readonly unknown[], options?: StatementOptions): Promise<number>;
  stream<R extends object = Row>(
    query: string,
    params?: readonly unknown[],
    options?: StatementOptions,
  ): AsyncIterable<R>;
  insert(table: string, data: Row, options?: KeyOptions): Promise<string>;
  insertMany(table: string, rows: readonly Row[], options?: StatementOptions): Promise<number>;
  upsert(table: string, data: Row, options: UpsertOptions): Promise<string>;
  update(table: string, id: unknown, data: Row, options?: KeyOptions): Promise<boolean>;
  delete(table: string, id: unknown, options?: KeyOptions): Promise<boolean>;
}

/**
 * Where an adapter leads, so that others can be made for the same database.
 *
 * @internal
 */
export interface AdapterOrigin {
  readonly url: string;
  /** What the adapter was made with. */
  readonly options: object;
  /** The same text for the same database; null for one that no other connection reaches. */
  readonly database: string | null;
}
