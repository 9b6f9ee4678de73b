import { join } from "node:path";
import { TargetError } from "../errors.ts";
import type { StepIo } from "../target.ts";
import type { ChildEnvironment } from "./environment.ts";
import { uniqueSuffix } from "./files.ts";
import { requireProgram } from "./find-program.ts";
import { gitEnvironment } from "./git-environment.ts";
import { GitFailure } from "./git-errors.ts";
import { type GitSource, maskUrls, parseGitSource } from "./git-source.ts";
import { assertGitVersion } from "./git-version.ts";
import type { Place } from "./place.ts";
import { ProcessTimeout, runProcess } from "./run-process.ts";

/** How one git command is run. */
export interface GitOptions {
  readonly io: StepIo;
  /** Further variables: GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE. */
  readonly env?: ChildEnvironment;
  /** Default `/`, where no repository is around. */
  readonly cwd?: string;
  /** Whether it is written down in `running/`, as all that writes must be. Default true. */
  readonly writes?: boolean;
  /** Seconds. Default: the settings' timeout. */
  readonly timeout?: number;
}

/** Runs git as a child with a closed environment. Passwords reach it through the environment, never as arguments. */
export class Git {
  readonly source: GitSource;
  readonly #place: Place;
  #environment: Promise<ChildEnvironment> | null = null;

  constructor(place: Place) {
    this.#place = place;
    this.source = parseGitSource(place.settings.gitRepo);
  }

  /**
   * Runs a git command to its end; its messages go to `io.onOutput`.
   *
   * @returns the lines it printed.
   * @throws {@link GitFailure}; TargetError `unsupported` when git is missing or too old.
   */
  async run(args: readonly [subcommand: string, ...string[]], options: GitOptions): Promise<string[]> {
    // A failed look is not kept: git may be installed, or the abort be over, by the next time.
    this.#environment ??= this.#prepare(options.io).catch((error: unknown) => {
      this.#environment = null;
      throw error;
    });
    return this.#execute(args, options, await this.#environment);
  }

  async #execute(
    args: readonly [subcommand: string, ...string[]],
    options: GitOptions,
    env: ChildEnvironment,
  ): Promise<string[]> {
    const { layout, settings, clock } = this.#place;
    const stdout: string[] = [];
    const stderr: string[] = [];
    const onOutput: StepIo["onOutput"] = (stream, text) => {
      const shown = stream === "stderr" ? this.#mask(text) : text;
      (stream === "stderr" ? stderr : stdout).push(shown);
      if (stream === "stderr") options.io.onOutput("stderr", shown);
    };
    const request = {
      argv: ["git", ...args],
      cwd: options.cwd ?? "/",
      env: { ...env, ...options.env },
      pidFile: options.writes === false ? null : join(layout.running, `git-${uniqueSuffix()}.pid`),
      pipeFolder: null,
      timeout: options.timeout ?? settings.timeout,
      lines: "whole",
      clock,
    } as const;
    const { exitCode } = await runProcess(request, { signal: options.io.signal, onOutput }).catch((error: unknown) => {
      if (!(error instanceof ProcessTimeout)) throw error;
      throw new GitFailure(args[0], null, [...stderr, `error: no answer within ${request.timeout} s`]);
    });
    if (exitCode !== 0) throw new GitFailure(args[0], exitCode, stderr);
    return stdout;
  }

  async #prepare(io: StepIo): Promise<ChildEnvironment> {
    const env = gitEnvironment(this.#place, this.source, null);
    try {
      requireProgram("git", env.PATH ?? "", "/");
    } catch (error) {
      const hint = "Install git on this machine, or set PATH under env to where it is.";
      throw new TargetError("unsupported", "git was not found in any folder of PATH.", { hint, cause: error });
    }
    const quiet = { io: { signal: io.signal, onOutput() {} }, writes: false };
    const [version = ""] = await this.#execute(["version"], quiet, env);
    assertGitVersion(version);
    const sshCommand = await this.#execute(["config", "--get", "core.sshCommand"], quiet, env).catch(
      (error: unknown) => {
        if (error instanceof GitFailure) return [];
        throw error;
      },
    );
    return gitEnvironment(this.#place, this.source, sshCommand[0] ?? null);
  }

  #mask(text: string): string {
    const { password } = this.source;
    return maskUrls(password ? text.replaceAll(password, "***") : text);
  }
}
