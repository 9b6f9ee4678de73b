import type { Queryable } from "../types.ts";
import { MigrationError } from "./errors.ts";
import type { MigrationFile } from "./files.ts";
import type { Direction, JournalEntry } from "./journal.ts";
import { hashOf, type MigrationStatement, wordsOf } from "./statements.ts";
import type { MigrationSupport } from "./support.ts";

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

/** The mark of a statement that either is finished in the journal or had no effect. */
export const UNDONE_BY_ROLLBACK = "";

const isUndoneByRollback = (entry: JournalEntry): boolean => entry.catalogue_hash.trim() === UNDONE_BY_ROLLBACK;

/** Their effect shows in the catalogue. */
const DEFINING_VERBS = new Set(["CREATE", "ALTER", "DROP", "RENAME"]);
/** May be run twice. */
const REPEATABLE_VERBS = new Set(["VACUUM", "ANALYZE", "REINDEX", "OPTIMIZE", "GRANT", "REVOKE", "COMMENT", "SHOW"]);

/** SHA-256 of what the catalogue says of the objects that a statement names. */
export async function catalogueHash(
  database: Queryable,
  support: MigrationSupport,
  { text }: MigrationStatement,
): Promise<string> {
  return hashOf((await support.readCatalogue(database, wordsOf(text))).text);
}

/** Finds out whether a statement that was begun and not finished had its effect. */
export async function examine(
  database: Queryable,
  support: MigrationSupport,
  statement: MigrationStatement,
  entry: JournalEntry,
): Promise<Finding> {
  if (isUndoneByRollback(entry) || REPEATABLE_VERBS.has(statement.verb)) return { outcome: "undone", remedy: null };
  const { text, remedy } = await support.readCatalogue(database, wordsOf(statement.text));
  if (!DEFINING_VERBS.has(statement.verb) || remedy !== null) return { outcome: "in_doubt", remedy };
  return { outcome: hashOf(text) === entry.catalogue_hash ? "undone" : "done", remedy };
}

/** What is known of a migration of which `entries` are what was begun. @throws MigrationError `migration_edited` */
export async function describeInterruption(
  database: Queryable,
  support: MigrationSupport,
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
            ...(await examine(database, support, statement, open)),
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
      { hint: "Restore that statement, and put the change after it or into a new migration." },
    );
  }
}
