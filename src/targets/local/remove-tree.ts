import { chmod, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { systemCode, uniqueSuffix, unlessMissing } from "./files.ts";

/**
 * Removes a file or folder with everything in it; harmless when it is not there. Read-only folders (Go's module
 * cache, say) are made writable first. Symbolic links are removed, never followed.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    const code = systemCode(error);
    if (code !== "EACCES" && code !== "EPERM") throw error;
    await makeWritable(path);
    await rm(path, { recursive: true, force: true });
  }
}

/** Takes a folder out of sight by one atomic rename, then removes it; harmless when it is not there. */
export async function discard(path: string, trash: string): Promise<void> {
  const grave = join(trash, `${basename(path)}-${uniqueSuffix()}`);
  const moved = await unlessMissing(rename(path, grave).then(() => true));
  if (moved !== null) await removeTree(grave);
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}
