/** What a program printed, as every database holds it: PostgreSQL's text has no NUL, and none has half a surrogate pair. */
export function storable(text: string): string;
export function storable(text: string | null): string | null;
export function storable(text: string | null): string | null {
  return text === null ? null : text.replaceAll("\0", "\u2400").toWellFormed();
}
