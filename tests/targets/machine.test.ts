import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/db/index.ts";
import {
  bootId,
  currentProcess,
  hostName,
  identifyProcess,
  isProcessAlive,
  machineId,
} from "../../src/targets/index.ts";
import { endGroup, groupMembers } from "../../src/targets/local/process-group.ts";
import { parseStat, readProcess } from "../../src/targets/local/process-identity.ts";
import { temporaryFolder } from "./support/sandbox.ts";
import { runs, waitFor } from "./support/wait.ts";

const onLinux = process.platform === "linux";

describe("the machine", () => {
  test("has an id that stays and is not the system's own", () => {
    expect(machineId()).toMatch(/^[0-9a-f]{32}$/);
    expect(machineId()).toBe(machineId());
    if (existsSync("/etc/machine-id")) expect(readFileSync("/etc/machine-id", "utf8")).not.toContain(machineId());
    expect(hostName()).not.toBe("");
    expect(bootId().length).toBeGreaterThan(10);
  });
});

describe("a process group", () => {
  test("of which only a zombie is left is gone, though it can still be signalled", async () => {
    const script = `const { spawn } = require("node:child_process");
      console.log(spawn("sleep", ["1000"], { detached: true }).pid); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ["-e", script]);
    onTestFinished(() => {
      parent.kill("SIGKILL");
    });
    const [output] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(output.toString());
    // A parent that is stopped does not ask for the end of its child.
    parent.kill("SIGSTOP");
    expect(groupMembers(pid)).toEqual([pid]);
    expect(await endGroup(pid, 1_000_000, systemClock)).toBe("gone");
    expect(readProcess(pid)?.zombie).toBe(true);
    expect(process.kill(-pid, 0)).toBe(true);
  });
});

describe("a process", () => {
  test("that calls is alive", () => {
    const self = currentProcess();
    expect(self).toMatchObject({ pid: process.pid, host: hostName(), bootId: bootId() });
    expect(isProcessAlive(self)).toBe(true);
  });

  test("is dead once it has ended", async () => {
    const child = spawn("sleep", ["1000"]);
    const identity = identifyProcess(child.pid ?? 0);
    expect(identity && isProcessAlive(identity)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(identity && isProcessAlive(identity)).toBe(false);
    expect(identifyProcess(child.pid ?? 0)).toBeNull();
  });

  test("with the same pid, but another start or boot, is another one", () => {
    const self = currentProcess();
    expect(isProcessAlive({ ...self, startTime: "1" })).toBe(false);
    expect(isProcessAlive({ ...self, bootId: "another boot" })).toBe(false);
  });

  test("that is a zombie is dead, and its group gone", async () => {
    // The shell becomes sleep, which never asks for the end of the shell's child.
    const parent = spawn("/bin/sh", ["-c", "sleep 0.2 & echo $!; exec sleep 1000"], { detached: true });
    onTestFinished(() => {
      parent.kill("SIGKILL");
    });
    const [output] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(output.toString());
    const identity = identifyProcess(pid);
    await waitFor("the zombie", () => readProcess(pid)?.zombie);
    expect(identity).not.toBeNull();
    expect(identity && isProcessAlive(identity)).toBe(false);
    expect(identifyProcess(pid)).toBeNull();
    expect(groupMembers(parent.pid ?? 0)).toEqual([parent.pid]);
  });

  test.runIf(onLinux)("may have spaces and parentheses in its name", async () => {
    const program = join(temporaryFolder(), "a) R 1 (b");
    copyFileSync("/bin/sleep", program);
    const child = spawn(program, ["1000"]);
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    const line = await waitFor("its name", () => {
      const text = readFileSync(`/proc/${child.pid}/stat`, "utf8");
      return text.includes("a) R 1 (b") ? text : null;
    });
    const twin = spawn("sleep", ["1000"]);
    onTestFinished(() => {
      twin.kill("SIGKILL");
    });
    const started = Number(parseStat(line)?.startTime);
    const startedLater = Number(readProcess(twin.pid ?? 0)?.startTime);
    // Both count from boot: what was started just now is at most seconds away.
    expect(startedLater - started).toBeGreaterThanOrEqual(0);
    expect(startedLater - started).toBeLessThan(1000);
    expect(runs(child.pid ?? 0)).toBe(true);
  });

  test("whose first thread has ended, but not the others, is no zombie", () => {
    const line = (threads: number) =>
      `28062 (app) Z 1 2 2 0 -1 4227084 2960 6574 1 0 4 0 4 2 20 0 ${threads} 0 1059132 0`;
    expect(parseStat(line(2))).toEqual({ startTime: "1059132", zombie: false });
    expect(parseStat(line(1))).toEqual({ startTime: "1059132", zombie: true });
  });

  test("with an impossible pid does not run", () => {
    for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 40]) expect(identifyProcess(pid)).toBeNull();
  });
});
