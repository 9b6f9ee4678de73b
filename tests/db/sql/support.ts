import fc from "fast-check";
import { DatabaseType, type Dialect } from "../../../src/db/index.ts";
import { mysqlDialect } from "../../../src/db/mysql/dialect.ts";
import { postgresDialect } from "../../../src/db/postgresql/dialect.ts";
import { Scanner } from "../../../src/db/sql/scanner.ts";
import { sqliteDialect } from "../../../src/db/sqlite/dialect.ts";

export const FULL: boolean = process.env.FRAISIER_TEST_SCALE === "1";

export const DIALECTS: Readonly<Record<DatabaseType, Dialect>> = {
  sqlite: sqliteDialect,
  postgresql: postgresDialect,
  mysql: mysqlDialect,
};

export const NAMES: readonly DatabaseType[] = Object.values(DatabaseType);

export interface Token {
  readonly kind: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** All tokens of a text. */
export function scan(text: string, { lexical }: Dialect): { tokens: Token[]; unterminated: boolean } {
  const scanner = new Scanner(text, lexical);
  const tokens: Token[] = [];
  while (scanner.next() !== "end") {
    const { kind, start, end } = scanner;
    tokens.push({ kind, text: text.slice(start, end), start, end });
  }
  return { tokens, unterminated: scanner.unterminated };
}

/** Tokens as they are easily compared: `kind text`. */
export function shown(text: string, dialect: Dialect): string[] {
  return scan(text, dialect).tokens.map((token) => `${token.kind} ${token.text}`);
}

/** How many tokens a text has. */
export function count(text: string, { lexical }: Dialect): number {
  const scanner = new Scanner(text, lexical);
  let tokens = 0;
  while (scanner.next() !== "end") tokens++;
  return tokens;
}

const PIECES = [
  ..."'\"`[]\\$?%:@#;,.()-*/!=+ \n\r\t\0",
  ..."-- |--|/*|*/|/*!|/*M!|/*!99999|$$|$a$|$1|$99999999999|%s|??|E'|''|a|é|1|1e5|\ufeff|\ud83d|delimiter".split("|"),
  ..." SELECT | CREATE | OR | REPLACE | TEMP | TRIGGER | FUNCTION | BEGIN | ATOMIC | CASE | END ".split("|"),
  "\nDELIMITER //\n",
  "\nDELIMITER $$\n",
];

/** Any text; mostly made of what begins, ends or escapes something in SQL, in any order. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
  { weight: 3, arbitrary: fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join("")) },
);

/** What is repeated to a long text, in which every position could begin a search through all the rest. */
export const LONG: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ..."'\"`[$\\?%-/*#;.E \n\ufeff",
    ..."''|\\'|/*|*/|/*!|/*M!|/*! */|/*!99999 */|/*!99999 ' */|@a|/**/|/* /*|--|-- |--\n|$a|$a$|$a$ |$1,|%s,|??|E'|E''\n|E'a'\n'b'|1e+|1.|a |(|()|BEGIN ".split(
      "|",
    ),
    ..."CREATE |CREATE TRIGGER |CREATE FUNCTION BEGIN |; END|;delimiter|;delimiter x|//|DELIMITER //\n".split("|"),
  ].map((unit) => [JSON.stringify(unit), unit]),
);

/** The time that `work` takes on a megabyte of repetitions. */
export function secondsPerMegabyte(unit: string, work: (text: string) => void): number {
  const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
  return milliseconds(() => work(text)) / 1000;
}

export function milliseconds(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
