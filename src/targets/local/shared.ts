import { lstat, mkdir, rename, stat, symlink } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { TargetError } from "../errors.ts";
import { unlessMissing } from "./files.ts";
import type { Layout } from "./layout.ts";
import { discard } from "./remove-tree.ts";

/**
 * Puts links to `shared/` into the tree of a release that is being made. What is not in `shared/` yet begins as the
 * release's own content, else as an empty folder.
 *
 * @param tree where the tree is now.
 * @param entries paths in the release; one that ends in `/` is a folder.
 * @throws TargetError `shared_missing` when a file is in neither place, `app_path_unusable` when a file is where a folder
 * should be or a link is in the way, `unsupported` when the path leads out of the release.
 */
export async function linkShared(layout: Layout, tree: string, entries: readonly string[]): Promise<void> {
  for (const entry of entries) {
    const parts = entry.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.length === 0 || parts.includes("..") || entry.startsWith("/")) {
      throw new TargetError("unsupported", `${JSON.stringify(entry)} can't be shared: it is no path in the release.`, {
        hint: 'Under shared, write paths like "storage/" or ".env".',
      });
    }
    await linkOne(layout, tree, parts, entry.endsWith("/"));
  }
}

async function linkOne(layout: Layout, tree: string, parts: readonly string[], isFolder: boolean): Promise<void> {
  const path = parts.join(sep);
  const inTree = join(tree, path);
  const inShared = join(layout.shared, path);
  await makeParents(tree, parts);

  const own = await unlessMissing(lstat(inTree));
  if (own?.isSymbolicLink()) {
    throw new TargetError("app_path_unusable", `${path} can't be shared: the repository has a symbolic link there.`, {
      hint: `Remove ${path} from the repository, or from shared in fraises.yaml.`,
    });
  }
  const kept = await unlessMissing(stat(inShared));
  if (kept === null) await begin(layout, inTree, inShared, { path, hasOwn: own !== null, isFolder });
  else {
    if (isFolder && !kept.isDirectory()) {
      throw new TargetError("app_path_unusable", `${inShared} is a file, but shared says that it is a folder.`, {
        hint: `Move the file away, or write ${JSON.stringify(path)} without "/" under shared.`,
      });
    }
    if (own !== null) await discard(inTree, layout.trash);
  }
  // Relative as seen from releases/<id>, so that the whole app_path can be moved.
  const seenFrom = dirname(join(layout.releases, "id", path));
  await symlink(relative(seenFrom, inShared), inTree);
}

async function begin(
  layout: Layout,
  inTree: string,
  inShared: string,
  entry: { readonly path: string; readonly hasOwn: boolean; readonly isFolder: boolean },
): Promise<void> {
  if (!entry.hasOwn && !entry.isFolder) {
    throw new TargetError("shared_missing", `${entry.path} is shared, but ${inShared} does not exist.`, {
      hint: `Create ${inShared}, then deploy again (if it is a folder, write "${entry.path}/" under shared).`,
    });
  }
  if (!entry.hasOwn) {
    await mkdir(inShared, { recursive: true });
    return;
  }
  await mkdir(dirname(join(layout.shared, entry.path)), { recursive: true });
  await rename(inTree, inShared);
}

/** Makes the folders above an entry. A link among them could lead anywhere on the machine. */
async function makeParents(tree: string, parts: readonly string[]): Promise<void> {
  let folder = tree;
  for (const part of parts.slice(0, -1)) {
    folder = join(folder, part);
    const there = await unlessMissing(lstat(folder));
    if (there === null) await mkdir(folder);
    else if (!there.isDirectory()) {
      const path = parts.join("/");
      throw new TargetError(
        "app_path_unusable",
        `${path} can't be shared: ${part} is not a folder in the repository.`,
        {
          hint: `Correct ${JSON.stringify(path)} under shared in fraises.yaml.`,
        },
      );
    }
  }
}
