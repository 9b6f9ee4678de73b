import { DatabaseError } from "../errors.ts";
import { type CompoundStatement, compoundStatement } from "./compound.ts";
import type { LexicalRules } from "./lexical-rules.ts";
import { Scanner } from "./scanner.ts";

/** One statement of a script. */
export interface ScriptStatement {
  /** The statement without what ends it and without comments around it. */
  readonly text: string;
  /** The line of the script on which it begins, from 1. */
  readonly line: number;
}

/** Where a statement is in its text; `end` is before what ends it. */
interface Extent {
  readonly start: number;
  readonly end: number;
}

/**
 * Cuts a script into its statements, as the database's own command-line program does: `sqlite3`, `psql`, or `mysql`
 * with its DELIMITER command. Empty statements are dropped.
 *
 * @throws DatabaseError `syntax_error` for a DELIMITER command that names none
 */
export function splitStatements(script: string, rules: LexicalRules): ScriptStatement[] {
  const statements: ScriptStatement[] = [];
  const scanner = new Scanner(script, rules);
  const delimiter = { text: ";" };
  let line = 1;
  let counted = 0;
  for (;;) {
    const extent = rules.delimiterCommand ? readDelimited(scanner, delimiter) : readStatement(scanner, rules);
    if (extent === null) return statements;
    if (extent.end <= extent.start) continue;
    for (; counted < extent.start; counted++) if (script.charCodeAt(counted) === 10) line++;
    statements.push({ text: script.slice(extent.start, extent.end), line });
  }
}

/** Moves `scanner` past one statement and its semicolon. Returns where the statement is; null at the end of the text. */
export function readStatement(scanner: Scanner, rules: LexicalRules, onToken?: () => void): Extent | null {
  const compound = compoundStatement(rules);
  let start = -1;
  let end = -1;
  for (;;) {
    const kind = scanner.next();
    if (kind === "end") return start < 0 ? null : { start, end };
    if (start < 0) start = scanner.start;
    if (kind === "semicolon" && !compound.isOpen) return { start, end: Math.max(end, start) };
    show(scanner, compound);
    end = scanner.end;
    onToken?.();
  }
}

/** No word that matters to a compound statement is longer. */
const LONGEST_WORD = 9;

function show({ kind, text, start, end }: Scanner, compound: CompoundStatement): void {
  const isShown = end - start === 1 || (kind === "word" && end - start <= LONGEST_WORD);
  compound.see(kind, isShown ? text.slice(start, end).toUpperCase() : "");
}

/**
 * As `mysql` reads a script: a statement ends where the delimiter stands outside of strings and comments, and a line
 * that begins with DELIMITER, where a statement could begin, sets another one.
 */
function readDelimited(scanner: Scanner, delimiter: { text: string }): Extent | null {
  let start = -1;
  let end = -1;
  for (;;) {
    const kind = scanner.next();
    if (kind === "end") return start < 0 ? null : { start, end };
    if (start < 0 && isDelimiterCommand(scanner)) {
      setDelimiter(scanner, delimiter);
      continue;
    }
    const found = kind === "string" || kind === "identifier" ? -1 : findDelimiter(scanner, delimiter.text);
    if (found >= 0) {
      if (start < 0) start = scanner.start;
      if (found > scanner.start) end = found;
      scanner.end = found + delimiter.text.length;
      return { start, end: Math.max(end, start) };
    }
    if (start < 0) start = scanner.start;
    end = scanner.end;
  }
}

/** Where the delimiter begins in this token, in which it may also stand behind something else (`END$$`); -1 for nowhere. */
function findDelimiter({ text, start, end }: Scanner, delimiter: string): number {
  const found = text.slice(start, end + delimiter.length - 1).indexOf(delimiter);
  return found < 0 ? -1 : start + found;
}

function isDelimiterCommand({ kind, text, start, end }: Scanner): boolean {
  if (kind !== "word" || !/^delimiter$/i.test(text.slice(start, end))) return false;
  let before = start;
  while (/[^\S\n]/.test(text.charAt(before - 1))) before--;
  return (before === 0 || text.charAt(before - 1) === "\n") && /^[ \t]/.test(text.slice(end, end + 1) || " ");
}

function setDelimiter(scanner: Scanner, delimiter: { text: string }): void {
  const lineEnd = scanner.text.indexOf("\n", scanner.end);
  const rest = scanner.text.slice(scanner.end, lineEnd < 0 ? undefined : lineEnd);
  const [wanted = ""] = rest.trim().split(/\s/, 1);
  if (wanted === "" || wanted.includes("\\")) {
    throw new DatabaseError("syntax_error", "A DELIMITER command of the script names no delimiter.", {
      hint: "Write, for example, DELIMITER // on a line of its own.",
    });
  }
  delimiter.text = wanted;
  scanner.end += rest.length;
}
