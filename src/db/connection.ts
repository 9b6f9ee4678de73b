import type { ParsedStatement } from "./sql/placeholders.ts";

/** What a connection returns: rows already converted, with the names of their columns. */
export interface RawResult {
  readonly rows: Record<string, unknown>[];
  readonly columns: readonly string[];
  /** Rows matched, for a statement that returns none. */
  readonly affectedRows: number;
  /** The key that the database gave to the row inserted; null where it doesn't tell it this way. */
  readonly insertedId: string | null;
  /** The column that this key is in, where the connection knows it. */
  readonly insertedColumn: string | null;
}

/** What ends a call before its time. */
export interface Bounds {
  readonly signal?: AbortSignal | undefined;
  /** The moment on the monotonic clock at which to give up. */
  readonly deadline?: number | undefined;
}

/** How one statement is run. */
export interface RunOptions extends Bounds {
  /** Whether the prepared statement is kept for the next time. */
  readonly keep: boolean;
}

/** One session with a database. Not shared: whoever has it uses it alone. */
export interface Connection {
  /** Runs a statement to its end. May answer without a promise when nothing had to be waited for. */
  run(statement: ParsedStatement, params: readonly unknown[], options: RunOptions): RawResult | Promise<RawResult>;
  /** Runs a statement and hands out its rows in batches as they come. */
  stream(
    statement: ParsedStatement,
    params: readonly unknown[],
    options: RunOptions,
  ): AsyncIterable<Record<string, unknown>[]>;
  /** Runs a statement that has neither parameters nor rows: BEGIN, SAVEPOINT and their like. */
  control(sql: string, options?: Bounds): void | Promise<void>;
  /** Commits. @throws DatabaseError `commit_outcome_unknown` when the answer was lost */
  commit(options?: Bounds): void | Promise<void>;
  /** Whether a transaction is open on it, as the driver or the server says. */
  readonly inTransaction: boolean;
  /** False once the connection is known to be broken. */
  readonly isUsable: boolean;
  /** False behind a pooler that gives the server's session to others between two transactions. */
  readonly isExclusive: boolean;
  /** Whether the data goes with the connection: it is the only one of a database in memory. */
  readonly holdsData: boolean;
  /** Makes it fit for its next user: ends the streams that were left open, and rolls back. @throws when it can't be */
  reset(): void | Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
