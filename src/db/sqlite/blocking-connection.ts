import { type BlockingConnection, type BlockingRunOptions, pauseThread } from "../blocking.ts";
import { timedOut } from "../bounded.ts";
import type { RawResult } from "../connection.ts";
import { encodeEach } from "../encode.ts";
import type { ParsedStatement } from "../sql/placeholders.ts";
import { BUSY_PAUSE_MS, type SqliteConnectionOptions } from "./connection.ts";
import { SqliteDatabase } from "./database.ts";
import { type FailedStatement, isBusy } from "./errors.ts";
import { encodeValue } from "./types.ts";

/** One connection to an SQLite file on the caller's own thread, which a locked file stops for its bounded wait. */
export class BlockingSqliteConnection implements BlockingConnection {
  readonly #database: SqliteDatabase;
  readonly #busyTimeoutMs: number;

  /** @throws DatabaseError */
  constructor(options: SqliteConnectionOptions) {
    this.#database = new SqliteDatabase(options);
    this.#busyTimeoutMs = options.busyTimeoutMs;
    try {
      for (const pragma of options.pragmas) this.control(pragma);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  get isUsable(): boolean {
    return this.#database.isOpen;
  }

  run(statement: ParsedStatement, params: readonly unknown[], { deadline, keep }: BlockingRunOptions): RawResult {
    const values = encodeEach(params, encodeValue);
    const failing = { sql: statement.sql, values };
    return this.#whenFree(() => this.#database.run(statement, values, keep), deadline, failing);
  }

  *stream(
    statement: ParsedStatement,
    params: readonly unknown[],
    { deadline }: BlockingRunOptions,
  ): Generator<Record<string, unknown>[], undefined, undefined> {
    const values = encodeEach(params, encodeValue);
    const begin = () => this.#database.stream(statement, values);
    const batches = this.#whenFree(begin, deadline, { sql: statement.sql, values });
    try {
      for (;;) {
        const { done, value } = this.#translated(() => batches.next());
        if (done) return;
        yield value;
        if (deadline !== undefined && performance.now() >= deadline) throw timedOut();
      }
    } finally {
      batches.return(undefined);
    }
  }

  control(sql: string, deadline?: number): void {
    this.#whenFree(() => this.#database.execute(sql), deadline);
  }

  reset(): void {
    this.#database.reset();
  }

  close(): void {
    this.#database.close();
  }

  /** Runs `action`, and again after a short pause for as long as somebody else has the file locked. */
  #whenFree<T>(action: () => T, deadline: number | undefined, statement?: FailedStatement): T {
    const end = Math.min(deadline ?? Number.POSITIVE_INFINITY, performance.now() + this.#busyTimeoutMs);
    for (;;) {
      try {
        return action();
      } catch (error) {
        if (!isBusy(error) || performance.now() >= end) throw this.#database.translate(error, statement);
        pauseThread(Math.random() * BUSY_PAUSE_MS);
      }
    }
  }

  #translated<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw this.#database.translate(error);
    }
  }
}
