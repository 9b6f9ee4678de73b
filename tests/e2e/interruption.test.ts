import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { IS_FULL } from "../packaging/support.ts";
import { LEDGERS, type TestLedger } from "./ledgers.ts";
import { type AppVersion, isRunning, type Running, type Sandbox, until } from "./sandbox.ts";

/** A git that waits, in the step that fetches, until it is told to go on. */
const slowGit = (box: Sandbox): string => `#!/bin/sh
for word in "$@"; do case "$word" in fetch) ${box.holdLine("fetch")} ;; esac; done
PATH="\${PATH#*:}" exec git "$@"
`;

/** Keeps the rows that `update` touches to itself until the returned function is called. */
async function holdRows(box: Sandbox, update: string): Promise<() => Promise<void>> {
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const adapter = await box.openDatabase();
  const holding = adapter.transaction(async (tx) => {
    await tx.executeUpdate(update);
    held.resolve();
    await released.promise;
  });
  await Promise.race([held.promise, holding]);
  return async () => {
    released.resolve();
    await holding;
    await adapter.close();
  };
}

/** Keeps SQLite busy, in whoever records the end of a step, until he is killed and the returned function called. */
async function holdEndOf(box: Sandbox, step: string): Promise<() => Promise<void>> {
  await using adapter = await box.openDatabase();
  const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n";
  await adapter.executeQuery(
    `CREATE TRIGGER hold AFTER UPDATE ON tb_deployment_step WHEN NEW.name = '${step}' BEGIN ${endless}; END`,
  );
  return async () => {
    await using again = await box.openDatabase();
    await again.executeQuery("DROP TRIGGER hold");
  };
}

/** Whether a deployment is in the step `done`. */
async function isAtItsEnd(box: Sandbox): Promise<boolean> {
  await using adapter = await box.openDatabase();
  const running = "SELECT name FROM tb_deployment_step WHERE name = 'done' AND outcome = 'running'";
  return (await adapter.executeQuery(running)).length > 0;
}

type LetGo = () => unknown;

interface StepCase {
  readonly step: string;
  /** What the version that serves does besides. */
  readonly app?: Partial<AppVersion>;
  /** The ledgers by which the deployment can be held there; else each that is tested thoroughly. */
  readonly on?: (ledger: TestLedger) => boolean;
  readonly settings?: (box: Sandbox) => Record<string, unknown>;
  /** Prepares that whoever is killed is killed in this very step. */
  readonly hold?: (box: Sandbox) => Promise<LetGo>;
  /** Starts a deployment and brings it into the step. @returns what lets it go on, once the signal is sent */
  readonly reach: (box: Sandbox, start: () => Running) => Promise<{ running: Running; letGo?: LetGo }>;
}

/** Starts a deployment that a command holds in its step. */
const reached =
  (name: string): StepCase["reach"] =>
  async (box, start) => {
    const running = start();
    await box.reached(name);
    return { running };
  };

/** Starts a deployment that tells of its step. */
const told =
  (name: string): StepCase["reach"] =>
  async (_box, start) => {
    const running = start();
    await running.until((event) => event.type === "step_started" && event.step === name);
    return { running };
  };

const onServers = ({ isSqlite, isThorough, name }: TestLedger) => !isSqlite && (isThorough || name === "PostgreSQL");

/** Each step, and how a deployment is brought to be in it. */
const STEPS: readonly StepCase[] = [
  {
    step: "lock",
    on: onServers,
    async reach(box, start) {
      const letGo = await holdRows(box, "UPDATE tb_deployment_lease SET fencing_token = fencing_token");
      return { ...(await told("lock")(box, start)), letGo };
    },
  },
  {
    step: "fetch",
    settings: (box) => {
      box.wrapProgram("git", slowGit(box));
      return {};
    },
    reach: reached("fetch"),
  },
  { step: "build", settings: (box) => ({ build: [box.holdLine("build")] }), reach: reached("build") },
  { step: "migrate", settings: (box) => ({ migrate: box.holdLine("migrate") }), reach: reached("migrate") },
  {
    step: "activate",
    on: ({ isSqlite }) => isSqlite,
    hold: (box) => holdEndOf(box, "activate"),
    reach: told("activate"),
  },
  {
    step: "restart",
    settings: (box) => ({ service: { restart: box.holdLine("restart") }, health_check: undefined }),
    async reach(box, start) {
      const { running } = await reached("restart")(box, start);
      // The command that brings the good release back must not wait as well.
      return { running, letGo: () => box.letGo("restart") };
    },
  },
  {
    step: "restart (process)",
    app: { holdsStop: true },
    settings: () => ({ service: { start: [process.execPath, "server.mjs"], port: "auto", stop_timeout: 20 } }),
    async reach(box, start) {
      const { running } = await reached("stop")(box, start);
      return { running, letGo: () => box.letGo("stop") };
    },
  },
  {
    step: "health",
    on: () => true,
    settings: () => ({
      health_check: { url: "http://127.0.0.1:{port}/", retries: 50, interval: 0.1, stable_for: 1.5 },
    }),
    reach: told("health"),
  },
  {
    step: "done",
    on: onServers,
    settings: (box) => ({ build: [box.holdLine("build")] }),
    async reach(box, start) {
      const { running } = await reached("build")(box, start);
      const letGo = await holdRows(box, "UPDATE tb_fraise_state SET status = status");
      box.letGo("build");
      await until(() => isAtItsEnd(box), "the deployment to come to its end");
      return { running, letGo };
    },
  },
];

const CASES = LEDGERS.flatMap((ledger) =>
  STEPS.filter(({ on }) => on?.(ledger) ?? ledger.isThorough).map((step) => ({ ...step, ledger })),
);

/** The same code hears of both. */
const SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const;

describe.each(CASES)(
  "in the step $step, remembered by $ledger.name:",
  ({ step, app, settings, hold, reach, ledger }) => {
    let box: Sandbox;
    let good: { release: string | null; restartable: boolean };

    beforeEach(async () => {
      box = await ledger.createSandbox();
      await box.commit({ page: "good", ...app });
      const isCommand = step === "restart";
      if (isCommand) box.configure({ service: { restart: "true" }, health_check: undefined });
      const { exitCode, stderr } = await box.deploy();
      expect(exitCode, stderr).toBe(0);
      good = { release: box.current(), restartable: !isCommand };
      box.configure(settings?.(box) ?? {});
      await box.commit({ page: "new" });
    });
    afterEach(() => box[Symbol.asyncDispose]());

    const start = () => box.start("deploy", "shop", "production", "--json");

    async function expectGoodServes(): Promise<void> {
      expect(box.current()).toBe(good.release);
      if (good.restartable) expect(await box.page()).toBe("good");
      expect(box.releases()).toEqual([good.release]);
      expect(await box.status()).toMatchObject({ deploying: null });
      const service = (await box.status()).service?.pid;
      const strangers = (await box.processes()).filter((pid) => pid !== service && isRunning(pid));
      expect(strangers).toEqual([]);
    }

    test.each(SIGNALS.filter(([signal]) => IS_FULL || signal === "SIGINT" || step === "build"))(
      "%s ends it, undoes it, and frees the lock; what is done is done",
      async (signal, code) => {
        const { running, letGo } = await reach(box, start);
        running.child.kill(signal);
        await letGo?.();
        const { exitCode, stdout, stderr } = await running.ended;
        if (step === "done") {
          // What is done is not undone: by now nothing of it is half-way.
          expect(exitCode, stdout + stderr).toBe(0);
          expect((await box.history())[0]).toMatchObject({ status: "success" });
          expect(await box.page()).toBe("new");
          return;
        }
        expect(exitCode, stdout + stderr).toBe(code);
        await expectGoodServes();
        expect((await box.history())[0]).toMatchObject({ status: "cancelled" });
        box.configure(good.restartable ? {} : { service: { restart: "true" }, health_check: undefined });
        box.letGo("fetch");
        expect((await box.deploy()).exitCode).toBe(0);
      },
    );

    test("kill -9: the next command takes over, and what serves is what it was", async () => {
      const endHold = await hold?.(box);
      const { running, letGo } = await reach(box, start);
      running.child.kill("SIGKILL");
      await running.ended;
      await letGo?.();
      await endHold?.();
      const isPending = step === "lock"; // it had not been given the lock
      const status = isPending ? "pending" : "in_progress";
      expect((await box.history())[0]).toMatchObject({ status, processGone: true });
      expect(await box.status()).toMatchObject({ deploying: isPending ? null : { processGone: true } });
      // The next deployment fails in its build, so that what it finds and leaves is what the dead one left.
      box.letGo("fetch");
      const service = good.restartable ? {} : { service: { restart: "true" }, health_check: undefined };
      box.configure({ ...service, build: ["exit 1"] });
      const next = await box.deploy();
      expect(next.exitCode, next.stderr).toBe(1);
      await expectGoodServes();
      const [failed, abandoned] = await box.history();
      expect(failed).toMatchObject({ status: "failed" });
      expect(abandoned).toMatchObject({ status: "abandoned" });
      expect(abandoned?.errorMessage).toContain(isPending ? "its process is gone" : `during ${step.split(" ")[0]}`);
      const { steps } = await box.show(abandoned?.id ?? "");
      expect(steps.filter(({ outcome }) => outcome === "running")).toEqual([]);
      box.configure(service);
      expect((await box.deploy()).exitCode).toBe(0);
    });
  },
);

describe.each(LEDGERS)("at other moments, remembered by $name:", (ledger) => {
  let box: Sandbox;
  beforeEach(async () => {
    box = await ledger.createSandbox();
  });
  afterEach(() => box[Symbol.asyncDispose]());

  test("kill -9 while it undoes: the rest is undone, but no migration is taken back twice", async () => {
    await box.commit({ page: "good" });
    await box.deploy();
    const release = box.current();
    const health_check = { url: "http://127.0.0.1:{port}/", retries: 10, interval: 0.1, stable_for: 0 };
    box.configure({
      health_check,
      migrate: "true",
      migrate_down: `echo down >> '${box.folder}/downs'; ${box.holdLine("down")}`,
    });
    await box.commit({ page: "sick", status: 500 });
    const running = box.start("deploy", "shop", "production");
    await box.reached("down");
    running.child.kill("SIGKILL");
    await running.ended;

    box.configure({
      health_check,
      build: ["exit 1"],
      migrate: "true",
      migrate_down: `echo down >> '${box.folder}/downs'`,
    });
    expect((await box.deploy()).exitCode).toBe(1);
    expect(box.read("downs")).toBe("down\n");
    expect(box.current()).toBe(release);
    expect(await box.page()).toBe("good");
    const [, abandoned] = await box.history();
    expect(abandoned?.errorMessage).toContain("migrate_down was interrupted");
  });

  if (!ledger.isThorough) return;

  test.each([
    ["SIGINT", 130, "before anything was changed"],
    ["SIGKILL", 137, ""],
  ] as const)("%s while it plans: nothing was begun, nothing is recorded", async (signal, code, says) => {
    await box.commit({ page: "one" });
    box.wrapProgram("git", slowGit(box).replace("fetch)", "ls-remote)"));
    const running = box.start("deploy", "shop", "production");
    await box.reached("fetch");
    running.child.kill(signal);
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(code);
    expect(stderr).toContain(says);
    expect(stderr).not.toContain("    at ");
    expect(await box.history()).toEqual([]);
    expect(box.releases()).toEqual([]);
    box.letGo("fetch");
    expect((await box.deploy()).exitCode).toBe(0);
  });

  test("a second Ctrl-C does not stop the undoing", async () => {
    await box.commit({ page: "good" });
    await box.deploy();
    box.configure({
      migrate: "true",
      migrate_down: box.holdLine("down"),
      health_check: { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 3 },
    });
    await box.commit({ page: "new" });
    const running = box.start("deploy", "shop", "production", "--json");
    await running.until((event) => event.type === "step_started" && event.step === "health");
    running.child.kill("SIGINT");
    await box.reached("down");
    running.child.kill("SIGINT");
    box.letGo("down");
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toContain("Still undoing");
    box.configure({});
    expect(await box.page()).toBe("good");
    expect((await box.history())[0]).toMatchObject({ status: "cancelled" });
  });
});
