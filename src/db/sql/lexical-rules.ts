/** The rules by which a database cuts SQL text into tokens. Data, so that one scanner serves all. */
export interface LexicalRules {
  /** What `"…"` holds. */
  readonly doubleQuoted: "identifier" | "string";
  /** Whether `` `…` `` is an identifier. */
  readonly backtickIdentifiers: boolean;
  /** Whether `[…]` is an identifier. */
  readonly bracketIdentifiers: boolean;
  /** Whether a backslash escapes the next character inside every string. */
  readonly backslashEscapes: boolean;
  /** Whether `E'…'` is a string in which a backslash escapes. */
  readonly escapeStrings: boolean;
  /** Whether `$tag$ … $tag$` is a string. */
  readonly dollarQuotes: boolean;
  /** Whether `#` begins a comment. */
  readonly hashComments: boolean;
  /** Whether `--` begins a comment only before white space, a control character or the end. */
  readonly dashCommentNeedsSpace: boolean;
  /** Whether comments nest. */
  readonly nestedComments: boolean;
  /** Whether `/*! … *\/` and `/*M! … *\/` are executed, by some servers at least. */
  readonly executableComments: boolean;
  /** Characters that begin a named variable of the database itself; refused, since one SQL text serves all. */
  readonly variablePrefixes: string;
  /** Whether `@name` is a variable of the session, which may be used; so `@$1` is one. */
  readonly sessionVariables: boolean;
  /** Whether `??` stands for the operator `?`. */
  readonly questionMarkOperators: boolean;
  /** Whether a byte order mark is white space wherever it stands; at the very beginning it is for all, and else a letter. */
  readonly byteOrderMarkIsSpace: boolean;
  /** Whether a carriage return by itself ends a `--` comment. */
  readonly carriageReturnEndsComment: boolean;
  /**
   * How a statement that holds statements is recognised: as `sqlite3` does for triggers, as `psql` does for
   * `BEGIN ATOMIC`, or by its being a routine, whose end is that of the text.
   */
  readonly compoundStatements: "trigger" | "atomic" | "routine";
  /** Whether a script can change what ends its statements, with a line `DELIMITER //`. */
  readonly delimiterCommand: boolean;
}
