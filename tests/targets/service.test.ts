import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Command, Service } from "../../src/config/index.ts";
import { identifyProcess, type LocalTargetOptions, type Target, type TargetError } from "../../src/targets/index.ts";
import { isPortFree, pickPort } from "../../src/targets/local/ports.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Actor } from "./support/actor.ts";
import { APPLICATION, application } from "./support/application.ts";
import { healthCheck, processService, Sandbox, type TestIo, testIo } from "./support/sandbox.ts";
import { runs, waitFor } from "./support/wait.ts";

let sandbox: Sandbox;
let io: TestIo;

beforeEach(async () => {
  sandbox = new Sandbox();
  io = testIo();
  sandbox.repository.commit(APPLICATION);
  for (const id of ["r1", "r2"]) await sandbox.release(sandbox.target(), id);
});

function targetOf(service: Service, options: LocalTargetOptions = {}): Target {
  return sandbox.target({ service, healthCheck: healthCheck() }, options);
}

const serving = (
  start: Command,
  port: "auto" | number | null = "auto",
  stopTimeout = 10,
  options?: LocalTargetOptions,
) => targetOf(processService(start, port, stopTimeout), options);

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error("it was done");
    },
    (error: TargetError) => error,
  );

async function body(port: number | null): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}/`)).text();
}

/** A stranger that began noticeably later: start times are counted in hundredths of a second. */
async function laterProcess(startTime: string): Promise<number> {
  return await waitFor("another start time", () => {
    const child = spawn("sleep", ["1000"], { detached: true });
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    const pid = child.pid ?? 0;
    return identifyProcess(pid)?.startTime === startTime ? null : pid;
  });
}

/** Something else that listens. */
async function listen(port: number, host = "127.0.0.1"): Promise<Server> {
  const server = createServer().listen(port, host);
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  return server;
}

describe("the service", () => {
  test("is started in its release with its port, and replaced by the next", async () => {
    const target = serving(application());
    const first = await target.restart("r1", io);
    expect(first).toMatchObject({ release: "r1", running: true, logFile: sandbox.path(".fraisier", "service.log") });
    expect(await target.checkHealth("r1", io)).toMatchObject({ outcome: "healthy" });
    expect(await body(first.port)).toBe("fine r1\n");

    const second = await target.restart("r2", io);
    expect(second.port).toBe(first.port);
    expect(runs(first.pid ?? 0)).toBe(false);
    expect(await target.checkHealth("r2", io)).toMatchObject({ outcome: "healthy" });
    expect(await body(second.port)).toBe("fine r2\n");
    expect((await target.inspect()).service).toEqual(second);
    const log = await target.serviceLog(100);
    expect(log.filter((line) => !line.startsWith("---"))).toEqual([
      `listening r1 ${sandbox.path("releases", "r1")}`,
      `listening r2 ${sandbox.path("releases", "r2")}`,
    ]);
    expect(log[0]).toMatch(/^--- 20\d\d-.*Z starting release r1$/);
  });

  test("leads a session of its own, out of reach of a terminal", async () => {
    const { pid } = await serving(["sleep", "1000"], null).restart("r1", io);
    const [session, group, terminal] = execFileSync("ps", ["-o", "sid=,pgid=,tty=", "-p", String(pid)], {
      encoding: "utf8",
    })
      .trim()
      .split(/\s+/);
    expect([session, group, terminal]).toEqual([String(pid), String(pid), "?"]);
  });

  test("outlives Fraisier, however that ends, and is found by the next one", async () => {
    const settings = sandbox.settings({ service: processService(application(), "auto"), healthCheck: healthCheck() });
    for (const end of ["exit", "kill", "hang-up"] as const) {
      const actor = new Actor(settings, "restart r1", ...(end === "exit" ? ["exit"] : []));
      await actor.line(/done: restart/);
      if (end === "kill") await actor.kill();
      if (end === "hang-up") actor.process.kill("SIGHUP");
      await actor.exited();
      const target = sandbox.target(settings);
      const state = (await target.inspect()).service;
      expect(state, end).toMatchObject({ release: "r1", running: true });
      expect(await target.checkHealth("r1", io), end).toMatchObject({ outcome: "healthy" });
      expect(await body(state?.port ?? 0), end).toBe("fine r1\n");
      if (end === "hang-up") {
        await target.stop(io);
        expect(runs(state?.pid ?? 0)).toBe(false);
      }
    }
  });

  test("lets Fraisier end when it has nothing more to do", async () => {
    const actor = new Actor(sandbox.settings({ service: processService(["sleep", "1000"]) }), "restart r1", "idle");
    await actor.exited();
    expect(actor.process.exitCode).toBe(0);
  });

  test("is remembered as stopped, with its port", async () => {
    const target = serving(application());
    const { pid, port } = await target.restart("r1", io);
    await target.stop(io);
    await target.stop(io);
    expect(runs(pid ?? 0)).toBe(false);
    expect((await target.inspect()).service).toMatchObject({ release: "r1", pid: null, running: false, port });
  });

  test("is stopped with all that it started", async () => {
    const target = serving(application({ child: 1 }));
    await target.restart("r1", io);
    const line = await waitFor(
      "the child",
      async () => (await target.serviceLog(10)).find((text) => text.startsWith("child ")) ?? null,
    );
    const child = Number(line.split(" ")[1]);
    await target.stop(io);
    expect(runs(child)).toBe(false);
  });

  test("is stopped though its first process is dead", async () => {
    const target = serving("sleep 1000 & echo child $!; wait", null);
    const { pid } = await target.restart("r1", io);
    const line = await waitFor(
      "the child",
      async () => (await target.serviceLog(10)).find((text) => text.startsWith("child ")) ?? null,
    );
    const child = Number(line.split(" ")[1]);
    process.kill(pid ?? 0, "SIGKILL");
    await waitFor("the end of the first", () => !runs(pid ?? 0));
    expect(runs(child)).toBe(true);
    await target.stop(io);
    expect(runs(child)).toBe(false);
  });

  test("is killed when it does not stop in time", async () => {
    const clock = new ManualClock();
    const target = serving(application({ stubborn: 1 }), "auto", 30, { clock });
    const { pid = 0 } = await target.restart("r1", io);
    await waitFor("its start", async () => (await target.serviceLog(10)).some((line) => line.startsWith("listening")));
    const stopping = target.stop(io);
    await waitFor("SIGTERM", async () => (await target.serviceLog(10)).includes("not now"));
    expect(clock.next).toBe(30_000);
    clock.advance(29_999);
    expect(runs(pid ?? 0)).toBe(true);
    clock.advance(1);
    await stopping;
    expect(runs(pid ?? 0)).toBe(false);
  });

  test("is not what got its pid", async () => {
    const target = serving(["sleep", "1000"], null);
    const { pid } = await target.restart("r1", io);
    const started = identifyProcess(pid ?? 0)?.startTime;
    const stranger = await laterProcess(started ?? "");
    const file = sandbox.path(".fraisier", "service.pid");
    const text = readFileSync(file, "utf8");
    process.kill(pid ?? 0, "SIGKILL");
    await waitFor("its end", () => !runs(pid ?? 0));
    writeFileSync(file, text.replace(/^\d+/, String(stranger)));
    expect((await target.inspect()).service?.running).toBe(false);
    await target.stop(io);
    expect(runs(stranger)).toBe(true);
  });

  test("of a program that does not exist is refused before the old one is stopped", async () => {
    const target = serving(application());
    const { pid } = await target.restart("r1", io);
    const error = await refusal(serving(["no-such-program"]).restart("r2", io));
    expect(error).toMatchObject({ kind: "command_failed", exitCode: 127 });
    expect(runs(pid ?? 0)).toBe(true);
    expect((await refusal(target.restart("r9", io))).kind).toBe("release_broken");
    expect(runs(pid ?? 0)).toBe(true);
  });

  test("stops being waited for when Fraisier is interrupted, and can be stopped later", async () => {
    const clock = new ManualClock();
    const target = serving(application({ stubborn: 1 }), "auto", 30, { clock });
    const { pid } = await target.restart("r1", io);
    await waitFor("its start", async () => (await target.serviceLog(10)).some((line) => line.startsWith("listening")));
    const stopping = target.stop(io);
    await waitFor("SIGTERM", async () => (await target.serviceLog(10)).includes("not now"));
    io.controller.abort(new Error("Ctrl-C"));
    await expect(stopping).rejects.toThrow("Ctrl-C");
    expect(runs(pid ?? 0)).toBe(true);
    const again = target.stop(testIo());
    await waitFor("the second stop", () => clock.waiting >= 2);
    clock.advance(30_000);
    await again;
    expect(runs(pid ?? 0)).toBe(false);
  });

  test("is not started any more once the signal has aborted", async () => {
    const target = serving(["sleep", "1000"], null);
    io.controller.abort(new Error("Ctrl-C"));
    await expect(target.restart("r1", io)).rejects.toThrow("Ctrl-C");
    expect(existsSync(sandbox.path(".fraisier", "service.pid"))).toBe(false);
  });

  test("keeps its state and log to itself", async () => {
    await serving(application()).restart("r1", io);
    for (const name of ["service.json", "service.log", "service.pid"]) {
      expect(statSync(sandbox.path(".fraisier", name)).mode & 0o777, name).toBe(0o600);
    }
  });

  test("that nobody declared can't be restarted", async () => {
    expect((await refusal(sandbox.target().restart("r1", io))).kind).toBe("unsupported");
  });
});

describe("the port", () => {
  test("that is picked stays the same, unless somebody else has taken it meanwhile", async () => {
    const target = serving(application());
    const { port } = await target.restart("r1", io);
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(32_768);
    for (const id of ["r2", "r1"]) expect((await serving(application()).restart(id, io)).port).toBe(port);
    await target.run("echo $PORT", "r1", io);
    expect(io.lines).toContain(`stdout: ${port}`);
    await target.stop(io);
    await listen(port ?? 0);
    const moved = await target.restart("r2", io);
    expect(moved.port).not.toBe(port);
    expect(await target.checkHealth("r2", io)).toMatchObject({ outcome: "healthy" });
  });

  test("that is fixed and taken is told of, with who has it", async () => {
    const port = await pickPort();
    const server = await listen(port);
    const target = serving(application(), port);
    const error = await refusal(target.restart("r1", io));
    expect(error.kind).toBe("port_taken");
    const who = process.platform === "linux" ? `process ${process.pid}` : "something else";
    expect(error.message).toBe(`The service can't have port ${port}: ${who} listens on it.`);
    server.close();
    await once(server, "close");
    expect(await target.restart("r1", io)).toMatchObject({ port, running: true });
    expect(await target.checkHealth("r1", io)).toMatchObject({ outcome: "healthy" });
    expect(await target.restart("r2", io)).toMatchObject({ port, running: true });
  });

  test("is taken by whoever listens on this machine, on whichever address", async () => {
    for (const host of ["127.0.0.1", "0.0.0.0", "::1", "::"]) {
      const port = await pickPort();
      expect(await isPortFree(port), host).toBe(true);
      await listen(port, host);
      expect(await isPortFree(port), host).toBe(false);
    }
  });

  test("may be none", async () => {
    const target = serving('echo "port=$PORT."; exec sleep 1000', null);
    expect(await target.restart("r1", io)).toMatchObject({ port: null, running: true });
    await waitFor("the log", async () => (await target.serviceLog(1))[0] === "port=.");
  });
});

describe("the log", () => {
  test("is put aside when it has become large", async () => {
    const target = serving(application());
    await target.restart("r1", io);
    const file = sandbox.path(".fraisier", "service.log");
    truncateSync(file, 11 * 1024 * 1024);
    await target.restart("r2", io);
    expect(statSync(`${file}.1`).size).toBe(11 * 1024 * 1024);
    expect((await target.serviceLog(100))[0]).toContain("starting release r2");
  });

  test("gives its last lines, of a large file too", async () => {
    const target = serving(application());
    const file = sandbox.path(".fraisier", "service.log");
    const lines = Array.from({ length: 200_000 }, (_, index) => `line ${index} é`);
    writeFileSync(file, `${lines.join("\n")}\n`);
    expect(await target.serviceLog(3)).toEqual(lines.slice(-3));
    expect(await target.serviceLog(0)).toEqual([]);
    const tail = await target.serviceLog(1_000_000);
    expect(tail.length).toBeGreaterThan(10_000);
    expect(tail).toEqual(lines.slice(-tail.length));
  });
});

describe("a service that something else runs", () => {
  const external = (restart: Command, port: number | null = 8080): Service => ({ kind: "command", restart, port });

  test("is restarted by its command, in the release", async () => {
    const target = targetOf(external("echo restarted $FRAISIER_RELEASE on $PORT; pwd"));
    const state = await target.restart("r1", io);
    expect(state).toEqual({ release: "r1", pid: null, running: true, port: 8080, logFile: null });
    expect(io.lines).toEqual(["stdout: restarted r1 on 8080", `stdout: ${sandbox.path("releases", "r1")}`]);
    expect((await target.inspect()).service).toEqual(state);
    await target.stop(io);
    expect((await target.inspect()).service).toEqual(state);
    expect(await target.serviceLog(5)).toEqual([]);
  });

  test("is not remembered as restarted when its command failed", async () => {
    await targetOf(external("true")).restart("r1", io);
    const target = targetOf(external("exit 4"));
    expect(await refusal(target.restart("r2", io))).toMatchObject({ kind: "command_failed", exitCode: 4 });
    expect((await target.inspect()).service?.release).toBe("r1");
  });

  test("takes over from a process that Fraisier ran before", async () => {
    const { pid } = await serving(application()).restart("r1", io);
    await targetOf(external("true")).restart("r2", io);
    expect(runs(pid ?? 0)).toBe(false);
  });
});
