import { UnknownTimeZoneError } from "../errors.ts";

/** A time as the Python Fraisier wrote it. */
export interface ReadTime {
  /** Milliseconds since the Unix epoch; finer digits are cut off. */
  readonly instant: number;
  /** What the clock on the wall showed, as if that were UTC; null where the text says its zone itself. */
  readonly wall: number | null;
}

const DAY_MS = 86_400_000;

/** What Python's `datetime.isoformat()` writes: no fraction where that is zero, a zone only for an aware time. */
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d(?::?\d\d(?:\.\d+)?)?)?)?$/i;

/** Whether this machine knows a time zone by that name (of the IANA data base, e.g. `Europe/Paris`). */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The zone of the clock by which naive times were written. */
export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  /** Offsets at midnight UTC, by the number of the day. */
  readonly #offsets = new Map<number, number>();

  /** @param name default: this machine's @throws UnknownTimeZoneError */
  constructor(name: string | undefined = Intl.DateTimeFormat().resolvedOptions().timeZone) {
    // A machine whose TZ names no zone has none at all.
    if (name === undefined || !isTimeZone(name)) throw new UnknownTimeZoneError(name ?? process.env.TZ ?? "");
    this.#format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
    this.name = name;
  }

  /**
   * Reads a time. One with a zone is taken as it is. Of a naive one that a clock showed twice, since it was put back, the
   * first is taken, or the second where the first would be before `notBefore`. One that no clock showed, since it was put
   * forward, is read as if it had not been yet.
   *
   * @param notBefore the instant of something that came before, in milliseconds
   * @returns null for a text that is no time
   */
  read(text: string, notBefore: number = Number.NEGATIVE_INFINITY): ReadTime | null {
    const match = TIME.exec(text);
    if (match === null) return null;
    const [, day = "", time = "", fraction = "", zone] = match;
    const wall = Date.parse(`${day}T${time}.${fraction.padEnd(3, "0").slice(0, 3)}Z`);
    // JavaScript takes the 30th of February for the 2nd of March.
    if (Number.isNaN(wall) || new Date(wall).toISOString().slice(0, 10) !== day) return null;
    const instant = zone === undefined ? this.#instantOf(wall, notBefore) : wall - offsetOf(zone);
    const year = new Date(instant).getUTCFullYear();
    if (year < 1 || year > 9999) return null;
    return { instant, wall: zone === undefined ? wall : null };
  }

  #instantOf(wall: number, notBefore: number): number {
    const day = Math.floor(wall / DAY_MS);
    const before = this.#offsetOn(day - 1);
    const after = this.#offsetOn(day + 2);
    if (before === after) return wall - before; // no zone changes its offset twice in three days
    const [first = wall - before, second = first] = [wall - before, wall - after]
      .filter((instant) => wall - instant === this.#offsetAt(instant))
      .sort((a, b) => a - b);
    return first < notBefore ? second : first;
  }

  #offsetOn(day: number): number {
    const known = this.#offsets.get(day);
    if (known !== undefined) return known;
    const offset = this.#offsetAt(day * DAY_MS);
    this.#offsets.set(day, offset);
    return offset;
  }

  /** How far the wall clock is ahead of UTC, in milliseconds. */
  #offsetAt(instant: number): number {
    const part = this.#format.formatToParts(instant).find(({ type }) => type === "timeZoneName");
    return offsetOf(part?.value.replace(/^GMT/, "") || "Z");
  }
}

/** The milliseconds of `Z`, `+02`, `+05:45` or `-00:25:21`; what is finer than a second no zone has. */
function offsetOf(zone: string): number {
  if (/^z$/i.test(zone)) return 0;
  const [hours = 0, minutes = 0, seconds = 0] = (zone.slice(1).match(/\d\d/g) ?? []).map(Number);
  const offset = 1000 * (seconds + 60 * (minutes + 60 * hours));
  return zone.startsWith("-") ? -offset : offset;
}
