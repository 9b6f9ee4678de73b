import { parse as parseArray } from "postgres-array";
import { cannotHold, encodeInstant, encodeJson, encodeText, isJson, notAValue } from "../encode.ts";
import { readUtc } from "../instants.ts";
import { ArrayValue } from "../values.ts";

/** A value as it is sent: text, which the server reads by the type it wants; bytes as they are. */
export type PostgresValue = null | string | Buffer;

const DATABASE = "PostgreSQL";

/**
 * Turns a caller's value into what PostgreSQL reads as that very value.
 *
 * @throws DatabaseError `parameter_mismatch` or `out_of_range` for a value that PostgreSQL can't hold
 */
export function encodeValue(value: unknown, position: number): PostgresValue {
  switch (typeof value) {
    case "string":
      if (value.includes("\0")) throw cannotHold(position, "text with a NUL character", DATABASE);
      return encodeText(value, position, DATABASE);
    case "number":
      if (Object.is(value, -0)) return "-0";
      // JavaScript writes -(2 ** 60) as -1152921504606847000, which is another integer.
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? String(BigInt(value)) : String(value);
    case "boolean":
    case "bigint":
      return String(value);
    case "object":
      return value === null ? null : encodeObject(value, position);
    default:
      throw notAValue(value, position);
  }
}

function encodeObject(value: object, position: number): PostgresValue {
  if (Buffer.isBuffer(value)) return value;
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (value instanceof Date) return encodeInstant(value, position, DATABASE);
  if (isJson(value)) return encodeJson(value, position);
  if (value instanceof ArrayValue) return encodeArray(value.values, position);
  throw notAValue(value, position);
}

/** The text form of an array: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function encodeArray(values: readonly unknown[], position: number): string {
  const elements = values.map((value) => {
    if (Array.isArray(value)) return encodeArray(value, position);
    const encoded = encodeValue(value, position);
    if (encoded === null) return "NULL";
    const text = typeof encoded === "string" ? encoded : `\\x${encoded.toString("hex")}`;
    return `"${text.replace(/["\\]/g, "\\$&")}"`;
  });
  return `{${elements.join(",")}}`;
}

/** Turns the text that the server sent for a column into the value that was written. */
export type Decoder = (text: string) => unknown;

const asText: Decoder = (text) => text;
const asNumber: Decoder = (text) => Number(text);
const asBoolean: Decoder = (text) => text === "t";
const asBytes: Decoder = (text) => Buffer.from(text.slice(2), "hex"); // bytea_output is hex in every session of ours
const asJson: Decoder = (text) => JSON.parse(text);

const asInteger: Decoder = (text) => {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
};

/** `2026-11-23 13:45:00.123+00`, since the session's zone is UTC. What no Date can hold (infinity, BC, year 10000) stays text. */
const asInstant: Decoder = (text) => {
  if (!text.endsWith("+00")) return text;
  const usual = readUtc(text, text.length - 3);
  if (usual !== null) return usual;
  if (!/^\d{4}-\d\d-\d\d /.test(text)) return text;
  return new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
};

const asArrayOf =
  (decode: Decoder): Decoder =>
  (text) =>
    parseArray(text, decode);

/** By the type's OID, as pg_type.dat has them: the type itself, and the array of it. */
const DECODERS = new Map<number, Decoder>();
for (const [decode, type, arrayType] of [
  [asBoolean, 16, 1000],
  [asBytes, 17, 1001],
  [asInteger, 20, 1016],
  [asNumber, 21, 1005],
  [asNumber, 23, 1007],
  [asNumber, 26, 1028], // oid
  [asNumber, 700, 1021],
  [asNumber, 701, 1022],
  [asJson, 114, 199],
  [asJson, 3802, 3807],
  [asInstant, 1184, 1185],
  [asText, 25, 1009],
  [asText, 1043, 1015], // varchar
  [asText, 1042, 1014], // char
  [asText, 1700, 1231], // numeric: exact
  [asText, 1082, 1182], // date
  [asText, 1083, 1183], // time
  [asText, 1114, 1115], // timestamp without time zone: no instant, so no Date
  [asText, 2950, 2951], // uuid
] as const) {
  DECODERS.set(type, decode);
  DECODERS.set(arrayType, asArrayOf(decode));
}

/** The decoder of a column by the OID of its type; null where the text stays as it is, as for a type that is not known. */
export function decoderFor(typeOid: number): Decoder | null {
  const decode = DECODERS.get(typeOid) ?? asText;
  return decode === asText ? null : decode;
}
