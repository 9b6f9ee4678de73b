import type { LexicalRules } from "./lexical-rules.ts";

/** What the scanner finds. White space and comments are passed over. */
export type TokenKind =
  | "word"
  | "identifier"
  | "string"
  | "number"
  | "placeholder"
  | "variable"
  | "semicolon"
  | "operator"
  | "end";

/** The ways to write a placeholder. */
export type PlaceholderStyle = "?" | "$" | "%s";

const code = (character: string): number => character.charCodeAt(0);
const [SINGLE, DOUBLE, BACKTICK, BRACKET, BACKSLASH] = ["'", '"', "`", "[", "\\"].map(code);
const [DASH, SLASH, STAR, HASH, DOLLAR, PERCENT, QUESTION, SEMICOLON, DOT, COLON, BANG] = [..."-/*#$%?;.:!"].map(code);
const [AT, CAPITAL_M, DELETE, BYTE_ORDER_MARK] = ["@", "M", "\u007f", "\ufeff"].map(code);

const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isWordStart = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95 || c >= 128;
const isWordPart = (c: number): boolean => isWordStart(c) || isDigit(c) || c === DOLLAR;
const isSpace = (c: number): boolean => c === 32 || (c >= 9 && c <= 13);

/**
 * Cuts SQL text into tokens in one linear pass, without allocating: after each {@link next}, `kind`, `start` and `end`
 * describe the token. Never throws, whatever the text; an unterminated string or comment reaches to the end.
 */
export class Scanner {
  readonly text: string;
  readonly #rules: LexicalRules;
  kind: TokenKind = "end";
  start = 0;
  end = 0;
  /** For a placeholder: how it is written. */
  style: PlaceholderStyle = "?";
  /** For a placeholder `$n`: n. Otherwise 0. */
  number = 0;
  /** For a string or comment that the text does not close: true from then on. */
  unterminated = false;
  /** Whether it is within a comment that is executed. */
  #isExecuting = false;

  constructor(text: string, rules: LexicalRules, position = 0) {
    this.text = text;
    this.#rules = rules;
    this.end = position;
  }

  /** Goes to the next token and returns its kind; `end` when there is none. */
  next(): TokenKind {
    const { text } = this;
    let i = this.#skipSpaceAndComments(this.end);
    this.start = i;
    if (i >= text.length) return this.#token("end", i);
    const c = text.charCodeAt(i);
    if (c === SINGLE) return this.#token("string", this.#quoted(i, SINGLE, this.#rules.backslashEscapes));
    if (c === DOUBLE) {
      const isString = this.#rules.doubleQuoted === "string";
      const end = this.#quoted(i, DOUBLE, isString && this.#rules.backslashEscapes);
      return this.#token(isString ? "string" : "identifier", end);
    }
    if (c === BACKTICK && this.#rules.backtickIdentifiers)
      return this.#token("identifier", this.#quoted(i, BACKTICK, false));
    if (c === BRACKET && this.#rules.bracketIdentifiers) return this.#token("identifier", this.#until("]", i + 1));
    if (c === SEMICOLON) return this.#token("semicolon", i + 1);
    if (c === QUESTION) return this.#questionMark(i);
    if (c === DOLLAR) return this.#dollar(i);
    if (c === PERCENT && text.charCodeAt(i + 1) === 115 && !isWordPart(text.charCodeAt(i + 2))) {
      return this.#placeholder("%s", 0, i + 2);
    }
    if (isDigit(c) || (c === DOT && isDigit(text.charCodeAt(i + 1)))) return this.#token("number", this.#numberEnd(i));
    if (isWordStart(c)) {
      if ((c === 69 || c === 101) && text.charCodeAt(i + 1) === SINGLE && this.#rules.escapeStrings) {
        return this.#token("string", this.#escapeString(i + 1));
      }
      i++;
      while (i < text.length && isWordPart(text.charCodeAt(i))) i++;
      return this.#token("word", i);
    }
    if (c === COLON && text.charCodeAt(i + 1) === COLON) return this.#token("operator", i + 2);
    if (c === AT && this.#rules.sessionVariables) {
      i++;
      while (isWordPart(text.charCodeAt(i))) i++;
      return this.#token("operator", i);
    }
    if (c === SLASH && text.charCodeAt(i + 1) === STAR) {
      this.#isExecuting = true;
      return this.#token("operator", this.#executableStart(i));
    }
    if (c === STAR && this.#isExecuting && text.charCodeAt(i + 1) === SLASH) {
      // One token: in `*/*` no other comment begins.
      this.#isExecuting = false;
      return this.#token("operator", i + 2);
    }
    if (this.#rules.variablePrefixes.includes(text.charAt(i)) && isWordPart(text.charCodeAt(i + 1))) {
      i++;
      while (i < text.length && isWordPart(text.charCodeAt(i))) i++;
      return this.#token("variable", i);
    }
    return this.#token("operator", i + 1);
  }

  #token(kind: TokenKind, end: number): TokenKind {
    this.end = end;
    this.kind = kind;
    return kind;
  }

  #placeholder(style: PlaceholderStyle, number: number, end: number): TokenKind {
    this.style = style;
    this.number = number;
    return this.#token("placeholder", end);
  }

  #questionMark(i: number): TokenKind {
    if (this.text.charCodeAt(i + 1) === QUESTION)
      return this.#token(this.#rules.questionMarkOperators ? "operator" : "variable", i + 2);
    let end = i + 1;
    while (isDigit(this.text.charCodeAt(end))) end++;
    // SQLite's numbered parameter. Elsewhere it is nothing, and `$1` in place of the mark would make another number of it.
    if (end > i + 1) return this.#token("variable", end);
    return this.#placeholder("?", 0, i + 1);
  }

  #dollar(i: number): TokenKind {
    const { text } = this;
    let end = i + 1;
    while (isDigit(text.charCodeAt(end))) end++;
    if (end > i + 1 && !isWordPart(text.charCodeAt(end)))
      return this.#placeholder("$", Number(text.slice(i + 1, end)), end);
    if (this.#rules.dollarQuotes && end === i + 1) {
      while (isWordStart(text.charCodeAt(end)) || (end > i + 1 && isDigit(text.charCodeAt(end)))) end++;
      if (text.charCodeAt(end) === DOLLAR) return this.#token("string", this.#until(text.slice(i, end + 1), end + 1));
    }
    while (isWordPart(text.charCodeAt(end))) end++;
    return this.#token(end > i + 1 ? "variable" : "operator", end);
  }

  #numberEnd(i: number): number {
    const { text } = this;
    while (i < text.length) {
      const c = text.charCodeAt(i);
      const isExponentSign =
        (c === 43 || c === DASH) && (text.charCodeAt(i - 1) | 32) === 101 && isDigit(text.charCodeAt(i + 1));
      if (!isWordPart(c) && c !== DOT && !isExponentSign) break;
      i++;
    }
    return i;
  }

  /** The position after the quote that closes the one at `i`; a doubled quote stands for itself. */
  #quoted(i: number, quote: number | undefined, backslash: boolean): number {
    const { text } = this;
    for (i++; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === BACKSLASH && backslash) i++;
      else if (c === quote) {
        if (text.charCodeAt(i + 1) !== quote) return i + 1;
        i++;
      }
    }
    this.unterminated = true;
    return text.length;
  }

  /**
   * `E'…'`, which goes on, with its escapes, in a string that only white space with a line break, and `--` comments,
   * separate from it.
   */
  #escapeString(i: number): number {
    let end = this.#quoted(i, SINGLE, true);
    for (;;) {
      let next = end;
      let hasLineBreak = false;
      for (let c = this.text.charCodeAt(next); ; c = this.text.charCodeAt(next)) {
        if (c === DASH && this.#beginsDashComment(next)) next = this.#lineEnd(next);
        else if (isSpace(c)) {
          hasLineBreak ||= c === 10 || c === 13;
          next++;
        } else break;
      }
      if (!hasLineBreak || this.text.charCodeAt(next) !== SINGLE) return end;
      end = this.#quoted(next, SINGLE, true);
    }
  }

  #until(mark: string, from: number): number {
    const found = this.text.indexOf(mark, from);
    if (found >= 0) return found + mark.length;
    this.unterminated = true;
    return this.text.length;
  }

  #skipSpaceAndComments(i: number): number {
    const { text } = this;
    while (i < text.length) {
      const c = text.charCodeAt(i);
      if (isSpace(c) || (c === BYTE_ORDER_MARK && (i === 0 || this.#rules.byteOrderMarkIsSpace))) i++;
      else if (c === DASH && this.#beginsDashComment(i)) i = this.#lineEnd(i);
      else if (c === HASH && this.#rules.hashComments) i = this.#lineEnd(i);
      else if (c === SLASH && text.charCodeAt(i + 1) === STAR && !this.#isExecutable(i)) i = this.#commentEnd(i);
      else break;
    }
    return i;
  }

  #beginsDashComment(i: number): boolean {
    if (this.text.charCodeAt(i + 1) !== DASH) return false;
    const after = this.text.charCodeAt(i + 2);
    return !this.#rules.dashCommentNeedsSpace || Number.isNaN(after) || after <= 32 || after === DELETE;
  }

  #isExecutable(i: number): boolean {
    if (!this.#rules.executableComments) return false;
    const third = this.text.charCodeAt(i + 2);
    return third === BANG || (third === CAPITAL_M && this.text.charCodeAt(i + 3) === BANG);
  }

  /** The position after `/*!` or `/*M!` and its version, which has five or six digits; other digits are what it holds. */
  #executableStart(i: number): number {
    const version = i + (this.text.charCodeAt(i + 2) === BANG ? 3 : 4);
    let end = version;
    while (end < version + 6 && isDigit(this.text.charCodeAt(end))) end++;
    return end < version + 5 ? version : end;
  }

  #lineEnd(i: number): number {
    const { text } = this;
    if (!this.#rules.carriageReturnEndsComment) {
      const end = text.indexOf("\n", i);
      return end < 0 ? text.length : end + 1;
    }
    while (i < text.length && text.charCodeAt(i) !== 10 && text.charCodeAt(i) !== 13) i++;
    return i;
  }

  #commentEnd(i: number): number {
    if (!this.#rules.nestedComments) return this.#until("*/", i + 2);
    let depth = 0;
    for (; i < this.text.length; i++) {
      const [c, d] = [this.text.charCodeAt(i), this.text.charCodeAt(i + 1)];
      if (c === SLASH && d === STAR) {
        depth++;
        i++;
      } else if (c === STAR && d === SLASH) {
        i++;
        if (--depth === 0) return i + 1;
      }
    }
    this.unterminated = true;
    return this.text.length;
  }
}
