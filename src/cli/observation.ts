import { identityOf, isHolderAlive, leaseName } from "../deploy/index.ts";
import type { Deployment, FraiseState, Lease, Ledger } from "../ledger/index.ts";
import type { ServiceState, Target } from "../targets/index.ts";
import { targetOf } from "./deploy-context.ts";
import type { Place } from "./project.ts";
import type { Terminal } from "./terminal.ts";
import { relativeTime } from "./time.ts";
import { deploymentJson } from "./view.ts";

/** What the ledger and the machine say of one place. */
export interface Observation {
  readonly place: Place;
  readonly state: FraiseState | null;
  readonly deployment: Deployment | null;
  /** Who is working on it at this moment. */
  readonly lease: Lease | null;
  /** Only for a place on this machine. */
  readonly target: Target | null;
  readonly service: ServiceState | null;
  readonly currentRelease: string | null;
}

/** Looks at one place. Changes nothing. @throws DatabaseError, TargetError */
export async function observe(place: Place, ledger: Ledger | null): Promise<Observation> {
  const identity = identityOf(place.project, place.fraise, place.environment);
  const isHere = place.fraise.type === "api" && place.environment.appPath !== null;
  const target = isHere ? targetOf(place) : null;
  const onDisk = await target?.inspect();
  const state = (await ledger?.getState(identity)) ?? null;
  const lease = target === null ? null : ((await ledger?.readLease(leaseName(identity, target.id))) ?? null);
  return {
    place,
    state,
    deployment: state?.currentDeploymentId ? ((await ledger?.getDeployment(state.currentDeploymentId)) ?? null) : null,
    lease,
    target,
    service: onDisk?.service ?? null,
    currentRelease: onDisk?.currentRelease ?? null,
  };
}

/** Whether the process that has a lease is gone, on this machine. */
export const isLeaseDead = (lease: Lease): boolean => isHolderAlive(lease.holder) === false;

/** Who is deploying, or left something unfinished. */
export function leaseText(terminal: Terminal, lease: Lease, now: Date): string {
  const since = relativeTime(lease.acquiredAt, now);
  return isLeaseDead(lease)
    ? terminal.style("yellow", `what ${lease.holder.user} began ${since} was killed`)
    : terminal.style("cyan", `${lease.holder.user} is deploying, since ${since}`);
}

/** What was found, as JSON. */
export function observationJson({
  place,
  state,
  deployment,
  lease,
  service,
  currentRelease,
}: Observation): Record<string, unknown> {
  return {
    fraise: place.fraise.name,
    environment: place.environment.key,
    type: place.fraise.type,
    status: state?.status ?? null,
    version: state?.currentVersion ?? null,
    lastDeployedAt: state?.lastDeployedAt ?? null,
    lastDeployedBy: state?.lastDeployedBy ?? null,
    successfulDeployments: state?.successfulDeployments ?? 0,
    failedDeployments: state?.failedDeployments ?? 0,
    currentRelease,
    deployment: deployment && deploymentJson(deployment),
    service: service && serviceJson(service),
    deploying: lease && leaseJson(lease),
  };
}

/** A service as JSON. */
export function serviceJson({ pid, running, port, logFile }: ServiceState): Record<string, unknown> {
  return { pid, running, port, logFile };
}

/** Who is deploying, as JSON. */
export function leaseJson(lease: Lease): Record<string, unknown> {
  const { user, host, pid, ciRun } = lease.holder;
  return { user, host, pid, ciRun, since: lease.acquiredAt, processGone: isLeaseDead(lease) };
}
