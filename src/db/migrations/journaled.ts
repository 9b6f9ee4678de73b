import { setImmediate } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { DatabaseError, type DatabaseErrorKind } from "../errors.ts";
import type { Session } from "../session.ts";
import { MigrationError } from "./errors.ts";
import type { MigrationFile } from "./files.ts";
import { assertUnchanged, catalogueHash, examine, UNDONE_BY_ROLLBACK } from "./interruption.ts";
import type { Direction, EntryKey, Journal, JournalEntry } from "./journal.ts";
import { failed, hashOf, type MigrationStatement, wordsOf } from "./statements.ts";
import type { MigrationSupport } from "./support.ts";

/** What is needed to apply a section statement by statement. */
export interface JournaledRun {
  readonly session: Session;
  readonly journal: Journal;
  readonly support: MigrationSupport;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly onStatement: ((number: number, total: number) => void) | undefined;
}

/** Their effect and its note in the journal are one transaction, unless a table of theirs takes part in none. */
const ROW_VERBS = new Set([
  "INSERT",
  "UPDATE",
  "DELETE",
  "REPLACE",
  "WITH",
  "SELECT",
  "VALUES",
  "DO",
  "MERGE",
  "TABLE",
]);
/** After these nobody knows what the server made of the statement. */
const UNCERTAIN: ReadonlySet<DatabaseErrorKind> = new Set(["connection_lost", "cancelled", "commit_outcome_unknown"]);

/**
 * Applies the statements of a section that no transaction can hold together, each once, whoever dies and wherever:
 * a statement is noted before it runs and when it is done. Goes on where an earlier run stopped.
 *
 * @throws MigrationError; `migration_in_doubt` for a statement of which neither the journal nor the catalogue tell
 * whether it had its effect
 */
export async function applyJournaled(
  run: JournaledRun,
  file: MigrationFile,
  direction: Direction,
  statements: readonly MigrationStatement[],
): Promise<void> {
  const { session, journal, support, clock, onStatement } = run;
  const entries = (await journal.read(session)).filter(
    (entry) => entry.version === file.version && entry.direction === direction,
  );
  assertUnchanged(file, statements, entries);
  for (const [index, statement] of statements.entries()) {
    const key = { version: file.version, name: file.name, direction, position: index + 1 };
    const entry = entries.find(({ position }) => position === key.position);
    if (entry?.finished_at) {
      if (support.sessionVerbs.has(statement.verb)) await execute(run, statement);
      continue;
    }
    if (entry && (await hadItsEffect(run, file, statement, entry))) {
      await journal.finish(session, key, new Date(clock.now()));
      continue;
    }
    if (entry) await journal.forget(session, key);
    await runStatement(run, file, statement, key, statements.length);
    onStatement?.(key.position, statements.length);
    await setImmediate(); // SQLite's statements leave no turn for Ctrl-C or for a timer
  }
}

async function runStatement(
  run: JournaledRun,
  file: MigrationFile,
  statement: MigrationStatement,
  key: EntryKey & Pick<JournalEntry, "name">,
  total: number,
): Promise<void> {
  const { session, journal, clock, support } = run;
  const finish = () => journal.finish(session, key, new Date(clock.now()));
  const begin = async (catalogue_hash: string) =>
    journal.begin(session, {
      ...key,
      statement_hash: hashOf(statement.text),
      catalogue_hash,
      started_at: new Date(clock.now()),
    });
  try {
    if (support.sessionVerbs.has(statement.verb)) {
      await begin(UNDONE_BY_ROLLBACK);
      await execute(run, statement);
      await finish();
      return;
    }
    await begin(
      (await isUndoneByRollback(run, statement))
        ? UNDONE_BY_ROLLBACK
        : await catalogueHash(session, session.dialect, statement),
    );
    try {
      for (const sql of session.dialect.beginTransaction({})) await session.control(sql);
      await execute(run, statement);
      await finish();
      // Also after a statement that committed on the way: the session may have autocommit off.
      await session.control("COMMIT");
    } catch (error) {
      if (!support.refusesInTransaction(error)) throw error;
      await session.control("ROLLBACK");
      await journal.forget(session, key);
      await begin(await catalogueHash(session, session.dialect, statement));
      await execute(run, statement);
      await finish();
    }
  } catch (error) {
    await forgetIfWithoutEffect(run, key, error);
    const before = key.position - 1;
    const stays = before === 0 ? "Nothing of this file was applied." : `The ${before} before it stay applied.`;
    throw failed(file, statement, error, `It is statement ${key.position} of ${total}. ${stays}`);
  }
}

async function execute({ session, signal }: JournaledRun, { text }: MigrationStatement): Promise<void> {
  await session.executeQuery(text, [], {
    placeholders: "native",
    prepare: false,
    timeoutMs: Number.POSITIVE_INFINITY,
    ...(signal && { signal }),
  });
}

/** A statement that failed leaves nothing behind, as far as the server still said so. */
async function forgetIfWithoutEffect({ session, journal }: JournaledRun, key: EntryKey, error: unknown): Promise<void> {
  if (!(error instanceof DatabaseError) || UNCERTAIN.has(error.kind)) return;
  try {
    if (session.inTransaction) await session.control("ROLLBACK");
    await journal.forget(session, key);
  } catch {
    // The first error is the one to report; the next run finds the entry and settles it.
  }
}

async function isUndoneByRollback(run: JournaledRun, statement: MigrationStatement): Promise<boolean> {
  const { session, support } = run;
  if (session.dialect.supportsTransactionalDdl) return true;
  if (!ROW_VERBS.has(statement.verb)) return false;
  if (support.nonTransactionalTables === null) return true;
  const tables = await session.executeQuery<{ name: string }>(support.nonTransactionalTables, [], { prepare: false });
  const words = new Set(wordsOf(statement.text).map((word) => word.toLowerCase()));
  return !tables.some(({ name }) => words.has(name.toLowerCase()));
}

/** Settles a statement whose runner died with it. @throws MigrationError `migration_in_doubt` when that cannot be told */
async function hadItsEffect(
  { session }: JournaledRun,
  file: MigrationFile,
  statement: MigrationStatement,
  entry: JournalEntry,
): Promise<boolean> {
  const { outcome, remedy } = await examine(session, session.dialect, statement, entry);
  if (outcome === "in_doubt") throw inDoubt(file, statement, entry, remedy);
  return outcome === "done";
}

function inDoubt(
  file: MigrationFile,
  statement: MigrationStatement,
  { position, direction }: JournalEntry,
  remedy: string | null,
): MigrationError {
  const first = remedy === null ? "" : `First run ${remedy} Then `;
  return new MigrationError(
    "migration_in_doubt",
    `${file.path}:${statement.line}: a run of this migration (${direction}) ended during its statement ${position}, and nothing tells whether that had its effect.`,
    {
      hint: `${first}${first === "" ? "L" : "l"}ook at the database, then say what you found: fraisier db repair --migration ${file.version} --statement ${position} --${remedy === null ? "done, or --undone" : "undone"}.`,
    },
  );
}
