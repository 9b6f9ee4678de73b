import { readdir, readFile, readlink } from "node:fs/promises";

/** proc(5): the state of a socket that listens, in /proc/net/tcp. */
const LISTENING = "0A";

/**
 * Finds the process that listens on a port of this machine. Best effort, for a message: null where there is no /proc, or
 * the process is another user's.
 */
export async function findPortOwner(port: number): Promise<number | null> {
  const sockets = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const lines = (await quietly(readFile(table, "utf8")))?.split("\n").slice(1) ?? [];
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      const local = Number.parseInt(fields[1]?.split(":")[1] ?? "", 16);
      if (local === port && fields[3] === LISTENING) sockets.add(`socket:[${fields[9]}]`);
    }
  }
  if (sockets.size === 0) return null;
  for (const pid of (await quietly(readdir("/proc")))?.filter((name) => /^\d+$/.test(name)) ?? []) {
    for (const descriptor of (await quietly(readdir(`/proc/${pid}/fd`))) ?? []) {
      const target = await quietly(readlink(`/proc/${pid}/fd/${descriptor}`));
      if (target !== null && sockets.has(target)) return Number(pid);
    }
  }
  return null;
}

async function quietly<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch {
    // It vanished meanwhile, or may not be looked at: then the message names no process.
    return null;
  }
}
