import { isAbsolute, relative } from "node:path";
import { styleText } from "node:util";
import type { Problem } from "./problems.ts";

/** How {@link renderProblems} writes. */
export interface RenderOptions {
  /** Whether to colour the text with ANSI codes. Default false. */
  readonly color?: boolean;
  /** Files below this folder are shown relative to it. Default: absolute paths. */
  readonly cwd?: string;
}

type Style = Parameters<typeof styleText>[0];

const WIDEST = 120;
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u;

/**
 * Writes problems for people, each as `file:line:column: message`, the line it is on, and the text at fault
 * underlined, with what was probably meant:
 *
 * ```text
 * fraises.yaml:12:7: unknown key "helth_check" in environment "shop/production"
 *    |
 * 12 |       helth_check:
 *    |       ^^^^^^^^^^^ did you mean "health_check"?
 * ```
 */
export function renderProblems(problems: readonly Problem[], options: RenderOptions = {}): string {
  const paint = (style: Style, text: string): string =>
    options.color === true ? styleText(style, text, { validateStream: false }) : text;
  const gutter = Math.max(2, ...problems.map((problem) => String(problem.line).length));
  return problems
    .map((problem) => {
      const place = `${displayPath(problem.file, options.cwd)}:${problem.line}:${problem.column}`;
      const { line, before, marked } = excerpt(problem);
      const indent = " ".repeat(gutter);
      const meant = problem.suggestion === null ? "" : ` did you mean ${JSON.stringify(problem.suggestion)}?`;
      return [
        `${paint("bold", place)}: ${paint("red", printable(problem.message))}`,
        paint("dim", `${indent} |`),
        `${paint("dim", `${String(problem.line).padStart(gutter)} |`)} ${line}`.trimEnd(),
        `${paint("dim", `${indent} |`)} ${before}${paint("red", "^".repeat(marked))}${paint("cyan", printable(meant))}`,
      ].join("\n");
    })
    .join("\n\n");
}

/** A path as it is shown: relative to the working folder when it lies below it. */
export function displayPath(file: string, cwd: string | undefined): string {
  if (cwd === undefined) return file;
  const path = relative(cwd, file);
  return path === "" || path.startsWith("..") || isAbsolute(path) ? file : path;
}

/** The part of the line to show, what to put before the underline, and how many columns to underline. */
function excerpt(problem: Problem): { line: string; before: string; marked: number } {
  const start = problem.column - 1;
  const from = problem.sourceLine.length > WIDEST ? Math.max(0, start - 40) : 0;
  const shown = problem.sourceLine.slice(from, from + WIDEST);
  const lead = from > 0 ? "…" : "";
  const tail = from + WIDEST < problem.sourceLine.length ? "…" : "";
  const before = lead + shown.slice(0, start - from);
  const marked = shown.slice(start - from, start - from + problem.length);
  return {
    line: lead + printable(shown) + tail,
    before: printable(before).replace(/[^\t]/gu, (character) => " ".repeat(columns(character))),
    marked: Math.max(1, columns(printable(marked))),
  };
}

/** How many columns of a terminal a text takes. */
function columns(text: string): number {
  let total = 0;
  for (const character of text) total += /\p{M}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return total;
}

/** Control characters and those that turn the direction of text would let a file write over the terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\t\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\u00b7");
}
