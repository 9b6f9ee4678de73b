import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DatabaseError } from "../../../src/db/index.ts";
import { splitStatements } from "../../../src/db/sql/splitter.ts";
import { DIALECTS, FULL, hostileText, LONG, NAMES, secondsPerMegabyte } from "./support.ts";

const { sqlite, postgresql, mysql } = DIALECTS;
const EACH = NAMES.map((name) => ({ name, dialect: DIALECTS[name] }));

const split = (script: string, dialect = sqlite): string[] =>
  splitStatements(script, dialect.lexical).map(({ text }) => text);

describe.each(EACH)("a script ($name)", ({ dialect }) => {
  test("is cut at its semicolons, the last of which may be missing", () => {
    expect(split("SELECT 1;SELECT 2 ; SELECT 3", dialect)).toEqual(["SELECT 1", "SELECT 2", "SELECT 3"]);
  });

  test("is not cut inside of strings, names and comments", () => {
    const statement = "SELECT ';', \"a;b\" -- c; d\n, /* ; */ 1";
    expect(split(`${statement};SELECT 2`, dialect)).toEqual([statement, "SELECT 2"]);
  });

  test("has no statement where there is nothing, or only comments", () => {
    for (const script of ["", " \n", ";;", "-- a; b", "/* a; */ ; -- b\n;", "\ufeff"])
      expect(split(script, dialect)).toEqual([]);
  });

  test("loses the comments around a statement and keeps those inside", () => {
    expect(split("-- a\nSELECT /* b */ 1 -- c\n; -- d\n/* e */ SELECT 2 /* f */", dialect)).toEqual([
      "SELECT /* b */ 1",
      "SELECT 2",
    ]);
  });

  test("tells the line on which each statement begins", () => {
    const script = "-- a\n\nSELECT 1,\n2; SELECT 3;\r\n/* b\n */ SELECT '4\n';SELECT 5";
    expect(splitStatements(script, dialect.lexical).map(({ line }) => line)).toEqual([3, 4, 6, 7]);
  });

  test("of any text has statements that are in it, in order, each one by itself", () => {
    fc.assert(
      fc.property(hostileText, (script) => {
        const statements = splitOrRefuse(script);
        let at = 0;
        for (const { text, line } of statements) {
          expect(text).toMatch(/[^\t-\r ]/);
          const start = script.indexOf(text, at);
          expect(start).toBeGreaterThanOrEqual(at);
          expect(line).toBeLessThanOrEqual(script.slice(0, script.lastIndexOf(text) + 1).split("\n").length);
          at = start + text.length;
        }
      }),
      { numRuns: FULL ? 20_000 : 500 },
    );
  });

  test("is the same however its statements are put together", () => {
    const statement = fc.constantFrom("SELECT 1", "UPDATE t\nSET a = ';'", "CREATE TABLE t (a, b)", 'DROP TABLE "a;b"');
    const between = fc.constantFrom(";", ";\n", " ; -- a ; b\n", ";;/* ; */\n;", "\n;\n\n");
    fc.assert(
      fc.property(fc.array(fc.tuple(statement, between), { maxLength: 20 }), (parts) => {
        expect(split(parts.flat().join(""), dialect)).toEqual(parts.map(([text]) => text));
      }),
    );
  });

  test.each(Object.entries(LONG))("is cut in a time that grows with it, and no faster: %s", (_, unit) => {
    expect(secondsPerMegabyte(unit, splitOrRefuse)).toBeLessThan(4);
  });

  function splitOrRefuse(script: string): { text: string; line: number }[] {
    try {
      return splitStatements(script, dialect.lexical);
    } catch (error) {
      expect(error).toBeInstanceOf(DatabaseError);
      return [];
    }
  }
});

describe("a trigger of SQLite", () => {
  const body = "BEGIN UPDATE t SET a = CASE WHEN 1 THEN 2 END; SELECT ';END;'; END";

  test.each([
    "CREATE TRIGGER x AFTER INSERT ON t",
    "create temp trigger if not exists x before update of a on t when new.a > 1",
    "CREATE /* ; */ TEMPORARY -- ;\nTRIGGER x INSTEAD OF DELETE ON v FOR EACH ROW",
    "EXPLAIN QUERY PLAN CREATE TRIGGER x AFTER INSERT ON t",
  ])("is one statement: %s", (head) => {
    expect(split(`SELECT 1; ${head} ${body}; SELECT 2;`)).toEqual(["SELECT 1", `${head} ${body}`, "SELECT 2"]);
  });

  test("ends with END after a semicolon, whatever is between the two", () => {
    const trigger = "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; -- so\n /* ; */ end";
    expect(split(`${trigger};SELECT 1`)).toEqual([trigger, "SELECT 1"]);
  });

  test("is no end for what only looks like one", () => {
    for (const head of ["CREATE TABLE trigger_x (a)", "CREATE VIEW x AS SELECT 'TRIGGER'", 'DROP TRIGGER "x"'])
      expect(split(`${head}; SELECT 2`)).toEqual([head, "SELECT 2"]);
  });
});

describe("a script of PostgreSQL", () => {
  test("has functions whose body is a string", () => {
    const script = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN x := ';'; END; $body$";
    expect(split(`${script}; SELECT 2`, postgresql)).toEqual([script, "SELECT 2"]);
  });

  test.each([
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END",
    "create or replace procedure p() begin atomic insert into t values (1); end",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (1); DELETE FROM u)",
  ])("has statements that hold others: %s", (text) => {
    expect(split(`${text}; SELECT 2`, postgresql)).toEqual([text, "SELECT 2"]);
  });

  test("has transactions whose BEGIN and END are statements", () => {
    expect(split("BEGIN; SELECT CASE WHEN a THEN 1 END; END; SELECT 2", postgresql)).toEqual([
      "BEGIN",
      "SELECT CASE WHEN a THEN 1 END",
      "END",
      "SELECT 2",
    ]);
  });
});

describe("a script of MySQL", () => {
  test("may change what ends its statements, as its command line does", () => {
    const script =
      "SELECT 1;\nDELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT ';//'; SELECT 2; END//\n" +
      "CREATE FUNCTION f() RETURNS INT RETURN 1 //\ndelimiter ;\nSELECT 3;";
    expect(split(script, mysql)).toEqual([
      "SELECT 1",
      "CREATE PROCEDURE p() BEGIN SELECT ';//'; SELECT 2; END",
      "CREATE FUNCTION f() RETURNS INT RETURN 1",
      "SELECT 3",
    ]);
    expect(splitStatements(script, mysql.lexical).map(({ line }) => line)).toEqual([1, 3, 4, 6]);
  });

  test("may set it on its very first line", () => {
    expect(split("\ufeff  DELIMITER //\nSELECT 1; SELECT 2//", mysql)).toEqual(["SELECT 1; SELECT 2"]);
  });

  test("may have any delimiter, $$ for instance, and a line ending of any kind", () => {
    expect(split("DELIMITER $$\r\nSELECT 1; SELECT 2$$\r\nSELECT 3 $$", mysql)).toEqual([
      "SELECT 1; SELECT 2",
      "SELECT 3",
    ]);
  });

  test("is refused where it names no delimiter", () => {
    const refused = expect(() => split("SELECT 1;\nDELIMITER \nSELECT 2", mysql));
    refused.toThrow(expect.objectContaining({ kind: "syntax_error", message: expect.stringContaining("DELIMITER") }));
  });

  test("may have a column with the name delimiter", () => {
    expect(split("SELECT\ndelimiter FROM t; SELECT 2", mysql)).toEqual(["SELECT\ndelimiter FROM t", "SELECT 2"]);
  });
});
