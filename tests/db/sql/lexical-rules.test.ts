import { describe, expect, test } from "vitest";
import type { DatabaseType } from "../../../src/db/index.ts";
import { DIALECTS, NAMES, shown } from "./support.ts";

type Expected = readonly string[];

/** What a text is for each database, as `kind text`; `others` where it is the same. */
interface Rule extends Partial<Record<DatabaseType | "others", Expected>> {
  readonly text: string;
}

const RULES: Record<string, readonly Rule[]> = {
  "a string ends with its quote, and two quotes in it are one": [
    { text: "'a' 'b'", others: ["string 'a'", "string 'b'"] },
    { text: "'it''s' x", others: ["string 'it''s'", "word x"] },
    { text: "''''", others: ["string ''''"] },
    { text: "'? $1 %s -- /* ; \" `'", others: ["string '? $1 %s -- /* ; \" `'"] },
    { text: "'two\nlines'", others: ["string 'two\nlines'"] },
    { text: "x'00ff'", others: ["word x", "string '00ff'"] },
  ],
  "a backslash escapes on MySQL alone": [
    { text: "'\\' ?", mysql: ["string '\\' ?"], others: ["string '\\'", "placeholder ?"] },
    { text: "'\\\\' ?", others: ["string '\\\\'", "placeholder ?"] },
    { text: "'\\'' ?", mysql: ["string '\\''", "placeholder ?"], others: ["string '\\'' ?"] },
    { text: '"\\" ?', mysql: ['string "\\" ?'], others: ['identifier "\\"', "placeholder ?"] },
    { text: "`\\` ?", mysql: ["identifier `\\`", "placeholder ?"], sqlite: ["identifier `\\`", "placeholder ?"] },
  ],
  "E'…' is a string with backslashes on PostgreSQL alone": [
    { text: "E'\\' ?'", postgresql: ["string E'\\' ?'"] },
    { text: "e'it''s'", postgresql: ["string e'it''s'"], others: ["word e", "string 'it''s'"] },
    { text: "E'a\\\\' ?", postgresql: ["string E'a\\\\'", "placeholder ?"] },
    { text: "typE'\\' ?", postgresql: ["word typE", "string '\\'", "placeholder ?"] },
    { text: "E 'a'", others: ["word E", "string 'a'"] },
    // A string goes on after a line break, and keeps its escapes.
    { text: "E'a'\n '\\' ?' x", postgresql: ["string E'a'\n '\\' ?'", "word x"] },
    { text: "E'a' -- so\n '\\' ?' x", postgresql: ["string E'a' -- so\n '\\' ?'", "word x"] },
    { text: "E'a'\r'\\' ?' x", postgresql: ["string E'a'\r'\\' ?'", "word x"] },
    { text: "E'a' -- so '\\' ?'", postgresql: ["string E'a'"] },
    { text: "E'a' '\\' ?", postgresql: ["string E'a'", "string '\\'", "placeholder ?"] },
  ],
  "$tag$ … $tag$ is a string on PostgreSQL alone": [
    { text: "$$a'?;$$ x", postgresql: ["string $$a'?;$$", "word x"] },
    { text: "$a$ $$ $b$ $A$ $a$ ?", postgresql: ["string $a$ $$ $b$ $A$ $a$", "placeholder ?"] },
    { text: "$é_1$?$é_1$", postgresql: ["string $é_1$?$é_1$"] },
    { text: "a$b$ ?", others: ["word a$b$", "placeholder ?"] },
    { text: "$a $a", others: ["variable $a", "variable $a"] },
    { text: "$$ ?", postgresql: ["string $$ ?"], others: ["variable $$", "placeholder ?"] },
    { text: "$$'?' ?", postgresql: ["string $$'?' ?"], others: ["variable $$", "string '?'", "placeholder ?"] },
  ],
  '"…" is a name, but a string on MySQL': [
    { text: '"a""b?" ?', mysql: ['string "a""b?"', "placeholder ?"], others: ['identifier "a""b?"', "placeholder ?"] },
    { text: '"it\'s" ?', mysql: ['string "it\'s"', "placeholder ?"], others: ['identifier "it\'s"', "placeholder ?"] },
  ],
  "`…` is a name, but on PostgreSQL an operator": [
    {
      text: "`a``b?`",
      postgresql: ["operator `", "word a", "operator `", "operator `", "word b", "placeholder ?", "operator `"],
      others: ["identifier `a``b?`"],
    },
  ],
  "[…] is a name on SQLite and ends with the first bracket": [
    { text: "[a'?] ?", sqlite: ["identifier [a'?]", "placeholder ?"] },
    { text: "a[1]", sqlite: ["word a", "identifier [1]"], others: ["word a", "operator [", "number 1", "operator ]"] },
    {
      text: "a[?:?]",
      postgresql: ["word a", "operator [", "placeholder ?", "operator :", "placeholder ?", "operator ]"],
    },
  ],
  "-- begins a comment, on MySQL only before white space or the end": [
    { text: "a -- ?;'\nb", others: ["word a", "word b"] },
    { text: "a --", others: ["word a"] },
    { text: "a --\tb\nc", others: ["word a", "word c"] },
    { text: "5--1", mysql: ["number 5", "operator -", "operator -", "number 1"], others: ["number 5"] },
    { text: "5 --\u0001?", others: ["number 5"] },
    { text: "5 --\u007f?", others: ["number 5"] },
    { text: "'a'--'b'", mysql: ["string 'a'", "operator -", "operator -", "string 'b'"], others: ["string 'a'"] },
    { text: "a - - b", others: ["word a", "operator -", "operator -", "word b"] },
  ],
  "a carriage return ends such a comment on PostgreSQL alone": [
    { text: "a -- b\rc", postgresql: ["word a", "word c"], others: ["word a"] },
    { text: "a -- b\r\nc", others: ["word a", "word c"] },
  ],
  "# begins a comment on MySQL alone": [
    { text: "a # ?'\nb", mysql: ["word a", "word b"] },
    { text: "a#>b", mysql: ["word a"], postgresql: ["word a", "operator #", "operator >", "word b"] },
  ],
  "/* … */ is a comment, and holds others on PostgreSQL alone": [
    { text: "a/* ?;' */b", others: ["word a", "word b"] },
    {
      text: "a/**/b/***/c/*/*/d",
      postgresql: ["word a", "word b", "word c"],
      others: ["word a", "word b", "word c", "word d"],
    },
    { text: "/* /* */ ? */", postgresql: [], others: ["placeholder ?", "operator *", "operator /"] },
    { text: "/* /* */ */ ?", postgresql: ["placeholder ?"] },
    { text: "a*/b", others: ["word a", "operator *", "operator /", "word b"] },
    { text: "/* -- */ a", others: ["word a"] },
  ],
  "what /*! … */ holds is executed by MySQL": [
    { text: "/*! ? */", mysql: ["operator /*!", "placeholder ?", "operator */"], others: [] },
    { text: "/*!50000 ? */", mysql: ["operator /*!50000", "placeholder ?", "operator */"], others: [] },
    { text: "/*!500001 ? */", mysql: ["operator /*!500001", "placeholder ?", "operator */"], others: [] },
    { text: "/*!40101$1*/", mysql: ["operator /*!40101", "placeholder $1", "operator */"], others: [] },
    { text: "/*!1234 a*/", mysql: ["operator /*!", "number 1234", "word a", "operator */"], others: [] },
    { text: "/*M!100100 a*/", mysql: ["operator /*M!100100", "word a", "operator */"], others: [] },
    { text: "/*M a*/ b", others: ["word b"] },
    { text: "/*m! a*/ b", others: ["word b"] },
    { text: "/* ! a*/ b", others: ["word b"] },
    // The end of one is no beginning of another.
    { text: "/*! 2 */*3", mysql: ["operator /*!", "number 2", "operator */", "operator *", "number 3"] },
    { text: "2*/* ? */3", others: ["number 2", "operator *", "number 3"] },
    { text: "/*! /* ? */ */", mysql: ["operator /*!", "operator */"] },
    { text: "/*+ NO_INDEX(?) */ a", others: ["word a"] },
  ],
  "?, $1 and %s are placeholders": [
    { text: "?,? = ?", others: ["placeholder ?", "operator ,", "placeholder ?", "operator =", "placeholder ?"] },
    { text: "$1,$23", others: ["placeholder $1", "operator ,", "placeholder $23"] },
    { text: "%s,%s)", others: ["placeholder %s", "operator ,", "placeholder %s", "operator )"] },
    { text: "%s::text", others: ["placeholder %s", "operator ::", "word text"] },
  ],
  "%s is none when a letter, a digit or _ follows": [
    { text: "a %sb", others: ["word a", "operator %", "word sb"] },
    { text: "a%s_1", others: ["word a", "operator %", "word s_1"] },
    { text: "a%s1", others: ["word a", "operator %", "word s1"] },
    { text: "a%sé", others: ["word a", "operator %", "word sé"] },
    { text: "5 % s", others: ["number 5", "operator %", "word s"] },
    { text: "%S", others: ["operator %", "word S"] },
  ],
  "$1 is none inside of a word": [
    { text: "a$1", others: ["word a$1"] },
    { text: "$1a", others: ["variable $1a"] },
  ],
  "?? is an operator on PostgreSQL, and foreign elsewhere": [
    { text: "a ?? b", postgresql: ["word a", "operator ??", "word b"], others: ["word a", "variable ??", "word b"] },
    { text: "a ??| b", postgresql: ["word a", "operator ??", "operator |", "word b"] },
    { text: "a @?? ?", postgresql: ["word a", "operator @", "operator ??", "placeholder ?"] },
    { text: "a ??? b", postgresql: ["word a", "operator ??", "placeholder ?", "word b"] },
  ],
  ":x and @x are SQLite's own, and so is ?5, which means nothing elsewhere": [
    { text: ":x", sqlite: ["variable :x"], others: ["operator :", "word x"] },
    { text: "@x", sqlite: ["variable @x"], postgresql: ["operator @", "word x"], mysql: ["operator @x"] },
    { text: "@$1", sqlite: ["variable @$1"], postgresql: ["operator @", "placeholder $1"], mysql: ["operator @$1"] },
    { text: "@'?'", others: ["operator @", "string '?'"] },
    { text: "?5", others: ["variable ?5"] },
    { text: "a::int", others: ["word a", "operator ::", "word int"] },
    { text: "a : b", others: ["word a", "operator :", "word b"] },
  ],
  "a number is one token, with its sign of exponent": [
    { text: "1.5e-3+.5", others: ["number 1.5e-3", "operator +", "number .5"] },
    { text: "0x1F 1_000", others: ["number 0x1F", "number 1_000"] },
    { text: "1-2", others: ["number 1", "operator -", "number 2"] },
    { text: "t.1", others: ["word t", "number .1"] },
  ],
  "a word may have any letter": [
    { text: "été_1 名前 _x", others: ["word été_1", "word 名前", "word _x"] },
    { text: "a.b", others: ["word a", "operator .", "word b"] },
  ],
  "white space is no token, nor is a byte order mark at the beginning, and on SQLite anywhere": [
    { text: "\ufeff$1", others: ["placeholder $1"] },
    { text: "a \ufeff$1", sqlite: ["word a", "placeholder $1"], others: ["word a", "word \ufeff$1"] },
    { text: "\ufeff a\t\n\v\f\r b ", others: ["word a", "word b"] },
    { text: "", others: [] },
  ],
  "a semicolon is one wherever it counts": [
    { text: "a;b;;", others: ["word a", "semicolon ;", "word b", "semicolon ;", "semicolon ;"] },
  ],
};

describe.each(Object.entries(RULES))("%s", (_, rules) => {
  const cases = rules.flatMap((rule) =>
    NAMES.filter((name) => rule[name] ?? rule.others).map((name) => ({ name, text: rule.text, rule })),
  );
  test.each(cases)("$name: $text", ({ name, text, rule }) => {
    expect(shown(text, DIALECTS[name])).toEqual(rule[name] ?? rule.others);
  });
});
