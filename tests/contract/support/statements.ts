/** Statements put together from all that a database's scanner has to tell apart, close to each other. */
import fc from "fast-check";
import { DatabaseType } from "../../../src/db/index.ts";
import type { PlaceholderStyle } from "../../../src/db/sql/scanner.ts";

/** Where a placeholder is meant, and where one is meant to be none, since it is in a string, a comment or a name. */
const MARK = "¿";
const LOOKALIKE = "§";

/** Put where something may end before it was meant to; nothing in the text. */
const CARELESS = "†";

/** What is in strings, names and comments: what ends or begins something elsewhere. */
const INSIDE = [
  ...[
    LOOKALIKE,
    LOOKALIKE,
    LOOKALIKE,
    "a",
    "é",
    "🍓",
    " ",
    "\n",
    "'",
    "'",
    '"',
    '"',
    "`",
    "`",
    "[",
    "]",
    "]",
    "(",
    ")",
  ],
  ...[
    "--",
    "-- ",
    "#",
    "/*",
    "*/",
    "/*!",
    "/*M!",
    "$",
    "$$",
    "$a$",
    ";",
    "\\",
    "\\",
    "%s",
    "??",
    ":x",
    "@x",
    "E'",
    "%",
    "!",
  ],
];

/** The text between the marks of something quoted. Seldom left as it came, so that it ends where nobody meant it. */
function inside(quote: (text: string, other: boolean) => string, from: readonly string[] = INSIDE) {
  const text = fc.array(fc.constantFrom(...from), { maxLength: 6 }).map((parts) => parts.join(""));
  return fc
    .tuple(text, fc.boolean(), fc.nat(80))
    .map(([raw, other, care]) => (care === 0 ? CARELESS + raw : quote(raw, other)));
}

const doubled = (mark: string) => (text: string) => text.replaceAll(mark, mark + mark);
/** With backslashes: each quote is escaped in one of the two ways. */
const escaped = (mark: string) => (text: string, other: boolean) =>
  text.replaceAll("\\", "\\\\").replaceAll(mark, other ? mark + mark : `\\${mark}`);

const PLAIN = inside(doubled("'")).map((text) => `'${text}'`);
const BACKSLASHED = inside(escaped("'")).map((text) => `'${text}'`);
const E_STRING = BACKSLASHED.map((text) => `E${text}`);
/** MySQL has no characters beyond U+FFFF in names, and no space at their end. */
const name = (open: string, close = open) =>
  inside(doubled(close)).map((text) => `${open}n${text.replaceAll("🍓", "")}n${close}`);
const dollarQuoted = fc
  .tuple(
    fc.constantFrom("", "a", "é_1", "$"),
    inside((text) => text),
  )
  .map(([tag, text]) => `$${tag.replace("$", "b")}$${text.replaceAll("$", "")}$${tag.replace("$", "b")}$`);
const dollarInDollar = inside((text) => text.replaceAll("$a$", "$b$")).map(
  (text) => `$a$${text.replace(/\$$/, "")}$a$`,
);

const seldom = (usual: string, ...others: readonly string[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

/** Comments that every MySQL and MariaDB executes, and comments that only some do. */
const EVERYWHERE = ["/*!", "/*!50000", "/*!050000"];
const SOMEWHERE = ["/*!99999", "/*!080000", "/*!50700", "/*M!", "/*M!100100"];

/** Tokens that are different each time. */
const VARIED: Readonly<Record<DatabaseType, Readonly<Record<string, fc.Arbitrary<string>>>>> = {
  sqlite: {
    "{:}": seldom("NULL", ":x", "@x", "?5", "$x", "??"),
    "{'}": PLAIN,
    '{"}': name('"'),
    "{`}": name("`"),
    "{[}": inside((text) => text.replaceAll("]", "")).map((text) => `[n${text}]`),
  },
  postgresql: {
    "{'}": PLAIN,
    "{U'}": inside((text) => text.replaceAll("\\", "\\\\").replaceAll("'", "''")).map((text) => `U&'${text}'`),
    "{E'}": E_STRING,
    "{E''}": fc
      .tuple(E_STRING, fc.constantFrom("\n", " \r ", " -- '\n", "--\\\n\t"), BACKSLASHED)
      .map((parts) => parts.join("")),
    "{$}": fc.oneof(dollarQuoted, dollarInDollar),
    '{"}': name('"'),
  },
  mysql: {
    "{'}": BACKSLASHED,
    '{"}': inside(escaped('"')).map((text) => `"${text}"`),
    "{`}": name("`"),
    "{control}": fc.constantFrom(..."\t\u0001\u001f\u007f").map((after) => `${after}${LOOKALIKE}\n`),
    "{version}": fc.constantFrom(...EVERYWHERE, ...SOMEWHERE),
    "{version?}": seldom("/*!50000", ...SOMEWHERE),
  },
};

/** Expressions on every database but PostgreSQL, which asks for types. A blank is where anything may stand between. */
const UNTYPED = [
  ...[MARK, MARK, `( ${MARK} )`, `- ${MARK}`, `~ ${MARK}`, "{'}", "{'}", '( SELECT 1 AS {"} )', "( SELECT 1 AS {`} )"],
  ...["( SELECT tab$9.a FROM ( SELECT 1 AS a ) AS tab$9 )", `( SELECT a FROM ( SELECT 1 AS a ) AS t LIMIT ${MARK} )`],
  ...[
    `CASE WHEN ${MARK} = {'} THEN {'} ELSE ${MARK} END`,
    `( ${MARK} BETWEEN ${MARK} AND ${MARK} )`,
    `( ${MARK} IN ( ${MARK} , {'} ) )`,
  ],
  ...[
    `( ${MARK} LIKE {'} )`,
    "1",
    "1.5e-3",
    ".5",
    "2.",
    "0x1F",
    "x'3f'",
    `- - ${MARK}`,
    `7 % ${MARK}`,
    `COALESCE( ${MARK} , {'} )`,
  ],
];

const EXPRESSIONS: Readonly<Record<DatabaseType, readonly string[]>> = {
  sqlite: [
    ...UNTYPED,
    ...["( SELECT 1 AS {[} )", "( SELECT 1 AS {[} )", `CAST( ${MARK} AS TEXT )`, `'{}' -> ${MARK}`, `'{}' ->> ${MARK}`],
    ...[`${MARK} COLLATE NOCASE`, "1_000", "{:}"],
  ],
  mysql: [
    ...UNTYPED.map((text) => text.replace('( SELECT 1 AS {"} )', '{"}')),
    ...[
      '{"}',
      "{'} {\"} {'}",
      "_utf8mb4{'}",
      "N{'}",
      "b'01'",
      "@a",
      "@a$9",
      "@@version",
      `CAST( ${MARK} AS CHAR )`,
      `! ${MARK}`,
    ],
    ...[
      `5--${MARK}`,
      "5--1",
      `5·--·${LOOKALIKE}\n`,
      "5·--{control}",
      "/*!·{'}·*/",
      "/*!50000·{'}·+·*/ 1",
      `1 /*!50000 + ${MARK} */`,
    ],
    ...[
      `/*!·${MARK}·+·*/ 1`,
      `/*!40101${MARK}+*/1`,
      `1 /*m!·${LOOKALIKE}·*/`,
      `1 /*+·${LOOKALIKE}·*/`,
      `1 /*·!${LOOKALIKE}*/`,
    ],
    ...["1 {version}·+·1·*/", "1 {version}·+·{'}·*/", `1 {version?}·+·${MARK}·*/`, "/*!1234·+·*/ 1"],
  ],
  postgresql: [
    ...[
      `${MARK} :: text`,
      `${MARK} :: text`,
      `CAST( ${MARK} AS text )`,
      `( ${MARK} :: int + 1 ) :: text`,
      "{'} :: text",
    ],
    ...["{E'} :: text", "{E'} :: text", "{E''} :: text", "{U'} :: text", "{$} :: text", "{$} :: text", "N{'} :: text"],
    ...[
      "( SELECT {'} :: text AS {\"} )",
      "( SELECT 'a' :: text AS U&{\"} )",
      "( SELECT tab$9.a FROM ( SELECT 'a' :: text AS a ) AS tab$9 )",
    ],
    ...[
      `( ARRAY[ 'a' , 'b' ] )[ ${MARK} :: int ]`,
      `( ( ARRAY[ 'a' , 'b' ] )[ ${MARK} :: int : ${MARK} :: int ] ) :: text`,
    ],
    ...[`( '{}' :: jsonb ?? ${MARK} :: text ) :: text`, `( '{}' :: jsonb ??| ARRAY[ ${MARK} :: text ] ) :: text`],
    ...[
      `( '{}' :: jsonb ??& ARRAY[ ${MARK} :: text ] ) :: text`,
      "( '{}' :: jsonb @?? '$.a' ) :: text",
      `( '{}' :: jsonb ->> ${MARK} :: text )`,
    ],
    ...[
      `( '{}' :: jsonb #>> ARRAY[ ${MARK} :: text ] )`,
      `( 7 % ${MARK} :: int ) :: text`,
      `( 7 # ${MARK} :: int ) :: text`,
      `( @ - 5 ) :: text`,
    ],
    ...[
      `( - - ${MARK} :: int ) :: text`,
      `( ${MARK} :: int BETWEEN ${MARK} :: int AND ${MARK} :: int ) :: text`,
      `( |/ ${MARK} :: float ) :: text`,
    ],
    ...[
      `CASE WHEN ${MARK} :: text = {'} THEN {E'} ELSE ${MARK} :: text END`,
      `( ${MARK} :: text IN ( ${MARK} :: text , {'} ) ) :: text`,
    ],
    ...[
      "1.5e-3 :: text",
      ".5 :: text",
      "2. :: text",
      "x'1F' :: text",
      "B'01' :: text",
      `( SELECT 'a' :: text LIMIT ${MARK} :: int )`,
    ],
    ...[`( ${MARK} :: text ~ {'} ) :: text`, `( ( ${MARK} ) :: text IS NULL ) :: text`],
  ],
};

const OPERATORS: Readonly<Record<DatabaseType, readonly string[]>> = {
  sqlite: ["+", "-", "*", "/", "%", "||", "|", "&", "=", "<>", "<<", "AND", "OR", "IS", "->>"],
  mysql: ["+", "-", "*", "/", "%", "||", "|", "&", "=", "<>", "<<", "AND", "OR", "<=>", "DIV"],
  postgresql: ["||"],
};

/** What stands between two tokens; null for nothing whatever they are. */
type Between = string | null;

function between(type: DatabaseType): fc.Arbitrary<Between> {
  const isMysql = type === DatabaseType.MYSQL;
  const hasNested = type === DatabaseType.POSTGRESQL;
  const comments = INSIDE.filter((text) => !/\/\*|\*\/|!/.test(text));
  const block = inside((text) => text, [...comments, "*", "/"])
    .map((text) => text.replaceAll("*/", "").replaceAll("/*", ""))
    .map((text) => (text.endsWith("/") ? `${text} ` : text))
    .map((text) => (/^M?!|^\+/.test(text) ? `/* ${text}*/` : `/*${text}*/`));
  const nested = block.map((text) => (hasNested ? `/*${LOOKALIKE}${text}'*/` : `/*/* ${text.slice(2)}`));
  const line = inside((text) => text.replaceAll("\n", ""), comments).map((text) => `--${isMysql ? " " : ""}${text}\n`);
  const hash = inside((text) => text.replaceAll("\n", ""), comments).map((text) => `#${text}\n`);
  return fc.oneof(
    { weight: 80, arbitrary: fc.constantFrom("", "", "", " ", " ", "\n", "\t", "\r\n") },
    { weight: 10, arbitrary: fc.oneof(block, block, nested) },
    { weight: 10, arbitrary: isMysql ? fc.oneof(line, hash) : line },
    {
      weight: 2,
      arbitrary: fc.constantFrom(null, null, "\f", "\f", "\r", "\r", "\v", "\ufeff", `${CARELESS}-- ${LOOKALIKE}\r`),
    },
  );
}

/** A statement whose placeholders are not yet written in a style. */
export interface Draft {
  readonly tokens: readonly string[];
  readonly between: readonly Between[];
}

/** Statements for a database, of which it understands most. */
export function drafts(type: DatabaseType): fc.Arbitrary<Draft> {
  const varied = VARIED[type];
  const filled = (token: string): fc.Arbitrary<string> => {
    const names = token.match(/\{[^{}]+\}/g)?.filter((name) => name in varied) ?? [];
    return fc
      .tuple(...names.map((name) => varied[name] as fc.Arbitrary<string>))
      .map((texts) => texts.reduce((text, found, index) => text.replace(names[index] as string, () => found), token));
  };
  const expressions = EXPRESSIONS[type].map((text) => fc.tuple(...text.split(" ").map(filled)));
  const expression = fc.oneof(...expressions);
  const operation = fc
    .tuple(expression, fc.array(fc.tuple(fc.constantFrom(...OPERATORS[type]), expression), { maxLength: 2 }))
    .map(([first, rest]) => [...first, ...rest.flatMap(([operator, next]) => [operator, ...next])]);
  const list = fc
    .array(operation, { minLength: 1, maxLength: 4 })
    .map((items) => items.flatMap((item, index) => (index === 0 ? item : [",", ...item])));
  const head = seldom("SELECT", "\ufeffSELECT", `--·${LOOKALIKE}\nSELECT`, `/*${LOOKALIKE};*/SELECT`, "\n·SELECT");
  const tail = fc.constantFrom(
    [],
    [],
    [],
    [";"],
    [";", ";"],
    [";", ` -- ${LOOKALIKE}`],
    [`/*${LOOKALIKE};*/`],
    [`-- ${LOOKALIKE}`],
  );
  return fc
    .tuple(head, list, tail, fc.array(between(type), { minLength: 24, maxLength: 24 }))
    .map(([first, tokens, end, gaps]) => ({ tokens: [first, ...tokens, ...end], between: gaps }));
}

/** Whether all its placeholders stay placeholders in every style, as far as the one who made it can tell. */
export function isPlain({ tokens, between }: Draft): boolean {
  return ![...tokens, ...between].some((part) => part === null || part.includes(CARELESS));
}

/** What two pieces must not become. Two words would be one, and an operator a comment. */
const JOINED = /[\w$\u0080-\uffff]\0[\w$\u0080-\uffff{'"]|\?\0[\d?]|[-@]\0-|\*\0\/|\/\0\*/;

/** The draft as text, with all its placeholders in one style. What only looks like `$1` is `$9`, which leaves a gap. */
export function write({ tokens, between }: Draft, style: PlaceholderStyle): string {
  let marks = 0;
  const lookalike = style === "$" ? "$9" : style;
  let text = "";
  const add = (piece: string) => {
    const isJoined = JOINED.test(`${text.slice(-1)}\0${piece.slice(0, 1)}`);
    text += `${isJoined ? " " : ""}${piece}`;
  };
  tokens.forEach((token, index) => {
    const written = token
      .replaceAll("·", " ")
      .replaceAll(CARELESS, "")
      .replaceAll(LOOKALIKE, lookalike)
      .replaceAll(MARK, () => (style === "$" ? `$${++marks}` : style));
    const gap = index === 0 ? null : between[index % between.length];
    if (gap) add(gap.replaceAll(CARELESS, "").replaceAll(LOOKALIKE, lookalike));
    if (gap === null) text += written;
    else add(written);
  });
  return text;
}

/** Something taken out of a text and something put in its place; where, in thousandths of its length. */
export interface Change {
  readonly at: number;
  readonly taken: number;
  readonly put: string;
}

export const changes: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(999),
  taken: fc.nat(2),
  put: fc.oneof(
    fc.constantFrom(
      "",
      ...INSIDE,
      ..."?",
      "$9",
      "$1",
      "\r",
      "\u007f",
      "\ufeff",
      "\u00a0",
      "*",
      "/",
      "-",
      "E",
      ".",
      "@",
      "&",
      "1",
      "::",
    ),
    fc.string({ unit: "binary", maxLength: 2 }).filter((text) => text.isWellFormed() && !text.includes("\0")),
  ),
});

export function change(text: string, { at, taken, put }: Change): string {
  const start = Math.floor((at / 1000) * text.length);
  const changed = text.slice(0, start) + put.replace(LOOKALIKE, "?") + text.slice(start + taken);
  return changed.toWellFormed().replace(/[;\s]+$/, ""); // MySQL takes these off before it looks at the text
}
