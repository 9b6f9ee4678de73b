import type { Deployment } from "../ledger/index.ts";
import { shortId } from "../ledger/index.ts";
import { adoptedReleaseError, adoptedReleases } from "./adopted-releases.ts";
import type { DeploymentReport } from "./conclude.ts";
import type { DeployContext } from "./context.ts";
import { DeployError } from "./errors.ts";
import { newRow, newRun, perform } from "./perform.ts";
import { assertDeployable, releaseInService } from "./plan.ts";
import { recoverFirst } from "./recover.ts";
import { activateStep, healthStep, restartStep, verifyStep } from "./steps.ts";

/** Where to go back to. */
export interface RollbackRequest {
  /** A deployment, a release or (the beginning of) a commit; null for the last release that served healthily. */
  readonly to: string | null;
}

/**
 * Brings an earlier release into service again. The database stays as it is: no migration is taken back. What a dead
 * process left is cleared up first; where that alone brings the earlier release back, it is all that is done.
 *
 * @throws DeployError `nothing_to_roll_back_to`, `release_not_found` or `already_live`, before anything is touched
 */
export async function rollback(context: DeployContext, request: RollbackRequest): Promise<DeploymentReport> {
  assertDeployable(context);
  const planned = new Date(context.clock.now());
  const restored = await restoredByRecovery(context);
  if (restored !== null && request.to === null) return restored;
  const { live, goal } = await choose(context, request);
  const row = {
    ...newRow(context, "rollback"),
    oldVersion: live?.newVersion ?? null,
    newVersion: goal.newVersion,
    gitCommit: goal.gitCommit,
    gitBranch: goal.gitBranch,
    undoesDeploymentId: live?.id ?? null,
  };
  return perform(context, row, planned, async ({ deployment, lease, recorder }) => {
    const now = await choose(context, request);
    if (now.goal.id !== goal.id || now.live?.id !== live?.id)
      return { declined: "another deployment came in between; look at the status and try again", isUpToDate: false };
    const release = goal.releaseId as string;
    const fallback = (await context.target.inspect()).currentRelease;
    await context.ledger.changeDeployment(lease, deployment.id, {
      releaseId: release,
      releasePath: goal.releasePath,
      previousReleaseId: fallback,
      commitSubject: goal.commitSubject,
    });
    return {
      run: newRun(context, recorder, deployment, release, fallback),
      steps: [verifyStep(goal.gitCommit as string), activateStep, restartStep, healthStep],
    };
  });
}

/** The report of a recovery that brought another release into service; null where none did. */
async function restoredByRecovery(context: DeployContext): Promise<DeploymentReport | null> {
  const { ledger, identity, target } = context;
  const before = await target.inspect();
  await recoverFirst(context);
  const state = await target.inspect();
  if (state.currentRelease === null || state.currentRelease === before.currentRelease) return null;
  if ((await ledger.getState(identity))?.status === "down") return null; // it could not be brought back
  const serving = await releaseInService(ledger, identity, target, state);
  return {
    status: "up_to_date",
    deployment: null,
    message: `${serving?.newVersion ?? state.currentRelease} serves again: what an interrupted deployment had done was undone`,
    hint: `To go back further: fraisier rollback ${identity.fraise} ${identity.environment}`,
  };
}

/** The deployment whose release serves, and the one whose release is to serve. Verifies the latter on disk. */
async function choose(
  context: DeployContext,
  { to }: RollbackRequest,
): Promise<{ live: Deployment | null; goal: Deployment }> {
  const { ledger, identity, target } = context;
  const state = await target.inspect();
  const live = await releaseInService(ledger, identity, target, state);
  const exclude = state.currentRelease === null ? [] : [state.currentRelease];
  const goal =
    to === null
      ? await ledger.lastHealthy({
          identity,
          target: target.id,
          ...(live && { before: live.id }),
          excludeReleases: exclude,
        })
      : await named(context, to, state.currentRelease);
  if (goal === null) {
    const none = `There is no earlier release of ${identity.fraise} ${identity.environment} that served healthily`;
    const [newest, ...older] = await adoptedReleases(ledger, identity);
    if (newest !== undefined) {
      // Where nothing was deployed since, the newest is what serves.
      const before = live === null ? older.find(({ gitCommit }) => gitCommit !== newest.gitCommit) : newest;
      const beginning = `${none} but for those of`;
      throw adoptedReleaseError("nothing_to_roll_back_to", beginning, identity, before?.gitCommit ?? null);
    }
    throw new DeployError("nothing_to_roll_back_to", `${none}.`, {
      hint: `See what was deployed: fraisier history --fraise ${identity.fraise} --environment ${identity.environment}`,
    });
  }
  const verdict = await target.verifyRelease(goal.releaseId as string, goal.gitCommit as string);
  if (verdict.ok) return { live, goal };
  throw new DeployError("release_not_found", `The release ${goal.releaseId} cannot serve again: ${verdict.reason}`, {
    hint: `Deploy its commit anew: fraisier deploy ${identity.fraise} ${identity.environment} --ref ${goal.gitCommit}`,
  });
}

async function named(
  { ledger, identity, target }: DeployContext,
  to: string,
  currentRelease: string | null,
): Promise<Deployment> {
  const candidates = await ledger.healthyReleases({ identity, target: target.id });
  const wanted = to.toLowerCase();
  const isMeant = ({ id, releaseId, gitCommit }: Deployment) =>
    releaseId === to ||
    id === wanted ||
    (wanted.length >= 4 &&
      (id.replaceAll("-", "").startsWith(wanted) ||
        id.replaceAll("-", "").endsWith(wanted) ||
        (gitCommit?.startsWith(wanted) ?? false)));
  const matches = candidates.filter(isMeant);
  const [first] = matches;
  if (first === undefined) {
    const adopted = (await adoptedReleases(ledger, identity)).find(isMeant);
    if (adopted !== undefined) {
      const beginning = `What is known by "${to}" was deployed by`;
      throw adoptedReleaseError("release_not_found", beginning, identity, adopted.gitCommit);
    }
    const known = candidates.slice(0, 5).map((candidate) => `${shortId(candidate.id)} (${candidate.newVersion})`);
    throw new DeployError(
      "release_not_found",
      `No healthy release of ${identity.fraise} ${identity.environment} is known by "${to}".`,
      {
        hint: known.length === 0 ? "Nothing was deployed here yet." : `Known are ${known.join(", ")}.`,
      },
    );
  }
  if (new Set(matches.map((match) => match.gitCommit)).size > 1) {
    throw new DeployError(
      "release_not_found",
      `"${to}" means several releases: ${matches.map((match) => match.releaseId).join(", ")}.`,
      { hint: "Give more of it." },
    );
  }
  const meant = matches.find((match) => match.releaseId !== currentRelease);
  if (meant === undefined)
    throw new DeployError("already_live", `${first.releaseId} is the release that serves now.`, {
      hint: "There is nothing to do.",
    });
  return meant;
}
