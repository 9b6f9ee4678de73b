import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { SqliteAdapter } from "../../db/index.ts";

/** What is not a whole backup yet. */
const PARTIAL = ".partial";

/**
 * Copies an SQLite database beside itself, readable by its owner alone, as it is for others at this moment. Overwrites
 * nothing. Called by whoever keeps all other writers out, so that nobody else is making one.
 *
 * @param what goes into the name, before the time
 * @returns the path of the copy, which is whole and on the disk
 * @throws DatabaseError
 */
export async function backUp(file: string, what: string, now: Date): Promise<string> {
  removeLeftovers(file, what);
  const backup = freeName(file, what, now.toISOString().replace(/[-:]|\.\d+/g, ""));
  const partial = backup + PARTIAL;
  closeSync(openSync(partial, "wx", 0o600)); // SQLite would let everybody read it
  try {
    // A connection of its own: no transaction can hold VACUUM.
    await using reader = new SqliteAdapter(file, { readOnly: true, pool: { max: 1 } });
    await reader.executeQuery("VACUUM INTO ?", [partial], { prepare: false });
    flush(partial);
    renameSync(partial, backup);
    flush(dirname(backup));
    return backup;
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** The path of a copy. */
export function backupName(file: string, what: string, time: string): string {
  return `${file}.${what}-${time}.bak`;
}

function freeName(file: string, what: string, time: string): string {
  for (let number = 1; ; number++) {
    const name = backupName(file, what, number === 1 ? time : `${time}-${number}`);
    if (!existsSync(name)) return name;
  }
}

/** What one that was killed had begun. */
function removeLeftovers(file: string, what: string): void {
  const beginning = `${basename(file)}.${what}-`;
  for (const name of readdirSync(dirname(file)))
    if (name.startsWith(beginning) && name.endsWith(`.bak${PARTIAL}`)) rmSync(join(dirname(file), name));
}

/** Until then it would not survive a power cut. */
function flush(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
