import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { IS_FULL } from "../packaging/support.ts";
import { LEDGERS } from "./ledgers.ts";
import { isRunning, type Sandbox } from "./sandbox.ts";
import { STEPS, slowGit } from "./step-cases.ts";

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
    /** Whether also the deployment after that is seen to succeed: by default after one step, since what is left is the same. */
    const provesNext = IS_FULL || step === "build";
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
      const { deploying, service } = await box.status();
      expect(deploying).toBe(null);
      const strangers = (await box.processes()).filter((pid) => pid !== service?.pid && isRunning(pid));
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
        if (!provesNext) return;
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
      if (!provesNext) return;
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
    const health_check = { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 0 };
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

  test("without --json it is told once that it is cancelled, and where", async () => {
    await box.commit({ page: "good" });
    box.configure({ build: box.holdLine("build") });
    const running = box.start("deploy", "shop", "production");
    await box.reached("build");
    running.child.kill("SIGINT");
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toMatch(/^shop production: cancelled during build$/m);
    expect((await box.run("status")).stdout).toMatch(/^shop +production +nothing deployed yet /m);
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
