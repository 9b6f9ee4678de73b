import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DatabaseError, SqliteAdapter } from "../../../src/db/index.ts";
import { arrangeParameters, nativeStatement, parseStatement } from "../../../src/db/sql/placeholders.ts";
import { DIALECTS, FULL, hostileText, LONG, NAMES, secondsPerMegabyte } from "./support.ts";

const { sqlite, postgresql, mysql } = DIALECTS;
const EACH = NAMES.map((name) => ({ name, dialect: DIALECTS[name] }));

/** What is sent, and the values in its order, for these values of the caller. */
function sent(text: string, dialect = postgresql, values: readonly unknown[] = []): [string, readonly unknown[]] {
  const statement = parseStatement(text, dialect);
  return [statement.sql, arrangeParameters(statement, values)];
}

/** The error with which a text is refused. */
function refusal(text: string, dialect = postgresql): { kind: string; message: string; hint: string | undefined } {
  try {
    parseStatement(text, dialect);
  } catch (error) {
    if (error instanceof DatabaseError) return { kind: error.kind, message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error(`${text} was not refused`);
}

describe("one text for all databases", () => {
  const values = ["x", "y"];

  test.each(["a = ? AND b = ?", "a = %s AND b = %s", "a = $1 AND b = $2"])("%s", (where) => {
    const text = `SELECT 'a?$1%s' FROM t WHERE ${where}`;
    const begin = "SELECT 'a?$1%s' FROM t WHERE a = ";
    expect(sent(text, sqlite, values)).toEqual([`${begin}? AND b = ?`, values]);
    expect(sent(text, postgresql, values)).toEqual([`${begin}$1 AND b = $2`, values]);
    expect(sent(text, mysql, values)).toEqual([`${begin}? AND b = ?`, values]);
  });

  test("a numbered placeholder may come in any order and as often as one likes", () => {
    const text = "SELECT $2, $1, $2";
    expect(sent(text, postgresql, values)).toEqual(["SELECT $2, $1, $2", values]);
    for (const dialect of [sqlite, mysql])
      expect(sent(text, dialect, values)).toEqual(["SELECT ?, ?, ?", ["y", "x", "y"]]);
  });

  test("nothing is changed but the placeholders: comments, strings and white space are sent as they are", () => {
    const text = "/* ? */ SELECT  '?',\n\t? -- ?\n";
    expect(parseStatement(text, postgresql).sql).toBe("/* ? */ SELECT  '?',\n\t$1");
    expect(parseStatement(text, mysql).sql).toBe("/* ? */ SELECT  '?',\n\t?");
  });

  test("a per cent sign alone is no placeholder", () => {
    expect(sent("SELECT 10 % 3, a %size, 'x' LIKE '%s'")).toEqual(["SELECT 10 % 3, a %size, 'x' LIKE '%s'", []]);
  });

  test("?? is the operator ? of PostgreSQL", () => {
    expect(sent("SELECT j ?? $1, j ??| $2, j ??& $2", postgresql, values)[0]).toBe("SELECT j ? $1, j ?| $2, j ?& $2");
    expect(sent("SELECT j @?? ? AND k ?? 'b'", postgresql, ["x"])[0]).toBe("SELECT j @? $1 AND k ? 'b'");
  });

  test.each([
    ["SELECT?", "SELECT $1"],
    ["SELECT a FROM t LIMIT?", "SELECT a FROM t LIMIT $1"],
    ["SELECT a FROM t WHERE a=?AND b=?", "SELECT a FROM t WHERE a=$1 AND b=$2"],
    ["SELECT a FROM t LIMIT%s", "SELECT a FROM t LIMIT $1"],
    ["SELECT é?é", "SELECT é $1 é"],
  ])("a placeholder without a space, %s, does not become part of a word", (text, expected) => {
    expect(parseStatement(text, postgresql).sql).toBe(expected);
  });

  test.each(EACH)("a byte order mark before it is left out ($name)", ({ dialect }) => {
    expect(parseStatement("\ufeffSELECT 1", dialect).sql).toBe("SELECT 1");
  });

  test.each(EACH)("a closing semicolon and comments are fine ($name)", ({ dialect }) => {
    for (const tail of [";", " ;", "; -- so", ";\n/* so */ ", " -- so", " /* ; */"])
      expect(parseStatement(`SELECT 1${tail}`, dialect).sql).toBe("SELECT 1");
  });

  test.each([
    [sqlite, "CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = 1; DELETE FROM u; END"],
    [postgresql, "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 2 END; END"],
    [postgresql, "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM u; DELETE FROM v)"],
    [mysql, "CREATE DEFINER = 'a'@'b' PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; SELECT 2; END"],
    [mysql, "ALTER EVENT e DO BEGIN SELECT 1; SELECT 2; END"],
  ])("what holds statements is one (%#)", (dialect, text) => {
    expect(parseStatement(text, dialect).sql).toBe(text);
  });

  test.each([
    ["select 1", "SELECT"],
    ["/* a */ -- b\n Insert INTO t VALUES (1)", "INSERT"],
    ["(SELECT 1)", ""],
    ["WITH a AS (SELECT 1) SELECT * FROM a", "WITH"],
  ])("the verb of %s is %j", (text, verb) => {
    expect(parseStatement(text, sqlite).verb).toBe(verb);
    expect(nativeStatement(text, sqlite).verb).toBe(verb);
  });
});

describe("a native statement", () => {
  test.each(EACH.filter(({ name }) => name !== "sqlite"))(
    "is sent as it is and only the server counts its values ($name)",
    ({ dialect }) => {
      const text = "SELECT :x, ?5, @y, '?'; SELECT $1";
      const statement = nativeStatement(text, dialect);
      expect(statement).toMatchObject({ sql: text, parameterCount: null });
      expect(arrangeParameters(statement, [1, 2, 3])).toEqual([1, 2, 3]);
    },
  );

  test.each([
    ["SELECT 1", 0],
    ["SELECT ?, '?', \"?\", [?], `?` -- ?", 1],
    ["SELECT ?, ?, ?;", 3],
    ["SELECT ?2, ?1", 2],
    ["SELECT ?5", 5],
    ["SELECT ?3, ?, ?1", 4],
    ["SELECT 7 %s /* ? */;; -- ?", 0],
    ["CREATE TRIGGER t AFTER DELETE ON a BEGIN DELETE FROM b; SELECT 1; END", 0],
  ])("is sent as it is and its values are counted where the driver does not: %s", (text, count) => {
    const statement = nativeStatement(text, sqlite);
    expect(statement).toEqual({ sql: text, verb: text.split(" ")[0], parameterCount: count, order: null });
    expect(() => arrangeParameters(statement, Array.from({ length: count + 1 }))).toThrow("placeholders for");
  });

  test.each([":x", "@x", "#x", "$x", "$1"])("has no names where values are a list: %s", (name) => {
    expect(() => nativeStatement(`SELECT ?, ${name}`, sqlite)).toThrow(
      expect.objectContaining({ kind: "parameter_mismatch", message: expect.stringContaining(name) }),
    );
  });

  test("is one where the driver would leave out the second", () => {
    expect(() => nativeStatement("SELECT 1; SELECT 2", sqlite)).toThrow("more than one statement");
  });

  test.each(EACH)("has no NUL, behind which nothing would be read ($name)", ({ dialect }) => {
    expect(() => nativeStatement("DELETE FROM t \0 WHERE a = 1", dialect)).toThrow("NUL");
  });
});

describe("what is refused before anything is sent", () => {
  test.each(EACH)("two styles in one statement ($name)", ({ dialect }) => {
    expect(refusal("SELECT ?, $1", dialect)).toEqual({
      kind: "parameter_mismatch",
      message: "The statement mixes the placeholder styles ? and $1.",
      hint: "Write all placeholders of a statement in one style.",
    });
    expect(refusal("SELECT %s, ?", dialect).message).toContain("%s and ?");
    expect(refusal("SELECT $1, %s", dialect).message).toContain("$1 and %s");
  });

  test.each([
    [sqlite, ":x"],
    [sqlite, "@x"],
    [sqlite, "$x"],
    [postgresql, "$x"],
    [mysql, "$x"],
    [sqlite, "?5"],
    [postgresql, "?5"],
    [mysql, "?5"],
    [sqlite, "??"],
    [mysql, "??"],
    [postgresql, "$0"],
    [postgresql, "$1a"],
  ])("a placeholder that is not one everywhere (%#: %s)", (dialect, placeholder) => {
    expect(refusal(`SELECT ${placeholder}`, dialect)).toEqual({
      kind: "parameter_mismatch",
      message: `${placeholder} is not a placeholder that works on every database.`,
      hint: 'Use ?, $1 or %s, or give { placeholders: "native" } to send the text as it is.',
    });
  });

  test("what looks like one but is not: a slice, a cast, a variable of the session, a named argument", () => {
    for (const text of ["SELECT a[1:n], b::int", "SELECT @a, @ b", "SELECT f(a => 1)"])
      expect(parseStatement(text, postgresql).parameterCount).toBe(0);
    expect(parseStatement("SELECT @x := 1, @@version", mysql).parameterCount).toBe(0);
  });

  test.each([
    ["SELECT $2", "uses $2 but never $1"],
    ["SELECT $1, $3", "uses $3 but never $2"],
    ["SELECT $1, $99999999999", "uses $99999999999 but never $2"],
  ])("a gap between the numbers: %s", (text, message) => {
    expect(refusal(text)).toMatchObject({ kind: "parameter_mismatch", message: expect.stringContaining(message) });
  });

  test.each([
    ["SELECT 1", ["secret"], "placeholders for 0 values, but 1 value was given"],
    ["SELECT ?", [], "placeholders for 1 value, but 0 values were given"],
    ["SELECT ?, ?", ["secret"], "placeholders for 2 values, but 1 value was given"],
    ["SELECT $1, $1", ["secret", "secret"], "placeholders for 1 value, but 2 values were given"],
  ])("a wrong number of values: %s with %j", (text, values, message) => {
    const statement = parseStatement(text, mysql);
    const refused = expect(() => arrangeParameters(statement, values));
    refused.toThrow(expect.objectContaining({ kind: "parameter_mismatch", message: expect.stringContaining(message) }));
    refused.not.toThrow("secret");
  });

  test.each(EACH)("a second statement ($name)", ({ dialect }) => {
    for (const text of ["SELECT 1; SELECT 2", "SELECT 1;DROP TABLE t;", "SELECT ';';'a'"])
      expect(refusal(text, dialect)).toEqual({
        kind: "syntax_error",
        message: "The text holds more than one statement.",
        hint: "Run the statements one by one, inside transaction() if they belong together.",
      });
  });

  test.each(EACH)("nothing at all ($name)", ({ dialect }) => {
    for (const text of ["", " \n", ";", " ; ", "-- only this", "/* and this */;"])
      expect(refusal(text, dialect)).toMatchObject({ kind: "syntax_error", message: "The statement is empty." });
  });

  test.each(EACH)("what is never closed ($name)", ({ dialect }) => {
    for (const text of ["SELECT 'a", 'SELECT "a', "SELECT 1 /* a", "SELECT '?"])
      expect(refusal(text, dialect)).toMatchObject({ kind: "syntax_error", message: /never closed/ });
  });

  test.each([
    ["/*!80000 + ? */", "a placeholder"],
    ["/*!50700 + $1 */", "a placeholder"],
    ["/*M! + %s */", "a placeholder"],
    ["/*M!100100 + ?*/", "a placeholder"],
    ["/*!99999 ' */ , ? /* '*/", "a string that reaches beyond it"],
    ["/*!080000 `*/ , ? /*`*/", "a name that reaches beyond it"],
    ["/*!99999 -- */ , ?\n */", "a comment that reaches beyond it"],
    ["/*!99999 # */ , ?\n */", "a comment that reaches beyond it"],
    ["/*!99999 /* ? */ , ? */", "a comment that ends with it"],
    ["/*!99999 ; SELECT 1 */", "an end"],
    ["/*M!99999 + :x ?? */", "something foreign"],
  ])("on MySQL a comment that some servers execute, %s, with %s", (comment) => {
    const error = { kind: "unsupported", message: expect.stringContaining("some servers"), hint: expect.any(String) };
    expect(refusal(`SELECT 1 ${comment}`, mysql)).toMatchObject(error);
    expect(refusal("SELECT 1 /*!80000 + 1", mysql)).toMatchObject({ kind: "syntax_error", message: /never closed/ });
  });

  test.each([
    "SELECT 1 /*!80000 + 1 */ + 1",
    "SELECT 1 /*M!100100 + 'a' + `b` -- c\n*/",
    "SELECT 1 /*! + '*/' */",
    "SELECT '/*!80000 ? */', `/*M! ? */` -- /*!80000 ? */\n, 1",
    "/*!80000 SET a = 1 */",
  ])("but not one that means the same wherever it is executed: %s", (text) => {
    expect(parseStatement(text, mysql)).toMatchObject({ sql: text, parameterCount: 0 });
  });

  test("nor one that every server executes", () => {
    for (const opening of ["/*!", "/*!50000", "/*!050699", "/*!1234"])
      expect(parseStatement(`SELECT ${opening} ? */`, mysql).parameterCount).toBe(1);
  });

  test.each(EACH)("a NUL, behind which some databases read nothing ($name)", ({ dialect }) => {
    expect(refusal("DELETE FROM t \0 WHERE a = 1", dialect)).toMatchObject({ kind: "syntax_error", message: /NUL/ });
  });
});

describe.each(EACH)("whatever the text ($name)", ({ dialect }) => {
  test("it is refused with an error of the database layer, or sent with a placeholder for each value", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        try {
          const { parameterCount, order, sql } = parseStatement(text, dialect);
          expect(sql.length).toBeGreaterThan(0);
          if (order !== null) expect(new Set(order).size).toBe(parameterCount);
        } catch (error) {
          expect(error).toBeInstanceOf(DatabaseError);
        }
      }),
      { numRuns: FULL ? 50_000 : 1000 },
    );
  });

  test.each(Object.entries(LONG))("it is read in a time that grows with it, and no faster: %s", (_, unit) => {
    const read = (text: string) => {
      try {
        parseStatement(text, dialect);
      } catch (error) {
        expect(error).toBeInstanceOf(DatabaseError);
      }
    };
    expect(secondsPerMegabyte(unit, read)).toBeLessThan(4);
  });
});

test("SQLite itself understands each text as it was meant", async () => {
  await using adapter = new SqliteAdapter(":memory:");
  // Each with its value; the placeholder has the next parameter.
  const expressions: Record<string, unknown> = {
    "?": "next",
    "'a?$1%s'": "a?$1%s",
    "'it''s ?'": "it's ?",
    "'\\'": "\\",
    "/* ? */ 1 -- ?\n": 1,
    '(SELECT "?" FROM (SELECT 2 AS "?"))': 2,
    "(SELECT [?;] FROM (SELECT 3 AS `?;`))": 3,
    "7%sum(3)OVER()": 1,
    "5--?\n": 5,
    "x'3f'": Buffer.from("?"),
  };
  const text = fc.array(fc.constantFrom(...Object.keys(expressions)), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(text, fc.constantFrom("?", "%s", "$"), async (parts, style) => {
      const params: string[] = [];
      const selected = parts.map((part, index) => {
        if (part !== "?") return `${part} AS c${index}`;
        params.push(`value ${params.length}`);
        return `${style === "$" ? `$${params.length}` : style} AS c${index}`;
      });
      let next = 0;
      const expected = parts.map((part) => (part === "?" ? `value ${next++}` : expressions[part]));
      const [row] = await adapter.executeQuery(`SELECT ${selected.join(", ")};`, params);
      expect(Object.values(row ?? {})).toEqual(expected);
    }),
    { numRuns: FULL ? 5000 : 200 },
  );
});
