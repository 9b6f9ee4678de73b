import { rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { TargetError } from "../errors.ts";
import type { FetchedRelease, NewRelease, StepIo } from "../target.ts";
import { type CheckedOut, checkOut } from "./checkout.ts";
import { uniqueSuffix, unlessMissing } from "./files.ts";
import type { Git } from "./git.ts";
import type { GitCache } from "./git-cache.ts";
import { GitFailure } from "./git-errors.ts";
import { type Layout, releaseFolder } from "./layout.ts";
import {
  clearMark,
  isMarkedUnfinished,
  type Manifest,
  markUnfinished,
  readManifest,
  writeManifest,
} from "./manifest.ts";
import type { Place } from "./place.ts";
import { discard } from "./remove-tree.ts";
import { linkShared } from "./shared.ts";

/**
 * Makes the folder of a release: everything is put together out of sight, then one rename shows it whole. The same
 * release asked for again is simply given back.
 *
 * @throws TargetError as `Target.fetch`; the signal's reason when it aborts.
 */
export async function fetchRelease(
  place: Place,
  git: Git,
  cache: GitCache,
  release: NewRelease,
  io: StepIo,
): Promise<FetchedRelease> {
  const { layout, settings, clock } = place;
  const folder = releaseFolder(layout, release.id);
  const existing = await existingRelease(place, release);
  if (existing !== null) return { ...summary(existing), path: folder };

  const tree = join(layout.temporary, `tree-${uniqueSuffix()}`);
  try {
    const { commit, subject, entries } = await obtainTree(place, git, cache, release, tree, io);
    io.signal.throwIfAborted();
    await linkShared(layout, tree, settings.shared);
    io.signal.throwIfAborted();
    const madeAt = new Date(clock.now()).toISOString();
    const manifest: Manifest = { id: release.id, commit, branch: release.ref.branch, subject, madeAt, entries };
    await publish(layout, tree, folder, manifest);
    return { ...summary(manifest), path: folder };
  } catch (error) {
    await discard(tree, layout.trash);
    throw error;
  }
}

/** Shows a tree as a release: marked, renamed, declared complete; taken back when one of these fails. */
async function publish(layout: Layout, tree: string, folder: string, manifest: Manifest): Promise<void> {
  await markUnfinished(layout, manifest.id);
  try {
    await rename(tree, folder);
    await writeManifest(layout, manifest);
  } catch (error) {
    await discard(folder, layout.trash);
    throw error;
  } finally {
    await clearMark(layout, manifest.id);
  }
}

/** The release of that id, when it is there and complete; what is unfinished of it is removed. */
async function existingRelease(place: Place, release: NewRelease): Promise<Manifest | null> {
  const { layout } = place;
  const folder = releaseFolder(layout, release.id);
  if ((await unlessMissing(stat(folder))) === null) return null;
  const manifest = await readManifest(layout, release.id);
  const { commit, ref } = release.ref;
  if (manifest?.commit.startsWith(commit ?? ref.toLowerCase())) return manifest;
  if (manifest === null && (await isMarkedUnfinished(layout, release.id))) {
    await discard(folder, layout.trash);
    return null;
  }
  throw new TargetError("release_exists", `There is a release ${release.id} already: ${folder}.`, {
    hint: "Deploy again, which takes a new id; if the folder is nobody's, move it away.",
  });
}

/** Gets the tree of the commit, from a new cache when the old one turns out to be broken. */
async function obtainTree(
  place: Place,
  git: Git,
  cache: GitCache,
  release: NewRelease,
  tree: string,
  io: StepIo,
): Promise<CheckedOut & { readonly commit: string }> {
  const { temporary, trash } = place.layout;
  const attempt = async () => {
    const commit = await cache.provide(release.ref, io);
    return { commit, ...(await checkOut(cache, commit, tree, temporary, io)) };
  };
  try {
    return await attempt().catch(async (error: unknown) => {
      if (!(error instanceof GitFailure) || error.isDiskFull || error.exitCode === null) throw error;
      io.onOutput("stderr", `the copy of the repository is unusable (${error.reason}): fetching it anew`);
      await discard(tree, trash);
      await cache.discard();
      return await attempt();
    });
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    throw new TargetError(
      "release_broken",
      `Could not make release ${release.id} of ${git.source.shown}: git ${error.subcommand} failed: ${error.reason}.`,
      { hint: error.isDiskFull ? "Free some space, then deploy again." : "Read git's output.", cause: error },
    );
  }
}

function summary({ id, commit, branch, subject }: Manifest): Omit<FetchedRelease, "path"> {
  return { id, commit, branch, subject };
}
