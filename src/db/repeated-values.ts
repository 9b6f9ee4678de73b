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
  // Many rows have as many values, and statements of their length: it is looked through for the few that match.
  const texts = [...new Set(values.filter((value) => typeof value === "string"))];
  return text.split(QUOTES[quote]).some((piece, index) => {
    if (!isSecret(piece)) return false;
    const isQuoted = index % 2 === 1;
    return texts.some(
      (value) =>
        // Behind a value with quotes of its own nobody knows any more what is quoted.
        ((isQuoted || value.includes(quote)) && value.includes(piece)) ||
        (isQuoted && value.length > 2 && piece.includes(value) && isSecret(value)),
    );
  });
}
