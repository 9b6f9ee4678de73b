import { createHash } from "node:crypto";
import type { Command } from "../config/index.ts";
import type { Deployment, Identity, Ledger } from "../ledger/index.ts";
import type { ResolvedRef, Target, TargetState } from "../targets/index.ts";
import type { DeployContext } from "./context.ts";
import { DeployError } from "./errors.ts";

/** What a deployment would do, found out without writing anything. */
export interface DeploymentPlan {
  readonly ref: ResolvedRef;
  /** The release that serves now; null when there is none. */
  readonly currentRelease: string | null;
  readonly currentVersion: string | null;
  /** The release that a failed check would go back to; null when there is nothing to go back to. */
  readonly fallbackRelease: string | null;
  /** Whether exactly this commit serves already, healthily. */
  readonly isUpToDate: boolean;
  readonly steps: readonly PlannedStep[];
}

/** One step of the plan, in words, with the commands that it runs. */
export interface PlannedStep {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly Command[];
}

type PlanContext = Omit<DeployContext, "ledger" | "listener" | "runner" | "isAlive"> & {
  /** null while there is no ledger yet: nothing was ever deployed. */
  readonly ledger: Ledger | null;
};

/**
 * Works out what deploying `ref` (null: the environment's branch) would do. Reads only.
 *
 * @throws TargetError when the ref can't be found or the repository not be reached
 */
export async function planDeployment(context: PlanContext, ref: string | null): Promise<DeploymentPlan> {
  const { environment, identity, ledger, target } = context;
  const [state, resolved] = await Promise.all([
    target.inspect(),
    target.resolveRef(ref ?? environment.branch, context.signal),
  ]);
  const current = await releaseInService(ledger, identity, target, state);
  return {
    ref: resolved,
    currentRelease: state.currentRelease,
    currentVersion: current?.newVersion ?? null,
    fallbackRelease: await fallbackRelease(ledger, identity, target, state),
    isUpToDate: !(await hasUnfinished(context)) && (await isUpToDate(context, state, current, resolved.commit)),
    steps: plannedSteps(context, resolved, state),
  };
}

/** The deployment that made the release which `current` points to; null when the ledger does not know it. */
export async function releaseInService(
  ledger: Ledger | null,
  identity: Identity,
  target: Target,
  state: TargetState,
): Promise<Deployment | null> {
  if (ledger === null || state.currentRelease === null) return null;
  return ledger.findRelease({ identity, target: target.id, releaseId: state.currentRelease });
}

/**
 * The release that a failed deployment goes back to: the one that serves, if it was ever found healthy, else the last
 * one that was. A complete release that the ledger knows nothing about served, too; one that failed never did.
 */
export async function fallbackRelease(
  ledger: Ledger | null,
  identity: Identity,
  target: Target,
  state: TargetState,
): Promise<string | null> {
  const serving = await releaseInService(ledger, identity, target, state);
  const isComplete = state.currentRelease !== null && state.releases.includes(state.currentRelease);
  if (isComplete && (serving === null || serving.healthyAt !== null)) return state.currentRelease;
  const last = await ledger?.lastHealthy({
    identity,
    target: target.id,
    ...(serving && { before: serving.id }),
    excludeReleases: state.currentRelease === null ? [] : [state.currentRelease],
  });
  return last?.releaseId && state.releases.includes(last.releaseId) ? last.releaseId : null;
}

/** A digest of what fraises.yaml says of an environment, by which a change is noticed; the secrets in it are left out. */
export function fingerprint({ environment, mask }: Pick<PlanContext, "environment" | "mask">): string {
  return createHash("sha256")
    .update(mask(JSON.stringify(environment)))
    .digest("hex")
    .slice(0, 16);
}

/** Whether this commit serves as fraises.yaml has it, was found healthy, and its process still runs. */
export async function isUpToDate(
  context: Pick<PlanContext, "ledger" | "identity" | "environment" | "mask">,
  state: TargetState,
  current: Deployment | null,
  commit: string | null,
): Promise<boolean> {
  if (commit === null || current?.gitCommit !== commit || current.healthyAt === null) return false;
  if (current.details.configuration !== fingerprint(context)) return false;
  const known = await context.ledger?.getState(context.identity);
  if (known?.status !== "healthy" && known?.status !== "unknown") return false;
  if (context.environment.service?.kind !== "process") return true;
  return state.service?.running === true && state.service.release === state.currentRelease;
}

/** Whether a deployment of this place is under way, or was when its process died: then what serves is not settled. */
async function hasUnfinished({ ledger, identity, target }: PlanContext): Promise<boolean> {
  return ((await ledger?.unfinishedDeployments({ identity, target: target.id })) ?? []).length > 0;
}

function plannedSteps({ environment, target }: PlanContext, ref: ResolvedRef, state: TargetState): PlannedStep[] {
  const { service, healthCheck, build, migrate } = environment;
  const commit = ref.commit === null ? ref.ref : `${ref.ref} (${ref.commit.slice(0, 10)})`;
  const step = (name: string, description: string, commands: readonly Command[] = []): PlannedStep => ({
    name,
    description,
    commands,
  });
  return [
    step("lock", `take ${target.id} for this process alone`),
    step("fetch", `check out ${commit} into a new release under ${target.appPath}/releases`),
    step("build", build.length === 0 ? "nothing to build" : "run in the new release", build),
    step("migrate", migrate.length === 0 ? "nothing to migrate" : "run in the new release", migrate),
    step(
      "activate",
      `point ${target.appPath}/current at the new release${state.currentRelease === null ? "" : `, instead of ${state.currentRelease}`}`,
    ),
    service === null
      ? step("restart", "no service is declared")
      : service.kind === "process"
        ? step(
            "restart",
            `${state.service?.running ? "stop the running process and " : ""}start the service${portText(service.port, state)}`,
            [service.start],
          )
        : step("restart", "run", [service.restart]),
    step(
      "health",
      healthCheck === null
        ? "no health check is declared"
        : `probe ${healthCheck.url} until it answers ${healthCheck.expectStatus.join(" or ")}, at most ${healthCheck.retries + 1} times (the first and ${healthCheck.retries} more), every ${healthCheck.interval} s`,
    ),
    step("done", `record the success and keep the newest ${environment.keepReleases} releases`),
  ];
}

function portText(port: "auto" | number | null, state: TargetState): string {
  if (port === null) return "";
  return port === "auto"
    ? ` on ${state.service?.port ? `port ${state.service.port}` : "a free port"}`
    : ` on port ${port}`;
}

/** @throws DeployError `type_not_supported` for a fraise that can't be deployed yet */
export function assertDeployable(context: Pick<DeployContext, "fraise">): void {
  const { fraise } = context;
  if (fraise.type === "api") return;
  throw new DeployError(
    "type_not_supported",
    `"${fraise.name}" is of type ${fraise.type}, and deploying that type is not supported yet.`,
    {
      hint: "Only fraises of type api can be deployed by this version.",
    },
  );
}
