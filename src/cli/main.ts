import { FraisierError } from "../db/index.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { createTerminal, printable } from "./terminal.ts";

/**
 * The command line.
 *
 * @param argv the words after `fraisier`
 * @returns the exit code
 */
export async function main(argv: readonly string[]): Promise<number> {
  // The commonest question of scripts is answered without loading anything else.
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    const { packageVersion } = await import("./package-version.ts");
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  const lost = surviveLostOutput();
  // A command is over when it says so, and not when nothing happens to keep the event loop busy.
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    const { runProgram } = await import("./program.ts");
    const code = await runProgram(argv);
    await lost.check();
    return code;
  } catch (error) {
    return reportError(argv, error);
  } finally {
    clearInterval(alive);
  }
}

/** Says what went wrong: for people on stderr, with `--json` as a document on stdout. */
function reportError(argv: readonly string[], error: unknown): number {
  const json = argv.includes("--json");
  const terminal = createTerminal({
    json,
    color: !argv.includes("--no-color"),
    compactJson: argv[0] === "deploy" || argv[0] === "rollback",
  });
  const { kind = "unexpected", message } = error as { kind?: string; message: string };
  const code = exitCodeOf(error);
  const { hint = null } = error as { hint?: string };
  if (json) {
    terminal.printJson(schemaName(argv), { error: { kind, message, hint } });
    return code;
  }
  terminal.say(`${terminal.styleMessage("red", "Error:")} ${printable(message)}`);
  if (hint) terminal.say(printable(hint));
  if (isWorthExplaining(code, kind))
    terminal.say(terminal.styleMessage("dim", `More about it: fraisier explain ${kind}`));
  if (kind === "unexpected") terminal.say(printable(`This should not have happened.\n${(error as Error).stack ?? ""}`));
  return code;
}

/** Neither a typing mistake, whose hint says it all, nor what the person did on purpose. */
function isWorthExplaining(code: number, kind: string): boolean {
  return code !== EXIT.usage && code !== EXIT.interrupted && code !== EXIT.terminated && kind !== "unexpected";
}

/** `history`, `db-status`: what the document of this command is called when it succeeds. */
function schemaName([command = "", part = ""]: readonly string[]): string {
  const words = command === "config" || command === "db" ? [command, part] : [command];
  return words.filter((word) => /^[a-z]+(-[a-z]+)*$/.test(word)).join("-") || "fraisier";
}

/**
 * A deployment goes on, or is undone, to its end also when nobody can see it any more: the terminal is gone, the disk of
 * the log is full. Data that could not be printed is a failure, unless it is just that nobody wants more of it, as in
 * `fraisier history | head`.
 */
function surviveLostOutput(): { check(): Promise<void> } {
  let lost: string | undefined;
  process.stderr.on("error", () => {});
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code !== "EPIPE" && code !== "EIO") lost = code;
  });
  return {
    async check() {
      await new Promise(setImmediate); // an error comes after the write that it is about
      if (lost !== undefined)
        throw new FraisierError("output_lost", `What was printed could not be written (${lost}).`, {
          hint: "What the command did is done: see fraisier status.",
        });
    },
  };
}
