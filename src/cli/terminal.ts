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
  /** The same, byte for byte where no terminal shows it. */
  printExact(text: string): void;
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
    get columns() {
      return process.stderr.columns || 80;
    },
    print: (text) => void process.stdout.write(`${safe(text, allowed && process.stdout.isTTY)}\n`),
    printExact: (text) => void process.stdout.write(`${process.stdout.isTTY ? printable(text) : text}\n`),
    printJson: (command, document) => {
      const json = JSON.stringify({ schema: `fraisier.${command}/1`, ...document }, null, options.compactJson ? 0 : 2);
      process.stdout.write(`${json.replace(/[\u007f-\u009f]/g, unicodeEscape)}\n`); // JSON itself escapes the others
    },
    say: (text) => void process.stderr.write(`${safe(text, allowed && process.stderr.isTTY)}\n`),
    write: (text) => void process.stderr.write(text),
    style: styler(process.stdout),
    styleMessage: styler(process.stderr),
  };
}

/** How many columns text takes, as far as its characters go. */
export function visibleLength(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** Control characters but tab and line end, and those that turn the direction of text. */
const UNSAFE = "[^\\P{Cc}\\t\\n]|[\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]";
const UNSAFE_CHARACTER = new RegExp(UNSAFE, "gu");
/** The same, and as a whole the codes that {@link Style} stands for. */
const OWN_CODE_OR_UNSAFE = new RegExp(`(\\u001b\\[(?:1|2|22|31|32|33|36|39)m)|${UNSAFE}`, "gu");

/** Text that others wrote, made safe for a terminal: its control characters are shown and not obeyed. */
export function printable(text: string): string {
  return text.replace(UNSAFE_CHARACTER, (c) =>
    c < "\u0100" ? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}` : unicodeEscape(c),
  );
}

/** The last line of defence: whatever a command forgot to make {@link printable} can only change colours. */
function safe(text: string, isStyled: boolean): string {
  if (!isStyled) return printable(text);
  return text.replace(OWN_CODE_OR_UNSAFE, (match, own?: string) => own ?? printable(match));
}

const unicodeEscape = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
