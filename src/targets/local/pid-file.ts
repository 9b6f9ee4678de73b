import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { open, readFile, unlink } from "node:fs/promises";
import { unlessMissing } from "./files.ts";
import { bootId, hostName } from "./machine.ts";
import { groupMembers } from "./process-group.ts";
import { isProcessAlive, type ProcessIdentity, parseStat, readProcess } from "./process-identity.ts";

/** The variable by which the members of a group are known when their leader is dead. */
export const RUN_ID_VARIABLE = "FRAISIER_RUN_ID";

/** What a pid file says: the leader of a process group (its pid is the group's id too), and the run's id. */
export interface PidFile {
  readonly leader: ProcessIdentity;
  readonly runId: string;
}

/** How a group that a pid file names was found. */
export type GroupOwnership =
  /** The leader runs. */
  | "running"
  /** The leader is dead, but what it started still runs. */
  | "orphaned"
  /** Something with that id runs, and it could not be told whose it is; it must be left alone. */
  | "unproven"
  /** Nothing of it runs any more. */
  | "ended";

/** Creates an empty pid file (mode 0600) for the launcher to fill. @returns the new run's id */
export async function createPidFile(file: string): Promise<string> {
  await (await open(file, "w", 0o600)).close();
  return randomUUID();
}

/** Reads a pid file; null when it is absent, or when the launcher was ended before it had written it. */
export async function readPidFile(file: string): Promise<PidFile | null> {
  return parsePidFile((await unlessMissing(readFile(file, "utf8"))) ?? "");
}

/** Removes a pid file; harmless when it is not there. */
export async function removePidFile(file: string): Promise<void> {
  await unlessMissing(unlink(file));
}

/** Reads the four lines that the launcher writes: pid, boot id, run id, and the process's start as the system told it. */
export function parsePidFile(text: string): PidFile | null {
  const [pid = "", boot = "", runId = "", started = "", end] = text.split("\n");
  // The last line is whole only when its end is there.
  if (end === undefined || !/^\d+$/.test(pid) || boot === "" || runId === "") return null;
  const startTime = started.includes(")") ? parseStat(started)?.startTime : started.trim().split(/\s+/).join(" ");
  if (!startTime) return null;
  return { leader: { host: hostName(), bootId: boot, pid: Number(pid), startTime }, runId };
}

/** Finds out whether the group that a pid file names is still there, and is not a stranger's that got the number since. */
export function ownershipOf(pidFile: PidFile): GroupOwnership {
  const { leader, runId } = pidFile;
  if (leader.bootId !== bootId()) return "ended";
  if (isProcessAlive(leader)) return "running";
  const members = groupMembers(leader.pid);
  if (members.length === 0) return "ended";
  const entry = readProcess(leader.pid);
  // A zombie leader still occupies its pid, so the group can only be its own.
  if (entry?.startTime === leader.startTime) return "orphaned";
  // Another process has the pid: a group's number is only given anew when the group is gone.
  if (entry !== null) return "ended";
  return members.some((pid) => hasRunId(pid, runId)) ? "orphaned" : "unproven";
}

function hasRunId(pid: number, runId: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`${RUN_ID_VARIABLE}=${runId}`);
  } catch {
    // Another user's process, or a system without /proc: not proven.
    return false;
  }
}
