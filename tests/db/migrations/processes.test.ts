import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { Project } from "./support.ts";

const COUNT = process.env.FRAISIER_TEST_SCALE === "1" ? 10 : 3;

/** Another process that migrates the project; see migrate.ts. Killed with the test. */
class Process {
  output = "";
  readonly #child: ChildProcess;

  constructor(project: Project, mode: "each" | "all") {
    const script = join(import.meta.dirname, "migrate.ts");
    const options = { stdio: ["pipe", "pipe", "inherit"] as ["pipe", "pipe", "inherit"] };
    this.#child = spawn(process.execPath, [script, project.url, project.directory, mode], options);
    this.#child.stdout?.on("data", (bytes: Buffer) => {
      this.output += bytes.toString();
    });
    onTestFinished(() => {
      this.#child.kill("SIGKILL");
    });
  }

  says(line: string): Promise<void> {
    return vi.waitFor(() => expect(this.output).toContain(`${line}\n`), { timeout: 15_000, interval: 5 });
  }

  begin(): void {
    this.#child.stdin?.write("begin\n");
  }

  /** Waits for its end. @returns what it applied */
  async end(): Promise<string[]> {
    await once(this.#child, "close");
    expect(this.#child.exitCode).toBe(0);
    return (/^done (.*)$/m.exec(this.output)?.[1] ?? "").split(" ").filter(Boolean);
  }

  /** Ends it the hard way, as a power cut for it alone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "close");
  }
}

/** Counts up to the number in `speed`: as slow as one likes. */
const SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT rows FROM speed))";

test.each(["each", "all"] as const)(
  "several processes at once apply each migration exactly once (%s)",
  async (mode) => {
    const project = new Project({
      "001_a": "CREATE TABLE a (id INTEGER); CREATE TABLE speed AS SELECT 20000 AS rows;",
      "002_b": `INSERT INTO a ${SLOW} SELECT 2 FROM n LIMIT 1 OFFSET 19999;`,
      "003_c": "INSERT INTO a VALUES (3);",
      "004_d": "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END; INSERT INTO a VALUES (4);",
    });
    const processes = Array.from({ length: COUNT }, () => new Process(project, mode));
    await Promise.all(processes.map((each) => each.says("ready")));
    for (const each of processes) each.begin();
    const done = await Promise.all(processes.map((each) => each.end()));
    const names = ["001_a", "002_b", "003_c", "004_d"];
    expect(done.flat().sort()).toEqual(names);
    expect(await project.applied()).toEqual(names);
    expect(await project.adapter.executeQuery("SELECT id FROM a ORDER BY rowid")).toEqual(
      [2, 3, 4].map((id) => ({ id })),
    );
  },
);

test("a process that is killed in the middle of a migration leaves nothing of it, and the next one goes on", async () => {
  const project = new Project({
    "001_a": "CREATE TABLE a (id INTEGER);",
    "002_b": `CREATE TABLE b (id INTEGER); INSERT INTO b ${SLOW} SELECT i FROM n;`,
  });
  await project.adapter.executeQuery("CREATE TABLE speed (rows INTEGER)");
  await project.adapter.executeQuery("INSERT INTO speed VALUES (2000000000)");
  const killed = new Process(project, "each");
  killed.begin();
  await killed.says("applied 001_a");
  // It has the lock again: it is in the middle of the second.
  await vi.waitFor(
    async () => {
      const attempt = project.adapter.transaction(async () => {}, { timeoutMs: 1 });
      await expect(attempt).rejects.toMatchObject({ kind: "busy" });
    },
    { timeout: 15_000, interval: 5 },
  );
  await killed.kill();
  expect(await project.applied()).toEqual(["001_a"]);
  expect(await project.tables()).toEqual(["a", "speed"]);
  await project.adapter.executeUpdate("UPDATE speed SET rows = 10");
  expect((await project.migrate()).applied).toEqual(["002_b"]);
  expect(await project.adapter.executeQuery("SELECT count(*) AS n FROM b")).toEqual([{ n: 10 }]);
});
