import { FraisierError, type FraisierErrorDetails } from "../db/index.ts";

/** Every kind of failure that a target distinguishes, with what it means. */
export const TARGET_ERROR_KINDS = {
  command_failed: "a command ended with an exit code other than 0, by a signal, or could not be started",
  command_timeout: "a command ran longer than allowed and was ended",
  ref_not_found: "the repository has no such branch, tag or commit",
  repository_unreachable: "git could not reach the repository, or was not let in",
  guard_held: "another process on this machine is working on the same place",
  stale_token: "a process with a newer lease has worked on the place since",
  port_taken: "something else listens on the port of the service",
  process_unstoppable: "the process to be ended belongs to another user",
  release_broken: "the folder of a release is missing, unfinished or not what it should be",
  release_exists: "the name of a new release is in use already",
  release_in_use: "the release that serves can't be removed",
  shared_missing: "a file that releases share has not been made yet",
  app_path_unusable: "the folder of the application can't be used as it is",
  unsupported: "the target can't do that",
} as const;

/** A kind of failure of a target; see {@link TARGET_ERROR_KINDS}. */
export type TargetErrorKind = keyof typeof TARGET_ERROR_KINDS;

/** What a {@link TargetError} can tell beside its kind. */
export interface TargetErrorDetails extends FraisierErrorDetails {
  readonly exitCode?: number | null | undefined;
  readonly signal?: string | null | undefined;
}

/**
 * Anything that went wrong where a fraise runs. `message` and `hint` hold no value of an environment variable, no
 * password of a URL and no text of a command beyond the program's name.
 */
export class TargetError extends FraisierError {
  override readonly name: string = "TargetError";
  declare readonly kind: TargetErrorKind;
  /** With `command_failed`: the exit code, 127 where the program was not found; null when a signal ended it. */
  readonly exitCode: number | null;
  /** With `command_failed`: the signal that ended the command, e.g. `SIGKILL`; null when there was none. */
  readonly signal: string | null;

  constructor(kind: TargetErrorKind, message: string, details: TargetErrorDetails = {}) {
    super(kind, message, details);
    this.exitCode = details.exitCode ?? null;
    this.signal = details.signal ?? null;
  }
}
