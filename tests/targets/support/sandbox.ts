import { mkdtempSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Command, HealthCheck, Service } from "../../../src/config/index.ts";
import {
  createLocalTarget,
  type LocalTargetOptions,
  type StepIo,
  type Target,
  type TargetSettings,
} from "../../../src/targets/index.ts";
import { TestRepository } from "./repository.ts";
import { runs } from "./wait.ts";

/** Output as it came, and the switch that aborts. */
export interface TestIo extends StepIo {
  readonly lines: string[];
  readonly controller: AbortController;
}

/** What a step needs, with its output kept. */
export function testIo(): TestIo {
  const lines: string[] = [];
  const controller = new AbortController();
  return { lines, controller, signal: controller.signal, onOutput: (stream, text) => lines.push(`${stream}: ${text}`) };
}

/** A temporary folder that vanishes with the test. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "fraisier-target-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** A process that Fraisier starts itself. */
export function processService(start: Command, port: "auto" | number | null = null, stopTimeout = 10): Service {
  return { kind: "process", start, port, stopTimeout };
}

/** A health check with short times. */
export function healthCheck(overrides: Partial<HealthCheck> = {}): HealthCheck {
  return {
    url: "http://127.0.0.1:{port}/",
    timeout: 5,
    retries: 200,
    interval: 0.05,
    expectStatus: [200],
    expectBody: null,
    stableFor: 0,
    ...overrides,
  };
}

/** A folder for an application and a repository it comes from; everything it started is ended with the test. */
export class Sandbox {
  readonly folder: string = temporaryFolder();
  readonly appPath: string = join(this.folder, "app");
  readonly repository: TestRepository = new TestRepository(join(this.folder, "source"));

  constructor() {
    onTestFinished(() => this.#endService());
  }

  settings(overrides: Partial<TargetSettings> = {}): TargetSettings {
    return {
      appPath: this.appPath,
      gitRepo: this.repository.path,
      service: null,
      healthCheck: null,
      shared: [],
      env: {},
      timeout: 60,
      ...overrides,
    };
  }

  target(overrides: Partial<TargetSettings> = {}, options: LocalTargetOptions = {}): Target {
    return createLocalTarget(this.settings(overrides), options);
  }

  /** A release of the repository's main branch. */
  async release(target: Target, id: string): Promise<string> {
    const ref = await target.resolveRef("main");
    return (await target.fetch({ id, ref }, testIo())).path;
  }

  /** The path of a file below the application's folder. */
  path(...parts: string[]): string {
    return join(this.appPath, ...parts);
  }

  /** The text of such a file. */
  read(...parts: string[]): string {
    return readFileSync(this.path(...parts), "utf8");
  }

  /** The names in such a folder. */
  list(...parts: string[]): string[] {
    return readdirSync(this.path(...parts)).sort();
  }

  #endService(): void {
    let pid: number;
    try {
      pid = Number.parseInt(this.read(".fraisier", "service.pid"), 10);
    } catch {
      // No service was started.
      return;
    }
    if (pid > 1 && runs(pid)) process.kill(-pid, "SIGKILL");
  }
}
