import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** How many worker threads of wrappers this process has, by Linux's own account (proc(5)). */
export const workerCount = (): number =>
  readdirSync("/proc/self/task").filter((id) => nameOf(id) === "fraisier-db").length;

/** null: it has ended meanwhile. */
function nameOf(threadId: string): string | null {
  try {
    return readFileSync(`/proc/self/task/${threadId}/comm`, "utf8").trim();
  } catch {
    return null;
  }
}

/** Returns as soon as `condition` holds; the test's own time limit ends it otherwise. */
export async function waitUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5);
}
