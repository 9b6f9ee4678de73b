import type { LexicalRules } from "./lexical-rules.ts";
import type { TokenKind } from "./scanner.ts";

/** Follows the tokens of one statement, and knows where a semicolon is part of it. */
export interface CompoundStatement {
  /** Whether a semicolon now would be inside the statement. */
  readonly isOpen: boolean;
  /** @param word the token in capitals when it is an unquoted word; its text when it is a single character; else empty */
  see(kind: TokenKind, word: string): void;
}

/** A new follower of a statement of this database. */
export function compoundStatement(rules: LexicalRules): CompoundStatement {
  switch (rules.compoundStatements) {
    case "trigger":
      return new Trigger();
    case "atomic":
      return new AtomicBody();
    case "routine":
      return new Routine();
  }
}

/**
 * SQLite's own rule (`sqlite3_complete`): a statement that begins CREATE [TEMP|TEMPORARY] TRIGGER ends with `;` END,
 * every other one with the first semicolon.
 */
class Trigger implements CompoundStatement {
  #seen: "nothing" | "explain" | "create" | "trigger" | "other" = "nothing";
  #tail: "" | ";" | "; END" = "";

  get isOpen(): boolean {
    return this.#seen === "trigger" && this.#tail !== "; END";
  }

  see(_kind: TokenKind, word: string): void {
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

/**
 * psql's own rule (psqlscan.l): no semicolon counts within parentheses, nor, in CREATE [OR REPLACE] FUNCTION or
 * PROCEDURE, between BEGIN or CASE and its END.
 */
class AtomicBody implements CompoundStatement {
  #parentheses = 0;
  #begins = 0;
  /** The first words of the statement, as far as they matter. */
  readonly #head: string[] = [];

  get isOpen(): boolean {
    return this.#parentheses > 0 || this.#begins > 0;
  }

  see(kind: TokenKind, word: string): void {
    if (word === "(") this.#parentheses++;
    else if (word === ")") this.#parentheses = Math.max(0, this.#parentheses - 1);
    if (kind !== "word") return;
    if (this.#head.length < 4) this.#head.push(word);
    if (this.#parentheses > 0 || !this.#isRoutine()) return;
    if (word === "BEGIN" || (word === "CASE" && this.#begins > 0)) this.#begins++;
    else if (word === "END" && this.#begins > 0) this.#begins--;
  }

  #isRoutine(): boolean {
    const [first, second, third, fourth] = this.#head;
    const what = second === "OR" && third === "REPLACE" ? fourth : second;
    return first === "CREATE" && (what === "FUNCTION" || what === "PROCEDURE");
  }
}

/**
 * MySQL's server takes one statement, and a routine, a trigger or an event with a body is one, whatever semicolons are
 * in it: so what begins as such a statement is one to the end of the text.
 */
class Routine implements CompoundStatement {
  #words = 0;
  #state: "head" | "routine" | "other" = "head";

  get isOpen(): boolean {
    return this.#state === "routine";
  }

  see(kind: TokenKind, word: string): void {
    if (this.#state !== "head") return;
    if (word === ";") this.#state = "other";
    if (kind !== "word") return;
    this.#words++;
    if (this.#words === 1) {
      if (word !== "CREATE" && word !== "ALTER") this.#state = "other";
    } else if (ROUTINES.has(word)) this.#state = "routine";
    else if (OTHER_OBJECTS.has(word)) this.#state = "other";
  }
}

const ROUTINES = new Set(["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"]);
/** Before the kind of object stand OR REPLACE, DEFINER = somebody, and such. */
const OTHER_OBJECTS = new Set(["TABLE", "VIEW", "INDEX", "DATABASE", "SCHEMA", "USER", "ROLE", "SERVER", "SEQUENCE"]);
