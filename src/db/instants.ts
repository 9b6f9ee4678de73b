/**
 * Reads a text such as `2026-11-23 13:45:00.123456` as UTC, some three times as fast as `new Date()` reads it. What
 * stands between day and hour is not looked at; of a second's fraction three digits count.
 *
 * @param end - where in `text` the time ends
 * @returns null for what is written otherwise, for a day or a time that there is not, and for a year before 100
 */
export function readUtc(text: string, end: number): Date | null {
  const [dash, colon] = [45, 58];
  if (text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return null;
  if (text.charCodeAt(13) !== colon || text.charCodeAt(16) !== colon) return null;
  const year = number(text, 0, 4);
  const month = number(text, 5, 7);
  const day = number(text, 8, 10);
  const hour = number(text, 11, 13);
  const minute = number(text, 14, 16);
  const second = number(text, 17, 19);
  const milliseconds = fraction(text, end);
  // NaN is in no range. Date.UTC takes the year 99 for 1999, and would count on from a month that there is not.
  const isTime = hour <= 23 && minute <= 59 && second <= 59 && milliseconds <= 999;
  if (!isTime || !(year >= 100 && month >= 1 && month <= 12 && day >= 1)) return null;
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second, milliseconds));
  return day <= 28 || date.getUTCDate() === day ? date : null;
}

/** The digits from `start` to `end` as a number; NaN where one of them is none. */
function number(text: string, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum = sum * 10 + digit(text, i);
  return sum;
}

function digit(text: string, i: number): number {
  const value = text.charCodeAt(i) - 48;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}

/** Whole milliseconds of what follows the seconds; NaN where that is no fraction. */
function fraction(text: string, end: number): number {
  if (end === 19) return 0;
  if (end < 21 || text.charAt(19) !== ".") return Number.NaN;
  let milliseconds = 0;
  let weight = 100;
  for (let i = 20; i < end; i++) {
    milliseconds += digit(text, i) * Math.trunc(weight);
    weight /= 10;
  }
  return milliseconds;
}
