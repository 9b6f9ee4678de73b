import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../db/index.ts";
import { systemCode } from "./files.ts";
import { parseStat } from "./process-identity.ts";

/** How a process group was found: nobody left, members that may be signalled, or only such as may not. */
type GroupState = "gone" | "alive" | "forbidden";

/** How often a group is looked at while it is awaited, in milliseconds of real time: a condition, not a duration. */
const POLL_MS = 15;
/** Looking for zombies reads the whole process list, so that is done on every so-manieth look only. */
const LOOKS_PER_LISTING = 8;
/** How long members of another user are waited for after SIGKILL, which this process may not send them. */
const FORBIDDEN_MS = 5_000;

/** How {@link endGroup} ended: `forbidden` when members that belong to another user are still there. */
export type GroupEnding = "gone" | "forbidden";

/**
 * Ends every process of a group: SIGTERM, then after `graceMs` SIGKILL.
 *
 * @returns when none is left; `forbidden` when what is left belongs to another user (sudo), which only root can end.
 */
export async function endGroup(pgid: number, graceMs: number, clock: Clock): Promise<GroupEnding> {
  signalGroup(pgid, "SIGTERM");
  // A stopped process would only see SIGTERM when it goes on.
  signalGroup(pgid, "SIGCONT");
  if (await goneWithin(pgid, graceMs, clock)) return "gone";
  signalGroup(pgid, "SIGKILL");
  for (;;) {
    if (await goneWithin(pgid, FORBIDDEN_MS, clock)) return "gone";
    if (groupState(pgid, true) === "forbidden") return "forbidden";
    signalGroup(pgid, "SIGKILL");
  }
}

/** The pids of a group's running members; zombies do not count. */
export function groupMembers(pgid: number): number[] {
  return process.platform === "linux" ? membersFromProc(pgid) : membersFromPs(pgid);
}

async function goneWithin(pgid: number, milliseconds: number, clock: Clock): Promise<boolean> {
  let over = false;
  const timer = clock.startTimer(() => {
    over = true;
  }, milliseconds);
  try {
    for (let look = 0; ; look++) {
      if (groupState(pgid, over || look % LOOKS_PER_LISTING === 0) === "gone") return true;
      if (over) return false;
      await delay(POLL_MS);
    }
  } finally {
    timer.cancel();
  }
}

function groupState(pgid: number, listZombies: boolean): GroupState {
  let state: GroupState = "alive";
  try {
    process.kill(-pgid, 0);
  } catch (error) {
    if (systemCode(error) === "ESRCH") return "gone";
    state = "forbidden";
  }
  // Zombies answer kill(2) too, and where process 1 does not reap (containers) they stay for ever.
  if (listZombies && groupMembers(pgid).length === 0) return "gone";
  return state;
}

function signalGroup(pgid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pgid, signal);
  } catch (error) {
    const code = systemCode(error);
    // ESRCH: gone already. EPERM: another user's; the caller finds it still there and says so.
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

function membersFromProc(pgid: number): number[] {
  const members: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    let line: string;
    try {
      line = readFileSync(`/proc/${name}/stat`, "utf8");
    } catch {
      // It ended while the list was read.
      continue;
    }
    // proc(5), field 5.
    const group = line.slice(line.lastIndexOf(")") + 2).split(" ")[2];
    if (group === String(pgid) && parseStat(line)?.zombie === false) members.push(Number(name));
  }
  return members;
}

function membersFromPs(pgid: number): number[] {
  const list = execFileSync("ps", ["-A", "-o", "pid=", "-o", "pgid=", "-o", "stat="], { encoding: "utf8" });
  return list.split("\n").flatMap((line) => {
    const [pid, group, state] = line.trim().split(/\s+/);
    return group === String(pgid) && state !== undefined && !state.startsWith("Z") ? [Number(pid)] : [];
  });
}
