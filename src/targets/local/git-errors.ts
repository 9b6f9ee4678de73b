import { TargetError } from "../errors.ts";
import type { GitSource } from "./git-source.ts";

/** A git command that did not exit with 0. Turned into a TargetError before it leaves the target. */
export class GitFailure extends Error {
  readonly subcommand: string;
  /** null when a signal ended it, or the time was over. */
  readonly exitCode: number | null;
  /** Its messages, URLs masked. */
  readonly stderr: readonly string[];

  constructor(subcommand: string, exitCode: number | null, stderr: readonly string[]) {
    super(`git ${subcommand} failed`);
    this.subcommand = subcommand;
    this.exitCode = exitCode;
    this.stderr = stderr;
  }

  /** git's own last words that say what is wrong. */
  get reason(): string {
    const telling = this.stderr.filter((line) => /^(fatal|error|ssh|remote: error):|denied|failed/i.test(line));
    const line = telling[0] ?? this.stderr.at(-1) ?? `git ${this.subcommand} ended without a message`;
    return line
      .trim()
      .replace(/^(fatal|error): /, "")
      .replace(/[.:]?$/, "");
  }

  /** Whether the disk is full, so that fetching everything anew would only make it worse. */
  get isDiskFull(): boolean {
    return this.stderr.some((line) => /No space left on device|Disk quota exceeded/i.test(line));
  }
}

const HINTS: readonly (readonly [RegExp, (source: GitSource) => string])[] = [
  [
    /dubious ownership/,
    ({ shown }) =>
      `The repository belongs to another user. If you trust it: git config --global --add safe.directory ${shown.replace(/^file:\/\//, "")}`,
  ],
  [
    /Host key verification failed/,
    () => "Connect once by hand as this user (ssh -T to that host) and accept the host's key.",
  ],
  [
    /Permission denied|Authentication failed|could not read (Username|Password)|invalid credentials|HTTP.* 40[13]/i,
    () => "Give this user access: an SSH key that the server knows, a credential helper, or user:password in git_repo.",
  ],
  [/transport '.*' not allowed/, () => "Use a path, or a URL of ssh, https, http, git or file."],
  [
    /Could not resolve host|Name or service not known|Temporary failure in name resolution/i,
    () => "Look at the host's name in git_repo and at the network of this machine.",
  ],
  [
    /does not appear to be a git repository|not found|does not exist|No such file/i,
    () => "Look at git_repo; where it is private, look also whether this user may read it.",
  ],
];

/** Says what it means for people that git could not talk to the repository. */
export function unreachable(failure: GitFailure, source: GitSource): TargetError {
  const text = failure.stderr.join("\n");
  const hint = HINTS.find(([pattern]) => pattern.test(text))?.[1](source);
  return new TargetError("repository_unreachable", `Could not read ${source.shown}: ${failure.reason}.`, {
    hint: hint ?? "Try `git ls-remote` with that repository as this user, then deploy again.",
    cause: failure,
  });
}
