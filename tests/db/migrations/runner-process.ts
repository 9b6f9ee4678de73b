import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished } from "vitest";
import type { DatabaseProject } from "./database-project.ts";

/** A process that waits for work; see migrate-rounds.ts. It goes with the test. */
export class RunnerProcess {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor() {
    this.child = spawn(process.execPath, [join(import.meta.dirname, "migrate-rounds.ts")], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    onTestFinished(() => this.kill());
  }

  static async start(): Promise<RunnerProcess> {
    const runner = new RunnerProcess();
    expect(await runner.says()).toBe("ready");
    return runner;
  }

  /** The next thing it says; null when it is dead. */
  async says(): Promise<string | null> {
    const { value, done } = await this.#lines.next();
    return done ? null : value;
  }

  /** What came of it; null when it died. Calls `onAtWork` whenever it begins to apply something. */
  async migrate(project: DatabaseProject, onAtWork: () => void = () => {}): Promise<string | null> {
    this.child.stdin?.write(`${project.url} ${project.directory}\n`);
    for (;;) {
      const said = await this.says();
      if (said === "at work") onAtWork();
      else if (said !== "begun") return said;
    }
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }
}
