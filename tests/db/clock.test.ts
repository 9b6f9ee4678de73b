import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { sleep, systemClock } from "../../src/db/index.ts";
import { ManualClock } from "../support/manual-clock.ts";

const { signal: never } = new AbortController();

describe("sleeping", () => {
  test("lasts exactly as long as it should", async () => {
    const clock = new ManualClock();
    let isOver = false;
    const sleeping = sleep(clock, 100, never).then(() => {
      isOver = true;
    });
    clock.advance(99);
    await Promise.resolve();
    expect(isOver).toBe(false);
    clock.advance(1);
    await sleeping;
    expect(getEventListeners(never, "abort")).toEqual([]);
  });

  test("ends at once, with the reason, when it is aborted", async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const sleeping = sleep(clock, 100, controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(clock.waiting).toBe(0);
  });

  test("does not even begin when it was aborted before", async () => {
    const clock = new ManualClock();
    await expect(sleep(clock, 100, AbortSignal.abort("before"))).rejects.toBe("before");
    expect(clock.waiting).toBe(0);
  });
});

describe("the machine's clock", () => {
  test("tells the time of the day, and a time that never goes back", () => {
    const before = Date.now();
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    expect(systemClock.now()).toBeLessThanOrEqual(Date.now());
    let last = systemClock.monotonic();
    for (let n = 0; n < 1000; n++) {
      const next = systemClock.monotonic();
      expect(next).toBeGreaterThanOrEqual(last);
      last = next;
    }
  });

  test("calls once, when the time has passed", async () => {
    const start = systemClock.monotonic();
    let calls = 0;
    await new Promise<void>((resolve) => {
      systemClock.startTimer(() => {
        calls++;
        resolve();
      }, 20);
    });
    await sleep(systemClock, 40);
    expect(calls).toBe(1);
    // Node's timers round to whole milliseconds.
    expect(systemClock.monotonic() - start).toBeGreaterThanOrEqual(58);
  });

  test("calls not at all when the timer was cancelled, and cancelling twice is harmless", async () => {
    let calls = 0;
    const timer = systemClock.startTimer(() => calls++, 5);
    timer.cancel();
    timer.cancel();
    await sleep(systemClock, 20);
    expect(calls).toBe(0);
  });

  test("keeps a process alive for a timer, but not for one that is made with unref", async () => {
    const module = new URL("../../src/db/clock.ts", import.meta.url);
    const run = async (options: string) => {
      const script = `import { systemClock } from "${module}"; systemClock.startTimer(() => console.log("called"), 50, ${options});`;
      const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
      return stdout;
    };
    expect(await run("{}")).toBe("called\n");
    expect(await run("{ unref: true }")).toBe("");
  });
});
