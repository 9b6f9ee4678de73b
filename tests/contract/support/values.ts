/** Values of every declared type, the ends of its range among them. */
import { json } from "../../../src/db/index.ts";
import type { ColumnTypes } from "./databases.ts";

export type ValueKind = keyof Omit<ColumnTypes, "countingKey" | "madeKey" | "keyText">;

export interface Sample {
  readonly label: string;
  readonly given: unknown;
  /** What is read; what was given, where nothing else is said. */
  readonly read: unknown;
}

const same = (values: readonly unknown[]): Sample[] =>
  values.map((value) => ({
    label: typeof value === "string" ? JSON.stringify(value) : String(value),
    given: value,
    read: value,
  }));
const labelled = (values: Readonly<Record<string, unknown>>): Sample[] =>
  Object.entries(values).map(([label, value]) => ({ label, given: value, read: value }));

const SAFE = Number.MAX_SAFE_INTEGER;
const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const plainJson = [
  {},
  [],
  [1, "two", null, true, [3]],
  { a: { b: [{ c: null }] }, ä: "ö", "": "empty key", "a.b": 1, $ref: "x" },
  { text: 'quote " and 雪 and 🍓', number: 0.1, large: SAFE, small: -1e-7, huge: 1e200 },
];
const anyJson = ["10.5", "", "text", "null", 10.5, 0, SAFE, true, false];

export const SAMPLES: Readonly<Record<ValueKind, readonly Sample[]>> = {
  boolean: same([true, false]),
  integer: [
    ...same([0, 1, -1, 127, -128, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, -(2 ** 31) - 1, 2 ** 32, SAFE, -SAFE]),
    ...same([2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]),
    { label: "the bigint 5, as a number", given: 5n, read: 5 },
    { label: "the number 2^53, as a bigint", given: 2 ** 53, read: 2n ** 53n },
    { label: "the number -2^60, as a bigint", given: -(2 ** 60), read: -(2n ** 60n) },
  ],
  float: same([
    0,
    1,
    -1,
    0.1,
    -0.1,
    1 / 3,
    Math.PI,
    1e15,
    SAFE,
    2 ** 53,
    1e21,
    1e-7,
    1e300,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    2.2250738585072014e-308,
  ]),
  decimal: same([
    "0.0000000000",
    "0.0000000001",
    "-0.1000000000",
    "10.5000000000",
    "9007199254740993.0000000001",
    "9999999999999999999999999999.9999999999",
    "-9999999999999999999999999999.9999999999",
  ]),
  text: [
    ...same([
      "",
      " ",
      "  both  ",
      "plain",
      "line\r\nbreak\ttab",
      "it's",
      '"quoted"',
      "`tick`",
      "back\\slash \\n",
      "? $1 %s ?? :x -- # /* ;",
    ]),
    ...same([
      "null",
      "true",
      "10.5",
      "2026-11-23",
      "Ünïcödé",
      "n\u0303o",
      "שלום",
      "雪",
      "🍓👩‍👩‍👧",
      "\u{10ffff}",
      "\ufeffmark",
      "\uffff",
    ]),
    ...labelled({ "1 MB": "0123456789abcdé🍓".repeat(52_429).slice(0, 1_048_576) }),
  ],
  bytes: [
    ...labelled({ "no byte": Buffer.alloc(0), "one NUL": Buffer.from([0]), "every byte": EVERY_BYTE }),
    ...labelled({
      "what is no UTF-8": Buffer.from([0xc3, 0x28, 0xff, 0xfe]),
      "1 MB": Buffer.alloc(1_048_576, EVERY_BYTE),
    }),
    { label: "a Uint8Array", given: Uint8Array.of(0, 1, 255), read: Buffer.from([0, 1, 255]) },
    { label: "a part of an array", given: Uint8Array.of(9, 0, 1, 9).subarray(1, 3), read: Buffer.from([0, 1]) },
    { label: "an ArrayBuffer", given: Uint8Array.of(7, 0).buffer, read: Buffer.from([7, 0]) },
  ],
  json: [
    ...plainJson.map((value) => ({ label: JSON.stringify(value), given: value, read: value })),
    ...anyJson.map((value) => ({ label: `json(${JSON.stringify(value)})`, given: json(value), read: value })),
  ],
  uuid: same([
    "00000000-0000-0000-0000-000000000000",
    "0190b6a0-7c3e-7abc-8def-0123456789ab",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
  ]),
  instant: [
    "1970-01-01T00:00:00.000Z",
    "0001-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "1969-12-31T23:59:59.999Z",
    "1883-11-18T12:03:58.001Z",
    "2024-02-29T12:00:00.010Z",
    "2026-03-29T01:30:00.000Z", // no such hour in the local time of Berlin
    "2026-10-25T00:30:00.100Z", // and this one comes twice
    "2038-01-19T03:14:08.000Z",
  ].map((text) => ({ label: text, given: new Date(text), read: new Date(text) })),
  date: same(["0001-01-01", "1582-10-10", "1970-01-01", "2024-02-29", "2026-03-29", "9999-12-31"]),
};

export const KINDS = Object.keys(SAMPLES) as readonly ValueKind[];
