/** What a value is, in words that do not show it: `a plain object`, `a number`, `null`. */
export function nameOfValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value !== "object") return `a ${typeof value}`;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return "a plain object";
  return `an object of class ${value.constructor?.name ?? "unknown"}`;
}
