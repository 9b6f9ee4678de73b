import { setTimeout as delay } from "node:timers/promises";
import { identifyProcess } from "../../../src/targets/index.ts";

/** Waits until a condition holds, and gives its value. Fails after 15 seconds. */
export async function waitFor<T>(what: string, condition: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`in vain: ${what}`);
    await delay(10);
  }
}

/** Whether a process runs (a zombie does not). */
export function runs(pid: number): boolean {
  return identifyProcess(pid) !== null;
}
