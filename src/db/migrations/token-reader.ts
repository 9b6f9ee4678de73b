import type { LexicalRules } from "../sql/lexical-rules.ts";
import { Scanner } from "../sql/scanner.ts";

/** A name as it stands in a statement. */
export interface QualifiedName {
  /** The database or schema before the dot; null when there is none. */
  readonly schema: string | null;
  readonly name: string;
}

/** Reads a statement word by word. */
export class TokenReader {
  readonly #tokens: readonly { readonly kind: Scanner["kind"]; readonly text: string }[];
  #position = 0;

  constructor(text: string, rules: LexicalRules) {
    const scanner = new Scanner(text, rules);
    const tokens = [];
    while (scanner.next() !== "end") tokens.push({ kind: scanner.kind, text: text.slice(scanner.start, scanner.end) });
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#tokens.length;
  }

  /** The next token in capitals, when it is a word or an operator; otherwise empty. */
  get next(): string {
    return this.#textAt(this.#position);
  }

  /** The words and operators from here to the end, in capitals. */
  get rest(): readonly string[] {
    return this.#tokens.slice(this.#position).map((_, index) => this.#textAt(this.#position + index));
  }

  skip(): void {
    this.#position++;
  }

  /** Goes past these words when they stand here, one after the other. */
  take(...words: readonly string[]): boolean {
    if (words.some((word, index) => this.#textAt(this.#position + index) !== word)) return false;
    this.#position += words.length;
    return true;
  }

  /** Goes past one of these words when it stands here. */
  takeOneOf(words: ReadonlySet<string>): string | null {
    const { next } = this;
    if (!words.has(next)) return null;
    this.#position++;
    return next;
  }

  takeName(): string | null {
    const token = this.#tokens[this.#position];
    if (token?.kind !== "word" && token?.kind !== "identifier") return null;
    this.#position++;
    if (token.kind === "word") return token.text;
    const quote = token.text.slice(-1);
    return token.text.slice(1, -1).replaceAll(quote + quote, quote);
  }

  takeQualifiedName(): QualifiedName | null {
    const first = this.takeName();
    if (first === null || !this.take(".")) return first === null ? null : { schema: null, name: first };
    const name = this.takeName();
    return name === null ? null : { schema: first, name };
  }

  /** Goes past everything up to the next comma that is in no parentheses, and past that comma. */
  skipPastComma(): void {
    for (let depth = 0; !this.isAtEnd; ) {
      const { next } = this;
      this.skip();
      if (next === "(") depth++;
      else if (next === ")") depth--;
      else if (next === "," && depth === 0) return;
    }
  }

  #textAt(position: number): string {
    const token = this.#tokens[position];
    return token?.kind === "word" || token?.kind === "operator" ? token.text.toUpperCase() : "";
  }
}
