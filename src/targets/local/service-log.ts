import { type FileHandle, open, rename, stat } from "node:fs/promises";
import { unlessMissing } from "./files.ts";

/** A log larger than that, in bytes, is put aside when the service starts. */
const ROTATE_ABOVE = 10 * 1024 * 1024;
/** How much of the end of the log is read, in bytes. */
const TAIL_BYTES = 1024 * 1024;

/**
 * Opens the log (mode 0600) that the service's process will write to by itself, after putting a large one aside as
 * `<file>.1` and adding a line that says what is started.
 */
export async function openServiceLog(file: string, headline: string): Promise<FileHandle> {
  const size = (await unlessMissing(stat(file)))?.size ?? 0;
  if (size > ROTATE_ABOVE) await rename(file, `${file}.1`);
  // Appending: whoever else has it open, nobody's lines are overwritten.
  const log = await open(file, "a", 0o600);
  try {
    await log.write(`--- ${headline}\n`);
    return log;
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** The last lines of a log; empty when there is none. */
export async function lastLines(file: string, count: number): Promise<string[]> {
  const log = await unlessMissing(open(file, "r"));
  if (log === null || count < 1) {
    await log?.close();
    return [];
  }
  try {
    const { size } = await log.stat();
    const from = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await log.read(Buffer.alloc(size - from), 0, size - from, from);
    const lines = buffer.toString("utf8", 0, bytesRead).split(/\r?\n/);
    if (lines.at(-1) === "") lines.pop();
    // The first is only the end of a line when reading began in its middle.
    return lines.slice(from > 0 ? 1 : 0).slice(-count);
  } finally {
    await log.close();
  }
}
