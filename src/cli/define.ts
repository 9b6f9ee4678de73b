import type { Command } from "commander";
import type { GlobalOptions } from "./session.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

/** What a command does: it gets the terminal, its arguments and its options. @returns the exit code */
export type Run = (terminal: Terminal, args: string[], options: GlobalOptions) => Promise<number>;

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
    return command.action(async () => {
      const options = command.opts<GlobalOptions>();
      const name = command.name();
      const terminal = createTerminal({
        json: options.json ?? false,
        color: options.color ?? true,
        compactJson: name === "deploy" || name === "rollback",
      });
      setExitCode(await run(terminal, command.args, options));
    });
  };
}

/** A command that only holds others: by itself it shows its help. */
export function group(parent: Command, name: string, description: string): Command {
  const command = addCommand(parent, name, description);
  return command.action(() => {
    command.outputHelp();
  });
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
