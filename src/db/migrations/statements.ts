import { createHash } from "node:crypto";
import type { Dialect } from "../dialect.ts";
import { DatabaseError } from "../errors.ts";
import { nativeStatement } from "../sql/placeholders.ts";
import { splitStatements } from "../sql/splitter.ts";
import { MigrationError } from "./errors.ts";
import type { MigrationFile } from "./files.ts";
import type { Direction } from "./journal.ts";

/** A statement of a migration. */
export interface MigrationStatement {
  readonly text: string;
  /** Its line in the file, from 1. */
  readonly line: number;
  /** Its first word, in capitals. */
  readonly verb: string;
}

/** What would begin or end a transaction; when and how one does, the runner decides. */
const TRANSACTION_VERBS = new Set(["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"]);

/** The statements of one section of a file. @throws MigrationError */
export function statementsOf(file: MigrationFile, direction: Direction, dialect: Dialect): MigrationStatement[] {
  const section = direction === "up" ? file.up : file.down;
  if (section === null) {
    throw new MigrationError("migration_irreversible", `${file.path} does not say how to take it back.`, {
      hint: 'Add a section "-- migrate:down" to a migration that can be taken back, or restore a backup.',
    });
  }
  const firstLine = direction === "up" ? file.upLine : file.downLine;
  const statements = splitStatements(section, dialect.lexical).map(({ text, line }) => ({
    text,
    line: firstLine + line - 1,
    verb: nativeStatement(text, dialect).verb,
  }));
  const odd = statements.find(({ verb }) => TRANSACTION_VERBS.has(verb));
  if (odd) {
    const why = file.isTransactional
      ? "for the file is applied in a transaction"
      : "for each statement is applied by itself";
    throw failed(
      file,
      odd,
      new DatabaseError("unsupported", `${odd.verb} has no place here, ${why}.`),
      NOTHING_APPLIED,
    );
  }
  return statements;
}

export const NOTHING_APPLIED = "Nothing of this file was applied.";

/** Why a statement failed, where it stands, and what became of the others. */
export function failed(
  file: MigrationFile,
  statement: MigrationStatement,
  cause: unknown,
  consequence: string,
): MigrationError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MigrationError("migration_failed", `${file.path}:${statement.line}: ${why} ${consequence}`, {
    cause,
    hint: "Correct the statement and run it again.",
  });
}

/** SHA-256, in hex. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Everything in a statement that could be a name; quoted names without their quotes. */
export function wordsOf(text: string): string[] {
  const words = text.matchAll(/`([^`]+)`|"([^"]+)"|([\p{L}\p{N}_$]+)/gu);
  return [...new Set([...words].map(([, ...forms]) => forms.find((form) => form !== undefined) ?? ""))].slice(0, 500);
}
