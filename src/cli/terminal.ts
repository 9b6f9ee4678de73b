import { stripVTControlCharacters, styleText } from "node:util";

/** A colour or weight, by the names of `util.styleText`. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Where a command prints: data on stdout, progress and messages on stderr. */
export interface Terminal {
  /** Whether data is printed as JSON. */
  readonly json: boolean;
  /** Whether somebody watches stderr, so that a line may move. */
  readonly isInteractive: boolean;
  readonly columns: number;
  print(text: string): void;
  /** One JSON document with its schema, e.g. `fraisier.status/1`. */
  printJson(command: string, document: Readonly<Record<string, unknown>>): void;
  /** Progress and messages. */
  say(text: string): void;
  /** Writes on stderr as it is, for lines that move. */
  write(text: string): void;
  /** Styles text for stdout. */
  style(style: Style, text: string): string;
  /** Styles text for stderr. */
  styleMessage(style: Style, text: string): string;
}

/** The terminal of this process. Colour only where a person looks, and never against NO_COLOR. */
export function createTerminal(options: {
  readonly json: boolean;
  readonly color?: boolean;
  readonly compactJson?: boolean;
}): Terminal {
  const allowed = options.color !== false && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const styler = (stream: NodeJS.WriteStream) => (style: Style, text: string) =>
    allowed && stream.isTTY ? styleText(style, text, { validateStream: false }) : text;
  return {
    json: options.json,
    isInteractive: Boolean(process.stderr.isTTY) && process.env.TERM !== "dumb",
    columns: process.stderr.columns || 80,
    print: (text) => void process.stdout.write(`${text}\n`),
    printJson: (command, document) =>
      void process.stdout.write(
        `${JSON.stringify({ schema: `fraisier.${command}/1`, ...document }, null, options.compactJson ? 0 : 2)}\n`,
      ),
    say: (text) => void process.stderr.write(`${text}\n`),
    write: (text) => void process.stderr.write(text),
    style: styler(process.stdout),
    styleMessage: styler(process.stderr),
  };
}

/** How many columns text takes, as far as its characters go. */
export function visibleLength(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** Text that others wrote, made safe for a terminal: control characters (but tab) are shown and not obeyed. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\t\n]/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
