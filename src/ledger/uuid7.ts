import { randomUUID } from "node:crypto";

let lastMilliseconds = -1;
let lastCounter = 0;

/**
 * A UUID of version 7 (RFC 9562, section 5.7): time in milliseconds, then a counter of 12 bits that keeps those of one
 * process in order (section 6.2, method 1), then 62 random bits.
 *
 * @param milliseconds since the Unix epoch; a clock that goes back does not bring the order back
 */
export function uuid7(milliseconds: number): string {
  const random = randomUUID(); // what it has behind its third hyphen is what is wanted here, the variant included
  if (milliseconds > lastMilliseconds) {
    lastMilliseconds = milliseconds;
    lastCounter = Number.parseInt(random.slice(0, 3), 16) & 0x7ff; // the upper half is left for counting
  } else if (++lastCounter > 0xfff) {
    lastMilliseconds++;
    lastCounter = 0;
  }
  const time = hexadecimal(lastMilliseconds, 12);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hexadecimal(lastCounter, 3)}${random.slice(18)}`;
}

const hexadecimal = (number: number, digits: number): string => number.toString(16).padStart(digits, "0");

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
