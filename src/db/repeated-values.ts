/** A statement that failed, and what it was given. */
export interface FailedStatement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** Quotes as the servers write them; `can't` has none. */
const QUOTES: Readonly<Record<'"' | "'", RegExp>> = { '"': /(?<!\w)"|"(?!\w)/, "'": /(?<!\w)'|'(?!\w)/ };

/**
 * Whether what a server says of a failed statement quotes a piece of a value, which it took for a name, a search or SQL.
 * What stands in the statement, too, is no secret.
 */
export function repeatsValue(text: string, quote: keyof typeof QUOTES, { sql, values }: FailedStatement): boolean {
  const isSecret = (piece: string) => piece.length > 1 && !sql.includes(piece);
  const secrets = values.filter((value) => typeof value === "string").filter(isSecret);
  return text.split(QUOTES[quote]).some((piece, index) => {
    const isQuoted = index % 2 === 1;
    const repeats = (value: string) =>
      // Behind a value with quotes of its own nobody knows any more what is quoted.
      ((isQuoted || value.includes(quote)) && value.includes(piece)) ||
      (isQuoted && value.length > 2 && piece.includes(value));
    return isSecret(piece) && secrets.some(repeats);
  });
}
