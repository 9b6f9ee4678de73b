/** The processes of a server, found by what all of them have in common: they work in its folder. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** How often processes are looked at while something is awaited, in milliseconds. */
const POLL_MS = 5;

/**
 * Every process that works in a folder or below it. Neither its process group nor its parent would tell: each child of
 * PostgreSQL has a group of its own, and outlives a killed parent until it notices.
 */
export function processesIn(folder: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    // Nothing for other users' processes, either.
    const [where] = orNothing(() => [readlinkSync(`/proc/${pid}/cwd`)]);
    return where === folder || where?.startsWith(`${folder}/`);
  });
}

/** Kills every process of a folder and returns when none is left. */
export async function killProcessesIn(folder: string): Promise<void> {
  const killed = new Set<number>();
  // A dying process leaves its folder before it is dead.
  await signalUntilNone("SIGKILL", () => {
    for (const pid of processesIn(folder)) killed.add(pid);
    return [...killed].filter(isAlive);
  });
}

/** Stops every process of a folder in its tracks and returns when none runs any more. */
export async function pauseProcessesIn(folder: string): Promise<void> {
  await signalUntilNone("SIGSTOP", () => processesIn(folder).filter((pid) => !isPaused(pid)));
}

/** Lets paused processes go on. */
export function resumeProcessesIn(folder: string): void {
  for (const pid of processesIn(folder)) signal(pid, "SIGCONT");
}

/** Ends what works in a server's folder and removes the folder, or what an interrupted removal left of it. */
export async function removeServer(folder: string): Promise<void> {
  const doomed = `${folder}.removed`;
  // From here on a process that is just about to start can't enter its folder, and fails.
  if (existsSync(folder)) renameSync(folder, doomed);
  await killProcessesIn(doomed);
  releaseSharedMemory(doomed);
  await rm(doomed, { recursive: true, force: true, maxRetries: 10 });
}

/** As often as needed, because a process that has not got its signal yet may start another one. */
async function signalUntilNone(name: NodeJS.Signals, find: () => number[]): Promise<void> {
  for (;;) {
    const pids = find();
    if (pids.length === 0) return;
    for (const pid of pids) signal(pid, name);
    await delay(POLL_MS);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

/** Whether any of its threads does: the first may have ended before the others. */
function isAlive(pid: number): boolean {
  return threadStates(pid).some((state) => state !== "Z" && state !== "X");
}

function isPaused(pid: number): boolean {
  return threadStates(pid).every((state) => state === "T");
}

/** Field 3 of proc(5)'s stat for each thread; nothing when the process is gone. */
function threadStates(pid: number): string[] {
  const tasks = `/proc/${pid}/task`;
  const threads = orNothing(() => readdirSync(tasks));
  return threads.flatMap((thread) =>
    orNothing(() => {
      const stat = readFileSync(`${tasks}/${thread}/stat`, "utf8");
      return [stat.charAt(stat.lastIndexOf(")") + 2)];
    }),
  );
}

/** What is read about a process may go away before it is read. */
function orNothing<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** A killed PostgreSQL leaves a segment of System V shared memory behind, and a machine has only a few thousand. */
function releaseSharedMemory(folder: string): void {
  try {
    const id = readFileSync(join(folder, "data", "postmaster.pid"), "utf8")
      .split("\n")[6]
      ?.trim()
      .split(/\s+/)[1];
    if (id !== undefined) execFileSync("ipcrm", ["-m", id], { stdio: "ignore" });
  } catch {
    // Not PostgreSQL, or it has cleared up itself.
  }
}
