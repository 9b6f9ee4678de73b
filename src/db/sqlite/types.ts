import { cannotHold, encodeInstant, encodeJson, encodeText, isJson, notAValue } from "../encode.ts";
import { DatabaseError } from "../errors.ts";
import { readUtc } from "../instants.ts";
import { ArrayValue } from "../values.ts";

/** A value as `node:sqlite` binds and returns it. */
export type SqliteValue = null | number | bigint | string | NodeJS.ArrayBufferView<ArrayBuffer>;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * Turns a caller's value into one that SQLite stores without changing it: integers as INTEGER, dates as ISO text with
 * `Z`, objects and lists as JSON text.
 *
 * @throws DatabaseError `parameter_mismatch` or `out_of_range` for a value that SQLite can't hold
 */
export function encodeValue(value: unknown, position: number): SqliteValue {
  switch (typeof value) {
    case "string":
      return encodeText(value, position, "SQLite");
    case "number":
      if (Number.isNaN(value)) throw cannotHold(position, "NaN", "SQLite");
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
    case "boolean":
      return value ? 1n : 0n;
    case "bigint":
      if (value < INT64_MIN || value > INT64_MAX) throw cannotHold(position, "an integer beyond 64 bits", "SQLite");
      return value;
    case "object":
      return value === null ? null : encodeObject(value, position);
    default:
      throw notAValue(value, position);
  }
}

function encodeObject(value: object, position: number): SqliteValue {
  if (ArrayBuffer.isView(value)) return value as NodeJS.ArrayBufferView<ArrayBuffer>;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (value instanceof Date) return encodeInstant(value, position, "SQLite");
  if (isJson(value)) return encodeJson(value, position);
  if (value instanceof ArrayValue)
    throw new DatabaseError("unsupported", "SQLite has no arrays.", {
      hint: "Give the list itself, which is stored as JSON.",
    });
  throw notAValue(value, position);
}

/** Turns what SQLite returns for a column into the value that was written; null where nothing is to be done. */
export type Decoder = (value: SqliteValue) => unknown;

const isBlob = (value: SqliteValue): value is NodeJS.ArrayBufferView<ArrayBuffer> =>
  typeof value === "object" && value !== null;

/** What holds for a value whatever its column's type: integers are numbers where those are exact, bytes are Buffers. */
export function decodeValue(value: SqliteValue): unknown {
  if (typeof value === "bigint")
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  return isBlob(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

const DECODERS: Record<string, Decoder> = {
  boolean: (value) => (value === 1 || value === 1n ? true : value === 0 || value === 0n ? false : decodeValue(value)),
  instant: (value) => (typeof value === "string" ? (parseInstant(value) ?? value) : decodeValue(value)),
  json: (value) => (typeof value === "string" ? parseJson(value) : decodeValue(value)),
  uuid: (value) => (typeof value === "string" ? value.toLowerCase() : decodeValue(value)),
  decimal: (value) => (typeof value === "number" || typeof value === "bigint" ? String(value) : decodeValue(value)),
};

const DECODER_OF_TYPE: Record<string, keyof typeof DECODERS> = {
  BOOLEAN: "boolean",
  BOOL: "boolean",
  TIMESTAMP: "instant",
  TIMESTAMPTZ: "instant",
  DATETIME: "instant",
  JSON: "json",
  JSONB: "json",
  UUID: "uuid",
  DECIMAL: "decimal",
  NUMERIC: "decimal",
};

/** The decoder of a column by its declared type; the general one for an expression, which has none. */
export function decoderFor(declaredType: string | null): Decoder {
  const name = declaredType?.toUpperCase().split(/[\s(]/, 1)[0] ?? "";
  return DECODERS[DECODER_OF_TYPE[name] ?? ""] ?? decodeValue;
}

const INSTANT = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?$/;

/** SQLite's own functions write UTC without a zone; text that is no instant stays text. */
function parseInstant(text: string): Date | null {
  // As this adapter writes it.
  const usual = text.length === 24 && text[10] === "T" && text[23] === "Z" ? readUtc(text, 23) : null;
  if (usual !== null) return usual;
  const match = INSTANT.exec(text);
  if (match === null) return null;
  const day = Number(text.slice(8, 10));
  // JavaScript takes the 30th of February for the 2nd of March.
  if (day > 28 && new Date(text.slice(0, 10)).getUTCDate() !== day) return null;
  const iso = text.replace(" ", "T");
  const date = new Date(match[1] === undefined && iso.includes("T") ? `${iso}Z` : iso);
  return Number.isNaN(date.getTime()) ? null : date;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // not written by this adapter; the text is all there is
  }
}
