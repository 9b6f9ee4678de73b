import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { runs, waitFor } from "../targets/support/wait.ts";
import { processesIn, removeServer } from "./processes.ts";
import type { ServerKind } from "./servers.ts";

const HOLD_SERVERS = fileURLToPath(new URL("support/hold-servers.ts", import.meta.url));

/** Where the servers' folders are. */
let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "fraisier-guard-")));
  // For the user who runs the servers.
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

/** Another process that starts servers, as a test run does. */
function testRun(then: "wait" | "end", ...kinds: readonly ServerKind[]): ChildProcess {
  const run = spawn(process.execPath, [HOLD_SERVERS, then, ...kinds], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => {
    run.kill("SIGKILL");
  });
  return run;
}

/** Waits until it has started its servers; their processes. */
async function started(run: ChildProcess): Promise<number[]> {
  const [said] = await Promise.race([once(run.stdout ?? run, "data"), once(run, "exit")]);
  expect(String(said)).toBe("started\n");
  return processesIn(folder);
}

async function nothingIsLeft(processes: readonly number[]): Promise<void> {
  await waitFor("an empty folder", () => readdirSync(folder).length === 0);
  expect(processesIn(folder)).toEqual([]);
  expect(processes.filter(runs)).toEqual([]);
}

test("a killed test run leaves no server behind", async () => {
  const run = testRun("wait", "postgresql", "mariadb");
  const processes = await started(run);
  expect(processes.length).toBeGreaterThan(2);
  run.kill("SIGKILL");
  await nothingIsLeft(processes);
});

test("neither does one that was killed while a server was being made", async () => {
  const run = testRun("wait", "postgresql");
  const processes = await waitFor("a process at work", () => {
    const found = processesIn(folder);
    return found.length > 0 ? found : null;
  });
  expect(readdirSync(folder)).toHaveLength(1);
  run.kill("SIGKILL");
  await nothingIsLeft(processes);
});

test("neither does one that ended without a thought for its servers", async () => {
  const run = testRun("end", "postgresql");
  const processes = await started(run);
  await once(run, "exit");
  expect(run.exitCode).toBe(0);
  await nothingIsLeft(processes);
});

test("what an interrupted removal left is removed as well", async () => {
  mkdirSync(join(folder, "server.removed", "data"), { recursive: true });
  await removeServer(join(folder, "server"));
  expect(readdirSync(folder)).toEqual([]);
});
