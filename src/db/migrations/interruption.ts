import type { Dialect } from "../dialect.ts";
import type { Queryable } from "../types.ts";
import { type Effect, effectOf } from "./effect.ts";
import { MigrationError } from "./errors.ts";
import type { MigrationFile } from "./files.ts";
import type { Direction, JournalEntry } from "./journal.ts";
import { hashOf, type MigrationStatement, wordsOf } from "./statements.ts";

/** What became of a statement whose runner died with it. */
export interface Finding {
  /** Whether it had its effect; `in_doubt` when only a person can tell, by looking. */
  readonly outcome: "done" | "undone" | "in_doubt";
  /** A statement that has to be run by hand first; null when there is none. */
  readonly remedy: string | null;
}

/** A migration that was begun, statement by statement, and is not done. */
export interface InterruptedMigration {
  readonly version: number;
  readonly name: string;
  readonly path: string;
  readonly direction: Direction;
  /** How many of its statements are done. */
  readonly finished: number;
  readonly total: number;
  /** The statement during which its run ended; null when that was between two. */
  readonly statement: (Finding & { readonly position: number; readonly line: number; readonly text: string }) | null;
}

/** The mark of a statement that either is finished in the journal or may be run again, mostly since it had no effect. */
export const UNDONE_BY_ROLLBACK = "";

const isUndoneByRollback = (entry: JournalEntry): boolean => entry.catalogue_hash.trim() === UNDONE_BY_ROLLBACK;

/** The mark of a statement of which the catalogue will not tell whether it had its effect. */
const UNTOLD = "untold";

/**
 * SHA-256 of what the catalogue says of the objects that a statement names, before it runs; a mark when that will not
 * tell afterwards what became of it.
 */
export async function catalogueHash(
  database: Queryable,
  dialect: Dialect,
  statement: MigrationStatement,
): Promise<string> {
  const effect = effectOf(statement, dialect);
  if (effect?.isRepeatable) return UNDONE_BY_ROLLBACK;
  if (effect === null || (await shows(database, dialect, effect)) !== "before") return UNTOLD;
  return hashOf((await dialect.migrations.readCatalogue(database, wordsOf(statement.text))).text);
}

/**
 * Finds out whether a statement that was begun and not finished had its effect. Somebody else may have changed the same
 * objects since: what the catalogue says is believed only where it is exactly what the statement alone would explain.
 */
export async function examine(
  database: Queryable,
  dialect: Dialect,
  statement: MigrationStatement,
  entry: JournalEntry,
): Promise<Finding> {
  if (isUndoneByRollback(entry)) return { outcome: "undone", remedy: null };
  const { text, remedy } = await dialect.migrations.readCatalogue(database, wordsOf(statement.text));
  const effect = effectOf(statement, dialect);
  if (effect === null || remedy !== null || entry.catalogue_hash.trim() === UNTOLD) {
    return { outcome: "in_doubt", remedy };
  }
  const moment = await shows(database, dialect, effect);
  if (moment === "after" && effect.isWhole && effect.changes.length > 0) return { outcome: "done", remedy };
  if (moment === "before" && hashOf(text) === entry.catalogue_hash) return { outcome: "undone", remedy };
  return { outcome: "in_doubt", remedy };
}

/** Whether the objects that an effect brings or takes are as before it or as after it; null when neither. */
async function shows(
  database: Queryable,
  { migrations }: Dialect,
  { changes }: Effect,
): Promise<"before" | "after" | null> {
  const areAfter: boolean[] = [];
  for (const { object, isThereAfter } of changes) {
    const { schema, table } = object;
    const isOrphan =
      table !== null && !(await migrations.hasObject(database, { kind: "table", schema, table: null, name: table }));
    if (isOrphan) return null;
    const isThere = await migrations.hasObject(database, object);
    if (isThere === null) return null;
    areAfter.push(isThere === isThereAfter);
  }
  if (!areAfter.includes(true)) return "before";
  return areAfter.includes(false) ? null : "after";
}

/** What is known of a migration of which `entries` are what was begun. @throws MigrationError `migration_edited` */
export async function describeInterruption(
  database: Queryable,
  dialect: Dialect,
  file: MigrationFile,
  statements: readonly MigrationStatement[],
  entries: readonly JournalEntry[],
): Promise<InterruptedMigration> {
  assertUnchanged(file, statements, entries);
  const open = entries.find((entry) => entry.finished_at === null);
  const statement = open && statements[open.position - 1];
  return {
    version: file.version,
    name: file.name,
    path: file.path,
    direction: entries[0]?.direction ?? "up",
    finished: entries.filter((entry) => entry.finished_at !== null).length,
    total: statements.length,
    statement:
      open && statement
        ? {
            position: open.position,
            line: statement.line,
            text: statement.text,
            ...(await examine(database, dialect, statement, open)),
          }
        : null,
  };
}

/** What was begun has to be what the file still says; only a statement without any effect may be changed. */
export function assertUnchanged(
  file: MigrationFile,
  statements: readonly MigrationStatement[],
  entries: readonly JournalEntry[],
): void {
  for (const entry of entries) {
    const statement = statements[entry.position - 1];
    if (statement !== undefined && hashOf(statement.text) === entry.statement_hash) continue;
    if (entry.finished_at === null && isUndoneByRollback(entry)) continue;
    throw new MigrationError(
      "migration_edited",
      `${file.path} was changed while half of it was applied: its statement ${entry.position} is another one than the one begun on ${entry.started_at.toISOString()}.`,
      {
        hint: `Restore that statement, and put the change after it or into a new migration. Or ${forgetCommand(file.version)}`,
      },
    );
  }
}

/** The way out when what was begun cannot be finished; goes on a sentence. */
export function forgetCommand(version: number): string {
  return `undo by hand what was done of it, and have it forgotten: fraisier db repair --migration ${version} --forget`;
}
