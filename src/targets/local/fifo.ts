import { execFile } from "node:child_process";
import { constants, openSync, unlinkSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { uniqueSuffix } from "./files.ts";

/** One direction: a process writes to the descriptor, Fraisier reads from the stream. */
export interface Pipe {
  readonly reader: Readable;
  /** To be closed once the process has it. */
  readonly writer: number;
}

/**
 * Makes two real pipes. Node's own `stdio: "pipe"` are sockets, and on Linux a socket can't be opened by name: a build
 * script's `echo … >/dev/stderr` would fail with ENXIO under Fraisier, though it works everywhere else.
 *
 * @param folder where the pipes have a name for a moment.
 * @returns null where none can be made: some file systems have no named pipes, and sockets serve nearly as well.
 */
export async function openPipes(folder: string): Promise<readonly [stdout: Pipe, stderr: Pipe] | null> {
  const name = join(folder, `pipe-${uniqueSuffix()}`);
  const names = [`${name}-out`, `${name}-err`] as const;
  try {
    await promisify(execFile)("mkfifo", ["-m", "600", ...names]);
  } catch {
    return null;
  }
  const [stdout, stderr] = names;
  return [openPipe(stdout), openPipe(stderr)];
}

function openPipe(name: string): Pipe {
  // A reader that does not block opens at once, and then a writer does too.
  const reader = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(name, constants.O_WRONLY);
  unlinkSync(name);
  return { reader: new Socket({ fd: reader, readable: true, writable: false }), writer };
}
