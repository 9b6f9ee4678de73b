import type { Dialect } from "../dialect.ts";
import { DatabaseError } from "../errors.ts";
import { nameOfValue } from "../name-of-value.ts";
import { assertReadAlike } from "./executable-comments.ts";
import { type PlaceholderStyle, Scanner } from "./scanner.ts";
import { readStatement } from "./splitter.ts";

/** A statement whose placeholders are the database's own. */
export interface ParsedStatement {
  /** The text to send. */
  readonly sql: string;
  /** How many values the caller must give; null when the text is native and nobody counted. */
  readonly parameterCount: number | null;
  /** The first word, in capitals: INSERT, SELECT, … Empty for a statement that begins with something else. */
  readonly verb: string;
  /** For each placeholder sent, which of the caller's values it takes; null when they are the same, in order. */
  readonly order: readonly number[] | null;
}

/**
 * Converts `?`, `$1` and `%s` to the database's own placeholders.
 *
 * @throws DatabaseError `parameter_mismatch` for what is no text, mixed or foreign styles, `syntax_error` for an empty text, an unclosed
 * string, a NUL or a second statement, `unsupported` for what only some servers would read so.
 */
export function parseStatement(text: string, dialect: Dialect): ParsedStatement {
  assertText(text);
  assertNoNul(text);
  const scanner = new Scanner(text, dialect.lexical);
  const pieces: string[] = [];
  const order: number[] = [];
  let style: PlaceholderStyle | null = null;
  let copied = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0; // SQLite alone knows what it is
  let verb: string | null = null;
  const extent = readStatement(scanner, dialect.lexical, () => {
    verb ??= scanner.kind === "word" ? text.slice(scanner.start, scanner.end).toUpperCase() : "";
    if (scanner.kind === "variable") throw foreignPlaceholder(text.slice(scanner.start, scanner.end));
    if (scanner.kind === "operator" && scanner.end - scanner.start > 1) {
      if (text.startsWith("/*", scanner.start)) assertReadAlike(scanner, dialect.lexical);
      if (text.startsWith("??", scanner.start)) {
        pieces.push(text.slice(copied, scanner.start), "?");
        copied = scanner.end;
      }
    }
    if (scanner.kind !== "placeholder") return;
    if (style !== null && style !== scanner.style) throw mixedPlaceholders(style, scanner.style);
    style = scanner.style;
    const index = style === "$" ? scanner.number - 1 : order.length;
    if (index < 0) throw foreignPlaceholder("$0");
    order.push(index);
    const position = dialect.numberedPlaceholders ? index + 1 : order.length;
    pieces.push(text.slice(copied, scanner.start), apart(dialect.placeholder(position), scanner, dialect));
    copied = scanner.end;
  });
  if (scanner.unterminated)
    throw new DatabaseError("syntax_error", "The statement has a string, identifier or comment that is never closed.");
  if (extent === null || extent.end === extent.start)
    throw new DatabaseError("syntax_error", "The statement is empty.");
  while (scanner.kind === "semicolon") scanner.next();
  if (scanner.kind !== "end") throw secondStatement();
  if (order.length > dialect.maxParameters) throw tooManyParameters(order.length, dialect.maxParameters);
  const parameterCount = order.reduce((count, index) => Math.max(count, index + 1), 0);
  const used = new Set(order);
  for (let n = 0; n < parameterCount; n++) if (!used.has(n)) throw unusedParameter(n + 1, parameterCount);
  const isInOrder = dialect.numberedPlaceholders || order.every((index, position) => index === position);
  pieces.push(text.slice(copied, extent.end));
  return { sql: pieces.join(""), verb: verb ?? "", parameterCount, order: isInOrder ? null : order };
}

const BYTE_ORDER_MARK = 0xfeff;
const WORD_PART = /[\w$\u0080-\uffff]/;

/**
 * A placeholder apart from the words that it touches: `LIMIT?` is no `LIMIT$1`, which would be a name, and in `?AND`
 * MySQL finds no placeholder.
 */
function apart(placeholder: string, { text, start, end }: Scanner, { numberedPlaceholders }: Dialect): string {
  const before = numberedPlaceholders && WORD_PART.test(text.charAt(start - 1)) ? " " : "";
  return before + placeholder + (WORD_PART.test(text.charAt(end)) ? " " : "");
}

/** @throws DatabaseError for what only a caller without types can give */
function assertText(text: unknown): void {
  if (typeof text === "string") return;
  throw new DatabaseError(
    "parameter_mismatch",
    `The statement is ${nameOfValue(text)}; its SQL is expected as a string.`,
    {
      hint: 'Write executeQuery("SELECT …", [values]).',
    },
  );
}

/** @throws DatabaseError for a NUL: SQLite would leave out, without a word, what stands behind it */
function assertNoNul(text: string): void {
  if (!text.includes("\0")) return;
  throw new DatabaseError("syntax_error", "The statement holds a NUL character.", {
    hint: "Give values as parameters.",
  });
}

/**
 * A statement that is sent as it stands, with the database's own placeholders.
 *
 * @throws DatabaseError `syntax_error` for a NUL; where nobody else would say so, also for a second statement, and
 * `parameter_mismatch` for a placeholder that no value of a list can be bound to
 */
export function nativeStatement(text: string, dialect: Dialect): ParsedStatement {
  assertText(text);
  assertNoNul(text);
  const scanner = new Scanner(text, dialect.lexical);
  const verb = scanner.next() === "word" ? text.slice(scanner.start, scanner.end).toUpperCase() : "";
  const parameterCount = dialect.countsNativeParameters ? countNative(text, dialect) : null;
  return { sql: text, verb, parameterCount, order: null };
}

/** As https://sqlite.org/lang_expr.html#varparam has it: `?` takes the number after the highest one so far. */
function countNative(text: string, { lexical }: Dialect): number {
  const scanner = new Scanner(text, lexical);
  let highest = 0;
  readStatement(scanner, lexical, () => {
    const isNamed = scanner.kind === "variable" || (scanner.kind === "placeholder" && scanner.style === "$");
    const found = text.slice(scanner.start, scanner.end);
    if (isNamed && !/^\?\d+$/.test(found)) throw namedPlaceholder(found);
    if (isNamed) highest = Math.max(highest, Number(found.slice(1)));
    else if (scanner.kind === "placeholder" && scanner.style === "?") highest++;
  });
  while (scanner.kind === "semicolon") scanner.next();
  if (scanner.kind !== "end") throw secondStatement();
  return highest;
}

/**
 * The values in the order of the placeholders sent.
 *
 * @throws DatabaseError `parameter_mismatch` when they are no list, or their number is wrong.
 */
export function arrangeParameters(statement: ParsedStatement, params: readonly unknown[]): readonly unknown[] {
  if (!Array.isArray(params)) {
    throw new DatabaseError(
      "parameter_mismatch",
      `The values were given as ${nameOfValue(params)}; a list is expected.`,
      {
        hint: "Write [first, second] in the order of the placeholders, also for a single value.",
      },
    );
  }
  if (statement.parameterCount !== null && params.length !== statement.parameterCount)
    throw wrongCount(statement.parameterCount, params.length);
  return statement.order === null ? params : statement.order.map((index) => params[index]);
}

export function wrongCount(wanted: number, given: number): DatabaseError {
  return new DatabaseError(
    "parameter_mismatch",
    `The statement has placeholders for ${count(wanted, "value")}, but ${count(given, "value")} ${given === 1 ? "was" : "were"} given.`,
  );
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

function foreignPlaceholder(found: string): DatabaseError {
  return new DatabaseError("parameter_mismatch", `${found} is not a placeholder that works on every database.`, {
    hint: 'Use ?, $1 or %s, or give { placeholders: "native" } to send the text as it is.',
  });
}

function namedPlaceholder(found: string): DatabaseError {
  return new DatabaseError(
    "parameter_mismatch",
    `${found} is a placeholder with a name, but values are given as a list.`,
    {
      hint: "Use ? or ?1.",
    },
  );
}

function mixedPlaceholders(first: PlaceholderStyle, second: PlaceholderStyle): DatabaseError {
  const show = (style: PlaceholderStyle) => (style === "$" ? "$1" : style);
  return new DatabaseError(
    "parameter_mismatch",
    `The statement mixes the placeholder styles ${show(first)} and ${show(second)}.`,
    {
      hint: "Write all placeholders of a statement in one style.",
    },
  );
}

function unusedParameter(n: number, highest: number): DatabaseError {
  return new DatabaseError("parameter_mismatch", `The statement uses $${highest} but never $${n}.`, {
    hint: "Number the placeholders from $1 without gaps.",
  });
}

function tooManyParameters(found: number, most: number): DatabaseError {
  return new DatabaseError(
    "parameter_mismatch",
    `The statement has ${found} placeholders; this database takes ${most}.`,
    {
      hint: "Split the statement, or send the values as one JSON parameter.",
    },
  );
}

function secondStatement(): DatabaseError {
  return new DatabaseError("syntax_error", "The text holds more than one statement.", {
    hint: "Run the statements one by one, inside transaction() if they belong together.",
  });
}
