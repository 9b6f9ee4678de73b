import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { TargetSettings } from "../../../src/targets/index.ts";
import { waitFor } from "./wait.ts";

const SCRIPT = join(import.meta.dirname, "act.ts");

/** Another process that works on a target; see act.ts for the actions. Killed with the test. */
export class Actor {
  readonly lines: string[] = [];
  readonly process: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(settings: TargetSettings, ...actions: string[]) {
    this.process = spawn(process.execPath, [SCRIPT, JSON.stringify(settings), ...actions], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#exited = once(this.process, "exit");
    let text = "";
    this.process.stdout?.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      this.lines.splice(0, this.lines.length, ...text.split("\n"));
    });
    onTestFinished(() => {
      this.process.kill("SIGKILL");
    });
  }

  /** Waits for a line of its output. @returns the line */
  async line(pattern: RegExp): Promise<string> {
    return await waitFor(
      `${pattern} in ${JSON.stringify(this.lines)}`,
      () => this.lines.find((line) => pattern.test(line)) ?? null,
    );
  }

  /** Ends it the hard way, as a power cut for it alone. */
  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.#exited;
  }

  /** Waits for its own end. */
  async exited(): Promise<void> {
    await this.#exited;
  }
}
