import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Row } from "../../../src/db/index.ts";
import { buildDelete, buildInsert, buildInsertMany, buildUpdate, buildUpsert } from "../../../src/db/sql/build.ts";
import { parseStatement } from "../../../src/db/sql/placeholders.ts";
import { DIALECTS, FULL, NAMES } from "./support.ts";

const { sqlite, postgresql, mysql } = DIALECTS;
const EACH = NAMES.map((name) => ({ name, dialect: DIALECTS[name] }));

describe("an insert", () => {
  test("names its columns and binds its values", () => {
    expect(buildInsert(sqlite, "t", { a: 1, 'b"c': null }, "id")).toEqual({
      text: 'INSERT INTO "t" ("a", "b""c") VALUES (?, ?) RETURNING "id"',
      params: [1, null],
    });
    expect(buildInsert(mysql, "t", { a: 1 }, null).text).toBe("INSERT INTO `t` (`a`) VALUES (?)");
  });

  test("of nothing is a row of defaults", () => {
    expect(buildInsert(postgresql, "t", {}, "id").text).toBe('INSERT INTO "t" DEFAULT VALUES RETURNING "id"');
    expect(buildInsert(mysql, "t", {}, null).text).toBe("INSERT INTO `t` () VALUES ()");
  });
});

describe("an insert of many rows", () => {
  test("is one statement, its values in the order of the first row's columns", () => {
    const rows = [
      { a: 1, b: 2 },
      { b: 4, a: 3 },
    ];
    expect(buildInsertMany(sqlite, "t", rows)).toEqual([
      { text: 'INSERT INTO "t" ("a", "b") VALUES (?, ?), (?, ?)', params: [1, 2, 3, 4] },
    ]);
  });

  test("is no statement without rows, and one for each row without columns", () => {
    expect(buildInsertMany(sqlite, "t", [])).toEqual([]);
    expect(buildInsertMany(sqlite, "t", [{}, {}]).map(({ text }) => text)).toEqual([
      'INSERT INTO "t" DEFAULT VALUES',
      'INSERT INTO "t" DEFAULT VALUES',
    ]);
  });

  test.each([
    [[{ a: 1 }, { b: 1 }], 1, "b"],
    [[{ a: 1 }, { a: 1 }, { a: 1, b: 1 }], 2, "b"],
    [[{ a: 1, b: 1 }, { a: 1 }], 1, "b"],
    [[{ a: 1 }, {}], 1, "a"],
    [[{}, { a: 1 }], 1, "a"],
  ] as [Row[], number, string][])("is refused when its rows differ: %j", (rows, index, column) => {
    const error = {
      kind: "parameter_mismatch",
      table: "t",
      message: `Row ${index} of insertMany has other columns than row 0: see column "${column}".`,
    };
    expect(() => buildInsertMany(sqlite, "t", rows)).toThrow(expect.objectContaining(error));
  });

  test("is cut where a statement would hold more than servers take at once", () => {
    const sizes = (rows: Row[]) => buildInsertMany(sqlite, "t", rows).map(({ params }) => params.length);
    const megabyte = "é".repeat(500_000);
    expect(sizes(Array.from({ length: 10 }, () => ({ a: megabyte })))).toEqual([8, 2]);
    expect(sizes(Array.from({ length: 5 }, () => ({ a: Buffer.alloc(3_000_000) })))).toEqual([1, 1, 1, 1, 1]);
    expect(sizes(Array.from({ length: 6 }, () => ({ a: { text: [megabyte] } })))).toEqual([6]);
    expect(sizes(Array.from({ length: 9 }, () => ({ a: { text: ["x".repeat(999_000)] } })))).toEqual([4, 4, 1]);
    expect(sizes([{ a: "x".repeat(9_000_000) }, { a: 1 }])).toEqual([1, 1]);
  });

  test.each(EACH)("is made of few large statements, whatever the lists' lengths ($name)", ({ dialect }) => {
    const row = { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8 };
    const large = new Set<string>();
    for (let count = 1; count < 3000; count += 7) {
      const statements = buildInsertMany(dialect, "t", Array(count).fill(row));
      expect(statements.length).toBeLessThanOrEqual(Math.ceil((count * 8) / dialect.chunkParameters) + 4);
      expect(statements.flatMap(({ params }) => params)).toHaveLength(count * 8);
      for (const { text, params } of statements) if (params.length >= 2000) large.add(text);
    }
    expect(large.size).toBeGreaterThanOrEqual(4);
    expect(large.size).toBeLessThanOrEqual(5);
    expect(buildInsertMany(dialect, "t", Array(1000).fill(row))).toHaveLength(1);
    expect(buildInsertMany(dialect, "t", Array(249).fill(row))).toHaveLength(1);
  });

  test.each(EACH)("holds one row at least, however wide it is ($name)", ({ dialect }) => {
    const wide = Object.fromEntries(Array.from({ length: 3000 }, (_, column) => [`c${column}`, column]));
    const statements = buildInsertMany({ ...dialect, chunkParameters: 2500 }, "t", Array(5).fill(wide));
    expect(statements.map(({ params }) => params.length)).toEqual([3000, 3000, 3000, 3000, 3000]);
  });

  test.each(EACH)("is cut where a statement has no more parameters, and loses no row ($name)", ({ dialect }) => {
    const limit = fc.integer({ min: 1, max: 40 });
    const width = fc.integer({ min: 1, max: 7 });
    fc.assert(
      fc.property(limit, width, fc.nat({ max: 100 }), (chunkParameters, columns, count) => {
        fc.pre(columns <= chunkParameters);
        const rows = Array.from({ length: count }, (_, row) =>
          Object.fromEntries(Array.from({ length: columns }, (_, column) => [`c${column}`, row * columns + column])),
        );
        const statements = buildInsertMany({ ...dialect, chunkParameters }, "t", rows);
        for (const { text, params } of statements) {
          expect(params.length).toBeLessThanOrEqual(chunkParameters);
          expect(parseStatement(text, dialect).parameterCount).toBe(params.length);
        }
        expect(statements.flatMap(({ params }) => params)).toEqual(rows.flatMap((row) => Object.values(row)));
        expect(statements.length).toBe(Math.ceil(count / Math.floor(chunkParameters / columns)));
      }),
      { numRuns: FULL ? 2000 : 100 },
    );
  });
});

describe("an upsert", () => {
  const data = { id: 1, a: 2, b: 3 };

  test("updates what is no part of the key", () => {
    expect(buildUpsert(sqlite, "t", data, ["id"], "id")).toEqual({
      text: 'INSERT INTO "t" ("id", "a", "b") VALUES (?, ?, ?) ON CONFLICT ("id") DO UPDATE SET "a" = excluded."a", "b" = excluded."b" RETURNING "id"',
      params: [1, 2, 3],
    });
    expect(buildUpsert(mysql, "t", data, ["id", "a"], null).text).toBe(
      "INSERT INTO `t` (`id`, `a`, `b`) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE `b` = VALUES(`b`)",
    );
  });

  test("of the key alone changes nothing, but still answers with its row", () => {
    expect(buildUpsert(postgresql, "t", { id: 1 }, ["id"], "id").text).toBe(
      'INSERT INTO "t" ("id") VALUES (?) ON CONFLICT ("id") DO UPDATE SET "id" = excluded."id" RETURNING "id"',
    );
  });

  test.each([
    [[], "upsert needs the columns of a unique key in conflict."],
    [["id", "x"], 'upsert needs a value for "x", which its conflict names.'],
    [["toString"], 'upsert needs a value for "toString", which its conflict names.'],
  ])("is refused with the key %j", (conflict, message) => {
    const error = expect.objectContaining({ kind: "parameter_mismatch", table: "t", message });
    expect(() => buildUpsert(sqlite, "t", data, conflict, null)).toThrow(error);
  });
});

describe("an update or a delete", () => {
  test("is of the row with the key, which is bound last", () => {
    expect(buildUpdate(sqlite, "t", "pk", 9, { a: 1, b: 2 })).toEqual({
      text: 'UPDATE "t" SET "a" = ?, "b" = ? WHERE "pk" = ?',
      params: [1, 2, 9],
    });
    expect(buildDelete(mysql, "t", "id", 9)).toEqual({ text: "DELETE FROM `t` WHERE `id` = ?", params: [9] });
  });

  test("of nothing only looks whether the row is there", () => {
    expect(buildUpdate(sqlite, "t", "id", 9, {})).toEqual({ text: 'SELECT 1 FROM "t" WHERE "id" = ?', params: [9] });
  });
});

describe.each(EACH)("whatever the names and values ($name)", ({ dialect }) => {
  test("a statement that is built has a placeholder for each value, and no value in its text", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
    const names = name.filter((text) => !text.includes("\0") && text !== "__proto__");
    const data = fc.dictionary(names, fc.constant("s3cret ' ? $1 %s"), { minKeys: 1, maxKeys: 5 });
    fc.assert(
      fc.property(names, data, (table, row) => {
        const [key = ""] = Object.keys(row);
        for (const { text, params } of [
          buildInsert(dialect, table, row, key),
          ...buildInsertMany(dialect, table, [row, row]),
          buildUpsert(dialect, table, row, [key], null),
          buildUpdate(dialect, table, key, "s3cret", row),
          buildDelete(dialect, table, key, "s3cret"),
        ]) {
          expect(parseStatement(text, dialect).parameterCount).toBe(params.length);
          expect(text).not.toContain("s3cret");
        }
      }),
    );
  });
});
