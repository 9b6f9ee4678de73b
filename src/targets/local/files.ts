import { randomBytes } from "node:crypto";
import { type FileHandle, open, readFile, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TargetError } from "../errors.ts";

/** The code of a system call's failure (`ENOENT`, say); null for any other error. */
export function systemCode(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}

/** A promise's value, or null when the file or folder that it is about does not exist. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}

/** A short text that no other file name has. */
export function uniqueSuffix(): string {
  return randomBytes(6).toString("hex");
}

/** Puts what a folder lists on the disk itself, so that a rename in it outlives a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  await withFile(folder, "r", (handle) => handle.sync());
}

/**
 * Writes a whole file (mode 0600): afterwards, whenever the power fails, there is the old content or the new.
 *
 * @param temporary a folder on the same file system where the content is written first.
 */
export async function writeFileAtomically(file: string, content: string, temporary: string): Promise<void> {
  const draft = join(temporary, `write-${uniqueSuffix()}`);
  try {
    await withFile(draft, "wx", async (handle) => {
      await handle.writeFile(content);
      await handle.sync();
    });
    await rename(draft, file);
  } catch (error) {
    await unlessMissing(unlink(draft));
    throw error;
  }
  await syncFolder(dirname(file));
}

/** Reads a JSON file that {@link writeFileAtomically} wrote; null when it is absent or not a JSON object. */
export async function readRecord(file: string): Promise<Readonly<Record<string, unknown>> | null> {
  const text = await unlessMissing(readFile(file, "utf8"));
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    // Half a file can only be somebody else's doing: what it said is unknown, as if it were not there.
    return null;
  }
}

const REASONS: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  EACCES: ["this user may not", "Run Fraisier as the user who owns the folder, or give the folder to this user."],
  EPERM: ["this user may not", "Run Fraisier as the user who owns the folder, or give the folder to this user."],
  ENOSPC: [
    "no space is left on the disk",
    "Free some space (keep_releases bounds what Fraisier keeps), then try again.",
  ],
  EDQUOT: ["the disk quota is used up", "Free some space (keep_releases bounds what Fraisier keeps), then try again."],
  EROFS: ["the file system is read-only", "Mount it for writing, or give app_path another folder."],
  ENOTDIR: ["something on the way is not a folder", "Look at the path, and move what is in the way."],
  EXDEV: ["it is on another file system", "Keep everything below app_path on one file system."],
};

/**
 * Runs `work`; a failed system call in it becomes a TargetError that says what could not be done, where and why. Other
 * errors pass.
 *
 * @param what what is being done, as it follows "Could not".
 * @throws TargetError `app_path_unusable`
 */
export async function explainingFiles<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemCode(error);
    if (code === null || error instanceof TargetError || !(error instanceof Error && "syscall" in error)) throw error;
    const [why, hint] = REASONS[code] ?? ["the system refused", "Look at that path, then try again."];
    const path = "path" in error && typeof error.path === "string" ? `: ${error.path}` : "";
    throw new TargetError("app_path_unusable", `Could not ${what}${path}: ${why} (${code}).`, { hint, cause: error });
  }
}

async function withFile(path: string, flags: string, work: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, flags, 0o600);
  try {
    await work(handle);
  } finally {
    await handle.close();
  }
}
