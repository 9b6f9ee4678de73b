import { mkdir } from "node:fs/promises";
import type { Layout } from "./layout.ts";
import { refuseForeignCurrent } from "./releases.ts";

/**
 * Makes the folders below `app_path` that are missing.
 *
 * @throws TargetError `app_path_unusable` when something is in the way of `current`.
 */
export async function preparePlace(layout: Layout): Promise<void> {
  for (const folder of [layout.appPath, layout.releases, layout.shared]) await mkdir(folder, { recursive: true });
  const own = [layout.state, layout.manifests, layout.running, layout.temporary, layout.trash];
  for (const folder of own) await mkdir(folder, { recursive: true, mode: 0o700 });
  await refuseForeignCurrent(layout);
}
