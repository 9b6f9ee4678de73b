/** Parameters as they are written into the packet that runs a prepared statement: every kind, and every length of a length. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FraiserDatabaseAdapter, Row } from "../../../src/db/index.ts";
import { translateServerError } from "../../../src/db/mysql/errors.ts";
import { instantText } from "../../../src/db/mysql/types.ts";
import { IS_FULL } from "../../contract/support/databases.ts";
import type { ServerKind } from "../../servers/products/product.ts";
import { KINDS, openEmpty } from "./support.ts";

const orNull = <T>(values: fc.Arbitrary<T>) => fc.option(values, { freq: 4 });
const INTEGERS = [0, 1, -1, 255, 256, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32) - 1].concat(
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
);

/** Rows whose values are of all the kinds that are sent in a way of their own. */
const row = fc.record({
  whole: orNull(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(...INTEGERS))),
  large: orNull(fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n })),
  deep: orNull(fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) })),
  // Of -0 MariaDB makes 0.
  ratio: orNull(fc.double({ noNaN: true, noDefaultInfinity: true }).map((ratio) => ratio + 0)),
  flag: orNull(fc.boolean()),
  letters: orNull(fc.string({ unit: "binary", maxLength: 90 })),
  bytes: orNull(fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))),
  moment: orNull(
    fc.date({ min: new Date("0100-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }),
  ),
});

async function openTable(kind: ServerKind): Promise<FraiserDatabaseAdapter> {
  const adapter = await openEmpty(kind);
  await adapter.executeQuery(
    `CREATE TABLE t (id INT PRIMARY KEY, whole BIGINT, large BIGINT UNSIGNED, deep BIGINT, ratio DOUBLE, flag BOOLEAN,
      letters LONGTEXT, bytes LONGBLOB, moment DATETIME(3)) DEFAULT CHARACTER SET utf8mb4`,
  );
  return adapter;
}

describe.each(KINDS)("a statement's parameters on %s", (kind) => {
  const all = (adapter: FraiserDatabaseAdapter) => adapter.executeQuery<Row>("SELECT * FROM t ORDER BY id");

  test("arrive as they are, in statements of one row and of many", async () => {
    const adapter = await openTable(kind);
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
        const numbered = rows.map((values, id) => ({ id, ...values }));
        await adapter.executeUpdate("DELETE FROM t");
        await adapter.insertMany("t", numbered);
        expect(await all(adapter)).toEqual(numbered);
        await adapter.executeUpdate("DELETE FROM t");
        for (const values of numbered.slice(0, 3)) await adapter.insert("t", values);
        expect(await all(adapter)).toEqual(numbered.slice(0, 3));
      }),
      { numRuns: IS_FULL ? 1000 : 30 },
    );
  });

  test.each([0, 1, 82, 83, 84, 250, 251, 252, 65_535, 65_536, 70_000, 2 ** 20 + 1, 5_000_000])(
    "arrive whole, %i characters and bytes long",
    async (length) => {
      const adapter = await openTable(kind);
      const values = [
        { id: 1, letters: "x".repeat(length), bytes: Buffer.alloc(length, 1) },
        { id: 2, letters: "é".repeat(length / 2), bytes: null },
        { id: 3, letters: "🍓".repeat(length / 4), bytes: Buffer.alloc(0) },
      ];
      for (const value of values) await adapter.insert("t", value);
      expect(await adapter.executeQuery("SELECT id, letters, bytes FROM t ORDER BY id")).toEqual(values);
    },
  );

  test("are none, or as many as the protocol counts", async () => {
    const adapter = await openTable(kind);
    expect(await adapter.executeQuery("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    for (const count of [7, 8, 9, 65_535]) {
      const given = Array.from({ length: count }, (_, i) => (i % 3 === 0 ? null : i));
      const sum = given.map(() => "COALESCE(?, 0)").join(" + ");
      const chosen =
        count < 10
          ? `SELECT ${sum} AS sum`
          : `SELECT COUNT(*) AS sum FROM (SELECT 1) x WHERE 1 IN (${given.map(() => "?").join(", ")})`;
      const [answer] = await adapter.executeQuery<{ sum: unknown }>(chosen, given);
      const expected = count < 10 ? given.reduce<number>((total, value) => total + (value ?? 0), 0) : 1;
      expect(Number(answer?.sum)).toBe(expected);
    }
  });

  test("are those of the call, whatever its caller does to them before they are sent", async () => {
    const adapter = await openTable(kind);
    const moment = new Date("2026-11-23T13:45:00.123Z");
    const running = adapter.executeUpdate("INSERT INTO t (id, moment) VALUES (?, ?)", [1, moment]);
    moment.setTime(0);
    await running;
    expect(await adapter.executeQuery("SELECT moment FROM t")).toEqual([
      { moment: new Date("2026-11-23T13:45:00.123Z") },
    ]);
  });

  test("of an instant are the same text as in a message of the server", async () => {
    const adapter = await openTable(kind);
    const instants = ["0001-01-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z", "9999-12-31T23:59:59.007Z"];
    for (const [id, instant] of instants.entries()) await adapter.insert("t", { id, letters: new Date(instant) });
    const rows = await adapter.executeQuery("SELECT letters FROM t ORDER BY id");
    expect(rows).toEqual(instants.map((instant) => ({ letters: instantText(new Date(instant)) })));
    expect(rows[1]).toEqual({ letters: "2024-02-29 23:59:59.999" });
  });
});

test("an instant is not repeated in an error, in whatever words the server has it", () => {
  const error = Object.assign(new Error("refused"), {
    code: "ER_PARSE_ERROR",
    errno: 1064,
    sqlState: "42000",
    sqlMessage: "You have an error in your SQL syntax near '2026-11-23 13:45:00.123' at line 1",
  });
  const told = (values: readonly unknown[]) =>
    translateServerError(error, false, { sql: "SELECT ?", values }, "9.7.4").message;
  expect(told([])).toContain("13:45");
  expect(told([new Date("2026-11-23T13:45:00.123Z")])).not.toContain("13:45");
});

// The packets of the protocol hold 2^24 - 1 bytes; longer ones are cut. MariaDB takes 16 MB when nothing else is set.
test.each([2 ** 24 - 100, 2 ** 24 - 29, 2 ** 24, 2 ** 25 + 1])(
  "%i bytes arrive on MySQL, in as many packets as it takes",
  async (length) => {
    const adapter = await openTable("mysql");
    const bytes = Buffer.alloc(length, "abc");
    await adapter.executeUpdate("INSERT INTO t (id, bytes) VALUES (1, ?)", [bytes]);
    const [row] = await adapter.executeQuery("SELECT LENGTH(bytes) AS length, SHA2(bytes, 256) AS digest FROM t");
    expect(row).toEqual({ length, digest: createHash("sha256").update(bytes).digest("hex") });
  },
);
