import { lstat, readdir, readlink, realpath, rename, stat, symlink, unlink } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { TargetError } from "../errors.ts";
import { syncFolder, uniqueSuffix, unlessMissing } from "./files.ts";
import { type Layout, releaseFolder } from "./layout.ts";
import { clearMark, listManifests, readManifest, removeManifest } from "./manifest.ts";
import { discard } from "./remove-tree.ts";

/** The release that `current` points to; null when there is no such link, or it points out of `releases/`. */
export async function currentRelease(layout: Layout): Promise<string | null> {
  const current = await unlessMissing(lstat(layout.current));
  if (current === null || !current.isSymbolicLink()) return null;
  const target = resolve(layout.appPath, await readlink(layout.current));
  return (await isReleases(layout, dirname(target))) ? basename(target) : null;
}

/** An absolute link may come by another way to the same folder. */
async function isReleases(layout: Layout, folder: string): Promise<boolean> {
  if (folder === resolve(layout.releases)) return true;
  const real = await unlessMissing(realpath(folder));
  return real !== null && real === (await unlessMissing(realpath(layout.releases)));
}

/**
 * Refuses to take the place of a `current` that Fraisier would not have made: it may be all that there is of something.
 *
 * @throws TargetError `app_path_unusable`
 */
export async function refuseForeignCurrent(layout: Layout): Promise<void> {
  const current = await unlessMissing(lstat(layout.current));
  if (current === null) return;
  const link = current.isSymbolicLink();
  if (link && (await currentRelease(layout)) !== null) return;
  const what = link
    ? `points to ${await readlink(layout.current)}`
    : `is a ${current.isDirectory() ? "folder" : "file"}`;
  throw new TargetError("app_path_unusable", `${layout.current} ${what}; Fraisier keeps a link into releases/ there.`, {
    hint: `Move it away (mv ${layout.current} ${layout.current}.old), then deploy again.`,
  });
}

/** The ids of the complete releases whose folders are there, by the time they were made. */
export async function completeReleases(layout: Layout): Promise<string[]> {
  const { complete } = await listManifests(layout);
  const manifests = await Promise.all(complete.map((id) => readManifest(layout, id)));
  const found = await Promise.all(
    manifests.map(async (manifest) => {
      if (manifest === null) return null;
      const folder = await unlessMissing(stat(join(layout.releases, manifest.id)));
      return folder?.isDirectory() ? manifest : null;
    }),
  );
  return found
    .filter((manifest) => manifest !== null)
    .sort((a, b) => compare(a.madeAt, b.madeAt) || compare(a.id, b.id))
    .map((manifest) => manifest.id);
}

/**
 * Points `current` at a release, so that whoever reads it finds the old release or the new one at every moment; null
 * removes it.
 *
 * @throws TargetError `release_broken` when the release has no folder, `app_path_unusable` when `current` isn't a link.
 */
export async function activateRelease(layout: Layout, id: string | null): Promise<void> {
  await refuseForeignCurrent(layout);
  if (id === null) await unlessMissing(unlink(layout.current));
  else {
    const folder = await requireRelease(layout, id);
    const draft = join(layout.temporary, `current-${uniqueSuffix()}`);
    await symlink(relative(layout.appPath, folder), draft);
    await rename(draft, layout.current);
  }
  await unlessMissing(syncFolder(layout.appPath));
}

/** Finds a release's folder. @throws TargetError `release_broken` when it is not there. */
export async function requireRelease(layout: Layout, id: string): Promise<string> {
  const folder = releaseFolder(layout, id);
  if ((await unlessMissing(stat(folder)))?.isDirectory()) return folder;
  throw new TargetError("release_broken", `Release ${id} has no folder: ${folder}.`, {
    hint: "Deploy its commit again; that makes a new release of it.",
  });
}

/** Whether a release could serve again; see `Target.verifyRelease`. */
export async function verifyRelease(
  layout: Layout,
  id: string,
  commit: string,
): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }> {
  const folder = releaseFolder(layout, id);
  const broken = (reason: string) => ({ ok: false, reason }) as const;
  if (!(await unlessMissing(stat(folder)))?.isDirectory()) return broken(`its folder is gone: ${folder}`);
  const manifest = await readManifest(layout, id);
  if (manifest === null) return broken(`it was never finished, or not made by Fraisier: it has no manifest`);
  if (manifest.commit !== commit) {
    return broken(`it was made from commit ${manifest.commit.slice(0, 12)}, not from ${commit.slice(0, 12)}`);
  }
  if (manifest.entries > 0 && (await readdir(folder)).length === 0) return broken(`its folder is empty: ${folder}`);
  return { ok: true };
}

/**
 * Removes a release: out of sight at once, by a rename. Harmless when there is none.
 *
 * @throws TargetError `release_in_use` when `current` points to it.
 */
export async function removeRelease(layout: Layout, id: string): Promise<void> {
  const folder = releaseFolder(layout, id);
  if ((await currentRelease(layout)) === id) {
    throw new TargetError("release_in_use", `Release ${id} can't be removed: ${layout.current} points to it.`, {
      hint: "Deploy or roll back to another release first.",
    });
  }
  await discard(folder, layout.trash);
  await removeManifest(layout, id);
  await clearMark(layout, id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
