import type { BlockingConnection } from "../blocking.ts";
import { timedOut } from "../bounded.ts";
import type { RawResult } from "../connection.ts";
import { DatabaseError } from "../errors.ts";
import type { Knowledge } from "../row-procedures.ts";
import type { ParsedStatement } from "../sql/placeholders.ts";
import type { Row, StatementOptions } from "../types.ts";
import { StraightScope } from "./straight-scope.ts";

/** What a transaction needs of the backend that it belongs to. */
export interface StraightRunner {
  readonly knowledge: Knowledge;
  parsed(query: string, options: StatementOptions): ParsedStatement;
  runOn(
    connection: BlockingConnection,
    statement: ParsedStatement,
    params: readonly unknown[],
    options: StatementOptions,
    deadline: number | undefined,
  ): RawResult & { executionTimeMs: number };
  streamOn(
    connection: BlockingConnection,
    statement: ParsedStatement,
    params: readonly unknown[],
    options: StatementOptions,
    deadline: number | undefined,
  ): Iterator<Row[], undefined>;
}

/** A transaction, or a savepoint in one, on a connection of the caller's own thread. */
export class StraightTransaction extends StraightScope {
  protected override readonly knowledge: Knowledge;
  readonly #connection: BlockingConnection;
  readonly #runner: StraightRunner;
  readonly #deadline: number | undefined;
  readonly #depth: number;
  #isActive = true;
  /** Why it ended, when that was not its own work's doing. */
  #endedBy: unknown = null;
  #hasInner = false;

  constructor(connection: BlockingConnection, runner: StraightRunner, deadline: number | undefined, depth = 0) {
    super();
    this.knowledge = runner.knowledge;
    this.#connection = connection;
    this.#runner = runner;
    this.#deadline = deadline;
    this.#depth = depth;
  }

  /** Does the work within a savepoint. */
  override transaction<T>(work: (inner: StraightTransaction) => T): T {
    this.#assertUsable();
    const name = `fraisier_${this.#depth + 1}`;
    this.#connection.control(`SAVEPOINT ${name}`, this.#deadline);
    const inner = new StraightTransaction(this.#connection, this.#runner, this.#deadline, this.#depth + 1);
    this.#hasInner = true;
    try {
      const result = work(inner);
      inner.finish();
      this.#connection.control(`RELEASE SAVEPOINT ${name}`);
      return result;
    } catch (error) {
      inner.#end();
      this.#goBackTo(name, error);
      throw error;
    } finally {
      this.#hasInner = false;
    }
  }

  override *stream(
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
  ): Generator<Row[], undefined, undefined> {
    this.#assertUsable();
    const batches = this.#runner.streamOn(
      this.#connection,
      this.#runner.parsed(query, options),
      params,
      options,
      this.#deadline,
    );
    try {
      for (;;) {
        this.#assertActive();
        const { done, value } = this.#untilEnded(() => batches.next());
        if (done) return this.#assertStillOpen();
        yield value;
      }
    } finally {
      batches.return?.();
    }
  }

  protected override run(
    query: string,
    params: readonly unknown[],
    options: StatementOptions,
  ): RawResult & { executionTimeMs: number } {
    this.#assertUsable();
    const statement = this.#runner.parsed(query, options);
    const result = this.#untilEnded(() =>
      this.#runner.runOn(this.#connection, statement, params, options, this.#deadline),
    );
    this.#assertStillOpen();
    return result;
  }

  /** The work has returned, and its end may follow. @throws what ended the transaction */
  finish(): void {
    this.#assertActive();
    this.#end();
  }

  #goBackTo(savepoint: string, reason: unknown): void {
    if (!this.#isActive) return;
    if (!this.#connection.inTransaction) {
      // The whole transaction has ended in the database: there is no savepoint left to go back to.
      this.#end(reason);
      return;
    }
    try {
      this.#connection.control(`ROLLBACK TO SAVEPOINT ${savepoint}`);
      this.#connection.control(`RELEASE SAVEPOINT ${savepoint}`);
    } catch {
      // The first error is the one to report. Without its savepoint the outer transaction must not commit.
      this.#end(reason);
    }
  }

  /** Some failures end the whole transaction: what comes after would be outside of it. */
  #untilEnded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!this.#connection.inTransaction) this.#end(error);
      throw error;
    }
  }

  #assertStillOpen(): undefined {
    if (this.#connection.inTransaction) return;
    this.#end();
    throw new DatabaseError("transaction_ended", "The statement ended the transaction that it ran in.", {
      hint: "Let transaction() commit, or throw to roll back; don't send COMMIT or ROLLBACK yourself.",
    });
  }

  #end(reason: unknown = null): void {
    if (!this.#isActive) return; // the first reason is the true one
    this.#isActive = false;
    this.#endedBy = reason;
  }

  #assertActive(): void {
    if (this.#deadline !== undefined && performance.now() >= this.#deadline) this.#end(transactionTimedOut());
    if (this.#isActive) return;
    if (this.#endedBy !== null) throw this.#endedBy;
    throw new DatabaseError("transaction_ended", "The transaction was used after its end.", {
      hint: "Use it only inside the work that it was given to.",
    });
  }

  #assertUsable(): void {
    this.#assertActive();
    if (!this.#hasInner) return;
    throw new DatabaseError(
      "adapter_in_transaction",
      "The outer transaction was used while a savepoint inside it is open.",
      { hint: "Use the transaction object that the inner work was given." },
    );
  }
}

function transactionTimedOut(): DatabaseError {
  const { kind, hint } = timedOut();
  return new DatabaseError(kind, "The transaction took longer than its timeoutMs and was rolled back.", { hint });
}
