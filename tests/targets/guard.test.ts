import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { holdExclusively } from "../../src/db/index.ts";
import type { TargetError } from "../../src/targets/index.ts";
import { Actor } from "./support/actor.ts";
import { Sandbox } from "./support/sandbox.ts";

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox();
});

async function refusal(token = 1): Promise<TargetError> {
  const guard = await sandbox
    .target()
    .guard({ token, holder: "me" })
    .catch((error: TargetError) => error);
  if ("release" in guard) {
    await guard.release();
    throw new Error("the guard was given");
  }
  return guard;
}

describe("the guard", () => {
  test("is for one process at a time, and tells others who has it", async () => {
    const actor = new Actor(sandbox.settings(), "guard 1");
    await actor.line(/done: guard/);
    const error = await refusal(2);
    expect(error.kind).toBe("guard_held");
    expect(error.message).toMatch(/somebody else \(process \d+\) since 20\d\d-/);
    expect(error.message).toContain(`(process ${actor.process.pid})`);
    expect(error.hint).toContain("Wait");
  });

  test("is for one target at a time within a process too", async () => {
    const guard = await sandbox.target().guard({ token: 1, holder: "me" });
    expect((await refusal()).kind).toBe("guard_held");
    // A refused attempt must not have freed it for others (POSIX locks go with any close of the file).
    const actor = new Actor(sandbox.settings(), "guard 1");
    expect(await actor.line(/: guard/)).toBe("failed: guard: guard_held");
    await guard.release();
    await guard.release();
    const next = new Actor(sandbox.settings(), "guard 1");
    expect(await next.line(/: guard/)).toBe("done: guard");
  });

  test("is free as soon as its holder is killed", async () => {
    const actor = new Actor(sandbox.settings(), "guard 1");
    await actor.line(/done: guard/);
    await actor.kill();
    const guard = await sandbox.target().guard({ token: 1, holder: "me" });
    await guard.release();
  });

  test("is kept by a holder that is stopped", async () => {
    const actor = new Actor(sandbox.settings(), "guard 1");
    await actor.line(/done: guard/);
    actor.process.kill("SIGSTOP");
    expect((await refusal(2)).kind).toBe("guard_held");
    await delay(300);
    expect((await refusal(2)).kind).toBe("guard_held");
  });

  test("survives the loss of the object that stands for it", async () => {
    await sandbox.target().guard({ token: 1, holder: "me" });
    const collect = globalThis.gc;
    if (collect === undefined) {
      const { setFlagsFromString } = await import("node:v8");
      const { runInNewContext } = await import("node:vm");
      setFlagsFromString("--expose-gc");
      runInNewContext("gc")();
    } else collect();
    await delay(20);
    const actor = new Actor(sandbox.settings(), "guard 1");
    expect(await actor.line(/: guard/)).toBe("failed: guard: guard_held");
  });

  test("refuses a token lower than one seen, also after its holder's death, but not the same again", async () => {
    const actor = new Actor(sandbox.settings(), "guard 7");
    await actor.line(/done: guard/);
    await actor.kill();
    const error = await refusal(6);
    expect(error.kind).toBe("stale_token");
    expect(error.message).toContain("token 7; this one has 6");
    const guard = await sandbox.target().guard({ token: 7, holder: "me" });
    await guard.release();
  });

  test("names no holder that is dead", async () => {
    const actor = new Actor(sandbox.settings(), "guard 1");
    await actor.line(/done: guard/);
    await actor.kill();
    expect(sandbox.read(".fraisier", "holder.json")).toContain("somebody else");
    // As it is for a moment after the next holder has the guard.
    const holding = holdExclusively(sandbox.path(".fraisier", "guard.db"), 1);
    const error = await refusal();
    if (holding.outcome === "held") holding.release();
    expect(error.kind).toBe("guard_held");
    expect(error.message).toContain("by another process");
    expect(error.message).not.toContain("somebody else");
  });

  test("goes to exactly one of many that come at once", async () => {
    for (let round = 1; round <= 3; round++) {
      const actors = Array.from({ length: 5 }, () => new Actor(sandbox.settings(), `guard ${round}`));
      const lines = await Promise.all(actors.map((actor) => actor.line(/: guard/)));
      expect(lines.filter((line) => line === "done: guard").length).toBe(1);
      expect(lines.filter((line) => line === "failed: guard: guard_held").length).toBe(4);
      for (const actor of actors) await actor.kill();
    }
  });

  test("makes the folders, and keeps its own private", async () => {
    const guard = await sandbox.target().guard({ token: 1, holder: "me" });
    onTestFinished(() => guard.release());
    expect(sandbox.list()).toEqual([".fraisier", "releases", "shared"]);
    const mode = (...path: string[]) => (statSync(sandbox.path(...path)).mode & 0o777).toString(8);
    expect(mode(".fraisier")).toBe("700");
    for (const file of ["guard.db", "holder.json"]) expect(mode(".fraisier", file), file).toBe("600");
  });

  test("says what is wrong with its file", async () => {
    mkdirSync(sandbox.path(".fraisier"), { recursive: true });
    writeFileSync(sandbox.path(".fraisier", "guard.db"), "this is no database".repeat(100));
    const error = await refusal();
    expect(error.kind).toBe("app_path_unusable");
    expect(error.message).toContain(sandbox.path(".fraisier", "guard.db"));
  });
});
