import type { Argument, Command, Option } from "commander";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../terminal.ts";
import { type Line, NAME_SOURCES } from "./names.ts";

/** Something that can be typed next. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Stands in place of candidates where a file is meant: the shell knows those itself. */
const FILES = ":files";

/** How long names are looked for, in milliseconds: who presses Tab does not wait for a server that is away. */
const PATIENCE_MS = 1500;

/**
 * Answers the completion script of a shell: a line for each candidate, its description behind a tab. Whatever is wrong
 * with the project or the database, it says nothing and ends well.
 *
 * @param words what was typed after `fraisier`; the last is the one to be completed, perhaps empty
 */
export async function complete(program: Command, words: readonly string[]): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Candidate[]>((resolve) => {
    timer = setTimeout(() => resolve([]), PATIENCE_MS);
  });
  const found = await Promise.race([candidatesFor(program, words).catch(() => []), tooLate]);
  clearTimeout(timer);
  const text = found.map(({ value, description }) => `${value}\t${printable(description).replace(/\s+/g, " ")}\n`);
  // A connection that is still being opened must not hold up the shell.
  return new Promise(() => process.stdout.write(text.join(""), () => process.exit(EXIT.done)));
}

/** What can be typed in place of the last word. */
async function candidatesFor(program: Command, words: readonly string[]): Promise<Candidate[]> {
  const typed = withoutEqualSigns(words);
  const current = typed.pop() ?? "";
  const { command, line, pending, isHelp } = read(program, typed);
  const inline = /^(--[\w-]+)=(.*)$/s.exec(current);
  if (inline !== null) {
    const [, name = "", start = ""] = inline;
    const values = await valuesOf(findOption(command, name), line);
    return startingWith(values, start).map(({ value, ...rest }) => ({ value: `${name}=${value}`, ...rest }));
  }
  if (pending !== null) return startingWith(await valuesOf(pending, line), current);
  if (current.startsWith("-")) return isHelp ? [] : startingWith(optionsOf(command), current);
  if (command.commands.length > 0) return startingWith(commandsOf(command, command === program && !isHelp), current);
  const argument = command.registeredArguments[line.args.length];
  return isHelp || argument === undefined ? [] : startingWith(await valuesOf(argument, line), current);
}

/** bash makes three words of `--status=failed`. */
function withoutEqualSigns(words: readonly string[]): string[] {
  return words.filter((word, index) => !(word === "=" && words[index - 1]?.startsWith("--")));
}

/** What the words before the last say. */
interface Read {
  readonly command: Command;
  readonly line: Line;
  /** The option whose value comes next. */
  readonly pending: Option | null;
  readonly isHelp: boolean;
}

function read(program: Command, words: readonly string[]): Read {
  let command = program;
  let pending: Option | null = null;
  const args: string[] = [];
  const options = new Map<string, string>();
  const isHelp = words[0] === "help";
  for (const word of isHelp ? words.slice(1) : words) {
    if (pending !== null) {
      options.set(pending.attributeName(), word);
      pending = null;
    } else if (word.startsWith("-")) {
      const [name = "", value] = word.split(/=(.*)/s);
      const option = findOption(command, name);
      if (option !== null && value !== undefined) options.set(option.attributeName(), value);
      else if (option?.required || option?.optional) pending = option;
    } else {
      const part = args.length === 0 ? command.commands.find((each) => each.name() === word) : undefined;
      if (part === undefined) args.push(word);
      else command = part;
    }
  }
  return { command, line: { command: command.name(), args, options }, pending, isHelp };
}

const findOption = (command: Command, name: string): Option | null =>
  command.options.find((option) => option.long === name || option.short === name) ?? null;

const startingWith = (candidates: readonly Candidate[], start: string): Candidate[] =>
  candidates.filter(({ value }) => value === FILES || value.startsWith(start));

const optionsOf = (command: Command): Candidate[] => [
  ...command.options.map(({ long, short, description }) => ({ value: long ?? short ?? "", description })),
  { value: "--help", description: "show this help" },
];

function commandsOf(command: Command, isTop: boolean): Candidate[] {
  const commands = command.commands.map((each) => ({ value: each.name(), description: each.description() }));
  return isTop ? [...commands, { value: "help", description: "show the help of a command" }] : commands;
}

/** What an option or an argument takes; nothing where that can be anything. */
async function valuesOf(what: Option | Argument | null, line: Line): Promise<Candidate[]> {
  if (what === null) return [];
  const name = "attributeName" in what && "long" in what ? what.attributeName() : what.name();
  if (name === "config" || name === "directory") return [{ value: FILES, description: "" }];
  const source = NAME_SOURCES[`${line.command} ${name}`] ?? NAME_SOURCES[name];
  return source === undefined ? [] : source(line);
}
