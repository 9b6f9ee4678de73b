import { userInfo } from "node:os";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import type { Dialect } from "../dialect.ts";
import { DatabaseError } from "../errors.ts";
import type { Session } from "../session.ts";
import type { Transaction } from "../transaction.ts";
import type { MigrationFile } from "./files.ts";
import type { AppliedMigration, History } from "./history.ts";
import type { Direction, Journal } from "./journal.ts";
import { applyJournaled } from "./journaled.ts";
import { type LockOptions, poll } from "./lock.ts";
import type { MigrationOptions } from "./model.ts";
import type { MigrationStep } from "./plan.ts";
import { failed, type MigrationStatement, NOTHING_APPLIED, statementsOf } from "./statements.ts";

/** How long one attempt waits for another writer of SQLite, most of which are quick. */
const BEGIN_TIMEOUT_MS = 100;

/** What {@link Execution} works with. */
export interface ExecutionContext {
  readonly dialect: Dialect;
  readonly history: History;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly lockOptions: LockOptions;
  readonly options: MigrationOptions;
}

/** Applies migrations and takes them back, noting each together with what it does. */
export class Execution {
  readonly #dialect: Dialect;
  readonly #history: History;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #lockOptions: LockOptions;
  readonly #options: MigrationOptions;

  constructor({ dialect, history, journal, clock, lockOptions, options }: ExecutionContext) {
    this.#dialect = dialect;
    this.#history = history;
    this.#journal = journal;
    this.#clock = clock;
    this.#lockOptions = lockOptions;
    this.#options = options;
  }

  /** Whether its statements are applied one by one, each noted in the journal. */
  isJournaled(file: MigrationFile): boolean {
    return !file.isTransactional || !this.#dialect.supportsTransactionalDdl;
  }

  /** Takes the steps in their order. @param done gets each once it is done for good @throws MigrationError, DatabaseError */
  async run(
    session: Session,
    steps: readonly MigrationStep[],
    done: { readonly name: string; readonly direction: Direction }[],
  ): Promise<void> {
    const note = ({ file, direction }: MigrationStep, durationMs: number) => {
      done.push({ name: file.name, direction });
      this.#options.onApplied?.(file.name, durationMs, direction);
    };
    const parsed = this.#parse(steps);
    const together = this.#options.transaction === "all" && parsed.length > 0;
    const batches = together ? [parsed] : parsed.map((step) => [step]);
    for (const batch of batches) {
      const journaled = batch.some(({ file }) => this.isJournaled(file));
      const durations = journaled
        ? await this.#runJournaled(session, batch)
        : await this.#runInTransaction(session, batch);
      for (const [step, durationMs] of durations) note(step, durationMs);
    }
  }

  /** @returns what it did, with the milliseconds it took; somebody else may have done the rest meanwhile */
  #runInTransaction(session: Session, steps: readonly ParsedStep[]): Promise<[MigrationStep, number][]> {
    return this.transaction(session, (tx) => this.#applyAll(tx, steps));
  }

  /** Does `work` in a transaction during which no other runner is at work; waits for those that are. @throws MigrationError, DatabaseError */
  async transaction<T>(session: Session, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const { lock, locksByTransaction } = this.#dialect.migrations;
    if (session.isExclusive && !locksByTransaction) return session.transaction(work, this.#bounds);
    const done: { result?: T } = {};
    const attempt = async (): Promise<boolean> => {
      try {
        return await session.transaction(
          async (tx) => {
            const isMine = (await lock.tryAcquireInTransaction?.(tx, this.#history.name)) ?? true;
            if (isMine) done.result = await work(tx);
            return isMine;
          },
          { ...this.#bounds, beginTimeoutMs: BEGIN_TIMEOUT_MS },
        );
      } catch (error) {
        if (error instanceof DatabaseError && error.kind === "busy") return false;
        throw error;
      }
    };
    await poll(attempt, () => lock.holder(session, this.#history.name, "transaction"), this.#lockOptions);
    return done.result as T;
  }

  /** Takes the steps within a transaction that is somebody else's to end. @returns what it did, with the milliseconds it took */
  applyWithin(tx: Transaction, steps: readonly MigrationStep[]): Promise<[MigrationStep, number][]> {
    return this.#applyAll(tx, this.#parse(steps));
  }

  #parse(steps: readonly MigrationStep[]): ParsedStep[] {
    return steps.map((step) => ({ ...step, statements: statementsOf(step.file, step.direction, this.#dialect) }));
  }

  get #bounds(): { signal?: AbortSignal } {
    const { signal } = this.#options;
    return signal === undefined ? {} : { signal };
  }

  async #applyAll(tx: Transaction, steps: readonly ParsedStep[]): Promise<[MigrationStep, number][]> {
    await this.#history.create(tx); // a failed look at a missing table would doom the transaction
    const known = await this.#history.read(tx);
    const isApplied = ({ file }: MigrationStep) => known.some((row) => row.version === file.version);
    // A migration that is done again is taken back first.
    const due = steps.filter(
      (step, index) =>
        isApplied(step) === (step.direction === "down") || steps.slice(0, index).some(({ file }) => file === step.file),
    );
    const done: [MigrationStep, number][] = [];
    for (const step of due) done.push([step, await this.#applyInTransaction(tx, step)]);
    return done;
  }

  async #applyInTransaction(tx: Transaction, { file, direction, statements }: ParsedStep): Promise<number> {
    const started = this.#clock.monotonic();
    this.#options.onStarted?.(file.name, direction);
    for (const [index, statement] of statements.entries()) {
      await tx
        .executeQuery(statement.text, [], {
          placeholders: "native",
          prepare: false,
          timeoutMs: Number.POSITIVE_INFINITY,
        })
        .catch((cause) => {
          throw isBusy(cause) ? cause : failed(file, statement, cause, NOTHING_APPLIED);
        });
      this.#options.onStatement?.(file.name, index + 1, statements.length);
      await setImmediate(); // SQLite's statements leave no turn for Ctrl-C or for a timer
    }
    const durationMs = this.#clock.monotonic() - started;
    await this.#note(tx, file, direction, durationMs);
    return durationMs;
  }

  async #runJournaled(session: Session, steps: readonly ParsedStep[]): Promise<[MigrationStep, number][]> {
    const done: [MigrationStep, number][] = [];
    await this.#history.create(session);
    await this.#journal.create(session);
    for (const step of steps) {
      const { file, direction, statements } = step;
      const started = this.#clock.monotonic();
      this.#options.onStarted?.(file.name, direction);
      const { signal, onStatement } = this.#options;
      await applyJournaled(
        {
          session,
          journal: this.#journal,
          support: this.#dialect.migrations,
          clock: this.#clock,
          signal,
          onStatement: onStatement && ((number, total) => onStatement(file.name, number, total)),
        },
        file,
        direction,
        statements,
      );
      done.push([step, this.#clock.monotonic() - started]);
    }
    await session.transaction(async (tx) => {
      for (const [{ file, direction }, durationMs] of done) {
        await this.#note(tx, file, direction, durationMs);
        await this.#journal.clear(tx, file.version);
      }
    });
    return done;
  }

  async #note(tx: Transaction, file: MigrationFile, direction: Direction, durationMs: number): Promise<void> {
    if (direction === "up") await this.#history.add(tx, this.rowOf(file, durationMs));
    else await this.#history.remove(tx, file.version);
  }

  /** What is noted of a migration that is applied. */
  rowOf({ version, name, checksum }: MigrationFile, durationMs: number): AppliedMigration {
    return {
      version,
      name,
      checksum,
      applied_at: new Date(this.#clock.now()),
      applied_by: this.#options.appliedBy ?? userName(),
      duration_ms: Math.round(durationMs),
    };
  }
}

interface ParsedStep extends MigrationStep {
  readonly statements: readonly MigrationStatement[];
}

function isBusy(error: unknown): boolean {
  return error instanceof DatabaseError && error.kind === "busy";
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown"; // a user without an entry in the system's user database
  }
}
