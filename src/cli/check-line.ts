import { printable, type Style, type Terminal } from "./terminal.ts";

/** What a look at something came to. */
export interface Look {
  readonly name: string;
  readonly outcome: "ok" | "warning" | "failed" | "unknown";
  readonly text: string;
  readonly hint: string | null;
}

const STYLES: Readonly<Record<Look["outcome"], readonly [mark: string, style: Style]>> = {
  ok: ["✓", "green"],
  warning: ["!", "yellow"],
  failed: ["✗", "red"],
  unknown: ["?", "dim"],
};
const INDENT = " ".repeat(16);

/** A line for it, with what to do below. */
export function checkLine(terminal: Terminal, { name, outcome, text, hint }: Look): string {
  const [mark, style] = STYLES[outcome];
  const lines = printable(text).replaceAll("\n", `\n${INDENT}`);
  const advice = hint === null ? "" : `\n${INDENT}→ ${printable(hint).replaceAll("\n", `\n${INDENT}  `)}`;
  return `${terminal.style(style, mark)} ${name.padEnd(INDENT.length - 3)} ${lines}${advice}`;
}
