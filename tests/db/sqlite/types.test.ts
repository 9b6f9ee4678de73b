import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { array, json, type SqliteAdapter } from "../../../src/db/index.ts";
import { failure, openAdapter, temporaryFile } from "./support.ts";

/** Writes a value into a column and reads it back by every path: reader, writer, stream, view, RETURNING. */
async function roundTrip(declared: string, value: unknown): Promise<unknown> {
  const adapter = openAdapter(`sqlite://${temporaryFile()}?synchronous=off`);
  await adapter.executeQuery(`CREATE TABLE item (id INTEGER PRIMARY KEY, v ${declared})`);
  await adapter.executeQuery("CREATE VIEW v_item AS SELECT v AS renamed FROM (SELECT * FROM item)");
  const [returned] = await adapter.executeQuery("INSERT INTO item (v) VALUES (?) RETURNING v", [value]);
  const read = "SELECT v FROM item";
  const answers = [
    returned?.v,
    ...(await adapter.executeQuery(read)).map((row) => row.v),
    ...(await adapter.executeQuery("SELECT renamed FROM v_item")).map((row) => row.renamed),
    ...(await adapter.transaction((tx) => tx.executeQuery(read))).map((row) => row.v),
  ];
  for await (const row of adapter.stream(read)) answers.push(row.v);
  expect(answers).toEqual(Array.from({ length: 5 }, () => returned?.v));
  return returned?.v;
}

/** What the SQL expression `sql` gives when it is stored in a column. */
async function stored(declared: string, sql: string): Promise<unknown> {
  const adapter = openAdapter(":memory:");
  await adapter.executeQuery(`CREATE TABLE item (v ${declared})`);
  const [row] = await adapter.executeQuery(`INSERT INTO item VALUES (${sql}) RETURNING v`);
  return row?.v;
}

const EXACT: readonly (readonly [string, unknown])[] = [
  ["BOOLEAN", true],
  ["BOOLEAN", false],
  ["bool", true],
  ["INTEGER", 0],
  ["INTEGER", -1],
  ["INT", 2 ** 53 - 1],
  ["BIGINT", 1 - 2 ** 53],
  ["BIGINT", 2n ** 53n],
  ["BIGINT", -(2n ** 53n)],
  ["BIGINT", 2n ** 63n - 1n],
  ["BIGINT", -(2n ** 63n)],
  ["REAL", 0.1],
  ["REAL", 3],
  ["DOUBLE PRECISION", Number.MIN_VALUE],
  ["FLOAT", Number.MAX_VALUE],
  ["REAL", Number.NEGATIVE_INFINITY],
  ["REAL", -(2 ** 63)],
  ["DECIMAL", "-9223372036854775808"],
  ["DECIMAL_TEXT", "0.10"],
  ["decimal_text(30, 10)", "12345678901234567890.1234567890"],
  ["DECIMAL_TEXT NOT NULL", "-0.0000000000000000001"],
  ["TEXT", ""],
  ["TEXT", "été 日本 🍓 'quoted' \"doubly\" ? $1 %s"],
  ["TEXT", "with \0 inside"],
  ["TEXT", "007"],
  ["VARCHAR(3)", "longer than said"],
  ["BLOB", Buffer.from([0, 255, 10, 39])],
  ["BLOB", Buffer.alloc(0)],
  ["JSON", { a: [1, null, { b: "c" }], é: "'" }],
  ["JSON", []],
  ["JSON", ["5"]],
  ["UUID", "0190b6a4-7f3e-7c2d-9a4b-1c2d3e4f5a6b"],
  ["TIMESTAMP", new Date("2026-01-15T12:34:56.789Z")],
  ["TIMESTAMP(3)", new Date("0001-01-01T00:00:00.000Z")],
  ["TimestampTZ", new Date("9999-12-31T23:59:59.999Z")],
  ["DATETIME", new Date(0)],
  ["DATE", "2026-02-28"],
  ["", "no type at all"],
  ["", 2n ** 62n],
  ["NUMERIC", null],
  ["JSON", null],
  ["TIMESTAMP", null],
];

describe("one value in, the same value out", () => {
  test.each(EXACT)("%s: %s", async (declared, value) => {
    expect(await roundTrip(declared, value)).toEqual(value);
  });

  test.each([
    ["text", json("5")],
    ["a number", json(5)],
    ["a fraction", json(0.1)],
    ["true", json(true)],
    ["null", json(null)],
    ["a list", json([1])],
    ["text that looks like JSON", json("[1]")],
  ])("JSON: %s", async (_, value) => {
    expect(await roundTrip("JSON", value)).toEqual(value.value);
  });

  test("bytes: those of a view, and no others", async () => {
    const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
    const expected = Buffer.from([3, 4]);
    expect(await roundTrip("BLOB", bytes.subarray(2, 4))).toEqual(expected);
    expect(await roundTrip("BLOB", new DataView(bytes.buffer, 2, 2))).toEqual(expected);
    expect(await roundTrip("BLOB", bytes.buffer.slice(2, 4))).toEqual(expected);
  });

  test("a UUID comes back in lower case", async () => {
    expect(await roundTrip("UUID", "0190B6A4-7F3E-7C2D-9A4B-1C2D3E4F5A6B")).toBe(
      "0190b6a4-7f3e-7c2d-9a4b-1c2d3e4f5a6b",
    );
  });
});

describe("what SQLite makes of a value", () => {
  test.each([
    ["0.10", "0.1"],
    ["100", "100"],
    ["12345678901234567890.12", "12345678901234567000"],
    ["0.1234567890123456789", "0.12345678901234568"],
  ])("a DECIMAL is approximate: %s is %s", async (value, expected) => {
    expect(await roundTrip("DECIMAL(40, 20)", value)).toBe(expected);
    expect(await roundTrip("NUMERIC", value)).toBe(expected);
  });

  test("a DECIMAL of 64 bits has all its digits", async () => {
    expect(await roundTrip("DECIMAL", "9223372036854775807")).toBe("9223372036854775807");
  });

  test.each([
    ["BOOLEAN", "2", 2],
    ["BOOLEAN", "-1", -1],
    ["BOOLEAN", "'true'", "true"],
    ["BOOLEAN", "'1'", true],
    ["BOOLEAN", "1.0", true],
    ["JSON", "'{not json'", "{not json"],
    ["JSON", "''", ""],
    ["JSON", "'word'", "word"],
    ["JSON", "' [1, 2] '", [1, 2]],
    ["JSON", "9007199254740993", 9007199254740993n],
    ["UUID", "'Not A Uuid'", "not a uuid"],
    ["INTEGER", "'word'", "word"],
    ["INTEGER", "1.5", 1.5],
    ["INTEGER", "'12'", 12],
    ["TEXT", "12", "12"],
    ["DECIMAL_TEXT", "1.50", "1.5"],
    ["DECIMAL_TEXT", "'1.50'", "1.50"],
  ])("a column %s that holds %s", async (declared, sql, expected) => {
    expect(await stored(declared, sql)).toEqual(expected);
  });

  test("an expression and a parameter have SQLite's own types", async () => {
    const adapter = openAdapter(":memory:");
    await adapter.executeQuery("CREATE TABLE item (done BOOLEAN, at TIMESTAMP, data JSON)");
    const at = new Date("2026-01-15T12:00:00.000Z");
    await adapter.insertMany("item", [{ done: true, at, data: { a: [1] } }]);
    const sql = "SELECT done AND 1 AS done, max(at) AS at, data ->> '$.a' AS a, ? AS yes, ? AS day FROM item";
    const row = { done: 1, at: at.toISOString(), a: "[1]", yes: 1, day: at.toISOString() };
    expect(await adapter.executeQuery(sql, [true, at])).toEqual([row]);
  });
});

describe("an instant", () => {
  const { TZ } = process.env;
  beforeAll(() => {
    process.env.TZ = "America/New_York";
    expect(new Date(2026, 0, 15).getUTCHours()).toBe(5); // else the zone of this machine plays no part
  });
  afterAll(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });

  const NOON = new Date("2026-01-15T12:00:00.000Z");
  test.each([
    ["'2026-01-15 12:00:00'", NOON],
    ["'2026-01-15 12:00'", NOON],
    ["'2026-01-15T12:00:00'", NOON],
    ["'2026-01-15T12:00:00Z'", NOON],
    ["'2026-01-15 12:00:00.000000'", NOON],
    ["'2026-01-15 14:00:00+02:00'", NOON],
    ["'2026-01-15T06:30:00-0530'", NOON],
    ["'2026-01-15T12:00:00.123456'", new Date("2026-01-15T12:00:00.123Z")],
    ["'2026-01-15'", new Date("2026-01-15T00:00:00.000Z")],
    ["datetime('2026-01-15 12:00:00')", NOON],
    ["datetime('2026-01-15 12:00:00.5', 'subsec')", new Date("2026-01-15T12:00:00.500Z")],
    ["strftime('%Y-%m-%dT%H:%M:%fZ', '2026-01-15 12:00:00')", NOON],
    ["date('2026-01-15 12:00:00')", new Date("2026-01-15T00:00:00.000Z")],
    ["datetime('2024-02-29')", new Date("2024-02-29T00:00:00.000Z")],
  ])("is read as UTC from %s", async (sql, expected) => {
    expect(await stored("TIMESTAMP", sql)).toEqual(expected);
  });

  test.each([
    ["time('2026-01-15 12:00:00')", "12:00:00"],
    ["unixepoch('2026-01-15 12:00:00')", 1768478400],
    ["julianday('2026-01-15 12:00:00')", 2461056],
    ["'yesterday'", "yesterday"],
    ["''", ""],
    ["'2026-02-30 00:00:00'", "2026-02-30 00:00:00"],
    ["'2026-02-30T00:00:00.000Z'", "2026-02-30T00:00:00.000Z"],
    ["'2026-02-29T23:59:59.999Z'", "2026-02-29T23:59:59.999Z"],
    ["'2026-01-15T24:00:00.001Z'", "2026-01-15T24:00:00.001Z"],
    ["'2026-02-29'", "2026-02-29"],
    ["'2026-13-01'", "2026-13-01"],
    ["'2026-01-15 25:00:00'", "2026-01-15 25:00:00"],
  ])("is not made up from %s", async (sql, expected) => {
    expect(await stored("TIMESTAMP", sql)).toBe(expected);
  });

  test("that SQLite fills in is now", async () => {
    const adapter = openAdapter(":memory:");
    await adapter.executeQuery(
      "CREATE TABLE item (id INTEGER PRIMARY KEY, at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, fine TIMESTAMP DEFAULT (datetime('now', 'subsec')))",
    );
    const before = Date.now();
    await adapter.insert("item", {});
    const [row] = await adapter.executeQuery<{ at: Date; fine: Date }>("SELECT * FROM item");
    expect(row?.at.getTime()).toBeGreaterThan(before - 1001);
    expect(row?.fine.getTime()).toBeGreaterThanOrEqual(before);
    expect(row?.fine.getTime()).toBeLessThanOrEqual(Date.now());
  });

  test("compares in SQL with what SQLite's functions write", async () => {
    const adapter = openAdapter(":memory:");
    await adapter.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY, at TIMESTAMP)");
    await adapter.insert("item", { at: NOON });
    const sql = "SELECT id FROM item WHERE datetime(at) = datetime('2026-01-15 12:00:00') AND at = ?";
    expect(await adapter.executeQuery(sql, [NOON])).toEqual([{ id: 1 }]);
  });
});

describe("big integers", () => {
  const openNumbers = async (): Promise<SqliteAdapter> => {
    const adapter = openAdapter(temporaryFile());
    await adapter.executeQuery("CREATE TABLE number (n BIGINT)");
    return adapter;
  };

  test("are found among small ones, which stay numbers", async () => {
    const adapter = await openNumbers();
    const values = [1, 2 ** 53 - 1, 2n ** 53n, -5, -(2n ** 63n), 0];
    await adapter.insertMany(
      "number",
      values.map((n) => ({ n })),
    );
    const rows = values.map((n) => ({ n }));
    expect(await adapter.executeQuery("SELECT n FROM number")).toEqual(rows);
    expect(await adapter.executeQuery("SELECT n FROM number WHERE n < 9")).toEqual(rows.filter(({ n }) => n < 9));
    const streamed = [];
    for await (const row of adapter.stream("SELECT n FROM number")) streamed.push(row);
    expect(streamed).toEqual(rows);
  });

  test("are exact as parameters, also beside a number", async () => {
    const adapter = await openNumbers();
    await adapter.insertMany("number", [{ n: 9007199254740992n }, { n: 9007199254740993n }]);
    expect(await adapter.executeQuery("SELECT n FROM number WHERE n = ?", [9007199254740993n])).toEqual([
      { n: 9007199254740993n },
    ]);
    expect(await adapter.executeQuery("SELECT n - ? AS n FROM number ORDER BY n", [9007199254740990n])).toEqual([
      { n: 2 },
      { n: 3 },
    ]);
    expect(await adapter.executeQuery("SELECT 7 / ? AS whole", [2])).toEqual([{ whole: 3 }]);
  });
});

describe("a value that SQLite cannot hold is refused before anything is written", () => {
  class Money {}
  const cycle: unknown[] = [];
  cycle.push(cycle);
  test.each([
    ["an integer beyond 64 bits", 2n ** 63n, "out_of_range"],
    ["a negative one", -(2n ** 63n) - 1n, "out_of_range"],
    ["NaN", Number.NaN, "out_of_range"],
    ["an invalid Date", new Date(Number.NaN), "out_of_range"],
    ["a Date before the year 1", new Date(-1e14), "out_of_range"],
    ["half a surrogate pair", "a\ud83c", "out_of_range"],
    ["undefined", undefined, "parameter_mismatch"],
    ["a symbol", Symbol("s"), "parameter_mismatch"],
    ["a function", () => 1, "parameter_mismatch"],
    ["an object with a class", new Money(), "parameter_mismatch"],
    ["a Map", new Map(), "parameter_mismatch"],
    ["a cycle", cycle, "parameter_mismatch"],
    ["JSON of a bigint", { n: 1n }, "parameter_mismatch"],
    ["an array of PostgreSQL", array([1]), "unsupported"],
  ])("%s", async (_, value, kind) => {
    const adapter = openAdapter(":memory:");
    await adapter.executeQuery("CREATE TABLE item (a, b)");
    const writing = adapter.executeUpdate("INSERT INTO item VALUES (?, ?)", ["first", value]);
    expect(await failure(writing)).toMatchObject({ kind });
    expect(await adapter.executeQuery("SELECT * FROM item")).toEqual([]);
  });
});
