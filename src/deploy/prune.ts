import type { DeployContext } from "./context.ts";
import { fallbackRelease } from "./plan.ts";

/** Removes old releases, the newest `keep` aside: never the one that serves nor the one a rollback would go to. */
export async function pruneReleases({ target, ledger, identity }: DeployContext, keep: number): Promise<void> {
  const state = await target.inspect();
  const live = state.currentRelease;
  const serving = live === null ? null : await ledger.findRelease({ identity, target: target.id, releaseId: live });
  const lastHealthy = await ledger.lastHealthy({
    identity,
    target: target.id,
    ...(serving && { before: serving.id }),
    excludeReleases: live === null ? [] : [live],
  });
  const kept = new Set([
    ...state.releases.slice(-keep),
    live,
    lastHealthy?.releaseId,
    await fallbackRelease(ledger, identity, target, state),
  ]);
  for (const release of state.releases) if (!kept.has(release)) await target.removeRelease(release);
}
