import { join } from "node:path";
import type { Command } from "../../config/index.ts";
import { TargetError } from "../errors.ts";
import type { StepIo } from "../target.ts";
import { releaseEnvironment } from "./environment.ts";
import { uniqueSuffix } from "./files.ts";
import { requireProgram } from "./find-program.ts";
import type { Place } from "./place.ts";
import { ProcessTimeout, runProcess } from "./run-process.ts";

/** The argument vector of a command: a string is a line for `/bin/sh -e`. */
export function commandArgv(command: Command): readonly [string, ...string[]] {
  return typeof command === "string" ? ["/bin/sh", "-e", "-c", command] : command;
}

/**
 * What messages call a command: its first word, since what follows may hold secrets. A line that begins otherwise than
 * with a plain word has no better name than that.
 */
export function commandName(command: Command): string {
  if (typeof command !== "string") return JSON.stringify(command[0]);
  const word = /^\s*([\w./-]+)(?=[\s;&|<>]|$)/.exec(command)?.[1];
  return word === undefined ? "the shell line" : JSON.stringify(`${word} …`);
}

/**
 * Runs a command in the folder of a release and waits for its end.
 *
 * @param port given to it as `PORT`; null for none.
 * @throws TargetError `command_failed`, `command_timeout`; the signal's reason when it aborts.
 */
export async function runCommand(
  place: Place,
  command: Command,
  release: { readonly id: string; readonly path: string },
  port: number | null,
  io: StepIo,
): Promise<void> {
  io.signal.throwIfAborted();
  const argv = commandArgv(command);
  const env = releaseEnvironment(place, release, port);
  const where = `${commandName(command)} in release ${release.id}`;
  requireProgram(argv[0], env.PATH ?? "", release.path);

  const { layout, settings, clock } = place;
  const pidFile = join(layout.running, `${release.id}-${uniqueSuffix()}.pid`);
  const pipeFolder = layout.temporary;
  const { timeout } = settings;
  const request = { argv, cwd: release.path, env, pidFile, pipeFolder, timeout, lines: "as they come", clock } as const;
  const { exitCode, signal } = await runProcess(request, io).catch((error: unknown) => {
    if (!(error instanceof ProcessTimeout)) throw error;
    throw new TargetError("command_timeout", `The command ${where} was ended: it ran longer than ${timeout} s.`, {
      hint: "If it needs that long, raise timeout in fraises.yaml; else read the last lines of its output.",
    });
  });
  if (exitCode === 0) return;
  const how = signal === null ? `exit code ${exitCode}` : `ended by ${signal}`;
  throw new TargetError("command_failed", `The command ${where} failed: ${how}.`, {
    exitCode,
    signal,
    hint: hintFor(exitCode, signal),
  });
}

function hintFor(exitCode: number | null, signal: string | null): string {
  if (signal === "SIGKILL") return "Often that is the system, short of memory: look at its log (dmesg, journalctl -k).";
  if (exitCode === 127) return "A program in it was not found: the last lines of its output name it.";
  return "Read the last lines of its output, correct the cause, then deploy again.";
}
