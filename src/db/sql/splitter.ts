import type { LexicalRules } from "./lexical-rules.ts";
import { Scanner } from "./scanner.ts";

/** One statement of a script. */
export interface ScriptStatement {
  /** The statement without its closing semicolon and without comments around it. */
  readonly text: string;
  /** The line of the script on which it begins, from 1. */
  readonly line: number;
}

/** Cuts a script into its statements, as the database's own command-line program does. Empty statements are dropped. */
export function splitStatements(script: string, rules: LexicalRules): ScriptStatement[] {
  const statements: ScriptStatement[] = [];
  const scanner = new Scanner(script, rules);
  let line = 1;
  let counted = 0;
  for (;;) {
    const extent = readStatement(scanner, rules);
    if (extent === null) return statements;
    if (extent.end === extent.start) continue;
    for (; counted < extent.start; counted++) if (script.charCodeAt(counted) === 10) line++;
    statements.push({ text: script.slice(extent.start, extent.end), line });
  }
}

/** Moves `scanner` past one statement and its semicolon. Returns where the statement is; null at the end of the text. */
export function readStatement(
  scanner: Scanner,
  rules: LexicalRules,
  onToken?: () => void,
): { start: number; end: number } | null {
  let start = -1;
  let end = -1;
  const body = rules.compoundStatements === "trigger" ? new TriggerBody() : null;
  for (;;) {
    const kind = scanner.next();
    if (kind === "end") return start < 0 ? null : { start, end };
    if (start < 0) start = scanner.start;
    if (kind === "semicolon" && (body === null || !body.isOpen)) return { start, end: Math.max(end, start) };
    body?.see(kind === "word" ? scanner.text.slice(scanner.start, scanner.end) : kind === "semicolon" ? ";" : "");
    end = scanner.end;
    onToken?.();
  }
}

/**
 * Follows SQLite's own rule (`sqlite3_complete`): a statement that begins CREATE [TEMP|TEMPORARY] TRIGGER ends with
 * `;` END, every other one with the first semicolon.
 */
class TriggerBody {
  #seen: "nothing" | "explain" | "create" | "trigger" | "other" = "nothing";
  #tail: "" | ";" | "; END" = "";

  /** Whether a semicolon now would be inside the body. */
  get isOpen(): boolean {
    return this.#seen === "trigger" && this.#tail !== "; END";
  }

  see(token: string): void {
    const word = token.length > 9 ? "" : token.toUpperCase();
    if (this.#seen === "trigger") {
      this.#tail = word === ";" ? ";" : word === "END" && this.#tail === ";" ? "; END" : "";
    } else if (this.#seen === "nothing" || this.#seen === "explain") {
      this.#seen =
        word === "CREATE" ? "create" : word === "EXPLAIN" || word === "QUERY" || word === "PLAN" ? "explain" : "other";
    } else if (this.#seen === "create" && word !== "TEMP" && word !== "TEMPORARY") {
      this.#seen = word === "TRIGGER" ? "trigger" : "other";
    }
  }
}
