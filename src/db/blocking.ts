import type { ServerIdentity } from "./adapter.ts";
import type { RawResult } from "./connection.ts";
import { DatabaseError } from "./errors.ts";
import type { PoolOptions } from "./pool-types.ts";
import type { ParsedStatement } from "./sql/placeholders.ts";
import type { AdapterOrigin } from "./types.ts";

/** How one statement is run on a {@link BlockingConnection}. */
export interface BlockingRunOptions {
  /** The moment on the monotonic clock at which to give up waiting. */
  readonly deadline?: number | undefined;
  /** Whether the prepared statement is kept for the next time. */
  readonly keep: boolean;
}

/** One session with a database, each of whose calls blocks the thread until it is done. */
export interface BlockingConnection {
  run(statement: ParsedStatement, params: readonly unknown[], options: BlockingRunOptions): RawResult;
  /** Begins a statement at once and hands out its rows in batches. */
  stream(
    statement: ParsedStatement,
    params: readonly unknown[],
    options: BlockingRunOptions,
  ): Iterator<Record<string, unknown>[], undefined>;
  control(sql: string, deadline?: number): void;
  readonly inTransaction: boolean;
  readonly isUsable: boolean;
  /** Ends the streams that were left open, and rolls back. */
  reset(): void;
  close(): void;
}

/** Where blocking connections come from. */
export interface BlockingSource {
  readonly options: PoolOptions;
  open(): BlockingConnection;
}

/** A database that can be called on the caller's own thread. */
export interface BlockingAccess {
  readonly writers: BlockingSource;
  /** null: the writers read too. */
  readonly readers: BlockingSource | null;
  identify(connection: BlockingConnection): ServerIdentity;
  /** To be called when every connection is closed. */
  closed(): void;
}

/** Whether two adapters reach the same data, so that each may have to wait for the other. */
export function isSameDatabase(a: AdapterOrigin | null, b: AdapterOrigin | null): boolean {
  return a !== null && b !== null && a.database !== null && a.database === b.database;
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Stops this thread for so many milliseconds. @throws DatabaseError `unsupported` where that is not allowed */
export function pauseThread(milliseconds: number): void {
  try {
    Atomics.wait(never, 0, 0, milliseconds);
  } catch (error) {
    throw cannotBlock(error);
  }
}

/** What is thrown in a thread that may not be stopped. */
export function cannotBlock(cause: unknown): DatabaseError {
  return new DatabaseError("unsupported", "This thread may not be blocked: Atomics.wait is not allowed in it.", {
    hint: "Use the asynchronous adapter here.",
    cause,
  });
}
