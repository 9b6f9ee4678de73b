import { DatabaseError } from "../errors.ts";

/**
 * Quotes a name by doubling the quote inside it.
 *
 * @throws DatabaseError `unsupported` for an empty name or one that holds NUL, which no database can store.
 */
export function quoteWith(quote: '"' | "`", name: string): string {
  if (typeof name !== "string" || name === "" || name.includes("\0")) {
    throw new DatabaseError("unsupported", `${JSON.stringify(String(name))} cannot be a table or column name`, {
      hint: "Give a name that is not empty and has no NUL character.",
    });
  }
  return quote + name.replaceAll(quote, quote + quote) + quote;
}
