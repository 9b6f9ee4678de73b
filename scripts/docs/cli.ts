import type { Argument, Command, Option } from "commander";
import { commandPath } from "../../src/cli/define.ts";
import { EXIT, EXIT_MEANINGS, sortedExits } from "../../src/cli/exit-codes.ts";
import { buildProgram } from "../../src/cli/program.ts";
import { REFERENCE } from "../../src/cli/reference.ts";
import { code, fencedBlock, markdownTable, NOTICE, paragraphs } from "./markdown.ts";

/** Options that every command has: they are told once. */
const EVERYWHERE = new Set(["--config", "--json", "--no-color", "--help"]);

/** docs/cli.md: every command with its arguments, options, examples and exit codes. */
export function commandLinePage(): string {
  const commands = leaves(buildProgram(() => {}));
  return paragraphs(
    NOTICE,
    "# The command line",
    INTRODUCTION,
    markdownTable(
      ["option", ""],
      [
        ...optionsOf(commands[0], (long) => EVERYWHERE.has(long)).map(optionRow),
        [code("-h, --help"), "show the help of the command; needs no configuration"],
      ],
    ),
    "## Exit codes",
    markdownTable(
      ["code", "meaning"],
      sortedExits(Object.keys(EXIT) as (keyof typeof EXIT)[]).map((exit) => [String(EXIT[exit]), EXIT_MEANINGS[exit]]),
    ),
    "Any command can also end with 1 for a reason that nobody thought of.",
    "## Commands",
    commands.map((command) => `- [${commandPath(command)}](#${anchor(command)}): ${command.description()}`).join("\n"),
    ...commands.map(commandSection),
  ).replace(/\n+$/, "\n");
}

const INTRODUCTION = `Data go to stdout; progress and messages go to stderr, so that \`fraisier history > file\` keeps the data alone. With
\`--json\` a command prints one document, \`{ "schema": "fraisier.<command>/1", … }\` (\`deploy\` and \`rollback\`: one a line), with
times in UTC; an error is \`{ "error": { "kind", "message", "hint" } }\`, and \`fraisier explain <kind>\` tells more of it.

A deployment is named by the last 8 hex digits of its id; 4 or more of its first or last ones will do. Options and arguments may
be mixed; \`fraisier help <command>\` is \`fraisier <command> --help\`. Commands that only read create nothing. \`NO_COLOR=1\` is as good as
\`--no-color\`. Which fraises.yaml and
which database are meant, [configuration.md](configuration.md) tells.

Every command takes:`;

/** The commands that do something, groups left out. */
function leaves(program: Command): Command[] {
  return program.commands.flatMap((command) => (command.commands.length > 0 ? leaves(command) : [command]));
}

const anchor = (command: Command): string => `fraisier-${commandPath(command).replaceAll(" ", "-")}`;

function commandSection(command: Command): string {
  const path = commandPath(command);
  const reference = REFERENCE[path];
  if (reference === undefined) throw new Error(`src/cli/reference.ts has nothing of "${path}"`);
  const { examples, exits } = reference;
  const own = optionsOf(command, (long) => !EVERYWHERE.has(long));
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, purpose]) => `${line.padEnd(width)}  # ${purpose}`).join("\n");
  return paragraphs(
    `### fraisier ${path}`,
    `${sentence(command.description())}`,
    fencedBlock("text", `fraisier ${path} ${command.usage()}`),
    command.registeredArguments.length === 0
      ? ""
      : markdownTable(["argument", ""], command.registeredArguments.map(argumentRow)),
    own.length === 0 ? "" : markdownTable(["option", ""], own.map(optionRow)),
    fencedBlock("sh", lines),
    `Exit codes: ${sortedExits(exits)
      .map((exit) => `${EXIT[exit]} ${EXIT_MEANINGS[exit]}`)
      .join("; ")}.`,
  ).trimEnd();
}

const optionsOf = (command: Command | undefined, isMeant: (long: string) => boolean): Option[] =>
  (command?.options ?? []).filter(({ long }) => isMeant(long ?? ""));

function argumentRow(argument: Argument): string[] {
  return [code(argument.name()), argument.description + (argument.required ? "" : " (may be left out)")];
}

function optionRow({ flags, description, defaultValue }: Option): string[] {
  const usual = typeof defaultValue === "string" ? ` (default: ${defaultValue})` : "";
  return [code(flags), description + usual];
}

const sentence = (text: string): string => `${text.replace(/^./, (c) => c.toUpperCase())}.`;
