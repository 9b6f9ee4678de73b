import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseError } from "../errors.ts";
import { maskUrl } from "../server-url.ts";

const SYNCHRONOUS = ["off", "normal", "full", "extra"] as const;

/** What an SQLite URL says. */
export interface SqliteLocation {
  /** An absolute path, or `:memory:`. */
  readonly path: string;
  readonly readOnly: boolean;
  /** Whether nobody writes the file meanwhile, so that not even a log or shared memory is made beside it. */
  readonly isImmutable: boolean;
  /** How sure a commit is on disk. Default `full`: it survives a power cut. */
  readonly synchronous: (typeof SYNCHRONOUS)[number];
}

/**
 * Reads `sqlite://./relative.db`, `sqlite:///absolute.db`, `sqlite::memory:`, `sqlite://:memory:` or a plain path.
 * In a URL `%20` and its like are decoded, and `?mode=ro`, `?immutable=1` and `?synchronous=normal` are understood.
 *
 * @param baseDirectory what relative paths are relative to. Default: the working folder
 * @throws DatabaseError `unsupported` for anything else
 */
export function parseSqliteUrl(urlOrPath: string, baseDirectory: string = process.cwd()): SqliteLocation {
  const url = /^sqlite:(.*)$/is.exec(urlOrPath);
  const [location = "", query = ""] = url === null ? [urlOrPath] : splitOnce(url[1] as string, "?");
  const path = url === null ? location : decode(location.replace(/^\/\//, ""), urlOrPath);
  if (path === "")
    throw invalid(
      urlOrPath,
      "names no file",
      "Write sqlite://./fraisier.db, sqlite:///absolute/path.db or sqlite::memory:",
    );
  if (path.includes("\0")) throw invalid(urlOrPath, "has a NUL in it", "Give a path without it.");
  return {
    path: absolutePath(path, baseDirectory),
    readOnly: false,
    isImmutable: false,
    synchronous: "full",
    ...parseQuery(query, urlOrPath),
  };
}

function parseQuery(query: string, url: string): Partial<SqliteLocation> {
  const found: { -readonly [name in keyof SqliteLocation]?: SqliteLocation[name] } = {};
  for (const [key, value] of new URLSearchParams(query)) {
    const level = SYNCHRONOUS.find((name) => name === value.toLowerCase());
    if (key === "mode" && (value === "ro" || value === "rwc")) found.readOnly = value === "ro";
    else if (key === "immutable" && value === "1") [found.readOnly, found.isImmutable] = [true, true];
    else if (key === "synchronous" && level !== undefined) found.synchronous = level;
    else
      throw invalid(
        url,
        `has a parameter "${key}" that is not known, or not with this value`,
        `Known are mode=ro, mode=rwc, immutable=1 and synchronous=${SYNCHRONOUS.join("|")}. Write a question mark in a path as %3F.`,
      );
  }
  return found;
}

function absolutePath(path: string, baseDirectory: string): string {
  if (path === ":memory:") return path;
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : resolve(baseDirectory, path);
}

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string, url: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(url, "is not properly percent-encoded", "Write a percent sign in a path as %25.");
  }
}

function invalid(url: string, why: string, hint: string): DatabaseError {
  return new DatabaseError("unsupported", `The SQLite URL ${maskUrl(url)} ${why}.`, { hint });
}
