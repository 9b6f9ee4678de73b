import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LEDGERS } from "./ledgers.ts";
import { isRunning, type Running, type Sandbox } from "./sandbox.ts";

/** A git that waits, in the step that fetches, until it is told to go on. */
const slowGit = (box: Sandbox): string => `#!/bin/sh
for word in "$@"; do case "$word" in fetch) ${box.holdLine("fetch")} ;; esac; done
PATH="\${PATH#*:}" exec git "$@"
`;

/** Each step, and how a deployment is brought to be in it. */
const STEPS: readonly {
  readonly step: string;
  readonly settings: (box: Sandbox) => Record<string, unknown>;
  readonly reach: (box: Sandbox, running: Running) => Promise<unknown>;
}[] = [
  {
    step: "fetch",
    settings: (box) => {
      box.wrapProgram("git", slowGit(box));
      return {};
    },
    reach: (box) => box.reached("fetch"),
  },
  { step: "build", settings: (box) => ({ build: [box.holdLine("build")] }), reach: (box) => box.reached("build") },
  {
    step: "migrate",
    settings: (box) => ({ migrate: box.holdLine("migrate") }),
    reach: (box) => box.reached("migrate"),
  },
  {
    step: "activate",
    settings: () => ({}),
    reach: (_box, running) => running.until((event) => event.type === "step_started" && event.step === "activate"),
  },
  {
    step: "restart",
    settings: (box) => ({ service: { restart: box.holdLine("restart") }, health_check: undefined }),
    reach: (box) => box.reached("restart"),
  },
  {
    step: "restart (process)",
    settings: () => ({}),
    reach: (_box, running) => running.until((event) => event.type === "step_started" && event.step === "restart"),
  },
  {
    step: "health",
    settings: () => ({
      health_check: { url: "http://127.0.0.1:{port}/", retries: 50, interval: 0.1, stable_for: 1.5 },
    }),
    reach: (_box, running) => running.until((event) => event.type === "step_started" && event.step === "health"),
  },
];

const CASES = LEDGERS.flatMap((ledger) =>
  STEPS.filter(({ step }) => ledger.isThorough || step === "health").map((step) => ({ ...step, ledger })),
);

describe.each(CASES)("in the step $step, remembered by $ledger.name:", ({ step, settings, reach, ledger }) => {
  let box: Sandbox;
  let good: { release: string | null; restartable: boolean };

  beforeEach(async () => {
    box = await ledger.createSandbox();
    await box.commit({ page: "good" });
    const isCommand = step === "restart";
    if (isCommand) box.configure({ service: { restart: "true" }, health_check: undefined });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode, stderr).toBe(0);
    good = { release: box.current(), restartable: !isCommand };
    box.configure(settings(box));
    await box.commit({ page: "new" });
  });
  afterEach(() => box[Symbol.asyncDispose]());

  async function expectGoodServes(): Promise<void> {
    expect(box.current()).toBe(good.release);
    if (good.restartable) expect(await box.page()).toBe("good");
    expect(box.releases()).toEqual([good.release]);
    expect(await box.status()).toMatchObject({ deploying: null });
    const service = (await box.status()).service?.pid;
    const strangers = (await box.processes()).filter((pid) => pid !== service && isRunning(pid));
    expect(strangers).toEqual([]);
  }

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends it, undoes it, and frees the lock", async (signal, code) => {
    const running = box.start("deploy", "shop", "production", "--json");
    await reach(box, running);
    running.child.kill(signal);
    if (step === "restart") box.letGo("restart"); // the command that brings the good release back must not wait as well
    const { exitCode, stdout, stderr } = await running.ended;
    expect(exitCode, stdout + stderr).toBe(code);
    await expectGoodServes();
    expect((await box.history())[0]).toMatchObject({ status: "cancelled" });
    box.configure(good.restartable ? {} : { service: { restart: "true" }, health_check: undefined });
    box.letGo("fetch");
    expect((await box.deploy()).exitCode).toBe(0);
  });

  test("kill -9: the next command takes over, and what serves is what it was", async () => {
    const running = box.start("deploy", "shop", "production", "--json");
    await reach(box, running);
    running.child.kill("SIGKILL");
    await running.ended;
    expect((await box.history())[0]).toMatchObject({ status: "in_progress", processGone: true });
    expect(await box.status()).toMatchObject({ deploying: { processGone: true } });
    // The next deployment fails in its build, so that what it finds and leaves is what the dead one left.
    box.letGo("fetch");
    box.letGo("restart");
    const service = good.restartable ? {} : { service: { restart: "true" }, health_check: undefined };
    box.configure({ ...service, build: ["exit 1"] });
    const next = await box.deploy();
    expect(next.exitCode, next.stderr).toBe(1);
    await expectGoodServes();
    const [failed, abandoned] = await box.history();
    expect(failed).toMatchObject({ status: "failed" });
    expect(abandoned).toMatchObject({ status: "abandoned" });
    expect(abandoned?.errorMessage).toContain(`during ${step.split(" ")[0]}`);
    const { steps } = await box.show(abandoned?.id ?? "");
    expect(steps.filter(({ outcome }) => outcome === "running")).toEqual([]);
    box.configure(service);
    expect((await box.deploy()).exitCode).toBe(0);
  });
});

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

  test("Ctrl-C while it plans: nothing was begun, nothing is recorded", async () => {
    await box.commit({ page: "one" });
    box.wrapProgram("git", slowGit(box).replace("fetch)", "ls-remote)"));
    const running = box.start("deploy", "shop", "production");
    await box.reached("fetch");
    running.child.kill("SIGINT");
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toContain("before anything was changed");
    expect(stderr).not.toContain("    at ");
    expect(await box.history()).toEqual([]);
    expect(box.releases()).toEqual([]);
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
