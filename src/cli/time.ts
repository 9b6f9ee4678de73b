const UNITS: readonly (readonly [string, number])[] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** `3 minutes ago`. */
export function relativeTime(at: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - at.getTime()) / 1000);
  if (Math.abs(seconds) < 1) return "just now";
  const [unit, length] = UNITS.find(([, unitSeconds]) => Math.abs(seconds) >= unitSeconds) ?? ["second", 1];
  const count = Math.floor(Math.abs(seconds) / length);
  const amount = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
}

/** `2026-11-23 13:45:00Z`. */
export function exactTime(at: Date): string {
  return at
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
}

/** Both: `3 minutes ago (2026-11-23 13:45:00Z)`. */
export function bothTimes(at: Date, now: Date): string {
  return `${relativeTime(at, now)} (${exactTime(at)})`;
}

/** `0.4 s`, `12 s`, `3 min 20 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/**
 * Reads a moment: a date or time as they are shown, in UTC where it names no zone, or an age such as `2h`, `3d`, `45m`.
 *
 * @returns null for anything else
 */
export function parseSince(text: string, now: Date): Date | null {
  const age = /^(\d+)\s*(s|m|h|d|w)$/.exec(text.trim());
  if (age) {
    const seconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }[age[2] as "s" | "m" | "h" | "d" | "w"];
    return valid(new Date(now.getTime() - Number(age[1]) * seconds * 1000));
  }
  const [, day, time = "00:00", zone = "Z"] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/i.exec(text.trim()) ?? [];
  if (day === undefined || valid(new Date(day))?.toISOString().slice(0, 10) !== day) return null; // no 31 February
  return valid(new Date(`${day}T${time}${zone.toUpperCase()}`));
}

const valid = (date: Date): Date | null => (Number.isNaN(date.getTime()) ? null : date);
