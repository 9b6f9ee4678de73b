import { mkdir, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { TargetError } from "../errors.ts";
import type { StepIo } from "../target.ts";
import { uniqueSuffix, unlessMissing } from "./files.ts";
import type { GitCache } from "./git-cache.ts";

/** What came out of a commit. */
export interface CheckedOut {
  /** The first line of the commit's message. */
  readonly subject: string;
  /** How many files and folders lie at the top of its tree. */
  readonly entries: number;
}

/**
 * Writes the tree of a commit into a new folder: its files, symbolic links and executable bits as they were committed.
 *
 * @param temporary a folder for git's index of the tree.
 * @throws TargetError `unsupported` when the commit has submodules; GitFailure when the cache is broken.
 */
export async function checkOut(
  cache: GitCache,
  commit: string,
  folder: string,
  temporary: string,
  io: StepIo,
): Promise<CheckedOut> {
  await refuseSubmodules(cache, commit, io);
  const index = join(temporary, `index-${uniqueSuffix()}`);
  const env = { GIT_INDEX_FILE: index, GIT_WORK_TREE: folder };
  await mkdir(folder);
  try {
    // Not `git checkout`: it finds nothing to do, and fails, where a commit has no files at all.
    await cache.run(["read-tree", commit], { io, env });
    await cache.run(["checkout-index", "--all", "--force", "--quiet"], { io, env, cwd: folder });
  } finally {
    await unlessMissing(unlink(index));
  }
  const quiet: StepIo = { signal: io.signal, onOutput() {} };
  const [, subject = ""] = await cache.run(["rev-list", "--max-count=1", "--format=%s", commit], {
    io: quiet,
    writes: false,
  });
  return { subject, entries: (await readdir(folder)).length };
}

async function refuseSubmodules(cache: GitCache, commit: string, io: StepIo): Promise<void> {
  const quiet: StepIo = { signal: io.signal, onOutput() {} };
  const tree = await cache.run(["ls-tree", "-r", "--full-tree", commit], { io: quiet, writes: false });
  // gitmodules(5): a submodule is an entry of mode 160000.
  const path = tree.find((line) => line.startsWith("160000 "))?.split("\t")[1];
  if (path === undefined) return;
  throw new TargetError("unsupported", `Commit ${commit.slice(0, 12)} has a submodule at ${path}.`, {
    hint: "Submodules can't be deployed: put the files into the repository itself, or fetch them in a build command.",
  });
}
