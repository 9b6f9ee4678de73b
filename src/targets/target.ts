import type { Command, HealthCheck, Service } from "../config/index.ts";
import type { TargetErrorKind } from "./errors.ts";

/**
 * Where a fraise runs. A target is a set of plain actions on one place; in which order they are taken, what is undone
 * and what is remembered is the business of `deploy/`.
 *
 * Every action that may take long takes a `signal`; when it aborts, what the action started (its whole process group)
 * is ended before the promise rejects with the signal's reason.
 */
export interface Target {
  /** `local:<machine id>`; the same for every fraise on that place. */
  readonly id: string;
  /** The name of the machine, for people. */
  readonly host: string;
  /** The folder that holds `releases/` and `current`. */
  readonly appPath: string;

  /** What is there now. Changes nothing, and works where nothing has been deployed yet. */
  inspect(): Promise<TargetState>;

  /** Looks for what would hinder a deployment: folders, modes, the port, the disk. Changes nothing. */
  checkup(): Promise<TargetCheck[]>;

  /**
   * Finds the exact commit that `ref` (a branch, tag or commit; null for the repository's default branch) means,
   * without writing anything.
   *
   * @returns commit null when only a fetch can tell (an abbreviated commit, say).
   * @throws TargetError `ref_not_found`, `repository_unreachable`
   */
  resolveRef(ref: string | null, signal?: AbortSignal): Promise<ResolvedRef>;

  /**
   * Takes the place for this process alone: nobody else on this machine can work on it until the guard is released or
   * the process is dead, however it dies.
   *
   * @throws TargetError `guard_held` when another process has it, `stale_token` when a higher token was seen.
   */
  guard(request: GuardRequest): Promise<Guard>;

  /** Ends whatever a dead predecessor's running step left behind: process groups, half-written files. */
  clearLeftovers(io: StepIo): Promise<void>;

  /** Makes the folder of a release from an exact commit: complete, or not there at all. */
  fetch(release: NewRelease, io: StepIo): Promise<FetchedRelease>;

  /** Runs one command in the folder of a release. @throws TargetError `command_failed`, `command_timeout` */
  run(command: Command, release: string, io: StepIo): Promise<void>;

  /** Points `current` at a release by an atomic rename; null removes it. */
  activate(release: string | null): Promise<void>;

  /**
   * Brings a release into service: stops what Fraisier started before and starts this release's process, or gives the
   * restart command. Does not judge whether it is healthy.
   *
   * @throws TargetError `port_taken`, `command_failed`, `command_timeout`
   */
  restart(release: string, io: StepIo): Promise<ServiceState>;

  /** Stops the process that Fraisier started, if there is one. A service of kind "command" is left alone. */
  stop(io: StepIo): Promise<void>;

  /** Probes until the check passes and stays so, or fails. Never throws for an unhealthy application. */
  checkHealth(release: string, io: StepIo & { readonly onProbe?: (probe: Probe) => void }): Promise<HealthReport>;

  /**
   * Looks once at what serves now. Judges nothing else, and changes nothing.
   *
   * @returns null where no health check is declared, or its port is not known.
   */
  probe(signal: AbortSignal): Promise<Probe | null>;

  /** Whether a release could serve again: its folder is there, complete, and made from the commit it says. */
  verifyRelease(
    release: string,
    commit: string,
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }>;

  /** Removes the folder of a release. Refuses the one that `current` points to. Harmless when there is none. */
  removeRelease(release: string): Promise<void>;

  /** The last lines that the application wrote to its log; empty when Fraisier does not run it. */
  serviceLog(lines: number): Promise<string[]>;
}

/** What a step needs from its surroundings. */
export interface StepIo {
  readonly signal: AbortSignal;
  /** Called with whole lines as they come; not yet masked. */
  readonly onOutput: (stream: "stdout" | "stderr", text: string) => void;
}

export interface TargetState {
  /** The id of the release that `current` points to; null when there is none. */
  readonly currentRelease: string | null;
  /** Ids of the complete releases on disk, oldest first. */
  readonly releases: readonly string[];
  readonly service: ServiceState | null;
}

/** The process that Fraisier keeps running, or the service that something else runs. */
export interface ServiceState {
  readonly release: string;
  /** null where something else runs it. */
  readonly pid: number | null;
  readonly running: boolean;
  readonly port: number | null;
  readonly logFile: string | null;
}

/** What one look at a place came to. */
export interface TargetCheck {
  readonly name: "folder" | "modes" | "port" | "space";
  /** `warning`: it works, but somebody should know. */
  readonly outcome: "ok" | "warning" | "failed";
  /** What was found, for people. */
  readonly text: string;
  /** What to do about it; null where nothing is to be done. */
  readonly hint: string | null;
  /** What a deployment would fail with; null unless `failed`. */
  readonly kind: TargetErrorKind | null;
}

export interface ResolvedRef {
  readonly ref: string;
  readonly branch: string | null;
  readonly commit: string | null;
}

export interface NewRelease {
  /** A name for the folder; letters, digits and `-`. */
  readonly id: string;
  readonly ref: ResolvedRef;
}

export interface FetchedRelease {
  readonly id: string;
  readonly path: string;
  readonly commit: string;
  readonly branch: string | null;
  /** The first line of the commit's message. */
  readonly subject: string;
}

export interface GuardRequest {
  /** The fencing token of the lease; only grows. */
  readonly token: number;
  /** Who holds it, for the message that others get. */
  readonly holder: string;
}

export interface Guard {
  release(): Promise<void>;
}

/** One look at the running application. */
export interface Probe {
  /** ISO time with `Z`. */
  readonly at: string;
  readonly url: string;
  readonly ok: boolean;
  readonly status: number | null;
  /** Where a redirect pointed to; redirects are not followed. */
  readonly redirect: string | null;
  readonly latencyMs: number;
  /** The first 500 characters of the body. */
  readonly body: string | null;
  /** Why the probe is not ok; null when it is. */
  readonly reason: string | null;
}

export type HealthReport =
  | { readonly outcome: "healthy"; readonly probes: readonly Probe[] }
  | { readonly outcome: "unchecked"; readonly probes: readonly [] }
  | { readonly outcome: "unhealthy"; readonly reason: string; readonly probes: readonly Probe[] };

/** What a target needs to know of the environment it serves. */
export interface TargetSettings {
  readonly appPath: string;
  readonly gitRepo: string;
  readonly service: Service | null;
  readonly healthCheck: HealthCheck | null;
  readonly shared: readonly string[];
  /** Variables for every command, beside the allow-listed ones of the caller. */
  readonly env: Readonly<Record<string, string>>;
  /** Seconds that each command may take. */
  readonly timeout: number;
}
