import { describe, expect, test } from "vitest";
import { encodeInstant, encodeJson, encodeText, isJson } from "../../src/db/encode.ts";
import { ArrayValue, array, DatabaseError, JsonValue, json, SqliteAdapter } from "../../src/db/index.ts";

const refused = (kind: string) => expect.objectContaining({ kind });

describe("json()", () => {
  test("marks any value, without looking into it", () => {
    for (const value of ["text", 1, null, true, [1], { a: 1 }]) {
      expect(json(value)).toBeInstanceOf(JsonValue);
      expect(json(value).value).toBe(value);
    }
  });

  test.each([
    ["text", '"text"'],
    [1.5, "1.5"],
    [null, "null"],
    [{ a: [1, null] }, '{"a":[1,null]}'],
  ])("sends %j as its JSON text", (value, text) => {
    expect(encodeJson(json(value), 1)).toBe(text);
  });

  test.each([undefined, () => 1, Symbol("s"), 1n, { a: 1n }])("refuses what JSON cannot say (%#)", (value) => {
    expect(() => encodeJson(json(value), 3)).toThrow(refused("parameter_mismatch"));
    expect(() => encodeJson(json(value), 3)).toThrow("Parameter 3 cannot be written as JSON.");
  });

  test("refuses a cycle, without printing what is in it", () => {
    const cycle: Record<string, unknown> = { s3cret: "s3cret" };
    cycle.self = cycle;
    expect(() => encodeJson(cycle, 1)).toThrow(refused("parameter_mismatch"));
    expect(() => encodeJson(cycle, 1)).not.toThrow("s3cret");
  });
});

describe("what is sent as JSON without being marked", () => {
  test.each([[[]], [[1, "a"]], [{}], [{ a: 1 }], [Object.create(null)], [json("text")]])("is %j", (value) => {
    expect(isJson(value)).toBe(true);
  });

  test.each([[new Date()], [new Map()], [/a/], [Buffer.from("a")], [new (class Point {})()], [array([1])]])(
    "is not %s",
    (value) => {
      expect(isJson(value)).toBe(false);
    },
  );
});

describe("array()", () => {
  test("marks a list", () => {
    const values = [1, null];
    expect(array(values)).toBeInstanceOf(ArrayValue);
    expect(array(values).values).toBe(values);
  });

  test("is refused by a database without arrays, with another way", async () => {
    await using adapter = new SqliteAdapter(":memory:");
    await expect(adapter.executeQuery("SELECT ?", [array([1])])).rejects.toMatchObject({
      kind: "unsupported",
      hint: "Give the list itself, which is stored as JSON.",
    });
  });
});

describe("a value that no database can hold", () => {
  test("is refused by its position and kind, never by its content", async () => {
    await using adapter = new SqliteAdapter(":memory:");
    const values: [unknown, string, string][] = [
      [undefined, "parameter_mismatch", "Parameter 2 is undefined, which no database can hold."],
      [() => "s3cret", "parameter_mismatch", "Parameter 2 is a function, which no database can hold."],
      [Symbol("s3cret"), "parameter_mismatch", "Parameter 2 is a symbol, which no database can hold."],
      [
        new Map([["s3cret", 1]]),
        "parameter_mismatch",
        "Parameter 2 is an object of class Map, which no database can hold.",
      ],
      [new Date(Number.NaN), "out_of_range", "Parameter 2 is an invalid Date, which SQLite cannot hold."],
      ["s3cret\ud83d", "out_of_range", "Parameter 2 is text with half of a surrogate pair, which SQLite cannot hold."],
    ];
    for (const [value, kind, message] of values) {
      const error = await adapter.executeQuery("SELECT ?, ?", [1, value]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DatabaseError);
      expect(error).toMatchObject({ kind, message });
    }
  });

  test.each(["é😀", "", "\0"])("is not the text %j", (text) => {
    expect(encodeText(text, 1, "SQLite")).toBe(text);
  });

  test.each([
    ["0001-01-01T00:00:00.000Z", true],
    ["9999-12-31T23:59:59.999Z", true],
    ["0000-12-31T23:59:59.999Z", false],
    ["+010000-01-01T00:00:00.000Z", false],
  ])("is an instant outside of the years 1 to 9999: %s (fits: %s)", (iso, fits) => {
    const encode = () => encodeInstant(new Date(iso), 1, "SQLite");
    if (fits) expect(encode()).toBe(iso);
    else expect(encode).toThrow(refused("out_of_range"));
  });
});
