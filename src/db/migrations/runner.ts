import { join } from "node:path";
import type { FraiserDatabaseAdapter } from "../adapter.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { Session } from "../session.ts";
import type { Transaction } from "../transaction.ts";
import { assertConsistent } from "./consistency.ts";
import { MigrationError } from "./errors.ts";
import { Execution } from "./execution.ts";
import { type MigrationFile, readMigrations } from "./files.ts";
import { type AppliedMigration, History } from "./history.ts";
import type { InterruptedMigration } from "./interruption.ts";
import { Interruptions } from "./interruptions.ts";
import { type Direction, Journal } from "./journal.ts";
import { type LockOptions, withLock } from "./lock.ts";
import type {
  MigrationCommand,
  MigrationOptions,
  MigrationResult,
  MigrationStatus,
  PlannedMigration,
} from "./model.ts";
import { type MigrationStep, planBaseline, planDown, planRedo, planUp } from "./plan.ts";
import { statementsOf } from "./statements.ts";
import type { MigrationSupport } from "./support.ts";

const DEFAULT_TABLE = "tb_schema_migration";
const LOCK_TIMEOUT_MS = 300_000;

/**
 * Brings a database to the newest schema. Whoever is killed, and however many run at once, each migration is applied
 * exactly once.
 *
 * @throws MigrationError, DatabaseError
 */
export function runMigrations(adapter: FraiserDatabaseAdapter, options: MigrationOptions): Promise<MigrationResult> {
  return new MigrationRunner(adapter, options).up();
}

/** Compares a database with a folder of migrations, applies what is missing and takes back what is not wanted. */
export class MigrationRunner {
  readonly #adapter: FraiserDatabaseAdapter;
  readonly #options: MigrationOptions;
  readonly #clock: Clock;
  readonly #history: History;
  readonly #journal: Journal;
  readonly #interruptions: Interruptions;
  readonly #execution: Execution;

  constructor(adapter: FraiserDatabaseAdapter, options: MigrationOptions) {
    this.#adapter = adapter;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const table = options.table ?? DEFAULT_TABLE;
    this.#history = new History(table, adapter.dialect);
    this.#journal = new Journal(table, adapter.dialect);
    this.#interruptions = new Interruptions(this.#journal, adapter.dialect, this.#clock);
    this.#execution = new Execution({
      dialect: adapter.dialect,
      history: this.#history,
      journal: this.#journal,
      clock: this.#clock,
      lockOptions: this.#lockOptions,
      options,
    });
  }

  /** What is applied and what is pending. Writes nothing. @throws MigrationError, DatabaseError */
  async status(): Promise<MigrationStatus> {
    const files = await this.#files();
    const interrupted = await this.#journal.read(this.#adapter);
    const applied = await this.#history.read(this.#adapter);
    const gone = applied.filter((row) => !files.some((file) => file.version === row.version));
    const isNewer = ({ version }: AppliedMigration) => version > (files.at(-1)?.version ?? 0);
    return {
      databaseType: this.#adapter.databaseType(),
      applied,
      pending: files.filter((file) => !applied.some((row) => row.version === file.version)),
      unknown: gone.filter(isNewer),
      missing: gone.filter((row) => !isNewer(row)),
      edited: applied.filter((row) =>
        files.some((file) => file.version === row.version && file.checksum !== row.checksum),
      ),
      interrupted,
    };
  }

  /** What a command would do now, without what an interrupted run has done of it. Writes nothing. @throws MigrationError, DatabaseError */
  async plan(command: MigrationCommand): Promise<PlannedMigration[]> {
    const files = await this.#files();
    const applied = await this.#history.read(this.#adapter);
    assertConsistent(files, applied);
    const steps = planOf(command, files, applied);
    await this.#interruptions.assertNoOther(this.#adapter, files, steps);
    const interruptions = await this.#interruptions.describe(this.#adapter, files);
    return steps.map(({ file, direction }) => {
      const statements = statementsOf(file, direction, this.#adapter.dialect);
      const interrupted = interruptions.find((one) => one.version === file.version && one.direction === direction);
      const done = interrupted === undefined ? 0 : doneOf(interrupted);
      return {
        name: file.name,
        direction,
        isTransactional: !this.#execution.isJournaled(file),
        statements: statements
          .filter(({ verb }, position) => position >= done || this.#support.sessionVerbs.has(verb))
          .map(({ text }) => text),
      };
    });
  }

  /**
   * What was begun, statement by statement, and is not done, with what became of the statement during which it ended.
   * Writes nothing, but waits for a runner that is at work.
   *
   * @throws MigrationError, DatabaseError
   */
  async interruptions(): Promise<InterruptedMigration[]> {
    const files = await this.#files();
    if ((await this.#journal.read(this.#adapter)).length === 0) return [];
    return this.#repair((session) => this.#interruptions.describe(session, files));
  }

  /** Applies every pending migration, or those up to a version. @throws MigrationError, DatabaseError */
  up(options: { readonly to?: number } = {}): Promise<MigrationResult> {
    return this.run({ kind: "up", ...options });
  }

  /** Takes back the last migration, so many, or all after a version. @throws MigrationError, DatabaseError */
  down(options: { readonly steps?: number; readonly to?: number } = {}): Promise<MigrationResult> {
    return this.run({ kind: "down", ...options });
  }

  /** Takes the last migration back and applies it again. @throws MigrationError, DatabaseError */
  redo(): Promise<MigrationResult> {
    return this.run({ kind: "redo" });
  }

  /**
   * Notes every migration up to a version as applied, without running any: for a database that has the schema already.
   *
   * @returns the names of those noted now
   * @throws MigrationError, DatabaseError
   */
  async baseline(version: number): Promise<string[]> {
    const files = await this.#files();
    const { supportsTransactionalDdl } = this.#adapter.dialect;
    return this.#exclusively(false, async (session) => {
      if (!supportsTransactionalDdl) await this.#history.create(session);
      return this.transaction(session, async (tx) => {
        if (supportsTransactionalDdl) await this.#history.create(tx);
        const applied = await this.#history.read(tx);
        assertConsistent(files, applied);
        const noted = planBaseline(files, applied, version);
        for (const file of noted) await this.#history.add(tx, this.#execution.rowOf(file, 0));
        return noted.map(({ name }) => name);
      });
    });
  }

  /**
   * Says of a statement in doubt what a person found out: that it had its effect, or that it had none.
   *
   * @throws MigrationError `migration_unknown` when the migration is not under way or has no such statement
   */
  async settle(version: number, position: number, outcome: "done" | "undone"): Promise<void> {
    await this.#repair((session) => this.#interruptions.settle(session, version, position, outcome));
  }

  /**
   * Forgets that a migration was begun, whatever its statements have done so far: for one whose file is gone or is another
   * one now. What they did stays, and is a person's to undo.
   *
   * @returns its name
   * @throws MigrationError `migration_unknown` when the migration is not under way
   */
  forget(version: number): Promise<string> {
    return this.#repair((session) => this.#interruptions.forget(session, version));
  }

  /** Does what a command says. @throws MigrationError, DatabaseError */
  async run(command: MigrationCommand): Promise<MigrationResult> {
    const files = await this.#files();
    const before = await this.#history.read(this.#adapter);
    assertConsistent(files, before);
    const planned = planOf(command, files, before);
    const done: { readonly name: string; readonly direction: Direction }[] = [];
    if (planned.length > 0 || (await this.#journal.read(this.#adapter)).length > 0) {
      const needsLock = planned.some(({ file }) => this.#execution.isJournaled(file));
      await this.#exclusively(needsLock, async (session) => {
        const applied = await this.#history.read(session);
        assertConsistent(files, applied);
        // What others did meanwhile is not done again.
        const steps = this.#support.locksByTransaction && !needsLock ? planned : planOf(command, files, applied);
        await this.#interruptions.assertNoOther(session, files, steps);
        this.#assertLockable(session, steps);
        await this.#execution.run(session, steps, done);
      });
    }
    const after = await this.#history.read(this.#adapter);
    assertConsistent(files, after);
    const names = (direction: Direction) => done.filter((one) => one.direction === direction).map(({ name }) => name);
    const pending = files.filter((file) => !after.some((row) => row.version === file.version));
    return {
      databaseType: this.#adapter.databaseType(),
      applied: names("up"),
      reverted: names("down"),
      pending: pending.map(({ name }) => name),
    };
  }

  /**
   * Does `work` in a transaction during which no other runner is at work.
   *
   * @internal
   */
  transaction<T>(session: Session, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#execution.transaction(session, work);
  }

  /**
   * Applies everything that is pending within a transaction of somebody who has more to do in it, and who tells of it by
   * `onApplied` once that is committed.
   *
   * @returns the names, each with the milliseconds that it took
   * @internal
   */
  async applyWithin(tx: Transaction): Promise<{ readonly name: string; readonly durationMs: number }[]> {
    await this.#history.create(tx);
    const steps = planUp(await this.#files(), await this.#history.read(tx));
    const done = await this.#execution.applyWithin(tx, steps);
    return done.map(([{ file }, durationMs]) => ({ name: file.name, durationMs }));
  }

  get #support(): MigrationSupport {
    return this.#adapter.dialect.migrations;
  }

  get #lockOptions(): LockOptions {
    const { lockTimeoutMs = LOCK_TIMEOUT_MS, signal, onWaiting } = this.#options;
    return { clock: this.#clock, timeoutMs: lockTimeoutMs, signal, onWaiting };
  }

  #files(): Promise<MigrationFile[]> {
    return readMigrations(join(this.#options.directory, this.#adapter.databaseType()));
  }

  /** Does `work` in a session that has the lock of the runners, unless transactions are all that keeps others out. */
  #exclusively<T>(needsLock: boolean, work: (session: Session) => Promise<T>): Promise<T> {
    const { lock, locksByTransaction } = this.#support;
    return this.#adapter.session(async (session) => {
      // Each transaction takes the lock for itself.
      if (!session.isExclusive || (locksByTransaction && !needsLock)) return work(session);
      return withLock(session, lock, this.#history.name, this.#lockOptions, () => work(session));
    });
  }

  /** @throws MigrationError when what is to be done needs a lock that the session cannot have */
  #assertLockable(session: Session, steps: readonly MigrationStep[]): void {
    const alone = steps.find(({ file }) => this.#execution.isJournaled(file));
    if (alone !== undefined && !session.isExclusive) throw pooled(alone.file.path);
  }

  /** Does `work` on what was interrupted, while no runner is at work. */
  #repair<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#exclusively(true, async (session) => {
      if (!session.isExclusive) throw pooled("what was begun and is not done");
      return work(session);
    });
  }
}

/** How many statements a run that goes on does not run again. */
function doneOf({ finished, statement }: InterruptedMigration): number {
  return statement?.outcome === "done" ? finished + 1 : finished;
}

function planOf(
  command: MigrationCommand,
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): MigrationStep[] {
  switch (command.kind) {
    case "up":
      return planUp(files, applied, command.to);
    case "down":
      return planDown(files, applied, command);
    case "redo":
      return planRedo(files, applied);
    default:
      return command satisfies never;
  }
}

function pooled(what: string): MigrationError {
  return new MigrationError(
    "migration_locked",
    `The connection goes through a pooler that shares sessions, where no lock lasts longer than a transaction; ${what} needs one that does.`,
    { hint: "Give the address of the server itself, or a pooler in session mode." },
  );
}
