/** What a program printed, as every database holds it: PostgreSQL's text has no NUL, and none has half a surrogate pair. */
export function storable(text: string): string;
export function storable(text: string | null): string | null;
export function storable(text: string | null): string | null {
  return text === null ? null : text.replaceAll("\0", "\u2400").toWellFormed();
}

/** The same for every text in a value that is kept as JSON. Keys of our own making are left alone. */
export function storableJson<T>(value: T): T {
  if (typeof value === "string") return storable(value) as T;
  if (Array.isArray(value)) return value.map(storableJson) as T;
  if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, storableJson(inner)])) as T;
}
