import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FraiserDatabaseAdapter, json, type Queryable } from "../../src/db/index.ts";
import { describeEachDatabase, IS_FULL } from "./support/databases.ts";
import { all, failure } from "./support/expect.ts";
import { shareAdapter } from "./support/shared-adapter.ts";
import { KINDS, SAMPLES, type Sample, type ValueKind } from "./support/values.ts";

/** Ways to read the column `value` of one row of the table `t`. */
const ROUTES = {
  "the table": "SELECT value FROM t WHERE id = ?",
  "a view": "SELECT value FROM t_view WHERE id = ?",
  "a view of a view": "SELECT value FROM t_view_view WHERE id = ?",
  "a subselect": "SELECT value FROM (SELECT value, id FROM t) AS part WHERE id = ?",
  "a subselect as a value": "SELECT (SELECT value FROM t WHERE id = ?) AS value",
  "a common table expression": "WITH part AS (SELECT * FROM t) SELECT value FROM part WHERE id = ?",
  "a join": "SELECT b.value FROM t a LEFT JOIN t b ON b.id = a.id WHERE a.id = ?",
  "a sorted list": "SELECT value FROM t WHERE id = ? ORDER BY id DESC LIMIT 5",
} as const;

/** How a value stands in SQL text, the same on every database; null where there is no such way. */
function literalOf(kind: ValueKind, { given }: Sample): string | null {
  const quote = (text: string) => (/[\\\0]/.test(text) ? null : `'${text.replaceAll("'", "''")}'`);
  if (kind === "bytes" || (kind === "float" && Math.abs(given as number) > 1e300)) return null;
  if (given instanceof Date) return quote(given.toISOString().replace("T", " ").replace("Z", ""));
  if (kind === "json")
    return quote(JSON.stringify("value" in (given as object) ? (given as { value: unknown }).value : given));
  if (kind === "integer") return String(BigInt(given as number));
  return typeof given === "string" ? quote(given) : String(given).toUpperCase();
}

describeEachDatabase("a value", (open, database) => {
  const { types } = database;

  describe.each(KINDS)("of type %s", (kind) => {
    const samples = SAMPLES[kind].filter(({ label }) => label !== "1 MB");
    const adapter = shareAdapter(database, async (db) => {
      for (const table of ["t", "copy"])
        await db.executeQuery(`CREATE TABLE ${table} (id ${types.countingKey}, value ${types[kind]})`);
      await db.executeQuery("CREATE VIEW t_view AS SELECT id, value FROM t");
      await db.executeQuery("CREATE VIEW t_view_view AS SELECT value, id FROM t_view");
    });
    const store = (value: unknown): Promise<string> => adapter().insert("t", { value });
    const read = (id: string, on: Queryable = adapter()) => on.executeQuery(ROUTES["the table"], [id]);

    test.each(SAMPLES[kind])("is read as it was written: $label", async (sample) => {
      expect(await read(await store(sample.given))).toStrictEqual([{ value: sample.read }]);
    });

    // A subselect as a value is an expression: not every server tells that it is a boolean.
    const routes = Object.entries(ROUTES).filter(([name]) => kind !== "boolean" || name !== "a subselect as a value");
    test.each(routes)("comes by way of %s as it was written, and NULL as null", async (_name, route) => {
      for (const { label, given, read } of [...samples, { label: "NULL", given: null, read: null }])
        expect(await adapter().executeQuery(route, [await store(given)]), label).toStrictEqual([{ value: read }]);
    });

    test("written into the SQL text is the same value as bound", async () => {
      const literals = SAMPLES[kind].flatMap((sample) => literalOf(kind, sample) ?? []);
      expect(literals.length > 0).toBe(kind !== "bytes");
      for (const sample of SAMPLES[kind]) {
        const literal = literalOf(kind, sample);
        if (literal === null) continue;
        await adapter().executeUpdate("DELETE FROM t");
        await adapter().executeUpdate(`INSERT INTO t (value) VALUES (${literal})`);
        expect(await adapter().executeQuery("SELECT value FROM t"), sample.label).toStrictEqual([
          { value: sample.read },
        ]);
      }
    });

    test("is the same in a stream and in a transaction, also when it replaces another", async () => {
      for (const sample of samples) {
        const id = await store(null);
        expect(await adapter().update("t", id, { value: sample.given }), sample.label).toBe(true);
        const rows = [{ value: sample.read }];
        expect(await all(adapter().stream(ROUTES["the table"], [id])), sample.label).toStrictEqual(rows);
        expect(await adapter().transaction((tx) => read(id, tx)), sample.label).toStrictEqual(rows);
      }
    });

    test("is the same copied from table to table, in one list with NULL", async () => {
      await adapter().executeUpdate("DELETE FROM t");
      await adapter().insertMany(
        "t",
        [null, ...samples.map(({ given }) => given), null].map((value) => ({ value })),
      );
      await adapter().executeUpdate("INSERT INTO copy (value) SELECT value FROM t ORDER BY id");
      const rows = await adapter().executeQuery("SELECT value FROM copy ORDER BY id");
      expect(rows.map((row) => row.value)).toStrictEqual([null, ...samples.map((sample) => sample.read), null]);
    });
  });

  describe("that finds its row again by itself", () => {
    const FINDABLE: readonly ValueKind[] = ["boolean", "integer", "decimal", "uuid", "instant", "date"];
    const adapter = shareAdapter(database, async (db) => {
      for (const kind of FINDABLE)
        await db.executeQuery(`CREATE TABLE ${kind}_t (id ${types.countingKey}, value ${types[kind]})`);
    });
    test.each(FINDABLE)("is one of type %s", async (kind) => {
      for (const { label, given } of SAMPLES[kind]) {
        await adapter().executeUpdate(`DELETE FROM ${kind}_t`);
        const id = Number(await adapter().insert(`${kind}_t`, { value: given }));
        const sql = `SELECT id FROM ${kind}_t WHERE value = ?`;
        expect(await adapter().executeQuery(sql, [given]), label).toStrictEqual([{ id }]);
      }
    });
  });

  describe("that is compared", () => {
    const adapter = shareAdapter(database, async (db) => {
      await db.executeQuery(`CREATE TABLE t (id ${types.countingKey}, made ${types.instant}, about ${types.json})`);
    });

    test("is ordered by time when it is an instant", async () => {
      const instants = SAMPLES.instant.map(({ given }) => given as Date);
      await adapter().insertMany(
        "t",
        instants.map((made) => ({ made })),
      );
      const rows = await adapter().executeQuery<{ made: Date }>("SELECT made FROM t ORDER BY made");
      expect(rows.map(({ made }) => made)).toStrictEqual([...instants].sort((a, b) => a.getTime() - b.getTime()));
      const since = "SELECT COUNT(*) AS n FROM t WHERE made >= ? AND made < ?";
      const [from, to] = [new Date("1970-01-01T00:00:00.000Z"), new Date("2038-01-19T03:14:08.000Z")];
      expect(await adapter().executeQuery(since, [from, to])).toEqual([{ n: 4 }]);
      await adapter().executeUpdate("DELETE FROM t");
    });

    test("is NULL, or the null of JSON, which is not the same", async () => {
      const [none, jsonNull] = [await adapter().insert("t", {}), await adapter().insert("t", { about: json(null) })];
      const isNull = "SELECT id FROM t WHERE about IS NULL";
      expect(await adapter().executeQuery(isNull)).toEqual([{ id: Number(none) }]);
      expect(await adapter().executeQuery("SELECT about FROM t WHERE id = ?", [jsonNull])).toEqual([{ about: null }]);
    });
  });

  describe("of no type that there is", () => {
    class Account {
      balance = 5;
    }
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const REFUSED: Readonly<Record<string, readonly [unknown, "parameter_mismatch" | "out_of_range" | "unsupported"]>> =
      {
        undefined: [undefined, "parameter_mismatch"],
        "a function": [() => 5, "parameter_mismatch"],
        "a symbol": [Symbol("x"), "parameter_mismatch"],
        "an object of a class": [new Account(), "parameter_mismatch"],
        "a Map": [new Map(), "parameter_mismatch"],
        "a promise": [Promise.resolve(5), "parameter_mismatch"],
        "an error": [new Error("x"), "parameter_mismatch"],
        "a boxed number": [Object(5), "parameter_mismatch"],
        "a cycle": [cycle, "parameter_mismatch"],
        "JSON of undefined": [json(undefined), "parameter_mismatch"],
        "JSON with a bigint": [[5n], "parameter_mismatch"],
        "an invalid date": [new Date(Number.NaN), "out_of_range"],
        "the year 10000": [new Date("+010000-01-01T00:00:00.000Z"), "out_of_range"],
        "the year 0": [new Date("0000-12-31T23:59:59.999Z"), "out_of_range"],
        "the first half of a surrogate pair": ["a\ud83c", "out_of_range"],
        "the second half of a surrogate pair": ["\udf53a", "out_of_range"],
      };
    const adapter = shareAdapter(database, async (db) => {
      await db.executeQuery(
        `CREATE TABLE t (id ${types.countingKey}, name ${types.keyText} UNIQUE, value ${types.text})`,
      );
      await db.insert("t", { id: 1, name: "kept", value: "kept" });
    });
    const METHODS: Readonly<Record<string, (on: Queryable, value: unknown) => Promise<unknown>>> = {
      executeQuery: (on, value) => on.executeQuery("UPDATE t SET value = ?", [value]),
      execute: (on, value) => on.execute("UPDATE t SET value = $1", [value]),
      executeUpdate: (on, value) => on.executeUpdate("UPDATE t SET value = %s", [value]),
      stream: (on, value) => all(on.stream("SELECT id FROM t WHERE value = ?", [value])),
      insert: (on, value) => on.insert("t", { value }),
      insertMany: (on, value) => on.insertMany("t", [{ value: "fine" }, { value }]),
      upsert: (on, value) => on.upsert("t", { name: "kept", value }, { conflict: ["name"] }),
      update: (on, value) => on.update("t", 1, { value }),
      delete: (on, value) => on.delete("t", value),
      "a transaction": (on, value) => (on as FraiserDatabaseAdapter).transaction((tx) => tx.insert("t", { value })),
    };

    test.each(Object.entries(REFUSED))(
      "is refused by every method, and nothing is written: %s",
      async (_name, [value, kind]) => {
        for (const [method, call] of Object.entries(METHODS))
          expect(await failure(call(adapter(), value)), method).toMatchObject({ kind, retryable: false });
        expect(await adapter().executeQuery("SELECT * FROM t")).toEqual([{ id: 1, name: "kept", value: "kept" }]);
      },
    );

    test("is told by its place, and not by what it is worth", async () => {
      const error = await failure(adapter().executeQuery("SELECT id FROM t WHERE id = ? AND name = ?", [1, undefined]));
      expect(error.message).toMatch(/^Parameter 2 is undefined/);
    });
  });

  /** What some databases can hold and others can't: either it stays what it is, or it is refused. */
  describe("that not every database holds", () => {
    const ODD: readonly (readonly [string, ValueKind, unknown])[] = [
      ["text with NUL", "text", "a\0b"],
      ["NaN", "float", Number.NaN],
      ["infinity", "float", Number.POSITIVE_INFINITY],
      ["minus infinity", "float", Number.NEGATIVE_INFINITY],
      ["the smallest float", "float", 5e-324],
      ["an integer of 64 bits without a sign", "integer", 2n ** 63n],
      ["an integer just beyond 64 bits", "integer", 2n ** 64n],
      ["an integer far beyond 64 bits", "integer", 10n ** 30n],
      ["a float just beyond integers", "integer", 2 ** 63],
      ["a float far beyond integers", "integer", 1e25],
      ["text among integers", "integer", "five"],
      ["a decimal with too many digits", "decimal", "12345678901234567890123456789012345678901.5"],
      ["JSON with NUL", "json", { text: "a\0b" }],
      ["JSON with half of a surrogate pair", "json", { text: "\ud83c" }],
      ["JSON whose keys are names of every object", "json", JSON.parse('{"__proto__": 1, "constructor": 2}')],
      ["a deep JSON", "json", JSON.parse("[".repeat(90) + "]".repeat(90))],
      ["a date that there is not", "date", "2026-02-30"],
      ["text that is no date", "date", "soon"],
      ["text that is no instant", "instant", "soon"],
      ["text that is no UUID", "uuid", "no uuid"],
    ];
    const adapter = shareAdapter(database, async (db) => {
      for (const kind of KINDS)
        await db.executeQuery(`CREATE TABLE ${kind}_t (id ${types.countingKey}, value ${types[kind]})`);
    });

    test.each(ODD)("is never changed silently: %s", async (_name, kind, value) => {
      await adapter().executeUpdate(`DELETE FROM ${kind}_t`);
      const written = await adapter()
        .insert(`${kind}_t`, { value })
        .catch((error) => error);
      const rows = await adapter().executeQuery(`SELECT value FROM ${kind}_t`);
      if (written instanceof Error) {
        expect(rows).toEqual([]);
        expect(["out_of_range", "parameter_mismatch", "unsupported", "check_violation"]).toContain(
          await failure(Promise.reject(written)).then((error) => error.kind),
        );
      } else expect(rows).toStrictEqual([{ value }]);
    });

    test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
      "is held or refused: %d",
      async (value) => {
        const writing = adapter().insert("float_t", { value });
        if (!database.nonFiniteFloats.includes(value)) {
          expect(await failure(writing)).toMatchObject({ kind: "out_of_range" });
          return;
        }
        const sql = "SELECT value FROM float_t WHERE id = ?";
        expect(await adapter().executeQuery(sql, [await writing])).toStrictEqual([{ value }]);
      },
    );
  });

  describe("while the process is in another time zone", () => {
    const ZONES = [
      ["UTC", 0],
      ["Europe/Berlin", -120],
      ["America/New_York", 240],
      ["America/St_Johns", 150],
      ["Asia/Kathmandu", -345],
      ["Asia/Tokyo", -540],
      ["Pacific/Apia", -780],
      ["Pacific/Marquesas", 570],
    ] as const;
    const adapter = shareAdapter(database, async (db) => {
      await db.executeQuery(`CREATE TABLE t (id ${types.countingKey}, instant ${types.instant}, day ${types.date})`);
      await db.executeQuery("CREATE VIEW t_view AS SELECT * FROM t");
    });
    const given = SAMPLES.instant.map(({ given }, n) => ({ instant: given, day: SAMPLES.date[n]?.given ?? null }));
    const inZone = async (zone: string, work: () => Promise<void>) => {
      const before = process.env.TZ;
      process.env.TZ = zone;
      try {
        await work();
      } finally {
        if (before === undefined) delete process.env.TZ;
        else process.env.TZ = before;
      }
    };

    test.each(ZONES)("is the same instant and the same day: %s", async (zone, offset) => {
      await inZone(zone, async () => {
        expect(new Date("2026-07-01T00:00:00Z").getTimezoneOffset()).toBe(offset); // the zone is really another one
        await adapter().executeUpdate("DELETE FROM t");
        await adapter().insertMany("t", given);
      });
      for (const [other] of [[zone], ...ZONES])
        await inZone(other, async () => {
          for (const table of ["t", "t_view", "(SELECT * FROM t) part"]) {
            const rows = await adapter().executeQuery(`SELECT instant, day FROM ${table} ORDER BY id`);
            expect(rows, `${other} ${table}`).toStrictEqual(given);
          }
        });
    });
  });

  test("whatever it is comes back, in rows of every type", { timeout: 300_000 }, async () => {
    const adapter = await open();
    const columns = KINDS.map((kind) => `${kind}_v ${types[kind]}`).join(", ");
    await adapter.executeQuery(`CREATE TABLE t (id ${types.countingKey}, ${columns})`);
    const instant = fc.date({
      min: new Date("0001-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59.999Z"),
      noInvalidDate: true,
    });
    const digits = (length: number) =>
      fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: length, maxLength: length });
    const readable = fc.string({ unit: "binary" }).filter((text) => text.isWellFormed() && !text.includes("\0"));
    const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { freq: 8 });
    const ARBITRARY: Readonly<Record<ValueKind, fc.Arbitrary<unknown>>> = {
      boolean: fc.boolean(),
      integer: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n)),
      float: fc
        .double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 })
        .filter((n) => Math.abs(n) > 1e-300),
      decimal: fc
        .tuple(fc.constantFrom("", "-"), digits(27), digits(10))
        .map(([sign, whole, part]) => `${sign}1${whole}.${part}`),
      text: readable,
      bytes: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      json: fc.array(
        fc.oneof(readable, fc.integer(), fc.boolean(), fc.constant(null), fc.dictionary(readable, fc.integer())),
      ),
      uuid: fc.uuid(),
      instant,
      date: instant.map((date) => date.toISOString().slice(0, 10)),
    };
    const row = fc.record(Object.fromEntries(KINDS.map((kind) => [`${kind}_v`, optional(ARBITRARY[kind])])));
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
        await adapter.executeUpdate("DELETE FROM t");
        expect(await adapter.insertMany("t", rows)).toBe(rows.length);
        const found = await adapter.executeQuery("SELECT * FROM t ORDER BY id");
        expect(found.map(({ id, ...rest }) => rest)).toEqual(rows);
      }),
      { numRuns: IS_FULL ? 1000 : 25 },
    );
  });
});
