import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { HealthCheck } from "../../src/config/index.ts";
import type { HealthReport, Probe, Target } from "../../src/targets/index.ts";
import { judgeHealth } from "../../src/targets/local/health.ts";
import { pickPort } from "../../src/targets/local/ports.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { APPLICATION, application } from "./support/application.ts";
import { healthCheck, processService, Sandbox, type TestIo, testIo } from "./support/sandbox.ts";
import { waitFor } from "./support/wait.ts";

let io: TestIo;
let clock: ManualClock;

beforeEach(() => {
  io = testIo();
  clock = new ManualClock();
});

async function serve(listener: RequestListener): Promise<{ port: number; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, server };
}

/** Answers one after the other, the last one for ever. */
function answers(...statuses: number[]): RequestListener {
  let next = 0;
  return (_request, response) => {
    response.statusCode = statuses[Math.min(next++, statuses.length - 1)] ?? 200;
    response.end("body");
  };
}

/** Judges on the test's clock, which moves on whenever something waits for it. */
async function judge(
  port: number | null,
  check: Partial<HealthCheck>,
  onProbe = (_probe: Probe) => {},
): Promise<HealthReport & { milliseconds: number }> {
  const start = clock.monotonic();
  let done = false;
  const request = {
    check: healthCheck({ interval: 1, retries: 3, ...check }),
    port,
    watch: null,
    clock,
    signal: io.signal,
    onProbe,
  };
  const judging = judgeHealth(request).finally(() => {
    done = true;
  });
  judging.catch(() => {});
  while (!done) {
    // A pause is the only timer; while a probe runs, its own timeout waits beside the answer.
    if (clock.waiting === 1 && clock.next !== (check.timeout ?? 5) * 1000) clock.advance(clock.next ?? 0);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return { ...(await judging), milliseconds: clock.monotonic() - start };
}

describe("health", () => {
  test("is one good answer that lasts as long as it must", async () => {
    const { port } = await serve(answers(200));
    const probes: Probe[] = [];
    const report = await judge(port, { stableFor: 2.5 }, (probe) => probes.push(probe));
    expect(report.outcome).toBe("healthy");
    // At 0, 1, 2 and 2.5 seconds.
    expect(report.milliseconds).toBe(2_500);
    expect(probes).toEqual(report.probes);
    expect(probes.map((probe) => probe.at.slice(17))).toEqual(["00.000Z", "01.000Z", "02.000Z", "02.500Z"]);
    expect(probes[0]).toMatchObject({
      url: `http://127.0.0.1:${port}/`,
      ok: true,
      status: 200,
      redirect: null,
      body: "body",
      reason: null,
    });
  });

  test("comes after as many failures as are allowed, and not after one more", async () => {
    const { port } = await serve(answers(503, 503, 503, 200));
    const report = await judge(port, { retries: 3 });
    expect(report.outcome).toBe("healthy");
    expect(report.probes.map((probe) => probe.status)).toEqual([503, 503, 503, 200]);
    const { port: worse } = await serve(answers(503, 503, 503, 503, 200));
    expect(await judge(worse, { retries: 3 })).toMatchObject({
      outcome: "unhealthy",
      reason: "it answered 503 instead of 200 (4 probes)",
      milliseconds: 3_000,
    });
    const { port: strict } = await serve(answers(503, 200));
    expect(await judge(strict, { retries: 0 })).toMatchObject({ outcome: "unhealthy", probes: [{ ok: false }] });
  });

  test("that does not last is none", async () => {
    const { port } = await serve(answers(503, 200, 200, 500, 200));
    const report = await judge(port, { stableFor: 10, retries: 100 });
    expect(report).toMatchObject({
      outcome: "unhealthy",
      reason: "it was healthy for 2.0 s only: it answered 500 instead of 200",
    });
    expect(report.probes.length).toBe(4);
  });

  test("may be other statuses than 200", async () => {
    const { port } = await serve(answers(204));
    expect(await judge(port, { expectStatus: [200, 204] })).toMatchObject({ outcome: "healthy" });
    expect(await judge(port, { expectStatus: [200, 201], retries: 0 })).toMatchObject({
      reason: "it answered 204 instead of 200 or 201 (1 probe)",
    });
  });

  test("is not to be sent elsewhere", async () => {
    const { port: good } = await serve(answers(200));
    const { port } = await serve((_request, response) => {
      response.writeHead(302, { location: `http://me:secret@127.0.0.1:${good}/login` }).end();
    });
    const report = await judge(port, { retries: 0 });
    expect(report).toMatchObject({
      outcome: "unhealthy",
      probes: [{ status: 302, redirect: `http://***@127.0.0.1:${good}/login` }],
    });
    expect(report.outcome === "unhealthy" && report.reason).toContain("a redirect to http://***@127.0.0.1");
    expect(await judge(port, { expectStatus: [302] })).toMatchObject({ outcome: "healthy" });
  });

  test("may be a text in the answer, wherever in it", async () => {
    const { port } = await serve((_request, response) => {
      response.end(`${"é".repeat(300_000)}all systems go`);
    });
    const report = await judge(port, { expectBody: "all systems go" });
    expect(report.outcome).toBe("healthy");
    expect(report.probes[0]?.body).toBe("é".repeat(500));
    expect(await judge(port, { expectBody: "nothing works", retries: 0 })).toMatchObject({
      outcome: "unhealthy",
      reason: "its answer (200) does not contain the expected text (1 probe)",
    });
  });

  test("does not wait for the end of an answer that has none", async () => {
    const closed = Promise.withResolvers<void>();
    const { port } = await serve((_request, response) => {
      response.on("close", closed.resolve);
      const timer = setInterval(() => response.write("x".repeat(1_000)), 1);
      response.on("close", () => clearInterval(timer));
    });
    const report = await judge(port, {});
    expect(report.outcome).toBe("healthy");
    expect(report.probes[0]?.body).toBe("x".repeat(500));
    // The connection is given up, so that the server isn't kept busy.
    await closed.promise;
  });

  test("leaves no connection behind", async () => {
    const { port, server } = await serve(answers(200));
    await judge(port, { stableFor: 3 });
    await waitFor(
      "the end of all connections",
      () => new Promise<boolean>((resolve) => server.getConnections((_error, count) => resolve(count === 0))),
    );
  });

  test("is an answer in time", async () => {
    let requests = 0;
    const { port } = await serve((_request, response) => {
      requests++;
      if (requests % 2 === 0) response.write("the beginning of an answer");
    });
    const check = healthCheck({ timeout: 3, retries: 1, interval: 1 });
    const judging = judgeHealth({ check, port, watch: null, clock, signal: io.signal, onProbe() {} });
    await waitFor("the first probe", () => requests === 1);
    clock.advance(3_000);
    await waitFor("the pause", () => clock.next === 1_000);
    clock.advance(1_000);
    await waitFor("the second probe", () => requests === 2);
    clock.advance(3_000);
    const report = await judging;
    expect(report).toMatchObject({ outcome: "unhealthy", reason: "no whole answer within 3 s (2 probes)" });
    expect(report.probes.map((probe) => [probe.status, probe.latencyMs])).toEqual([
      [null, 3_000],
      [null, 3_000],
    ]);
  });

  test("needs somebody who listens", async () => {
    const port = await pickPort();
    expect(await judge(port, { retries: 1 })).toMatchObject({
      outcome: "unhealthy",
      reason: "nothing listens there (connection refused) (2 probes)",
    });
    const { port: rude } = await serve((request) => request.socket.destroy());
    expect(await judge(rude, { retries: 0 })).toMatchObject({ reason: "the connection was broken off (1 probe)" });
    // A port that browsers refuse is one as any other.
    expect(await judge(1, { url: "http://127.0.0.1:6000/", retries: 0 })).toMatchObject({
      reason: "nothing listens there (connection refused) (1 probe)",
    });
    const nonsense = createSocketServer((socket) => socket.end("what?\r\n\r\n"));
    onTestFinished(() => void nonsense.close());
    await once(nonsense.listen(0, "127.0.0.1"), "listening");
    expect(await judge((nonsense.address() as AddressInfo).port, { retries: 0 })).toMatchObject({
      reason: expect.stringContaining("it could not be asked: Parse Error: Expected HTTP/"),
    });
    expect(await judge(null, {})).toMatchObject({
      reason: expect.stringContaining("the service has no port"),
      probes: [],
    });
  });

  test("is not judged any more once the signal has aborted", async () => {
    const { port } = await serve(() => io.controller.abort(new Error("Ctrl-C")));
    await expect(judge(port, {})).rejects.toThrow("Ctrl-C");
    const paused = testIo();
    const { port: bad } = await serve(answers(500));
    const judging = judgeHealth({
      check: healthCheck(),
      port: bad,
      watch: null,
      clock,
      signal: paused.signal,
      onProbe() {},
    });
    await waitFor("the pause", () => clock.waiting === 1 && clock.next === 50);
    paused.controller.abort(new Error("Ctrl-C"));
    await expect(judging).rejects.toThrow("Ctrl-C");
    expect(clock.waiting).toBe(0);
  });
});

describe("the health of a process", () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = new Sandbox();
    sandbox.repository.commit(APPLICATION);
    await sandbox.release(sandbox.target(), "r1");
  });

  async function started(
    options: Readonly<Record<string, string | number>>,
    check: Partial<HealthCheck> | null = {},
  ): Promise<Target> {
    const service = processService(application(options), "auto");
    const target = sandbox.target({ service, healthCheck: check === null ? null : healthCheck(check) });
    await target.restart("r1", io);
    return target;
  }

  test("begins when it listens", async () => {
    const target = await started({ badBefore: 2 });
    const report = await target.checkHealth("r1", io);
    expect(report.outcome).toBe("healthy");
    expect(report.probes.slice(-3).map((probe) => probe.status)).toEqual([503, 503, 200]);
  });

  test("ends at once when it dies, however long the check would go on", async () => {
    const target = await started({ dieAtOnce: 7 }, { interval: 3_600 });
    const report = await target.checkHealth("r1", io);
    expect(report.outcome === "unhealthy" && report.reason).toMatch(
      /^the process ended with exit code 7, \d\.\d s after its start$/,
    );
  });

  test("ends when it dies while it is asked, or while it must be stable", async () => {
    const asked = await started({ dieOnRequest: 1 });
    expect(await asked.checkHealth("r1", io)).toMatchObject({
      outcome: "unhealthy",
      reason: expect.stringContaining("exit code 3"),
    });
    const stable = await started({ dieOnRequest: 3 }, { stableFor: 3_600 });
    const report = await stable.checkHealth("r1", io);
    expect(report).toMatchObject({ outcome: "unhealthy", reason: expect.stringContaining("exit code 3") });
    expect(report.probes.some((probe) => probe.ok)).toBe(true);
  });

  test("is that of the process that Fraisier started, not of another that answers", async () => {
    const target = await started({});
    expect(await target.checkHealth("r1", io)).toMatchObject({ outcome: "healthy" });
    const { service } = await target.inspect();
    process.kill(service?.pid ?? 0, "SIGKILL");
    await waitFor("its end", async () => (await target.inspect()).service?.running === false);
    const other = createServer((_request, response) => response.end()).listen(service?.port ?? 0, "127.0.0.1");
    onTestFinished(() => {
      other.closeAllConnections();
      other.close();
    });
    expect(await target.checkHealth("r1", io)).toMatchObject({
      reason: expect.stringContaining("ended by SIGKILL"),
      probes: [],
    });
    const fresh = sandbox.target({ service: processService(application(), "auto"), healthCheck: healthCheck() });
    expect(await fresh.checkHealth("r1", io)).toMatchObject({
      reason: `the process ${service?.pid} is not running any more`,
    });
    expect(await fresh.checkHealth("r2", io)).toMatchObject({
      reason: "the process that was started is of release r1",
    });
  });

  test("without a check is that it lives for a second", async () => {
    expect(await (await started({}, null)).checkHealth("r1", io)).toEqual({ outcome: "unchecked", probes: [] });
    expect(await (await started({ dieAtOnce: 9 }, null)).checkHealth("r1", io)).toMatchObject({
      outcome: "unhealthy",
      reason: expect.stringContaining("exit code 9"),
    });
  });

  test("that goes to the background is told so", async () => {
    const service = processService("sleep 0.01 &", null);
    const target = sandbox.target({ service });
    await target.restart("r1", io);
    expect(await target.checkHealth("r1", io)).toMatchObject({
      reason: expect.stringContaining("must stay in the foreground"),
    });
  });

  test("that something else runs is only what its check says", async () => {
    const target = sandbox.target({ service: { kind: "command", restart: "true", port: null } });
    expect(await target.checkHealth("r1", io)).toEqual({ outcome: "unchecked", probes: [] });
  });
});
