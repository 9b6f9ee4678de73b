import { suggest } from "../../config/index.ts";
import { TargetError } from "../errors.ts";
import type { ResolvedRef } from "../target.ts";

/** What a repository offers, as `git ls-remote --symref` tells it. */
export interface RemoteRefs {
  readonly head: { readonly branch: string | null; readonly commit: string } | null;
  /** Commits by name of the branch. */
  readonly branches: ReadonlyMap<string, string>;
  /** Commits by name of the tag; those that annotated tags point to, not the tags themselves. */
  readonly tags: ReadonlyMap<string, string>;
}

/** Reads the lines of `git ls-remote --symref`. */
export function parseRemoteRefs(lines: readonly string[]): RemoteRefs {
  const branches = new Map<string, string>();
  const tags = new Map<string, string>();
  let headBranch: string | null = null;
  let headCommit: string | null = null;
  for (const line of lines) {
    const [left = "", name = ""] = line.split("\t");
    if (left.startsWith("ref: ")) {
      if (name === "HEAD") headBranch = withoutPrefix(left.slice("ref: ".length), "refs/heads/");
    } else if (name === "HEAD") headCommit = left;
    else if (name.startsWith("refs/heads/")) branches.set(name.slice("refs/heads/".length), left);
    else if (name.endsWith("^{}")) tags.set(name.slice("refs/tags/".length, -"^{}".length), left);
    else if (name.startsWith("refs/tags/") && !tags.has(name.slice("refs/tags/".length))) {
      tags.set(name.slice("refs/tags/".length), left);
    }
  }
  return { head: headCommit === null ? null : { branch: headBranch, commit: headCommit }, branches, tags };
}

/** Finds a branch, then a tag, of that name (`refs/heads/…` and `refs/tags/…` say which); null when there is neither. */
export function findRef(ref: string, refs: RemoteRefs): ResolvedRef | null {
  const branch = withoutPrefix(ref, "refs/heads/") ?? ref;
  const onBranch = refs.branches.get(branch);
  if (onBranch !== undefined) return { ref, branch, commit: onBranch };
  const tagged = refs.tags.get(withoutPrefix(ref, "refs/tags/") ?? ref);
  return tagged === undefined ? null : { ref, branch: null, commit: tagged };
}

/** Whether a text is a whole commit id (SHA-1 or SHA-256). */
export function isCommitId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text);
}

/** Whether a text may be the beginning of a commit id. */
export function isAbbreviatedCommit(text: string): boolean {
  return /^[0-9a-f]{7,63}$/i.test(text) && !isCommitId(text);
}

/**
 * Refuses what can't be the name of a branch or tag, before git sees it: options, patterns, revision expressions.
 *
 * @throws TargetError `ref_not_found`
 */
export function checkRef(ref: string): void {
  // git-check-ref-format(1).
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  if (ref !== "" && !/^-|[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|\.lock$/.test(ref)) return;
  throw new TargetError("ref_not_found", `${JSON.stringify(ref)} can't be the name of a branch, tag or commit.`, {
    hint: "Give a branch, a tag, or a commit id of at least 7 digits; expressions like main~1 are not understood.",
  });
}

/** Up to five branches, and failing those tags, that were probably meant. */
export function similarRefs(ref: string, refs: RemoteRefs): string[] {
  const found: string[] = [];
  const left = new Set([...refs.branches.keys(), ...refs.tags.keys()]);
  for (let name = suggest(ref, left); name !== null && found.length < 5; name = suggest(ref, left)) {
    found.push(name);
    left.delete(name);
  }
  return found;
}

function withoutPrefix(text: string, prefix: string): string | null {
  return text.startsWith(prefix) ? text.slice(prefix.length) : null;
}
