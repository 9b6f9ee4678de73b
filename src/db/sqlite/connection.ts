import { setImmediate } from "node:timers/promises";
import { cancelled, timedOut } from "../bounded.ts";
import { type Clock, sleep } from "../clock.ts";
import type { Bounds, Connection, RawResult, RunOptions } from "../connection.ts";
import { encodeEach } from "../encode.ts";
import type { ParsedStatement } from "../sql/placeholders.ts";
import { SqliteDatabase, type SqliteDatabaseOptions } from "./database.ts";
import { type FailedStatement, isBusy } from "./errors.ts";
import { encodeValue } from "./types.ts";

/** How a connection is opened. */
export interface SqliteConnectionOptions extends SqliteDatabaseOptions {
  /** Statements that set the session up. */
  readonly pragmas: readonly string[];
  /** Milliseconds to wait, at most, for a file that somebody else has locked. */
  readonly busyTimeoutMs: number;
  readonly clock: Clock;
}

/** The longest pause between two looks at a locked file. Constant: a growing one starves those who have waited long. */
export const BUSY_PAUSE_MS = 3;

/** One connection to an SQLite file. A locked file is waited for on timers. */
export class SqliteConnection implements Connection {
  readonly #database: SqliteDatabase;
  readonly #options: SqliteConnectionOptions;

  private constructor(options: SqliteConnectionOptions) {
    this.#database = new SqliteDatabase(options);
    this.#options = options;
  }

  /** @throws DatabaseError */
  static async open(options: SqliteConnectionOptions): Promise<SqliteConnection> {
    const connection = new SqliteConnection(options);
    try {
      for (const pragma of options.pragmas) await connection.control(pragma);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  readonly isExclusive = true;

  get holdsData(): boolean {
    return this.#database.holdsData;
  }

  get isUsable(): boolean {
    return this.#database.isOpen;
  }

  run(statement: ParsedStatement, params: readonly unknown[], options: RunOptions): RawResult | Promise<RawResult> {
    const values = encodeEach(params, encodeValue);
    return this.#whenFree(() => this.#database.run(statement, values, options.keep), options, {
      sql: statement.sql,
      values,
    });
  }

  async *stream(
    statement: ParsedStatement,
    params: readonly unknown[],
    options: RunOptions,
  ): AsyncIterable<Record<string, unknown>[]> {
    const values = encodeEach(params, encodeValue);
    const begin = () => this.#database.stream(statement, values);
    const batches = await this.#whenFree(begin, options, { sql: statement.sql, values });
    try {
      for (;;) {
        const { done, value } = this.#translated(() => batches.next());
        if (done) return;
        yield value;
        // Others get their turn. A timer would have each batch wait for a millisecond.
        await setImmediate();
        if (options.signal?.aborted) throw cancelled();
        this.#assertInTime(options);
      }
    } finally {
      batches.return(undefined);
    }
  }

  control(sql: string, options: Bounds = {}): void | Promise<void> {
    return this.#whenFree(() => this.#database.execute(sql), options);
  }

  commit(options: Bounds = {}): void | Promise<void> {
    return this.control("COMMIT", options);
  }

  reset(): void {
    this.#database.reset();
  }

  async ping(): Promise<void> {
    await this.control("SELECT 1");
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  /** Runs `action`, and again after a short pause for as long as somebody else has the file locked. */
  #whenFree<T>(action: () => T, options: Bounds, statement?: FailedStatement): T | Promise<T> {
    if (options.signal?.aborted) throw cancelled();
    try {
      return action();
    } catch (error) {
      if (!isBusy(error)) throw this.#database.translate(error, statement);
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
        if (!isBusy(error)) throw this.#database.translate(error, statement);
        busy = error;
      }
    }
    throw this.#database.translate(busy);
  }

  #translated<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw this.#database.translate(error);
    }
  }

  #assertInTime(options: Bounds): void {
    if (options.deadline === undefined || this.#options.clock.monotonic() < options.deadline) return;
    throw timedOut();
  }
}
