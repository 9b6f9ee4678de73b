import { TargetError } from "../errors.ts";
import type { ResolvedRef, StepIo } from "../target.ts";
import type { Git } from "./git.ts";
import type { GitCache } from "./git-cache.ts";
import { REMOTE } from "./git-environment.ts";
import { GitFailure, unreachable } from "./git-errors.ts";
import {
  checkRef,
  findRef,
  isAbbreviatedCommit,
  isCommitId,
  parseRemoteRefs,
  type RemoteRefs,
  similarRefs,
} from "./remote-refs.ts";

/** How long a repository may take to list its branches, in seconds. */
const LIST_TIMEOUT = 60;

/**
 * Asks the repository which commit `ref` means; null for its default branch. Writes nothing. A whole commit id is taken
 * as it is, unasked: whether it exists is found by the fetch.
 *
 * @throws TargetError `ref_not_found`, `repository_unreachable`
 */
export async function resolveRef(
  git: Git,
  cache: GitCache,
  ref: string | null,
  signal: AbortSignal,
): Promise<ResolvedRef> {
  if (ref !== null) checkRef(ref);
  if (ref !== null && isCommitId(ref)) return { ref, branch: null, commit: ref.toLowerCase() };
  const io: StepIo = { signal, onOutput() {} };
  const refs = await listRefs(git, io);
  if (ref === null) return resolveHead(refs, git);
  const found = findRef(ref, refs);
  if (found !== null) return found;
  if (isAbbreviatedCommit(ref)) return { ref, branch: null, commit: await cache.find(ref, io) };

  const similar = similarRefs(ref, refs);
  throw new TargetError("ref_not_found", `${git.source.shown} has no branch, tag or commit ${JSON.stringify(ref)}.`, {
    hint: similar.length > 0 ? `Did you mean ${similar.join(", ")}?` : "List what it has with git ls-remote.",
  });
}

async function listRefs(git: Git, io: StepIo): Promise<RemoteRefs> {
  try {
    return parseRemoteRefs(
      await git.run(["ls-remote", "--symref", REMOTE], { io, writes: false, timeout: LIST_TIMEOUT }),
    );
  } catch (error) {
    throw error instanceof GitFailure ? unreachable(error, git.source) : error;
  }
}

function resolveHead(refs: RemoteRefs, git: Git): ResolvedRef {
  const { head } = refs;
  if (head !== null) return { ref: head.branch ?? "HEAD", ...head };
  const names = [...refs.branches.keys()].slice(0, 5);
  const why = names.length === 0 ? "it has no commits yet" : "its HEAD points to a branch that does not exist";
  throw new TargetError("ref_not_found", `${git.source.shown} has no default branch: ${why}.`, {
    hint: names.length === 0 ? "Push a commit to it first." : `Name a branch: ${names.join(", ")}.`,
  });
}
