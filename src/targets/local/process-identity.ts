import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { bootId, hostName } from "./machine.ts";

/** A process, precise enough that no other process, however late, is taken for it. */
export interface ProcessIdentity {
  readonly host: string;
  /** Changes at every boot of that machine. */
  readonly bootId: string;
  readonly pid: number;
  /** When it started, as its machine tells it; opaque text. */
  readonly startTime: string;
}

/** What the operating system tells about a process that has a pid. */
export interface ProcessEntry {
  readonly startTime: string;
  /** It has ended, and only waits for its parent to notice. */
  readonly zombie: boolean;
}

/** The command that tells a start time where there is no /proc; in the same words whatever the user's language and zone. */
export const PS_START_TIME = "LC_ALL=C TZ=UTC0 ps -o lstart= -p";

/**
 * Identifies a process of this machine.
 *
 * @returns null when there is no such process, or it has ended already.
 */
export function identifyProcess(pid: number): ProcessIdentity | null {
  const entry = readProcess(pid);
  if (entry === null || entry.zombie) return null;
  return { host: hostName(), bootId: bootId(), pid, startTime: entry.startTime };
}

/** Identifies the process that calls this. */
export function currentProcess(): ProcessIdentity {
  const identity = identifyProcess(process.pid);
  if (identity === null) throw new Error("this process can't be found in the list of processes");
  return identity;
}

/**
 * Whether that very process still runs: a zombie, another process with its pid, or one of an earlier boot does not
 * count. Ask only about processes of this machine: one that runs elsewhere looks dead from here.
 */
export function isProcessAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return false;
  const entry = readProcess(identity.pid);
  return entry !== null && !entry.zombie && entry.startTime === identity.startTime;
}

/** What the operating system tells about a pid; null when nothing has it. Zombies are told of. */
export function readProcess(pid: number): ProcessEntry | null {
  if (!Number.isSafeInteger(pid) || pid < 1) return null;
  if (process.platform === "linux") {
    try {
      return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
      // No such file, or the process vanished while it was read: there is none.
      return null;
    }
  }
  try {
    const env = { ...process.env, LC_ALL: "C", TZ: "UTC0" };
    const line = execFileSync("ps", ["-o", "stat=", "-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env });
    const [state = "", ...start] = line.trim().split(/\s+/);
    return state === "" ? null : { startTime: start.join(" "), zombie: state.startsWith("Z") };
  } catch {
    // ps exits with 1 when there is no such process.
    return null;
  }
}

/**
 * Reads a line of /proc/<pid>/stat: proc(5), fields 3 (state), 20 (num_threads) and 22 (starttime). The second field,
 * the program's name in parentheses, may hold spaces and parentheses itself, so fields are counted from the last one.
 */
export function parseStat(line: string): ProcessEntry | null {
  const fields = line
    .slice(line.lastIndexOf(")") + 2)
    .trim()
    .split(" ");
  const [state, threads, startTime] = [fields[0], fields[17], fields[19]];
  if (state === undefined || startTime === undefined || !/^\d+$/.test(startTime)) return null;
  // A process whose first thread has ended is told as a zombie too, while its other threads still hold its ports.
  return { startTime, zombie: (state === "Z" || state === "X") && Number(threads) <= 1 };
}
