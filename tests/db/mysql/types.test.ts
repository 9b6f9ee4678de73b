/** What MySQL and MariaDB hold, and this project never writes: every type as it is read, in both protocols. */
import { describe, expect, test } from "vitest";
import type { FraiserDatabaseAdapter, Row, Transaction } from "../../../src/db/index.ts";
import { KINDS, openEmpty } from "./support.ts";

const COLUMNS = {
  tiny: ["TINYINT", "-128", -128],
  utiny: ["TINYINT UNSIGNED", "255", 255],
  flag: ["TINYINT(1)", "1", true],
  flag_of_more: ["TINYINT(1)", "7", 7],
  small: ["SMALLINT", "-32768", -32_768],
  usmall: ["SMALLINT UNSIGNED", "65535", 65_535],
  medium: ["MEDIUMINT", "-8388608", -8_388_608],
  umedium: ["MEDIUMINT UNSIGNED", "16777215", 16_777_215],
  whole: ["INT", "-2147483648", -2_147_483_648],
  uwhole: ["INT UNSIGNED", "4294967295", 4_294_967_295],
  big: ["BIGINT", "-9223372036854775808", -(2n ** 63n)],
  ubig: ["BIGINT UNSIGNED", "18446744073709551615", 2n ** 64n - 1n],
  safe: ["BIGINT UNSIGNED", "9007199254740991", Number.MAX_SAFE_INTEGER],
  float32: ["FLOAT", "0.5", 0.5],
  float64: ["DOUBLE", "-1e300", -1e300],
  exact: ["DECIMAL(38, 10)", "'1234567890123456789012345678.0000000001'", "1234567890123456789012345678.0000000001"],
  a_year: ["YEAR", "2026", 2026],
  duration: ["TIME(3)", "'-838:59:58.250'", "-838:59:58.250"],
  day: ["DATE", "'2026-11-23'", "2026-11-23"],
  midnight: ["DATETIME(3)", "'2026-11-23'", new Date("2026-11-23T00:00:00Z")],
  second: ["DATETIME", "'2026-11-23 01:02:03'", new Date("2026-11-23T01:02:03Z")],
  millisecond: ["DATETIME(3)", "'2026-11-23 01:02:03.004'", new Date("2026-11-23T01:02:03.004Z")],
  microsecond: ["DATETIME(6)", "'2026-11-23 01:02:03.004999'", new Date("2026-11-23T01:02:03.004Z")],
  stamp: ["TIMESTAMP(3) NULL", "'2026-11-23 23:59:59.999'", new Date("2026-11-23T23:59:59.999Z")],
  first_century: ["DATETIME", "'0042-01-02 03:04:05'", new Date("0042-01-02T03:04:05Z")],
  last_century: ["DATETIME(3)", "'9999-12-31 23:59:59.999'", new Date("9999-12-31T23:59:59.999Z")],
  leap: ["DATETIME", "'2024-02-29 12:00:00'", new Date("2024-02-29T12:00:00Z")],
  zero: ["DATETIME", "'0000-00-00 00:00:00'", "0000-00-00 00:00:00"],
  zero_day: ["DATETIME(3)", "'2026-05-00 01:02:03.5'", "2026-05-00 01:02:03.500"],
  no_such_day: ["DATETIME", "'2026-02-30 01:02:03'", "2026-02-30 01:02:03"],
  zero_date: ["DATE", "'0000-00-00'", "0000-00-00"],
  letters: ["VARCHAR(20) CHARACTER SET utf8mb4", "'é🍓'", "é🍓"],
  latin: ["VARCHAR(20) CHARACTER SET latin1", "'é'", "é"],
  some_bytes: ["VARBINARY(4)", "X'00ff'", Buffer.from([0, 255])],
  a_blob: ["BLOB", "X'00ff'", Buffer.from([0, 255])],
  some_bits: ["BIT(9)", "b'100000001'", Buffer.from([1, 1])],
  choice: ["ENUM('a', 'b')", "'b'", "b"],
  choices: ["SET('a', 'b')", "'a,b'", "a,b"],
  document: ["JSON", `'{"a": [1, null]}'`, { a: [1, null] }],
  json_null: ["JSON", "'null'", null],
} as const satisfies Record<string, readonly [type: string, literal: string, value: unknown]>;

describe.each(KINDS)("a row of %s", (kind) => {
  async function openTable(): Promise<FraiserDatabaseAdapter> {
    const adapter = await openEmpty(kind);
    const entries = Object.entries(COLUMNS);
    const declared = entries.map(([name, [type]]) => `${name} ${type}`).join(", ");
    await adapter.executeQuery(`CREATE TABLE t (${declared}) DEFAULT CHARACTER SET utf8mb4`);
    await adapter.transaction(async (tx) => {
      // As other programs may have it.
      await tx.executeQuery("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'");
      await tx.executeQuery(`INSERT INTO t VALUES (${entries.map(([, [, literal]]) => literal).join(", ")})`);
      await tx.executeQuery(`INSERT INTO t VALUES (${entries.map(() => "NULL").join(", ")})`);
    });
    return adapter;
  }
  const expected = (): Row[] => [
    Object.fromEntries(Object.entries(COLUMNS).map(([name, [, , value]]) => [name, value])),
    Object.fromEntries(Object.keys(COLUMNS).map((name) => [name, null])),
  ];

  test("has its values in the prepared protocol, streamed too", async () => {
    const adapter = await openTable();
    expect(await adapter.executeQuery("SELECT * FROM t")).toEqual(expected());
    const streamed: Row[] = [];
    for await (const row of adapter.stream("SELECT * FROM t")) streamed.push(row);
    expect(streamed).toEqual(expected());
  });

  test("has the same values in the text protocol", async () => {
    const adapter = await openTable();
    const rows = await adapter.transaction(async (tx: Transaction) => {
      // EXECUTE itself can't be prepared (error 1295), so it goes as text.
      await tx.executeQuery("PREPARE everything FROM 'SELECT * FROM t'");
      return tx.executeQuery("EXECUTE everything");
    });
    expect(rows).toEqual(expected());
  });

  test("is parsed anew when the columns of a kept statement have changed", async () => {
    const adapter = await openTable();
    const sql = "SELECT * FROM v";
    const answers: Row[][] = [];
    for (const columns of ["whole AS a", "big AS a", "letters AS a, day AS b", "day AS a, letters AS b"]) {
      await adapter.executeQuery(`CREATE OR REPLACE VIEW v AS SELECT ${columns} FROM t WHERE whole IS NOT NULL`);
      answers.push(await adapter.executeQuery(sql));
    }
    expect(answers).toEqual([
      [{ a: -2_147_483_648 }],
      [{ a: -(2n ** 63n) }],
      [{ a: "é🍓", b: "2026-11-23" }],
      [{ a: "2026-11-23", b: "é🍓" }],
    ]);
  });
});
