import { type ChildProcess, spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { PROGRAM, userEnvironment } from "./support.ts";

/** A command that runs in a terminal. */
export interface InTerminal {
  readonly child: ChildProcess;
  /** What the terminal was sent so far. */
  readonly screen: () => string;
  readonly ended: Promise<{ readonly exitCode: number | null; readonly screen: string }>;
}

interface TerminalOptions {
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A redirection of the shell, e.g. `2>/dev/null`. */
  readonly redirect?: string;
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Runs the built command line in a real terminal, which the system's script(1) makes; its two streams are one there. */
export function startInTerminal(cwd: string, args: readonly string[], options: TerminalOptions = {}): InTerminal {
  const { columns = 80, env = {}, redirect = "" } = options;
  const words = [process.execPath, PROGRAM, ...args].map(quoted).join(" ");
  const line = `stty cols ${columns} rows 24 && exec ${words} ${redirect}`;
  const linux = ["--quiet", "--return", "--command", line, "/dev/null"];
  const others = ["-q", "/dev/null", "/bin/sh", "-c", line];
  const child = spawn("script", process.platform === "linux" ? linux : others, {
    cwd,
    env: userEnvironment({ TERM: "xterm-256color", ...env }),
    stdio: ["pipe", "pipe", "inherit"],
  });
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
  });
  const ended = new Promise<{ exitCode: number | null; screen: string }>((done, fail) => {
    child.on("error", (error) => fail(new Error(`a terminal needs the program script(1): ${error.message}`)));
    child.on("close", (exitCode) => done({ exitCode, screen }));
  });
  return { child, screen: () => screen, ended };
}

/** What stands in the lines of a screen at the end: a line is what was written after its last return to the left edge. */
export function linesLeft(screen: string): string[] {
  return screen
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => stripVTControlCharacters(line.slice(line.lastIndexOf("\r") + 1)));
}
