import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** Room on the file system of a folder. */
export interface FreeSpace {
  /** The folder that was asked about, or the nearest one above it that is there. */
  readonly folder: string;
  readonly bytes: number;
  /** How many more files there can be; null where the file system sets no limit. */
  readonly files: number | null;
}

/** Below this a disk is soon full, in bytes. */
export const LITTLE_SPACE: number = 200 * 2 ** 20;

/** How much room there is where a folder is, or will be. @throws the system's error */
export async function freeSpace(folder: string): Promise<FreeSpace> {
  const there = nearestFolder(folder);
  const { bavail, bsize, files, ffree } = await statfs(there);
  return { folder: there, bytes: bavail * bsize, files: files === 0 ? null : ffree };
}

/** A path, or the nearest one above it that is there. */
export function nearestFolder(path: string): string {
  let folder = path;
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

/** `12.3 GiB free in /srv`. */
export function spaceText({ bytes, folder }: FreeSpace): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB free in ${folder}`;
}
