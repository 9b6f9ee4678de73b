import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { DATABASES, DatabaseProject } from "./database-project.ts";
import { RunnerProcess } from "./runner-process.ts";

const IS_FULL = process.env.FRAISIER_TEST_SCALE === "1";
const PROCESSES = IS_FULL ? 16 : 4;
const ROUNDS = IS_FULL ? 50 : 3;
/** How soon after the death of one runner another has to go on. */
const PATIENCE_MS = 5000;

const NAMES = ["001_a", "002_b", "003_c", "004_d", "005_e", "006_f"];
const FILES = Object.fromEntries(
  NAMES.map((name, index) => [
    name,
    `${index === 0 ? "CREATE TABLE effect (file INTEGER NOT NULL, number INTEGER NOT NULL);" : ""}
     INSERT INTO effect (file, number) VALUES (${index + 1}, 1);
     CREATE TABLE t${index + 1} (id INTEGER);
     INSERT INTO effect (file, number) VALUES (${index + 1}, 2);`,
  ]),
);
const EFFECTS = NAMES.flatMap((_, index) => [1, 2].map((number) => ({ file: index + 1, number })));

describe.each(DATABASES)("many runners at once, of which one is killed ($name)", (database) => {
  test("apply each migration exactly once, and the others go on by themselves", async () => {
    const runners = await Promise.all(Array.from({ length: PROCESSES }, () => RunnerProcess.start()));
    let killedAtWork = 0;
    let slowestMs = 0;
    // At the small scale as many more as it takes until one was killed at work.
    for (let round = 1; round <= ROUNDS || (killedAtWork === 0 && round <= 10 * ROUNDS); round++) {
      const project = await DatabaseProject.create(database, FILES);
      const begin = performance.now();
      const victim = runners[round % PROCESSES] as RunnerProcess;
      const others = runners.filter((runner) => runner !== victim);
      // The victim has a start, so that it is often the one at work.
      const atWork = Promise.withResolvers<void>();
      let isAtWork = false;
      const fate = victim.migrate(project, () => {
        isAtWork = true;
        atWork.resolve();
      });
      const over = fate.then(() => {});
      // Told when the first of the others is at work, or finds nothing left to do.
      let goesOn: number | null = null;
      let isKilled = false;
      const onGoingOn = () => {
        if (isKilled) goesOn ??= performance.now();
      };
      const answers = Promise.all(
        others.map(async (runner) => {
          const answer = await runner.migrate(project, onGoingOn);
          onGoingOn();
          return answer;
        }),
      );
      // Every other one dies at any moment, the rest while they are at work, if it comes to that.
      if (round % 2 === 0) await Promise.race([atWork.promise, over]);
      // Six small files take that long, about.
      const longestMs = (database.hasTransactionalDdl ? 60 : 250) / (isAtWork ? 4 : 1);
      await delay(Math.random() * longestMs);
      isKilled = true;
      const killed = performance.now();
      victim.kill();
      const said = await answers;
      slowestMs = Math.max(slowestMs, (goesOn ?? killed) - killed);
      const last = await fate;
      const applied = said.flatMap(
        (line) =>
          line
            ?.match(/^applied (.*)$/)?.[1]
            ?.split(" ")
            .filter(Boolean) ?? [line],
      );
      const context = `round ${round}, killed after ${Math.round(killed - begin)} ms`;
      // What the victim had applied nobody applied again; what it had begun somebody finished.
      expect(new Set(applied).size, context).toBe(applied.length);
      expect(NAMES, context).toEqual(expect.arrayContaining(applied));
      if (last === null && isAtWork) killedAtWork++;
      expect(await project.ask("SELECT file, number FROM effect ORDER BY file, number"), context).toEqual(EFFECTS);
      expect(await project.applied(), context).toEqual(NAMES);
      expect((await project.runner().status()).interrupted, context).toEqual([]);
      await project.adapter.close();
      runners[round % PROCESSES] = await RunnerProcess.start();
    }
    const figures = `${database.name}: ${killedAtWork} killed at work, the next at work within ${Math.round(slowestMs)} ms`;
    if (IS_FULL) process.stderr.write(`${figures}\n`);
    expect(slowestMs, figures).toBeLessThan(PATIENCE_MS);
    expect(killedAtWork, figures).toBeGreaterThan(0);
  }, 600_000);
});
