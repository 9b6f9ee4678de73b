import type { Deployment, NewDeployment } from "../ledger/index.ts";
import { shortId } from "../ledger/index.ts";
import type { DeploymentReport } from "./conclude.ts";
import type { DeployContext } from "./context.ts";
import { newRow, newRun, perform } from "./perform.ts";
import {
  assertDeployable,
  type DeploymentPlan,
  fallbackRelease,
  fingerprint,
  isUpToDate,
  planDeployment,
  releaseInService,
} from "./plan.ts";
import { pruneReleases } from "./prune.ts";
import { activateStep, buildStep, fetchStep, healthStep, migrateStep, restartStep, versionOf } from "./steps.ts";

/** What is to be deployed. */
export interface DeployRequest {
  /** A branch, tag or commit; null for the environment's branch. */
  readonly ref: string | null;
  /** Deploys even what serves already. */
  readonly force: boolean;
}

/**
 * Deploys an environment of a fraise, from plan to done, and remembers every part of it.
 *
 * @returns how it ended; a failed deployment is a report and not an exception
 * @throws LeaseHeldError, TargetError `guard_held` when somebody else is at it; whatever stops it before its first step
 */
export async function deploy(context: DeployContext, request: DeployRequest): Promise<DeploymentReport> {
  assertDeployable(context);
  const planned = new Date(context.clock.now());
  const plan = await planDeployment(context, request.ref);
  if (plan.isUpToDate && !request.force) return upToDate(plan);
  const row: NewDeployment = {
    ...newRow(context, "deploy"),
    oldVersion: plan.currentVersion,
    newVersion: plan.ref.commit === null ? null : versionOf(plan.ref.commit),
    gitCommit: plan.ref.commit,
    gitBranch: plan.ref.branch,
    details: { configuration: fingerprint(context) },
  };
  return perform(context, row, planned, async ({ deployment, lease, recorder }) => {
    const { identity, target, ledger, environment } = context;
    const state = await target.inspect();
    const serving = await releaseInService(ledger, identity, target, state);
    if (!request.force && (await isUpToDate(context, state, serving, plan.ref.commit))) {
      return { declined: `${serving?.newVersion} is in service already`, isUpToDate: true };
    }
    const release = releaseId(deployment);
    const fallback = await fallbackRelease(ledger, identity, target, state);
    await ledger.changeDeployment(lease, deployment.id, {
      releaseId: release,
      previousReleaseId: fallback,
      oldVersion: serving?.newVersion ?? null,
    });
    const fetch = fetchStep(plan.ref, async (_run, { commit, branch, subject, path }) => {
      await ledger.changeDeployment(lease, deployment.id, {
        gitCommit: commit,
        gitBranch: branch,
        newVersion: versionOf(commit),
        commitSubject: subject,
        releasePath: path,
      });
    });
    const run = newRun(context, recorder, deployment, release, fallback);
    return {
      run,
      steps: [fetch, buildStep, migrateStep, activateStep, restartStep, healthStep],
      afterwards: () => pruneReleases(context, environment.keepReleases),
    };
  });
}

function upToDate(plan: DeploymentPlan): DeploymentReport {
  return {
    status: "up_to_date",
    deployment: null,
    message: `${plan.currentVersion} is in service already`,
    hint: "Give --force to deploy it anew.",
  };
}

/** `20261123-134500-9f3c01ab`: sorts by time for people; unique by the deployment's own id. */
function releaseId(deployment: Deployment): string {
  const stamp = deployment.startedAt.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `${stamp}-${shortId(deployment.id)}`;
}
