import { DatabaseError } from "../errors.ts";
import type { LexicalRules } from "./lexical-rules.ts";
import { Scanner } from "./scanner.ts";

/** MariaDB takes `/*!50700 … *\/` to `/*!99999 … *\/` for comments, MySQL those of versions after its own. */
const FIRST_NOT_FOR_ALL = 50_700;

/**
 * Sees to it that a statement is cut into the same tokens, and has the same placeholders, whether the server executes
 * what an executable comment holds or not. Here nobody knows the server's version, and it may be another one tomorrow.
 *
 * @param opener the scanner at the opening of the comment, e.g. `/*!80000`
 * @throws DatabaseError `unsupported` when it matters, `syntax_error` for a comment that is never closed
 */
export function assertReadAlike({ text, start, end }: Scanner, rules: LexicalRules): void {
  const opening = text.slice(start, end);
  const isForAll = !opening.startsWith("/*M") && Number(opening.slice(3)) < FIRST_NOT_FOR_ALL;
  if (isForAll) return;
  const close = text.indexOf("*/", end);
  if (close < 0) throw new DatabaseError("syntax_error", `The comment ${opening} is never closed.`);
  // A comment in a comment ends the outer one, or does not, by product and version.
  if (text.slice(end, close).includes("/*") || !closesAt(text.slice(end, close + 2), rules)) {
    throw new DatabaseError(
      "unsupported",
      `${opening} … */ is executed by some servers only, and what it holds would give the statement other placeholders or another end there.`,
      { hint: 'Leave it out, or give { placeholders: "native" } to send the text as it is.' },
    );
  }
}

/** Whether this text, when it is executed, has no placeholder and no end, and its last two characters end the comment. */
function closesAt(text: string, rules: LexicalRules): boolean {
  const inner = new Scanner(text, rules);
  let previous = -1;
  let last = -1;
  while (inner.next() !== "end") {
    if (inner.kind === "placeholder" || inner.kind === "variable" || inner.kind === "semicolon") return false;
    previous = last;
    last = inner.start;
  }
  return previous === text.length - 2 && last === text.length - 1;
}
