import { mkdir, readdir, rename, unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { TargetError } from "../errors.ts";
import type { ResolvedRef, StepIo } from "../target.ts";
import { uniqueSuffix, unlessMissing } from "./files.ts";
import type { Git, GitOptions } from "./git.ts";
import { REMOTE } from "./git-environment.ts";
import { GitFailure, unreachable } from "./git-errors.ts";
import type { Layout } from "./layout.ts";
import { discard } from "./remove-tree.ts";

const REFSPECS = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"] as const;
const FETCH = ["fetch", "--prune", "--force", "--no-tags", "--no-recurse-submodules", REMOTE] as const;

/** A bare copy of the repository, so that a deployment fetches only what is new. Can be thrown away at any time. */
export class GitCache {
  readonly #git: Git;
  readonly #layout: Layout;

  constructor(git: Git, layout: Layout) {
    this.#git = git;
    this.#layout = layout;
  }

  /** Runs a git command on the cache. */
  run(args: readonly [string, ...string[]], options: GitOptions): Promise<string[]> {
    return this.#git.run(args, { ...options, env: { ...options.env, GIT_DIR: this.#layout.cache } });
  }

  /** Finds the commit that a (possibly abbreviated) id means among those fetched before; null when it is not there. */
  async find(id: string, io: StepIo): Promise<string | null> {
    const [commit] = await this.#ask(["rev-parse", "--verify", "--quiet", "--end-of-options", `${id}^{commit}`], io);
    return commit ?? null;
  }

  /**
   * Makes the cache hold the commit that `ref` means, and fetches when it does not.
   *
   * @returns the commit's id.
   * @throws TargetError `ref_not_found`, `repository_unreachable`; GitFailure when the cache itself is broken.
   */
  async provide(ref: ResolvedRef, io: StepIo): Promise<string> {
    await this.#makeUsable(io);
    // Only what a ref leads to is certainly whole: an interrupted fetch may leave a commit without its files.
    if (ref.commit !== null && (await this.#isOnARef(ref.commit, io))) return ref.commit;
    await this.#fetch(REFSPECS, io);
    const commit = await this.find(ref.commit ?? ref.ref, io);
    if (commit !== null) return commit;
    if (ref.commit !== null) await this.#fetchUnnamed(ref.commit, io);
    const fetched = ref.commit === null ? null : await this.find(ref.commit, io);
    if (fetched !== null) return fetched;
    throw this.#notFound(ref.ref);
  }

  /** Throws the cache away. The next {@link provide} fetches everything anew. */
  async discard(): Promise<void> {
    await discard(this.#layout.cache, this.#layout.trash);
  }

  async #makeUsable(io: StepIo): Promise<void> {
    const { cache, temporary } = this.#layout;
    const [bare] = await this.#ask(["rev-parse", "--is-bare-repository"], io);
    if (bare === "true") return removeStaleLocks(cache);
    await this.discard();
    // Made elsewhere and moved, so that half a repository is never seen.
    const draft = join(temporary, `repo-${uniqueSuffix()}.git`);
    await mkdir(draft);
    await this.#git.run(["init", "--quiet", "--bare", "--template=", draft], { io });
    await rename(draft, cache);
  }

  async #fetch(refspecs: readonly string[], io: StepIo): Promise<void> {
    try {
      await this.run([...FETCH, ...refspecs], { io });
    } catch (error) {
      if (!(error instanceof GitFailure)) throw error;
      // Is it the repository, or the cache? Asking for HEAD needs no cache.
      const quiet: StepIo = { signal: io.signal, onOutput() {} };
      const listing = this.#git.run(["ls-remote", REMOTE, "HEAD"], { io: quiet, writes: false });
      await listing.catch((cause: unknown) => {
        throw cause instanceof GitFailure ? unreachable(error, this.#git.source) : cause;
      });
      throw error;
    }
  }

  /** Most servers give a commit that no branch leads to when it is asked for by its whole id. */
  async #fetchUnnamed(commit: string, io: StepIo): Promise<void> {
    try {
      await this.#fetch([commit], io);
    } catch (error) {
      if (error instanceof GitFailure) throw this.#notFound(commit);
      throw error;
    }
  }

  async #isOnARef(commit: string, io: StepIo): Promise<boolean> {
    return (await this.#ask(["for-each-ref", "--count=1", `--contains=${commit}`], io)).length > 0;
  }

  /** Asks the cache; a refusal counts as an empty answer. */
  async #ask(args: readonly [string, ...string[]], io: StepIo): Promise<string[]> {
    try {
      return await this.run(args, { io: { signal: io.signal, onOutput() {} }, writes: false });
    } catch (error) {
      if (error instanceof GitFailure) return [];
      throw error;
    }
  }

  #notFound(name: string): TargetError {
    const message = `${this.#git.source.shown} has no commit ${name}, or more than one that begins so.`;
    return new TargetError("ref_not_found", message, {
      hint: "Push the commit to a branch of that repository first, or give more digits of its id.",
    });
  }
}

/** Removes what a git that was killed left behind. Safe because the guard is held: no other git works here. */
async function removeStaleLocks(cache: string): Promise<void> {
  const names = (await unlessMissing(readdir(cache, { recursive: true }))) ?? [];
  const stale = names.filter((name) => /\.lock$|^gc\.pid$|^(tmp_|\.tmp-)/.test(basename(name)));
  await Promise.all(stale.map((name) => unlessMissing(unlink(join(cache, name)))));
}
