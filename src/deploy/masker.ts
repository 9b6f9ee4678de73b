const MASK = "[masked]";

/** Replaces secrets in text that people will see. */
export type Masker = (text: string) => string;

/**
 * A masker for these secrets and for passwords in URLs. A secret of several lines is masked line by line, since output
 * is seen line by line; the longest is masked first, so that a secret within another leaves no rest.
 */
export function createMasker(secrets: readonly string[]): Masker {
  const parts = secrets.flatMap((secret) => secret.split(/\r?\n/)).filter((part) => part.trim() !== "");
  const ordered = [...new Set(parts)].sort((a, b) => b.length - a.length);
  return (text) => {
    let masked = text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, `$1:${MASK}@`);
    for (const secret of ordered) masked = masked.replaceAll(secret, MASK);
    return masked;
  };
}

/** Masks every text within a value that is to become JSON. */
export function maskValue<T>(value: T, mask: Masker): T {
  if (typeof value === "string") return mask(value) as T;
  if (Array.isArray(value)) return value.map((item) => maskValue(item, mask)) as T;
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskValue(item, mask)])) as T;
  }
  return value;
}
