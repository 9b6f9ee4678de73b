/** Who runs the servers, and which folders that user can reach. */
import { readFileSync, realpathSync, statfsSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Whom the servers run as; null for whoever runs the tests. Not root: PostgreSQL refuses, and the others needn't be. */
export function serverUser(): User | null {
  if (process.getuid?.() !== 0) return null;
  const [, , uid, gid] =
    readFileSync("/etc/passwd", "utf8")
      .match(/^nobody:.*$/m)?.[0]
      .split(":") ?? [];
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) };
}

/** How much memory must be free for the servers' data, in bytes. */
const ROOM = 4 * 2 ** 30;

/** Where servers keep their data for the time of a test: in memory, where making a database is ten times as fast. */
export function temporaryFolder(): string {
  if (!process.env.TMPDIR && hasRoom("/dev/shm")) return "/dev/shm";
  return reachable([tmpdir(), "/tmp", "/var/tmp"]);
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM;
  } catch {
    return false;
  }
}

/** Where programs are kept from one run to the next. */
export function cacheFolder(): string {
  const own = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(reachable([own, "/var/cache"]), "fraisier-tests");
}

/** The first folder that the servers' user can enter; root's own home is usually closed. */
function reachable(folders: readonly string[]): string {
  const found = serverUser() === null ? folders[0] : folders.find(isOpen);
  if (found !== undefined) return found;
  throw new Error(`None of ${folders.join(", ")} can be entered by the user nobody, who runs the test servers.`);
}

/** Whether anybody may enter a folder, or the place where it will be made. */
function isOpen(folder: string): boolean {
  let path: string;
  try {
    path = realpathSync(folder);
  } catch {
    return folder !== "/" && isOpen(dirname(folder));
  }
  const mayEnter = (statSync(path).mode & 0o001) !== 0;
  return mayEnter && (path === "/" || isOpen(dirname(path)));
}
