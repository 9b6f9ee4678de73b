import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FraiserDatabaseAdapter, json } from "../../src/db/index.ts";
import { type ColumnTypes, describeEachDatabase, IS_FULL } from "./support/databases.ts";

type Kind = Exclude<keyof ColumnTypes, "keyText" | "countingKey" | "madeKey">;

/** What is written and read again, by the type of its column. */
const VALUES: Readonly<Record<Kind, readonly unknown[]>> = {
  boolean: [true, false, null],
  integer: [
    0,
    -1,
    2 ** 53 - 1,
    -(2 ** 53) + 1,
    2n ** 53n,
    -(2n ** 53n),
    2n ** 63n - 1n,
    -(2n ** 63n),
    9007199254740993n,
    null,
  ],
  float: [0, 0.1, -1.5, 1 / 3, 1e300, 1.7976931348623157e308, 2.2250738585072014e-308, 2 ** 53 + 2, null],
  decimal: ["0.1000000000", "1234567890123456789012345678.0123456789", "-0.0000000001", null],
  text: [
    "",
    " ",
    "plain",
    "l'été ` \" \\ % _ ? $1 %s",
    "🍓 ",
    "line\nline\r\n\ttab",
    "10.5",
    "null",
    "x".repeat(1_000_000),
    null,
  ],
  bytes: [Buffer.alloc(0), Buffer.from([0, 1, 127, 128, 255, 0]), Buffer.alloc(100_000, 0xfe), null],
  json: [{}, [], { a: [1, "x", null, { b: true }] }, [[], {}], { ключ: "é🍓" }, null],
  uuid: ["00000000-0000-0000-0000-000000000000", "019bc186-de00-703f-bf3b-99f55c15d099", null],
  instant: [
    new Date(0),
    new Date("2026-03-29T01:30:00.123Z"),
    new Date("0001-01-01T00:00:00.000Z"),
    new Date("9999-12-31T23:59:59.999Z"),
    new Date(-1),
    null,
  ],
  date: ["1970-01-01", "2026-02-28", "0001-01-01", "9999-12-31", null],
};

const KINDS = Object.keys(VALUES) as Kind[];

describeEachDatabase("values", (open, { types, nonFiniteFloats }) => {
  async function opened(): Promise<FraiserDatabaseAdapter> {
    const adapter = await open();
    const columns = KINDS.map((kind) => `${kind}_value ${types[kind]}`).join(", ");
    await adapter.executeQuery(`CREATE TABLE sample (id ${types.countingKey}, ${columns})`);
    await adapter.executeQuery("CREATE VIEW sample_view AS SELECT * FROM sample");
    return adapter;
  }

  /** What is read again: from the table, through a view and from a subselect. */
  async function roundTrip(adapter: FraiserDatabaseAdapter, kind: Kind, value: unknown): Promise<unknown[]> {
    const id = await adapter.insert("sample", { [`${kind}_value`]: value });
    const sources = ["sample", "sample_view", "(SELECT * FROM sample) AS inner_sample"];
    const read = sources.map((source) =>
      adapter.executeQuery(`SELECT ${kind}_value AS v FROM ${source} WHERE id = ?`, [id]),
    );
    return (await Promise.all(read)).map(([row]) => row?.v);
  }

  test.each(KINDS)("of the type %s come back as they were, also through views and subselects", async (kind) => {
    const adapter = await opened();
    for (const value of VALUES[kind]) expect(await roundTrip(adapter, kind, value)).toEqual([value, value, value]);
  });

  test("JSON keeps what text alone would not", async () => {
    const adapter = await opened();
    for (const value of ["10.5", "", "null", 5, true, "🍓"])
      expect(await roundTrip(adapter, "json", json(value))).toEqual([value, value, value]);
    const id = await adapter.insert("sample", { json_value: json(null) });
    const isNull = "SELECT id FROM sample WHERE json_value IS NULL AND id = ?";
    expect(await adapter.executeQuery(isNull, [id])).toEqual([]);
  });

  test("an integer that is bound is found by that very integer", async () => {
    const adapter = await opened();
    for (const value of VALUES.integer.slice(0, -1)) await adapter.insert("sample", { integer_value: value });
    for (const value of VALUES.integer.slice(0, -1)) {
      const found = await adapter.executeQuery("SELECT integer_value AS v FROM sample WHERE integer_value = ?", [
        value,
      ]);
      expect(found).toEqual([{ v: value }]);
    }
  });

  test("an instant is found by itself and ordered by time", async () => {
    const adapter = await opened();
    const instants = VALUES.instant.slice(0, -1) as Date[];
    for (const value of instants) await adapter.insert("sample", { instant_value: value });
    const found = await adapter.executeQuery("SELECT instant_value AS v FROM sample ORDER BY instant_value");
    expect(found.map((row) => row.v)).toEqual([...instants].sort((a, b) => a.getTime() - b.getTime()));
    expect(
      await adapter.executeQuery("SELECT COUNT(*) AS n FROM sample WHERE instant_value = ?", [instants[1]]),
    ).toEqual([{ n: 1 }]);
  });

  test("numbers limit and offset", async () => {
    const adapter = await opened();
    await adapter.insertMany(
      "sample",
      Array.from({ length: 5 }, (_, n) => ({ integer_value: n })),
    );
    const text = "SELECT integer_value AS n FROM sample ORDER BY integer_value LIMIT ? OFFSET ?";
    expect(await adapter.executeQuery(text, [2, 1])).toEqual([{ n: 1 }, { n: 2 }]);
  });

  const functionValue = () => 1;
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  test.each<[string, Kind, unknown, string]>([
    ["undefined", "text", undefined, "parameter_mismatch"],
    ["a function", "text", functionValue, "parameter_mismatch"],
    ["a symbol", "text", Symbol("s"), "parameter_mismatch"],
    ["an object of a class", "json", new Map(), "parameter_mismatch"],
    ["JSON with a cycle", "json", cycle, "parameter_mismatch"],
    ["JSON with a bigint", "json", { n: 1n }, "parameter_mismatch"],
    ["an invalid date", "instant", new Date("nonsense"), "out_of_range"],
    ["the year 10000", "instant", new Date(Date.UTC(10_000, 0)), "out_of_range"],
    ["half of a surrogate pair", "text", "\ud83c", "out_of_range"],
    ["an integer beyond 64 bits", "integer", 2n ** 64n, "out_of_range"],
  ])("%s is refused before anything is sent", async (_what, kind, value, error) => {
    const adapter = await opened();
    await expect(adapter.insert("sample", { [`${kind}_value`]: value })).rejects.toMatchObject({ kind: error });
    expect(await adapter.executeQuery("SELECT id FROM sample")).toEqual([]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "%d comes back where it can be held, else it is refused",
    async (value) => {
      const adapter = await opened();
      const writing = roundTrip(adapter, "float", value);
      if (nonFiniteFloats.includes(value)) expect(await writing).toEqual([value, value, value]);
      else await expect(writing).rejects.toMatchObject({ kind: "out_of_range" });
    },
  );

  test("text and JSON of any kind come back", { timeout: 120_000 }, async () => {
    const adapter = await opened();
    const text = fc
      .string({ unit: "grapheme", maxLength: 40 })
      .filter((value) => value.isWellFormed() && !value.includes("\0"));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 20 }), async (values) => {
        for (const value of values.slice(0, 3)) expect((await roundTrip(adapter, "text", value))[0]).toBe(value);
        expect((await roundTrip(adapter, "json", values))[0]).toEqual(values);
      }),
      { numRuns: IS_FULL ? 500 : 15 },
    );
  });

  test("floats of any size come back to the last bit", { timeout: 120_000 }, async () => {
    const adapter = await opened();
    const float = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });
    await fc.assert(
      fc.asyncProperty(float, async (value) => {
        const wanted = value === 0 ? 0 : value; // a zero's sign is kept by some only
        const [read] = await roundTrip(adapter, "float", wanted);
        expect(read).toBe(wanted);
      }),
      { numRuns: IS_FULL ? 2000 : 40 },
    );
  });

  describe("whatever the process's time zone", () => {
    const zone = process.env.TZ;
    test.each([
      "UTC",
      "Europe/Berlin",
      "America/New_York",
      "America/St_Johns",
      "Asia/Kathmandu",
      "Asia/Tokyo",
      "Pacific/Apia",
      "Pacific/Marquesas",
    ])("%s: instants and dates are the same", async (name) => {
      const adapter = await opened();
      process.env.TZ = name;
      try {
        for (const kind of ["instant", "date"] as const)
          for (const value of VALUES[kind])
            expect(await roundTrip(adapter, kind, value)).toEqual([value, value, value]);
      } finally {
        if (zone === undefined) delete process.env.TZ;
        else process.env.TZ = zone;
      }
    });
  });
});
