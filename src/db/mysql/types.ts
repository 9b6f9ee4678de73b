import { cannotHold, encodeInstant, encodeJson, encodeText, isJson, notAValue } from "../encode.ts";
import { DatabaseError } from "../errors.ts";
import { ArrayValue } from "../values.ts";

/** A value as it is sent: a bigint as an integer, a number as a double. */
export type MysqlValue = null | string | number | bigint | Buffer;

const DATABASE = "MySQL";
const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

/**
 * Turns a caller's value into what MySQL and MariaDB read as that very value.
 *
 * @throws DatabaseError `parameter_mismatch` or `out_of_range` for a value that they can't hold
 */
export function encodeValue(value: unknown, position: number): MysqlValue {
  switch (typeof value) {
    case "string":
      return encodeText(value, position, DATABASE);
    case "number":
      if (!Number.isFinite(value)) throw cannotHold(position, String(value), DATABASE);
      // The driver sends numbers as doubles, which LIMIT does not take and which don't find large keys.
      return isInteger64(value) ? BigInt(value) : value;
    case "boolean":
      return value ? 1n : 0n;
    case "bigint":
      if (value < INT64_MIN || value > UINT64_MAX) throw cannotHold(position, "an integer beyond 64 bits", DATABASE);
      return value;
    case "object":
      return value === null ? null : encodeObject(value, position);
    default:
      throw notAValue(value, position);
  }
}

/** Whether it is one of the integers, signed or unsigned, that a column of 64 bits may hold: as a double MariaDB would cut it to fit. */
function isInteger64(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64 && !Object.is(value, -0);
}

function encodeObject(value: object, position: number): MysqlValue {
  if (Buffer.isBuffer(value)) return value;
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (value instanceof Date) return encodeInstant(value, position, DATABASE).replace("T", " ").replace("Z", "");
  if (isJson(value)) return encodeJson(value, position);
  if (value instanceof ArrayValue)
    throw new DatabaseError("unsupported", "MySQL has no arrays.", {
      hint: "Give the list itself, which is stored as JSON.",
    });
  throw notAValue(value, position);
}

/** What the driver tells about a column. */
export interface ColumnDescription {
  readonly name: string;
  readonly columnType: number;
  /** Characters to show it with; 1 for TINYINT(1). */
  readonly columnLength: number;
  /** MariaDB says `json` here, since its JSON is a LONGTEXT. */
  readonly extendedFormat?: string;
}

/** What the driver hands out, set up as this project does: big integers, dates and JSON as text. */
export type DriverValue = null | string | number | Buffer;

/** Turns what the driver returns for a column into the value that was written. */
export type Decoder = (value: DriverValue) => unknown;

/** https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html */
const TYPE = { TINY: 1, TIMESTAMP: 7, LONGLONG: 8, DATETIME: 12, JSON: 245 } as const;

const asItIs: Decoder = (value) => value;
const asBoolean: Decoder = (value) => (value === 0 || value === 1 ? value === 1 : value);
const asJson: Decoder = (value) => (typeof value === "string" ? JSON.parse(value) : value);

const asInteger: Decoder = (value) => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : BigInt(value as string);
};

/** `2026-11-23 13:45:00.123`, in UTC as every session of ours; a date that is none (`0000-00-00`) stays text. */
const asInstant: Decoder = (value) => {
  const date = new Date(`${String(value).replace(" ", "T")}Z`);
  return Number.isNaN(date.getTime()) ? value : date;
};

/** The decoder of a column by its type. */
export function decoderFor({ columnType, columnLength, extendedFormat }: ColumnDescription): Decoder {
  if (extendedFormat === "json") return asJson;
  switch (columnType) {
    case TYPE.TINY:
      return columnLength === 1 ? asBoolean : asItIs;
    case TYPE.LONGLONG:
      return asInteger;
    case TYPE.DATETIME:
    case TYPE.TIMESTAMP:
      return asInstant;
    case TYPE.JSON:
      return asJson;
    default:
      return asItIs;
  }
}
