import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { bootId, identifyProcess } from "../../src/targets/index.ts";
import { launch } from "../../src/targets/local/launcher.ts";
import { groupMembers } from "../../src/targets/local/process-group.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Actor } from "./support/actor.ts";
import { processService, Sandbox, type TestIo, temporaryFolder, testIo } from "./support/sandbox.ts";
import { runs, waitFor } from "./support/wait.ts";

let sandbox: Sandbox;
let io: TestIo;

beforeEach(async () => {
  sandbox = new Sandbox();
  sandbox.repository.commit({ "hello.txt": "hello\n" });
  await sandbox.release(sandbox.target(), "r1");
  io = testIo();
});

/** A pid file as the launcher writes it. */
function writePidFile(name: string, pid: number, startTime: string, boot = bootId(), run = "some-run"): void {
  const fields = Array.from({ length: 19 }, () => "0").join(" ");
  const text = `${pid}\n${boot}\n${run}\n${pid} (sh) ${fields} ${startTime} 0 0\n`;
  writeFileSync(sandbox.path(".fraisier", "running", name), text);
}

/** A process that leads a group of its own and has nothing to do with Fraisier. */
function stranger(): number {
  const child = spawn("sleep", ["1000"], { detached: true });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child.pid ?? 0;
}

describe("the command of a Fraisier that was killed", () => {
  test("is written down, lives on, and is ended with its family by the next one", async () => {
    const actor = new Actor(sandbox.settings(), "run r1 echo pid $$; sleep 1000 & echo pid $!; wait");
    await waitFor("two pids", () => actor.lines.filter((line) => line.includes("pid ")).length >= 2);
    const pids = actor.lines.filter((line) => line.includes("pid ")).map((line) => Number(line.split(" ").at(-1)));
    await actor.kill();
    expect(pids.every(runs)).toBe(true);
    const [file = ""] = sandbox.list(".fraisier", "running");
    expect(Number.parseInt(sandbox.read(".fraisier", "running", file), 10)).toBe(pids[0]);

    await sandbox.target().clearLeftovers(io);
    expect(pids.some(runs)).toBe(false);
    expect(io.lines.join()).toContain(`process ${pids[0]}`);
    expect(sandbox.list(".fraisier", "running")).toEqual([]);
  });

  test("is ended though its leader is dead, known by the run's id", async () => {
    const launched = await launch({
      argv: ["/bin/sh", "-c", "sleep 1000 & echo $!; wait"],
      cwd: "/",
      env: { PATH: process.env.PATH ?? "" },
      pidFile: sandbox.path(".fraisier", "running", "a.pid"),
      output: "stream",
    });
    const [output] = (await once(launched.stdout ?? launched.child, "data")) as [Buffer];
    const child = Number(output.toString());
    launched.child.kill("SIGKILL");
    await launched.exited;
    expect(runs(child)).toBe(true);
    await sandbox.target().clearLeftovers(io);
    expect(runs(child)).toBe(false);
    expect(sandbox.list(".fraisier", "running")).toEqual([]);
  });

  test("is killed after two seconds when it does not heed SIGTERM", async () => {
    const actor = new Actor(sandbox.settings(), "run r1 trap '' TERM; echo pid $$; while :; do sleep 1000; done");
    const pid = Number((await actor.line(/pid \d/)).split(" ").at(-1));
    await actor.kill();
    const clock = new ManualClock();
    const clearing = sandbox.target({}, { clock }).clearLeftovers(io);
    await waitFor("the grace period", () => clock.next === 2_000);
    clock.advance(1_999);
    expect(runs(pid)).toBe(true);
    clock.advance(1);
    await clearing;
    expect(runs(pid)).toBe(false);
  });

  test("never begins when Fraisier dies before it can be sure that it is written down", async () => {
    const folder = temporaryFolder();
    const proof = join(folder, "proof");
    const script = join(import.meta.dirname, "support", "die-before-answer.ts");
    const parent = spawn(process.execPath, [script, join(folder, "pid"), proof], { stdio: "inherit" });
    const [, signal] = await once(parent, "exit");
    expect(signal).toBe("SIGKILL");
    const pid = Number.parseInt(readFileSync(join(folder, "pid"), "utf8"), 10);
    await waitFor("the launcher's end", () => !runs(pid));
    expect(existsSync(proof)).toBe(false);
  });
});

describe("a stranger", () => {
  test("that got the pid of a dead command is let live", async () => {
    const pid = stranger();
    writePidFile("a.pid", pid, "1");
    await sandbox.target().clearLeftovers(io);
    expect(runs(pid)).toBe(true);
    expect(io.lines).toEqual([]);
    expect(sandbox.list(".fraisier", "running")).toEqual([]);
  });

  test("that has both pid and start time, but since another boot, is let live", async () => {
    const pid = stranger();
    writePidFile("a.pid", pid, identifyProcess(pid)?.startTime ?? "", "another boot");
    await sandbox.target().clearLeftovers(io);
    expect(runs(pid)).toBe(true);
  });

  test("whose group has the number of a dead command's group is let live", async () => {
    const child = spawn("/bin/sh", ["-c", "sleep 1000 & echo $!"], { detached: true });
    const [output] = (await once(child.stdout, "data")) as [Buffer];
    const member = Number(output.toString());
    onTestFinished(() => {
      process.kill(member, "SIGKILL");
    });
    await waitFor("the leader's end", () => !runs(child.pid ?? 0));
    writePidFile("a.pid", child.pid ?? 0, "1");
    await sandbox.target().clearLeftovers(io);
    expect(runs(member)).toBe(true);
    expect(io.lines.join()).toContain("is let live");
  });

  test("with everything right is the command itself, and is ended", async () => {
    const pid = stranger();
    writePidFile("a.pid", pid, identifyProcess(pid)?.startTime ?? "");
    await sandbox.target().clearLeftovers(io);
    expect(runs(pid)).toBe(false);
    expect(groupMembers(pid)).toEqual([]);
  });
});

describe("rubbish", () => {
  test("is removed, and nothing else", async () => {
    mkdirSync(sandbox.path(".fraisier", "trash", "old", "deep"), { recursive: true });
    writeFileSync(sandbox.path(".fraisier", "tmp", "write-1"), "");
    symlinkSync("releases/r1", sandbox.path(".fraisier", "tmp", "current-1"));
    mkdirSync(sandbox.path("releases", "half"));
    writeFileSync(sandbox.path(".fraisier", "releases", "half.unfinished"), "");
    writeFileSync(sandbox.path(".fraisier", "running", "empty.pid"), "");
    mkdirSync(sandbox.path("releases", "20240101120000"));
    writeFileSync(sandbox.path(".fraisier", "releases", "gone.json"), sandbox.read(".fraisier", "releases", "r1.json"));

    await sandbox.target().clearLeftovers(io);
    expect(sandbox.list(".fraisier", "trash")).toEqual([]);
    expect(sandbox.list(".fraisier", "tmp")).toEqual([]);
    expect(sandbox.list(".fraisier", "running")).toEqual([]);
    expect(sandbox.list(".fraisier", "releases")).toEqual(["r1.json"]);
    // What another tool put there may be all that there is.
    expect(sandbox.list("releases")).toEqual(["20240101120000", "r1"]);
  });

  test("where nothing was ever deployed is none", async () => {
    const other = new Sandbox();
    await other.target().clearLeftovers(io);
    expect(existsSync(other.appPath)).toBe(false);
    expect(io.lines).toEqual([]);
  });

  test("is not the service, which goes on", async () => {
    const target = sandbox.target({ service: processService(["sleep", "1000"]) });
    const { pid } = await target.restart("r1", io);
    await sandbox.target().clearLeftovers(io);
    expect(runs(pid ?? 0)).toBe(true);
  });

  test("of a deployment killed while it fetched is removed", async () => {
    // Wherever the kill hits, afterwards there is the whole release or none.
    const settings = sandbox.settings();
    for (const milliseconds of [40, 120, 200, 300]) {
      const actor = new Actor(settings, "guard 1", `fetch k${milliseconds}`);
      await actor.line(/done: guard/);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await actor.kill();
      await sandbox.target().clearLeftovers(io);
      const { releases } = await sandbox.target().inspect();
      expect(sandbox.list("releases")).toEqual([...releases].sort());
      expect(sandbox.list(".fraisier", "tmp")).toEqual([]);
    }
  });
});
