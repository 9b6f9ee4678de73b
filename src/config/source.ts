import { type Draft, formatPath, type Problem } from "./problems.ts";

/** The text of a file, and where in it an offset is. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  readonly #lineStarts: number[] = [0];

  /** @param text the file's text; a byte order mark is dropped, so that columns count from the first character. */
  constructor(file: string, text: string) {
    this.file = file;
    this.text = text.startsWith("\uFEFF") ? text.slice(1) : text;
    for (let at = this.text.indexOf("\n"); at !== -1; at = this.text.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  /** The line (counted from 1) that an offset is in. */
  lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** Line and column of an offset, both counted from 1: `12:8`. */
  placeOf(offset: number): string {
    const line = this.lineOf(offset);
    return `${line}:${offset - this.startOfLine(line) + 1}`;
  }

  /** The offset of the first character of a line (counted from 1). */
  startOfLine(line: number): number {
    return this.#lineStarts[line - 1] ?? this.text.length;
  }

  /** The text of a line (counted from 1), without its end. */
  lineText(line: number): string {
    const end = this.#lineStarts[line];
    return this.text.slice(this.startOfLine(line), end === undefined ? undefined : end - 1).replace(/\r$/, "");
  }

  /** Whether nothing but spaces stands between the start of its line and an offset. */
  isFirstOnLine(offset: number): boolean {
    return this.text.slice(this.startOfLine(this.lineOf(offset)), offset).trim() === "";
  }
}

/**
 * Gives drafts their lines and columns, in the order of the file; what was found twice at one place is told once.
 *
 * @param conceal blots secrets out of a line without changing its length.
 */
export function locateDrafts(
  source: SourceText,
  drafts: readonly Draft[],
  conceal: (line: string) => string,
): Problem[] {
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const draft of drafts.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const key = `${draft.start} ${draft.message}`;
    if (seen.has(key)) continue;
    seen.add(key);
    // The end of the file after a final newline is no line that anybody sees.
    const atEnd = draft.start >= source.text.length && source.text.endsWith("\n");
    const start = atEnd ? source.text.trimEnd().length : draft.start;
    const line = source.lineOf(start);
    const text = source.lineText(line);
    const column = Math.min(start - source.startOfLine(line), text.length);
    problems.push({
      file: source.file,
      line,
      column: column + 1,
      length: Math.max(1, Math.min(draft.end - draft.start, text.trimEnd().length - column)),
      message: draft.message,
      suggestion: draft.suggestion ?? null,
      path: formatPath(draft.path),
      sourceLine: conceal(text),
    });
  }
  return problems;
}
