import { isInteger64, type MysqlValue, TYPE } from "./types.ts";

/** What `mysql2` sends. The buffer begins with room for the header, which is written when the number of the packet is known. */
export interface Packet {
  readonly buffer: Buffer;
  length(): number;
  writeHeader(sequenceId: number): void;
}

/** The command of `mysql2` that runs a prepared statement. */
export interface ExecuteCommand {
  readonly statement: { readonly id: number };
  readonly parameters: readonly MysqlValue[];
  start: typeof startPacked;
  /** What it does with the first packet of the answer. */
  readonly resultsetHeader: unknown;
}

/**
 * In place of the driver's own start of a command: it makes six bigints of each integer and an object of each value,
 * which for a thousand rows is more work than all the rest.
 */
export function startPacked(
  this: ExecuteCommand,
  _packet: unknown,
  connection: { writePacket(packet: Packet): void },
): unknown {
  connection.writePacket(new ExecutePacket(executePayload(this.statement.id, this.parameters)));
  return this.resultsetHeader;
}

const UNSIGNED = 0x80;

const HEADER_BYTES = 4;
const COM_STMT_EXECUTE = 0x17;
const NO_CURSOR = 0;
/** The most bytes that a length takes, or a number, and that each UTF-16 unit of a text takes in UTF-8. */
const [LENGTH_BYTES, BYTES_PER_UNIT] = [9, 3];
const INSTANT_CHARACTERS = "2026-11-23 13:45:00.123".length;
/** The longest text whose length is one byte, whatever is in it. */
const SHORT_UNITS = Math.floor(250 / BYTES_PER_UNIT);

/** Packets are written here, and copied when it is known how long they are. */
let scratch: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
/** What was made for a longer packet is let go of after it. */
const KEPT_SCRATCH = 1024 * 1024;

class ExecutePacket implements Packet {
  readonly buffer: Buffer;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }

  length(): number {
    return this.buffer.length;
  }

  writeHeader(sequenceId: number): void {
    this.buffer.writeUIntLE(this.buffer.length - HEADER_BYTES, 0, 3);
    this.buffer[3] = sequenceId;
  }
}

/**
 * COM_STMT_EXECUTE without query attributes, behind room for the header.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html
 */
export function executePayload(statementId: number, values: readonly MysqlValue[]): Buffer {
  const count = values.length;
  const bitmap = HEADER_BYTES + 10;
  const types = bitmap + ((count + 7) >> 3) + 1;
  let at = count === 0 ? bitmap : types + 2 * count;
  let buffer = roomFor(scratch, 0, at);
  buffer[HEADER_BYTES] = COM_STMT_EXECUTE;
  buffer.writeUInt32LE(statementId, HEADER_BYTES + 1);
  buffer[HEADER_BYTES + 5] = NO_CURSOR;
  buffer.writeUInt32LE(1, HEADER_BYTES + 6); // how often, always once
  if (count > 0) {
    for (let byte = bitmap; byte < types - 1; byte++) buffer[byte] = 0;
    buffer[types - 1] = 1; // the types follow
  }
  for (let i = 0; i < count; i++) {
    const value = values[i] as MysqlValue;
    buffer = roomFor(buffer, at, roomOf(value));
    let type: number;
    let flags = 0;
    if (value === null) {
      type = TYPE.NULL;
      (buffer[bitmap + (i >> 3)] as number) |= 1 << (i & 7);
    } else if (typeof value === "string") {
      type = TYPE.VAR_STRING;
      at = writeText(buffer, at, value);
    } else if (typeof value === "boolean") {
      type = TYPE.TINY;
      buffer[at++] = value ? 1 : 0;
    } else if (value instanceof Date) {
      type = TYPE.VAR_STRING; // of the type DATETIME a column of text, or of JSON, would make something else
      at = writeInstant(buffer, at, value);
    } else if (typeof value === "object") {
      type = TYPE.BLOB;
      at = writeLength(buffer, at, value.length);
      at += value.copy(buffer, at);
    } else if (typeof value === "bigint" || isInteger64(value)) {
      // As a double LIMIT would not take it, nor a large key be found.
      type = TYPE.LONGLONG;
      if (value >= 2 ** 63) flags = UNSIGNED;
      at = writeInteger(buffer, at, value);
    } else {
      type = TYPE.DOUBLE;
      at = buffer.writeDoubleLE(value, at);
    }
    buffer[types + 2 * i] = type;
    buffer[types + 2 * i + 1] = flags;
  }
  if (buffer.length <= KEPT_SCRATCH) scratch = buffer;
  const packet = Buffer.allocUnsafe(at);
  buffer.copy(packet, 0, 0, at);
  return packet;
}

/** The buffer itself, or a longer one with what is written so far. */
function roomFor(buffer: Buffer, at: number, bytes: number): Buffer {
  if (at + bytes <= buffer.length) return buffer;
  const longer = Buffer.allocUnsafeSlow(Math.max(2 * buffer.length, at + bytes));
  buffer.copy(longer, 0, 0, at);
  return longer;
}

/** How many bytes a value takes at most. */
function roomOf(value: MysqlValue): number {
  if (typeof value === "string") return LENGTH_BYTES + BYTES_PER_UNIT * value.length;
  if (typeof value !== "object" || value === null) return LENGTH_BYTES;
  return LENGTH_BYTES + (value instanceof Date ? INSTANT_CHARACTERS : value.length);
}

function writeText(buffer: Buffer, at: number, text: string): number {
  if (text.length <= SHORT_UNITS) {
    const bytes = buffer.write(text, at + 1, "utf8");
    buffer[at] = bytes;
    return at + 1 + bytes;
  }
  const start = writeLength(buffer, at, Buffer.byteLength(text, "utf8"));
  return start + buffer.write(text, start, "utf8");
}

/** `2026-11-23 13:45:00.123`, as the text that the server takes for an instant in the time zone of the session, which is UTC. */
function writeInstant(buffer: Buffer, at: number, date: Date): number {
  buffer[at] = INSTANT_CHARACTERS;
  let end = writeDigits(buffer, at + 1, date.getUTCFullYear(), 4, "-");
  end = writeDigits(buffer, end, date.getUTCMonth() + 1, 2, "-");
  end = writeDigits(buffer, end, date.getUTCDate(), 2, " ");
  end = writeDigits(buffer, end, date.getUTCHours(), 2, ":");
  end = writeDigits(buffer, end, date.getUTCMinutes(), 2, ":");
  end = writeDigits(buffer, end, date.getUTCSeconds(), 2, ".");
  return writeDigits(buffer, end, date.getUTCMilliseconds(), 3, "");
}

/** So many digits of a number, with zeros before it, and what follows. */
function writeDigits(buffer: Buffer, at: number, number: number, width: number, follower: string): number {
  let rest = number;
  for (let i = at + width - 1; i >= at; i--) {
    buffer[i] = 0x30 + (rest % 10);
    rest = Math.trunc(rest / 10);
  }
  if (follower === "") return at + width;
  buffer[at + width] = follower.charCodeAt(0);
  return at + width + 1;
}

/** https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_dt_integers.html#sect_protocol_basic_dt_int_le */
function writeLength(buffer: Buffer, at: number, length: number): number {
  if (length < 251) return buffer.writeUInt8(length, at);
  if (length < 2 ** 16) return buffer.writeUInt16LE(length, buffer.writeUInt8(0xfc, at));
  if (length < 2 ** 24) return buffer.writeUIntLE(length, buffer.writeUInt8(0xfd, at), 3);
  return buffer.writeBigUInt64LE(BigInt(length), buffer.writeUInt8(0xfe, at));
}

function writeInteger(buffer: Buffer, at: number, value: number | bigint): number {
  if (typeof value === "number" && Number.isSafeInteger(value))
    return buffer.writeInt32LE(Math.floor(value / 2 ** 32), buffer.writeInt32LE(value | 0, at));
  return buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at);
}
