import type { Command } from "commander";
import { maskUrl } from "../db/index.ts";
import { EXIT, EXIT_MEANINGS, sortedExits } from "./exit-codes.ts";
import { withCompleteHint } from "./hints.ts";
import type { GlobalOptions } from "./project.ts";
import { ARGUMENTS, REFERENCE } from "./reference.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

/** What a command does: it gets the terminal, its arguments and its options. @returns the exit code */
export type Run = (terminal: Terminal, args: string[], options: GlobalOptions) => Promise<number>;

const PASSWORD_WARNING =
  "Whoever may list processes can read a password that is typed here; FRAISIER_DB_URL_FILE and FRAISIER_DB_URL keep it back.";

/** Adds a command, with the options that all have, to its parent. `usage` is its name and its arguments. */
export type Define = (parent: Command, usage: string, description: string, run: Run) => Command;

/** @param setExitCode is told what each command ended with */
export function createDefine(setExitCode: (code: number) => void): Define {
  return (parent, usage, description, run) => {
    const command = addCommand(parent, usage, description)
      .allowExcessArguments(false)
      .option("-c, --config <file>", "use this fraises.yaml (default: found upward from here)")
      .option("--json", "print JSON")
      .option("--no-color", "print without colour");
    for (const argument of command.registeredArguments) argument.description = ARGUMENTS[argument.name()] ?? "";
    command.addHelpText("after", () => helpText(commandPath(command)));
    return command.action(async () => {
      const options = command.opts<GlobalOptions>();
      const name = command.name();
      const terminal = createTerminal({
        json: options.json ?? false,
        color: options.color ?? true,
        compactJson: name === "deploy" || name === "rollback",
      });
      if (typeof options.db === "string" && maskUrl(options.db) !== options.db) terminal.say(PASSWORD_WARNING);
      try {
        setExitCode(await run(terminal, command.args, options));
      } catch (error) {
        throw withCompleteHint(error, options);
      }
    });
  };
}

/** Defines commands that use a database, which can be named. */
export function withDatabase(define: Define): Define {
  return (...command) =>
    define(...command).option(
      "--db <url>",
      "use this database (keep one with a password in FRAISIER_DB_URL, or in the file of FRAISIER_DB_URL_FILE)",
    );
}

/** A command that only holds others: by itself it shows its help. */
export function group(parent: Command, name: string, description: string): Command {
  const command = addCommand(parent, name, description);
  return command.action(() => {
    command.outputHelp();
  });
}

/** The full name of a command, without the program's: `db status`. */
export function commandPath(command: Command): string {
  const { parent } = command;
  return parent === null || parent.parent === null ? command.name() : `${commandPath(parent)} ${command.name()}`;
}

/** Examples and exit codes of a command, as its help ends. */
function helpText(path: string): string {
  const { examples, exits } = REFERENCE[path] ?? { examples: [], exits: [] };
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, purpose]) => `  ${line.padEnd(width)}  # ${purpose}`);
  const codes = sortedExits(exits).map((exit) => `  ${String(EXIT[exit]).padStart(3)}  ${EXIT_MEANINGS[exit]}`);
  return `\nExamples:\n${lines.join("\n")}\n\nExit codes:\n${codes.join("\n")}`;
}

/** Errors are printed in one place, by main. */
function addCommand(parent: Command, usage: string, description: string): Command {
  return parent
    .command(usage)
    .description(description)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .helpOption("-h, --help", "show this help");
}
