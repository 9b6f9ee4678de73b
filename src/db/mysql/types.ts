import { cannotHold, checkedTime, encodeJson, encodeText, isJson, notAValue } from "../encode.ts";
import { DatabaseError } from "../errors.ts";
import { ArrayValue } from "../values.ts";

/** A value as it is sent: an integer, which has 64 bits at most, as BIGINT, another number as DOUBLE, a boolean as TINYINT, a Date as text in UTC. */
export type MysqlValue = null | string | number | bigint | boolean | Buffer | Date;

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
      return value;
    case "boolean":
      return value;
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
export function isInteger64(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64 && !Object.is(value, -0);
}

function encodeObject(value: object, position: number): MysqlValue {
  if (Buffer.isBuffer(value)) return value;
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  // Its caller may change it before it is sent.
  if (value instanceof Date) return new Date(checkedTime(value, position, DATABASE));
  if (isJson(value)) return encodeJson(value, position);
  if (value instanceof ArrayValue)
    throw new DatabaseError("unsupported", "MySQL has no arrays.", {
      hint: "Give the list itself, which is stored as JSON.",
    });
  throw notAValue(value, position);
}

/** The text of an instant: `2026-11-23 13:45:00.123`, in UTC as every session of ours. */
export function instantText(date: Date): string {
  const iso = date.toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, -1)}`;
}

/** What the driver tells about a column. */
export interface ColumnDescription {
  readonly name: string;
  readonly columnType: number;
  /** Characters to show it with; 1 for TINYINT(1). */
  readonly columnLength: number;
  readonly flags: number;
  /** Digits behind the point, of a second too. */
  readonly decimals: number;
  readonly characterSet: number;
  /** That character set in Node.js. */
  readonly encoding: string;
  /** MariaDB says `json` here, since its JSON is a LONGTEXT. */
  readonly extendedFormat?: string;
}

/** https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html */
export const TYPE = {
  TINY: 1,
  SHORT: 2,
  LONG: 3,
  FLOAT: 4,
  DOUBLE: 5,
  NULL: 6,
  TIMESTAMP: 7,
  LONGLONG: 8,
  INT24: 9,
  DATE: 10,
  TIME: 11,
  DATETIME: 12,
  YEAR: 13,
  NEWDATE: 14,
  VECTOR: 242,
  JSON: 245,
  NEWDECIMAL: 246,
  BLOB: 252,
  VAR_STRING: 253,
  GEOMETRY: 255,
} as const;

/** https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__column__definition__flags.html */
const UNSIGNED_FLAG = 32;
/** The character set of bytes. */
const BINARY = 63;

const isBoolean = ({ columnType, columnLength }: ColumnDescription): boolean =>
  columnType === TYPE.TINY && columnLength === 1;

const booleanOf = (value: number): unknown => (value === 0 || value === 1 ? value === 1 : value);
const integerOf = (value: number | string): number | bigint =>
  typeof value === "string" ? exactInteger(value) : value;

function exactInteger(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // MariaDB checks its JSON only while check_constraint_checks is on; the text is all there is
  }
}

/** `2026-11-23 13:45:00.123`, in UTC as every session of ours; a date that is none (`0000-00-00`) stays text. */
function instantOf(text: string): Date | string {
  const date = new Date(`${text.replace(" ", "T")}Z`);
  return Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(text.slice(8, 10)) ? text : date;
}

/** A row in the binary protocol, as far as `mysql2` has read it; its methods read on from `offset`. */
export interface RowPacket {
  readonly buffer: Buffer;
  offset: number;
  readInt8(): number;
  readSInt8(): number;
  readInt16(): number;
  readSInt16(): number;
  readInt32(): number;
  readSInt32(): number;
  /** As text where it is no safe number. */
  readInt64(): number | string;
  readSInt64(): number | string;
  readFloat(): number;
  readDouble(): number;
  readLengthCodedString(encoding: string): string;
  readLengthCodedBuffer(): Buffer;
  readTimeString(): string;
  readDateTimeString(decimals: number, separator: string | null, columnType: number): string;
  parseGeometryValue(): unknown;
  parseVector(): unknown;
}

/** Reads the next value of a row in the binary protocol, where that is not NULL, as the value that was written. */
export type ValueReader = (packet: RowPacket) => unknown;

/**
 * The reader of a column by its type.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html#sect_protocol_binary_resultset_row_value
 */
export function readerFor(column: ColumnDescription): ValueReader {
  const { columnType, characterSet, encoding, decimals, extendedFormat } = column;
  if (extendedFormat === "json") return (packet) => jsonOf(packet.readLengthCodedString(encoding));
  const isUnsigned = (column.flags & UNSIGNED_FLAG) !== 0;
  switch (columnType) {
    case TYPE.TINY:
      if (isBoolean(column)) return (packet) => booleanOf(isUnsigned ? packet.readInt8() : packet.readSInt8());
      return isUnsigned ? (packet) => packet.readInt8() : (packet) => packet.readSInt8();
    case TYPE.SHORT:
      return isUnsigned ? (packet) => packet.readInt16() : (packet) => packet.readSInt16();
    case TYPE.YEAR:
      return (packet) => packet.readInt16();
    case TYPE.LONG:
    case TYPE.INT24:
      return isUnsigned ? (packet) => packet.readInt32() : (packet) => packet.readSInt32();
    case TYPE.LONGLONG:
      return isUnsigned ? (packet) => integerOf(packet.readInt64()) : (packet) => integerOf(packet.readSInt64());
    case TYPE.FLOAT:
      return (packet) => packet.readFloat();
    case TYPE.DOUBLE:
      return (packet) => packet.readDouble();
    case TYPE.NEWDECIMAL:
      return (packet) => packet.readLengthCodedString("ascii");
    case TYPE.DATETIME:
    case TYPE.TIMESTAMP:
      return (packet) => readInstant(packet, decimals, columnType);
    case TYPE.DATE:
    case TYPE.NEWDATE:
      return (packet) => packet.readDateTimeString(decimals, null, columnType);
    case TYPE.TIME:
      return (packet) => withDecimals(packet.readTimeString(), decimals);
    case TYPE.JSON:
      return (packet) => jsonOf(packet.readLengthCodedString("utf8")); // whatever set it names
    case TYPE.GEOMETRY:
      return (packet) => packet.parseGeometryValue();
    case TYPE.VECTOR:
      return (packet) => packet.parseVector();
    default:
      return characterSet === BINARY
        ? (packet) => packet.readLengthCodedBuffer()
        : (packet) => packet.readLengthCodedString(encoding);
  }
}

/** Length, year, month, day, hour, minute, second, microseconds; what is 0 at the end is left out. */
function readInstant(packet: RowPacket, decimals: number, columnType: number): Date | string {
  const start = packet.offset;
  const length = packet.readInt8();
  if (length >= 4) {
    const year = packet.readInt16();
    const month = packet.readInt8();
    const day = packet.readInt8();
    let milliseconds = 0;
    if (length > 4) {
      milliseconds = packet.readInt8() * 3_600_000;
      milliseconds += packet.readInt8() * 60_000;
      milliseconds += packet.readInt8() * 1000;
    }
    if (length > 7) milliseconds += Math.trunc(packet.readInt32() / 1000);
    const date = new Date(Date.UTC(year, month - 1, day) + milliseconds);
    // Date.UTC takes the year 99 for 1999, and the 30th of February for the 2nd of March.
    if (year > 99 && month > 0 && date.getUTCDate() === day) return date;
  }
  packet.offset = start;
  return instantOf(packet.readDateTimeString(decimals, null, columnType));
}

/** The driver leaves out zeros at the end of a time, which the server sends in the text protocol. */
function withDecimals(time: string, decimals: number): string {
  if (decimals === 0) return time;
  const [seconds = "", fraction = ""] = time.split(".");
  return `${seconds}.${fraction.padEnd(decimals, "0")}`;
}

/** What the driver hands out in the text protocol, set up as this project does: big integers, dates and JSON as text. */
export type DriverValue = null | string | number | Buffer;

/** Turns what the driver returns for a column into the value that was written. */
export type Decoder = (value: DriverValue) => unknown;

const DECODERS = new Map<number, Decoder>([
  [TYPE.LONGLONG, (value) => integerOf(value as number | string)],
  [TYPE.DATETIME, (value) => instantOf(String(value))],
  [TYPE.TIMESTAMP, (value) => instantOf(String(value))],
  [TYPE.JSON, (value) => jsonOf(value as string)],
]);

/** The decoder of a column of the text protocol by its type; null where nothing is to be done. */
export function decoderFor(column: ColumnDescription): Decoder | null {
  if (column.extendedFormat === "json") return (value) => jsonOf(value as string);
  if (isBoolean(column)) return (value) => booleanOf(value as number);
  return DECODERS.get(column.columnType) ?? null;
}
