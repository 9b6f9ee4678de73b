import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Command } from "../../src/config/index.ts";
import { type LocalTargetOptions, type Target, TargetError, type TargetSettings } from "../../src/targets/index.ts";
import { commandName } from "../../src/targets/local/command.ts";
import { groupMembers } from "../../src/targets/local/process-group.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Sandbox, type TestIo, temporaryFolder, testIo } from "./support/sandbox.ts";
import { runs, waitFor } from "./support/wait.ts";

let sandbox: Sandbox;
let io: TestIo;

beforeEach(() => {
  sandbox = new Sandbox();
  sandbox.repository.commit({ "hello.txt": "hello\n", "tool.sh": { executable: "#!/bin/sh\necho tool\n" } });
  io = testIo();
});

async function released(overrides: Partial<TargetSettings> = {}, options: LocalTargetOptions = {}): Promise<Target> {
  await sandbox.release(sandbox.target(), "r1");
  return sandbox.target(overrides, options);
}

async function failure(work: Promise<unknown>): Promise<TargetError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TargetError);
  return error as TargetError;
}

/** Pids that a command printed, one a line. */
async function printedPids(count: number): Promise<number[]> {
  const lines = await waitFor(`${count} pids`, () => (io.lines.length >= count ? io.lines : null));
  return lines.slice(0, count).map((line) => Number(line.replace("stdout: ", "")));
}

describe("a command", () => {
  test("that is a line runs in a shell that stops at the first failure, in the folder of the release", async () => {
    const target = await released();
    const line = 'pwd; cat hello.txt; echo "oops" >&2; false; echo never';
    const error = await failure(target.run(line, "r1", io));
    expect(error).toMatchObject({ kind: "command_failed", exitCode: 1, signal: null });
    expect(error.message).toBe('The command "pwd …" in release r1 failed: exit code 1.');
    expect(io.lines).toContain(`stdout: ${sandbox.path("releases", "r1")}`);
    expect(io.lines).toContain("stdout: hello");
    expect(io.lines).toContain("stderr: oops");
    expect(io.lines).not.toContain("stdout: never");
  });

  test("that is a list runs without a shell", async () => {
    const target = await released();
    await target.run(["echo", "$HOME", "a  b", ""], "r1", io);
    await target.run(["./tool.sh"], "r1", io);
    expect(io.lines).toEqual(["stdout: $HOME a  b ", "stdout: tool"]);
  });

  test("has an empty input, and a session of its own", async () => {
    const target = await released();
    await target.run("cat; ps -o sid= -p $$; echo $$", "r1", io);
    const [session, pid] = io.lines.map((line) => line.replace("stdout:", "").trim());
    expect(session).toBe(pid);
  });

  test("may open its output by name, as scripts do with /dev/stderr", async () => {
    const target = await released();
    await target.run("echo one >/dev/stdout; echo two >/dev/stderr", "r1", io);
    expect(io.lines.sort()).toEqual(["stderr: two", "stdout: one"]);
  });

  test("is ended by a signal", async () => {
    const target = await released();
    const error = await failure(target.run("kill -9 $$", "r1", io));
    expect(error).toMatchObject({ kind: "command_failed", exitCode: null, signal: "SIGKILL" });
    expect(error.hint).toMatch(/memory/);
  });

  test("that is not there, or not executable, is named", async () => {
    const target = await released();
    const missing = await failure(target.run(["no-such-program", "--token=hidden"], "r1", io));
    expect(missing).toMatchObject({ kind: "command_failed", exitCode: 127 });
    expect(missing.message).toBe('The program "no-such-program" was not found: it is in no folder of PATH.');
    const closed = await failure(target.run(["./hello.txt"], "r1", io));
    expect(closed).toMatchObject({ exitCode: 126 });
    expect(closed.message).toContain("not executable");
    expect((await failure(target.run(["./gone"], "r1", io))).message).toContain(sandbox.path("releases", "r1", "gone"));
    expect((await failure(target.run("no-such-program", "r1", io))).exitCode).toBe(127);
  });

  test("needs a release", async () => {
    const target = await released();
    expect((await failure(target.run("true", "r2", io))).kind).toBe("release_broken");
    expect((await failure(target.run("true", "../../etc", io))).kind).toBe("unsupported");
  });

  test("leaves nothing written down behind it", async () => {
    const target = await released();
    await target.run("true", "r1", io);
    await failure(target.run("false", "r1", io));
    expect(sandbox.list(".fraisier", "running")).toEqual([]);
    expect(sandbox.list(".fraisier", "tmp")).toEqual([]);
  });

  test("is called by its first word only, since the rest may be secret", () => {
    expect(commandName("npm ci --token=x")).toBe('"npm …"');
    expect(commandName("PASSWORD=x ./run")).toBe("the shell line");
    expect(commandName('"$SECRET"')).toBe("the shell line");
    expect(commandName(["npm", "x"])).toBe('"npm"');
  });
});

describe("the output of a command", () => {
  test("is UTF-8 even when a character comes in two parts", async () => {
    const target = await released();
    await target.run(
      "printf 'caf\\303'; sleep 0.1; printf '\\251 \\360\\237'; sleep 0.1; printf '\\230\\200'",
      "r1",
      io,
    );
    expect(io.lines).toEqual(["stdout: café 😀"]);
  });

  test("comes whole, however much it is", async () => {
    const target = await released();
    await target.run("seq 1 200000; echo end >&2", "r1", io);
    expect(io.lines.filter((line) => line.startsWith("stdout")).length).toBe(200_000);
    expect(io.lines).toContain("stdout: 200000");
    expect(io.lines).toContain("stderr: end");
  });

  test("that can't be taken ends the command, the last of it too", async () => {
    const target = await released();
    const onOutput = () => {
      throw new Error("the ledger is full");
    };
    for (const line of ["echo $$; sleep 1000", "printf end"]) {
      await expect(target.run(line, "r1", { ...io, onOutput }), line).rejects.toThrow("the ledger is full");
      expect(sandbox.list(".fraisier", "running")).toEqual([]);
    }
  });

  test("is not waited for when something that goes on in the background holds it open", async () => {
    const target = await released();
    await target.run("echo $$; sleep 1000 & echo $!", "r1", io);
    const [group = 0, background = 0] = await printedPids(2);
    onTestFinished(() => {
      process.kill(background, "SIGKILL");
    });
    expect(runs(group)).toBe(false);
    expect(runs(background)).toBe(true);
  });
});

describe("an abort", () => {
  const FAMILY = "echo $$; sh -c 'sleep 1000 & echo $!; wait' & wait";

  test("ends the whole family of the command before it is told", async () => {
    const target = await released();
    const running = target.run(FAMILY, "r1", io);
    const pids = await printedPids(2);
    expect(pids.every(runs)).toBe(true);
    io.controller.abort(new Error("Ctrl-C"));
    await expect(running).rejects.toThrow("Ctrl-C");
    expect(pids.some(runs)).toBe(false);
    expect(groupMembers(pids[0] ?? 0)).toEqual([]);
    expect(sandbox.list(".fraisier", "running")).toEqual([]);
  });

  test("kills after five seconds what does not heed SIGTERM", async () => {
    const clock = new ManualClock();
    const target = await released({}, { clock });
    const running = target.run("trap '' TERM; echo $$; while :; do sleep 1000; done", "r1", io);
    const [pid = 0] = await printedPids(1);
    const settled = expect(running).rejects.toThrow("Ctrl-C");
    io.controller.abort(new Error("Ctrl-C"));
    await waitFor("SIGTERM", () => clock.next === 5_000);
    clock.advance(4_999);
    expect(runs(pid)).toBe(true);
    clock.advance(1);
    await settled;
    expect(runs(pid)).toBe(false);
  });

  test("before the beginning means that nothing begins", async () => {
    const target = await released();
    io.controller.abort(new Error("too late"));
    await expect(target.run("echo $$", "r1", io)).rejects.toThrow("too late");
    expect(io.lines).toEqual([]);
  });

  test("reaches a command whose leader has gone and whose output is still open", async () => {
    const clock = new ManualClock();
    const target = await released({}, { clock });
    const running = target.run("sleep 1000 & echo $!", "r1", io);
    const [pid = 0] = await printedPids(1);
    await waitFor("the wait for the rest of the output", () => clock.next === 500);
    io.controller.abort(new Error("Ctrl-C"));
    await expect(running).rejects.toThrow("Ctrl-C");
    expect(runs(pid)).toBe(false);
  });
});

describe("a command that takes too long", () => {
  test("is ended with its family", async () => {
    const clock = new ManualClock();
    const target = await released({ timeout: 900 }, { clock });
    const running = failure(target.run("echo $$; sleep 1000 & echo $!; wait", "r1", io));
    const pids = await printedPids(2);
    clock.advance(899_999);
    expect(pids.every(runs)).toBe(true);
    clock.advance(1);
    const error = await running;
    expect(error.kind).toBe("command_timeout");
    expect(error.message).toBe('The command "echo …" in release r1 was ended: it ran longer than 900 s.');
    expect(pids.some(runs)).toBe(false);
  });
});

describe("a command that fails", () => {
  test("leaves nothing running", async () => {
    const target = await released();
    await failure(target.run("sleep 1000 & echo $!; exit 3", "r1", io));
    const [pid = 0] = await printedPids(1);
    expect(runs(pid)).toBe(false);
  });
});

describe("the environment of a command", () => {
  async function environment(command: Command, overrides: Partial<TargetSettings>, env: Record<string, string>) {
    const target = await released(overrides, { env: { PATH: process.env.PATH, ...env } });
    await target.run(command, "r1", io);
    return new Map(io.lines.map((line) => [line.slice(8, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  }

  test("has the allowed variables of the caller, and nothing else of it", async () => {
    const allowed = {
      HOME: "/home/me",
      LANG: "fr_FR.UTF-8",
      LC_TIME: "de_DE.UTF-8",
      SSH_AUTH_SOCK: "/run/agent",
      HTTPS_PROXY: "http://proxy",
      no_proxy: "localhost",
    };
    const kept = {
      FRAISIER_DB_URL: "postgresql://secret",
      AWS_SECRET_ACCESS_KEY: "secret",
      GIT_DIR: "/x",
      NODE_OPTIONS: "--x",
    };
    const found = await environment("env", {}, { ...allowed, ...kept });
    for (const [name, value] of Object.entries(allowed)) expect(found.get(name), name).toBe(value);
    for (const name of Object.keys(kept)) expect(found.has(name), name).toBe(false);
    expect([...found.keys()].filter((name) => name.startsWith("FRAISIER")).sort()).toEqual([
      "FRAISIER_APP_PATH",
      "FRAISIER_RELEASE",
      "FRAISIER_RELEASE_PATH",
      "FRAISIER_RUN_ID",
    ]);
    expect(found.get("FRAISIER_RELEASE")).toBe("r1");
    expect(found.get("FRAISIER_RELEASE_PATH")).toBe(sandbox.path("releases", "r1"));
    expect(found.get("FRAISIER_APP_PATH")).toBe(sandbox.appPath);
    expect(found.has("PORT")).toBe(false);
  });

  test("has the settings' variables, which win, but never access to Fraisier's database", async () => {
    const env = {
      HOME: "/srv",
      GREETING: "à demain = ok",
      FRAISIER_DB_URL: "sqlite:x",
      fraisier_db_password: "x",
      file: "kept",
    };
    const found = await environment(["env"], { env }, { HOME: "/home/me" });
    expect(found.get("HOME")).toBe("/srv");
    expect(found.get("GREETING")).toBe("à demain = ok");
    expect(found.get("file")).toBe("kept");
    expect([...found.keys()].filter((name) => /fraisier_db/i.test(name))).toEqual([]);
  });

  test("has the port of the service", async () => {
    const service = { kind: "process", start: "true", port: 4321, stopTimeout: 1 } as const;
    expect((await environment("env", { service }, {})).get("PORT")).toBe("4321");
  });

  test("refuses a name that a shell would drop in silence", async () => {
    const target = await released({ env: { "app.mode": "x" } });
    expect((await failure(target.run("true", "r1", io))).message).toContain('"app.mode"');
  });

  test("decides where programs are found", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "mine"), "#!/bin/sh\necho mine\n", { mode: 0o755 });
    const target = await released({ env: { PATH: `${folder}:/usr/bin:/bin` } });
    await target.run(["mine"], "r1", io);
    expect(io.lines).toEqual(["stdout: mine"]);
  });
});

test("secrets in commands and variables are in no message", async () => {
  const target = await released({ env: { TOKEN: "hunter2" } });
  for (const command of ["false hunter2", "TOKEN=hunter2 false", ["false", "hunter2"]] as const) {
    const error = await failure(target.run(command, "r1", io));
    expect(`${error.message} ${error.hint} ${error.stack}`).not.toContain("hunter2");
  }
  expect(existsSync(sandbox.path(".fraisier", "running"))).toBe(true);
  expect(readFileSync(sandbox.path("releases", "r1", "hello.txt"), "utf8")).toBe("hello\n");
});
