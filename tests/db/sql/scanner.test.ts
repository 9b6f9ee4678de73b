import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { count, DIALECTS, FULL, hostileText, LONG, milliseconds, NAMES, scan, secondsPerMegabyte } from "./support.ts";

/** Tokens that are whole whatever stands beside them, as long as something separates them. */
const EVERYWHERE = ["a", "été", "_1$", "'it''s ? -- '", "''", "?", "$1", "%s", ";", "1.5e-3", "(", "=", "::", "<"];
const TOKENS = {
  sqlite: [...EVERYWHERE, '"a""?"', "`a``?`", "[a'?;]", "'\\'", ":x", "@x", "?12", "??"],
  postgresql: [...EVERYWHERE, '"a""?"', "E'\\' ?'", "$$ ' ? $a $$", "$a$ $$ ; $a$", "'\\'", "??"],
  mysql: [...EVERYWHERE, '"a\\" ?"', "`a``?`", "'\\' ?'", "@", "!"],
};

const repeated = (unit: string) => (characters: number) => unit.repeat(characters / unit.length);

/** Texts of about so many characters. */
const MEGABYTES: Readonly<Record<string, (characters: number) => string>> = {
  statements: repeated("SELECT a, 'it''s' FROM \"t\" WHERE b = ? AND c > 1.5 -- so\n;"),
  strings: repeated("'', 'it''s', E'\\\\', \"a\", `b`, "),
  "a string that is never closed": (characters) => `SELECT '${"it ''s \\\\ ? ".repeat(characters / 12)}`,
  "quotes, each closed by the next but one": repeated("'\" \"' "),
  comments: repeated("/* ? */ -- ?\n a "),
  "comments in comments": repeated("/* /* ? */ */ "),
  "a comment that is never closed": (characters) => `/*${" * / /* ".repeat(characters / 8)}`,
  "comments that are executed": repeated("/*!99999 + 1 */ /*M! + 1 */"),
  "dollar tags, each of them another": (characters) =>
    Array.from({ length: characters / 10 }, (_, n) => `$a${n}$b$c`).join(" "),
  "dollar quotes": repeated("$a$ $b$ ? $a$, $$ $a$ $$, "),
  placeholders: repeated("?, $1, %s, "),
  "question marks": repeated("?"),
};

describe.each(NAMES.map((name) => [name, DIALECTS[name]] as const))("the scanner (%s)", (name, dialect) => {
  test.each(["'a", "'a''", '"a', "/* a", "/* a *", "a 'b"])("notices that %s is never closed", (text) => {
    const { unterminated, tokens } = scan(text, dialect);
    expect(unterminated).toBe(true);
    expect(tokens.at(-1)?.end ?? text.length).toBe(text.length);
  });

  test("finds tokens that cover any text, with nothing but space and comments between them", () => {
    fc.assert(
      fc.property(hostileText, (sql) => {
        let at = 0;
        const { tokens } = scan(sql, dialect);
        for (const { start, end } of [...tokens, { start: sql.length, end: sql.length + 1 }]) {
          expect(start).toBeGreaterThanOrEqual(at);
          expect(end).toBeGreaterThan(start);
          expect(scan(sql.slice(at, start), dialect).tokens).toEqual([]);
          at = end;
        }
      }),
      { numRuns: FULL ? 20_000 : 500 },
    );
  });

  test("finds each token again, whatever stands between them", () => {
    const token = fc.constantFrom(...TOKENS[name]);
    // No mere line break, over which a string of PostgreSQL goes on.
    const between = fc.constantFrom(" ", "\t", " /* -- */\n", '/* " ? ; */', " /**/ ");
    fc.assert(
      fc.property(fc.array(fc.tuple(token, between), { maxLength: 30 }), (parts) => {
        const sql = parts.flat().join("");
        expect(scan(sql, dialect).tokens.map((found) => found.text)).toEqual(parts.map(([text]) => text));
      }),
      { numRuns: FULL ? 20_000 : 500 },
    );
  });

  test.each(Object.entries(LONG))("needs a time that grows with the text, and no faster: %s", (_, unit) => {
    // A time that grew with the square would be minutes.
    expect(secondsPerMegabyte(unit, (sql) => count(sql, dialect))).toBeLessThan(2);
  });

  test.each(Object.entries(MEGABYTES))(
    "reads a megabyte in less than 50 ms, or in proportion to less: %s",
    (_, make) => {
      const fewer = make(62_500);
      const more = make(1_000_000);
      let [short, long] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
      const read = () => {
        short = Math.min(
          short,
          milliseconds(() => count(fewer, dialect)),
        );
        long = Math.min(
          long,
          milliseconds(() => count(more, dialect)),
        );
        // Sixteen times as long takes sixteen times as long, where the square would be 256.
        return long < 64 * short && (!FULL || long < 50);
      };
      // Only the shortest of many times tells of the scanner and not of what else the machine does.
      const isSoon = Array.from({ length: 40 }).some(read);
      expect(isSoon, `${short} ms, and ${long} ms for sixteen times as much`).toBe(true);
    },
  );
});
