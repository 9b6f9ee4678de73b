import { FraisierError } from "../db/index.ts";

/** One thing that is wrong in a file, with the place of the text that is at fault. */
export interface Problem {
  /** Absolute path of the file. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 units, as editors do. */
  readonly column: number;
  /** How many characters of that line are at fault; at least 1. */
  readonly length: number;
  /** What is wrong and what is expected. Never holds a secret. */
  readonly message: string;
  /** What was probably meant, to be put in place of what stands there; null when nothing is close. */
  readonly suggestion: string | null;
  /** The keys that lead to the place, e.g. `fraises.shop.build[1]`; empty for the file as a whole. */
  readonly path: string;
  /** The line as it stands in the file, secrets that are written in it blotted out. */
  readonly sourceLine: string;
}

/** The keys and list indexes that lead from the top of the file to a value. */
export type KeyPath = readonly (string | number)[];

/** A problem before its offsets have become a line and a column. */
export interface Draft {
  /** Offset of the first character at fault in the text of the file. */
  readonly start: number;
  /** Offset after the last one. */
  readonly end: number;
  readonly message: string;
  readonly suggestion?: string | null;
  readonly path: KeyPath;
}

/** Writes a key path as people do: `fraises.shop.build[1]`. */
export function formatPath(path: KeyPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

/** What a {@link ConfigError} is about: `config_not_found` when there is no file, else `config_invalid`. */
export type ConfigErrorKind = "config_invalid" | "config_not_found";

/**
 * There is no fraises.yaml, or it can't be read, or something in it is wrong. `message` is the whole text for people,
 * every problem with its place; `problems` is the same for programs, and empty where no place in a file is at fault.
 */
export class ConfigError extends FraisierError {
  override readonly name: string = "ConfigError";
  declare readonly kind: ConfigErrorKind;
  readonly problems: readonly Problem[];

  constructor(
    kind: ConfigErrorKind,
    message: string,
    details: { readonly problems?: readonly Problem[]; readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(kind, message, details);
    this.problems = details.problems ?? [];
  }
}
