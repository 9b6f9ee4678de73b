import { randomFillSync } from "node:crypto";

let lastMilliseconds = -1;
let lastCounter = 0;

/**
 * A UUID of version 7 (RFC 9562, section 5.7): time in milliseconds, then a counter of 12 bits that keeps those of one
 * process in order (section 6.2, method 1), then 62 random bits.
 *
 * @param milliseconds since the Unix epoch; a clock that goes back does not bring the order back
 */
export function uuid7(milliseconds: number): string {
  const bytes = randomFillSync(new Uint8Array(16));
  if (milliseconds > lastMilliseconds) {
    lastMilliseconds = milliseconds;
    lastCounter = (((bytes[6] as number) << 8) | (bytes[7] as number)) & 0x7ff; // the upper half is left for counting
  } else if (++lastCounter > 0xfff) {
    lastMilliseconds++;
    lastCounter = 0;
  }
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(lastMilliseconds / 2 ** 32));
  view.setUint32(2, lastMilliseconds % 2 ** 32);
  view.setUint16(6, 0x7000 | lastCounter);
  view.setUint8(8, 0x80 | ((bytes[8] as number) & 0x3f));
  const hex = Buffer.from(bytes).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** What people call a row by: the last 8 hex digits of its id. The first ones are the time, and much alike. */
export function shortId(id: string): string {
  return id.replaceAll("-", "").slice(-8);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID, of any version. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** An id to look for; what is none becomes one that no row has, since PostgreSQL refuses to compare it. */
export function idToFind(text: string): string {
  return isUuid(text) ? text.toLowerCase() : "00000000-0000-0000-0000-000000000000";
}
