import { exitCodeOf } from "./exit-codes.ts";
import { createTerminal } from "./terminal.ts";

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
  survivePipes();
  // A command is over when it says so, and not when nothing happens to keep the event loop busy.
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    const { runProgram } = await import("./program.ts");
    return await runProgram(argv);
  } catch (error) {
    return reportError(argv, error);
  } finally {
    clearInterval(alive);
  }
}

/** Says what went wrong: for people on stderr, with `--json` as a document on stdout. */
function reportError(argv: readonly string[], error: unknown): number {
  const json = argv.includes("--json");
  const terminal = createTerminal({ json, compactJson: argv[0] === "deploy" || argv[0] === "rollback" });
  const {
    kind = "unexpected",
    message,
    hint = null,
  } = error as { kind?: string; message: string; hint?: string | null };
  const code = exitCodeOf(error);
  if (json) {
    terminal.printJson(argv.find((word) => !word.startsWith("-")) ?? "fraisier", {
      error: { kind, message, hint: hint ?? null },
    });
    return code;
  }
  terminal.say(`${terminal.styleMessage("red", "Error:")} ${message}`);
  if (hint) terminal.say(hint);
  if (kind === "unexpected") terminal.say(`This should not have happened.\n${(error as Error).stack ?? ""}`);
  return code;
}

/** `fraisier history | head` is no error: when nobody reads any more, there is nothing more to say. */
function survivePipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
