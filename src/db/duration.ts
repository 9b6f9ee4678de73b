const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** How a duration is written: seconds, or a number with `ms`, `s`, `m` or `h`. */
export const DURATION_PATTERN: RegExp = /^(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|h)?$/;

/**
 * Reads a duration: a number of seconds, which may have a fraction, or text like "500ms", "30s", "5m", "1h".
 *
 * @returns seconds, or null when it is not a duration.
 */
export function parseDuration(value: string | number): number | null {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : null;
  const match = DURATION_PATTERN.exec(value.trim());
  if (match === null) return null;
  const milliseconds = Number(match[1]) * (UNITS[match[2] ?? "s"] ?? 1) * 1000;
  return Math.round(milliseconds) / 1000;
}
