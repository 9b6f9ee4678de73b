import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DatabaseError, SqliteAdapter } from "../../../src/db/index.ts";
import { DIALECTS, FULL, NAMES, shown } from "./support.ts";

const EACH = NAMES.map((name) => ({ name, dialect: DIALECTS[name] }));
const refused = expect.objectContaining({ kind: "unsupported", hint: expect.any(String) });

describe.each(EACH)("a name ($name)", ({ dialect }) => {
  const quote = (name: unknown) => dialect.quoteIdentifier(name as string);

  test("is quoted, and the quote in it doubled", () => {
    const [mark] = quote("a");
    expect(quote("order")).toBe(`${mark}order${mark}`);
    expect(quote(`a${mark}b${mark}`)).toBe(`${mark}a${mark}${mark}b${mark}${mark}${mark}`);
    expect(quote("Ünïcode; -- '")).toBe(`${mark}Ünïcode; -- '${mark}`);
  });

  test("is one identifier, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 10 }), (name) => {
        fc.pre(!name.includes("\0") && Buffer.byteLength(name) <= 63);
        expect(shown(`${quote(name)} x`, dialect)).toEqual([`identifier ${quote(name)}`, "word x"]);
      }),
    );
  });

  test("is refused when it is empty or holds NUL, which is not printed", () => {
    expect(() => quote("")).toThrow(refused);
    expect(() => quote("a\0b")).toThrow(refused);
    expect(() => quote("a\0b")).toThrow(/^"a\\u0000b" cannot be/);
  });

  test.each([undefined, null, 5, {}, ["a"]])("is refused when it is %j, which is none", (name) => {
    expect(() => quote(name)).toThrow(DatabaseError);
  });
});

test("PostgreSQL would cut a name of more than 63 bytes off, so it is refused", () => {
  const { quoteIdentifier } = DIALECTS.postgresql;
  expect(quoteIdentifier("é".repeat(31))).toHaveLength(33);
  expect(() => quoteIdentifier("é".repeat(32))).toThrow(refused);
});

test("SQLite has exactly the table and the column that were named", async () => {
  await using adapter = new SqliteAdapter(":memory:");
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter((text) => !text.includes("\0"));
  await fc.assert(
    fc.asyncProperty(name, name, async (table, column) => {
      fc.pre(!/^sqlite_/i.test(table));
      const { quoteIdentifier } = adapter.dialect;
      await adapter.executeQuery(`CREATE TABLE ${quoteIdentifier(table)} (${quoteIdentifier(column)} INTEGER)`);
      try {
        expect(await adapter.executeQuery("SELECT name FROM sqlite_master")).toEqual([{ name: table }]);
        await adapter.insertMany(table, [{ [column]: 7 }]);
        const { columns } = await adapter.execute(`SELECT * FROM ${quoteIdentifier(table)}`);
        expect(columns).toEqual([column]);
      } finally {
        await adapter.executeQuery(`DROP TABLE ${quoteIdentifier(table)}`);
      }
    }),
    { numRuns: FULL ? 2000 : 100 },
  );
});
