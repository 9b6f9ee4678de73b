import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";

const GUARD = fileURLToPath(new URL("guard.ts", import.meta.url));

/** What this process's guard listens to. One guard is enough for each process that starts servers. */
let guard: Promise<Socket> | null = null;

/**
 * Sees to it that whatever works in a folder ends with this process, and that the folder goes away, however this process
 * ends. To be called before the first process is started there.
 */
export async function guardFolder(folder: string): Promise<void> {
  guard ??= startGuard();
  (await guard).write(`${folder}\n`);
}

async function startGuard(): Promise<Socket> {
  // Detached: Ctrl-C in a terminal is for the test run alone.
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", GUARD], {
    detached: true,
    cwd: "/",
    env: { PATH: process.env.PATH },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit").then(() => {
    throw new Error("The process that guards the test servers could not be started.");
  });
  await Promise.race([once(child.stdout, "data"), ended]);
  ended.catch(() => {});
  child.stdout.destroy();
  // It waits for this process, not the other way round.
  child.unref();
  const input = child.stdin as Socket;
  input.unref();
  return input;
}
