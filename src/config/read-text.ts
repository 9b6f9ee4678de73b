import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { ConfigError } from "./problems.ts";
import { displayPath, renderProblems } from "./render.ts";
import { locateDrafts, SourceText } from "./source.ts";

const REASONS: Readonly<Record<string, { readonly why: string; readonly hint: string }>> = {
  ENOENT: { why: "it does not exist", hint: "Check the path; a link may point to nowhere." },
  ENOTDIR: { why: "a part of its path is not a folder", hint: "Check the path." },
  EACCES: {
    why: "this user may not read it",
    hint: "Give the user who runs fraisier permission to read it, or run as one who may.",
  },
  EPERM: {
    why: "this user may not read it",
    hint: "Give the user who runs fraisier permission to read it, or run as one who may.",
  },
  EISDIR: { why: "it is a folder", hint: "Name the file itself, for example its fraises.yaml." },
  ELOOP: { why: "its links lead in a circle", hint: "Replace the link by the file." },
};

/**
 * Reads a file that must be UTF-8 text.
 *
 * @throws ConfigError `config_invalid`, naming the file, why it can't be read, and the way out.
 */
export function readText(file: string, cwd: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    const { why, hint } = REASONS[code] ?? { why: code, hint: "Check the file and its file system." };
    throw new ConfigError("config_invalid", `${file} can't be read: ${why}`, { hint, cause: error });
  }
  if (isUtf8(bytes)) return bytes.toString("utf8");
  const source = new SourceText(file, bytes.toString("utf8"));
  const at = source.text.indexOf("\uFFFD");
  const draft = { start: at, end: at + 1, path: [], message: "this byte is not UTF-8" };
  const problems = locateDrafts(source, [draft], (line) => line);
  const message = `${displayPath(file, cwd)} is not UTF-8 text\n\n${renderProblems(problems, { cwd })}`;
  throw new ConfigError("config_invalid", message, { problems, hint: "Save the file anew in the encoding UTF-8." });
}
