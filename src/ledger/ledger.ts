import { type Clock, type FraiserDatabaseAdapter, systemClock } from "../db/index.ts";
import { type DayCount, readDayCounts } from "./counters.ts";
import { deploymentOf } from "./deployment-row.ts";
import * as deployments from "./deployments.ts";
import { type EventFilter, readEvents } from "./events.ts";
import * as leases from "./lease.ts";
import type {
  Deployment,
  DeploymentChange,
  DeploymentEnd,
  DeploymentFilter,
  DeploymentStep,
  FraiseState,
  Identity,
  Lease,
  LedgerEvent,
  NewDeployment,
  OutputChunk,
  RecordedDeployment,
  StatedState,
  StepDirection,
  StepOutcome,
} from "./model.ts";
import { appendOutput, type NewOutput, type OutputFilter, readOutput } from "./output.ts";
import * as queries from "./queries.ts";
import * as recorded from "./recorded.ts";
import * as locks from "./service-lock.ts";
import { readState, readStates, writeState } from "./states.ts";
import * as steps from "./steps.ts";
import * as webhooks from "./webhooks.ts";

/**
 * What is deployed where, who did it, what happened, and who is deploying now; in any database, all of it asynchronous.
 * Whatever changes a target is done under a lease, and refused with {@link LeaseLostError} once the lease is lost.
 */
export class Ledger {
  readonly adapter: FraiserDatabaseAdapter;
  readonly #clock: Clock;

  /** @param adapter a database whose schema is current; see {@link runMigrations} */
  constructor(adapter: FraiserDatabaseAdapter, options: { readonly clock?: Clock } = {}) {
    this.adapter = adapter;
    this.#clock = options.clock ?? systemClock;
  }

  /** Takes the lease of a target. @throws LeaseHeldError */
  acquireLease(request: leases.LeaseRequest): Promise<leases.AcquiredLease> {
    return leases.acquireLease(this.adapter, request);
  }

  /** Prolongs a lease. @throws LeaseLostError */
  heartbeat(lease: Lease): Promise<void> {
    return leases.heartbeatLease(this.adapter, lease);
  }

  /** Frees a lease. @throws LeaseLostError when it is somebody else's by now, who then keeps it */
  releaseLease(lease: Lease): Promise<void> {
    return leases.releaseLease(this.adapter, lease);
  }

  /** Who has the lease of a target; null when it is free. */
  readLease(target: string): Promise<Lease | null> {
    return leases.readLease(this.adapter, target);
  }

  /** Writes a pending deployment. Its fraise need not be known yet. @throws IllegalTransitionError when what it undoes does not exist */
  createDeployment(deployment: NewDeployment): Promise<Deployment> {
    return deployments.createDeployment(this.adapter, deployment, this.#now());
  }

  /** pending → in_progress. @throws LeaseLostError, IllegalTransitionError */
  beginDeployment(lease: Lease, id: string): Promise<void> {
    return deployments.beginDeployment(this.adapter, lease, id, this.#now());
  }

  /** Notes what became known of a deployment in progress. @throws LeaseLostError, IllegalTransitionError */
  changeDeployment(lease: Lease, id: string, change: DeploymentChange): Promise<void> {
    return deployments.changeDeployment(this.adapter, lease, id, change, this.#now());
  }

  /** Ends a deployment, with all that follows from it, in one transaction. @throws LeaseLostError, IllegalTransitionError */
  endDeployment(lease: Lease, id: string, end: DeploymentEnd): Promise<Deployment> {
    return deployments.endDeployment(this.adapter, lease, id, end, this.#now());
  }

  /** pending → cancelled. @throws IllegalTransitionError */
  cancelPending(id: string, reason: string): Promise<void> {
    return deployments.endPending(this.adapter, id, "cancelled", reason, this.#now());
  }

  /** pending → abandoned: its process is gone. @throws IllegalTransitionError */
  abandonPending(id: string, reason: string): Promise<void> {
    return deployments.endPending(this.adapter, id, "abandoned", reason, this.#now());
  }

  /** Writes a deployment that another program has begun, and which is under nobody's lease. */
  recordDeployment(deployment: RecordedDeployment): Promise<Deployment> {
    return recorded.recordDeployment(this.adapter, deployment, this.#now());
  }

  /** Ends what {@link recordDeployment} began. @throws IllegalTransitionError; LeaseNeededError for any other deployment */
  endRecorded(id: string, end: DeploymentEnd): Promise<Deployment> {
    return recorded.endRecorded(this.adapter, id, end, this.#now());
  }

  /** A recorded deployment, in progress or successful, becomes `rolled_back`. @throws IllegalTransitionError; LeaseNeededError for any other deployment */
  markRolledBack(id: string): Promise<Deployment> {
    return recorded.markRolledBack(this.adapter, id, this.#now());
  }

  /** Records that a step begins. @throws LeaseLostError, IllegalTransitionError */
  startStep(
    lease: Lease,
    deploymentId: string,
    step: { readonly name: string; readonly direction: StepDirection },
  ): Promise<DeploymentStep> {
    return steps.startStep(this.adapter, lease, deploymentId, step, this.#now());
  }

  /** Records how a running step ended. @throws LeaseLostError, IllegalTransitionError, StepNotRunningError */
  finishStep(
    lease: Lease,
    deploymentId: string,
    order: number,
    outcome: Exclude<StepOutcome, "running">,
    message: string | null = null,
  ): Promise<void> {
    return steps.finishStep(this.adapter, lease, deploymentId, order, outcome, message, this.#now());
  }

  /** Records a step of a pending deployment that is over already. @throws IllegalTransitionError */
  recordStep(deploymentId: string, step: steps.FinishedStep): Promise<void> {
    return steps.recordStep(this.adapter, deploymentId, step);
  }

  /** Appends what a step printed. @throws LeaseLostError, IllegalTransitionError */
  appendOutput(lease: Lease, deploymentId: string, step: number, chunks: readonly NewOutput[]): Promise<void> {
    return appendOutput(this.adapter, lease, deploymentId, step, chunks);
  }

  async getDeployment(id: string): Promise<Deployment | null> {
    const row = await queries.readDeploymentRow(this.adapter, id);
    return row === null ? null : deploymentOf(row);
  }

  /** Deployments whose id begins or ends with these hex digits (4 or more); at most 10. */
  findDeployments(text: string): Promise<Deployment[]> {
    return queries.findDeployments(this.adapter, text);
  }

  /** Deployments, newest first. */
  listDeployments(filter: DeploymentFilter = {}): Promise<Deployment[]> {
    return queries.listDeployments(this.adapter, filter);
  }

  /** Deployments of a place that are pending or in progress, oldest first. */
  unfinishedDeployments(place: queries.PlaceFilter): Promise<Deployment[]> {
    return queries.unfinishedDeployments(this.adapter, place);
  }

  /** The newest deployment whose release served healthily and was not rolled back since. */
  lastHealthy(filter: Parameters<typeof queries.lastHealthy>[1]): Promise<Deployment | null> {
    return queries.lastHealthy(this.adapter, filter);
  }

  /** The deployment that made a release. */
  findRelease(filter: Parameters<typeof queries.findRelease>[1]): Promise<Deployment | null> {
    return queries.findRelease(this.adapter, filter);
  }

  /** Every deployment whose release was once healthy, newest first; at most 100. */
  healthyReleases(place: queries.PlaceFilter): Promise<Deployment[]> {
    return queries.healthyReleases(this.adapter, place);
  }

  /** The steps of a deployment, in the order in which they began. */
  getSteps(deploymentId: string): Promise<DeploymentStep[]> {
    return steps.readSteps(this.adapter, deploymentId);
  }

  /** What the steps of a deployment printed, in order. */
  getOutput(deploymentId: string, filter: OutputFilter = {}): Promise<OutputChunk[]> {
    return readOutput(this.adapter, deploymentId, filter);
  }

  /** What is known of an environment; null when nothing was ever deployed there. */
  getState(identity: Identity): Promise<FraiseState | null> {
    return readState(this.adapter, identity);
  }

  /** All states, of one project or of all. */
  listStates(project?: string): Promise<FraiseState[]> {
    return readStates(this.adapter, project);
  }

  /** Notes what a program that deploys by itself says of an environment, which need not be known yet. */
  setState(identity: Identity, state: StatedState): Promise<FraiseState> {
    return writeState(this.adapter, identity, state, this.#now());
  }

  /** How the deployments of a fraise ended, by day (UTC), since a day (`YYYY-MM-DD`). */
  dayCounts(state: Pick<FraiseState, "id">, since: string): Promise<DayCount[]> {
    return readDayCounts(this.adapter, state, since);
  }

  /** What happened, oldest first. */
  events(filter: EventFilter = {}): Promise<LedgerEvent[]> {
    return readEvents(this.adapter, filter);
  }

  /** Notes a webhook that came in. @returns its id */
  recordWebhookEvent(event: webhooks.NewWebhookEvent): Promise<string> {
    return webhooks.recordWebhookEvent(this.adapter, event, this.#now());
  }

  /** Notes which deployment a webhook led to. @returns false when there is no such webhook or deployment */
  linkWebhookToDeployment(webhookId: string, deploymentId: string): Promise<boolean> {
    return webhooks.linkWebhook(this.adapter, webhookId, deploymentId, this.#now());
  }

  /** The webhooks received last, newest first. */
  recentWebhooks(limit = 20): Promise<webhooks.WebhookEvent[]> {
    return webhooks.recentWebhooks(this.adapter, limit);
  }

  /** Takes a lock of the older API for so many milliseconds, or until a time. @returns whether it was free */
  acquireServiceLock(service: string, provider: string, owner: string, end: number | Date): Promise<boolean> {
    const lockedAt = this.#now();
    return locks.acquireServiceLock(this.adapter, {
      service,
      provider,
      owner,
      lockedAt,
      expiresAt: typeof end === "number" ? new Date(lockedAt.getTime() + end) : end,
    });
  }

  /** Frees a lock of the older API, if it is still this owner's. @returns whether it was */
  releaseServiceLock(service: string, provider: string, owner: string): Promise<boolean> {
    return locks.releaseServiceLock(this.adapter, service, provider, owner);
  }

  /** A lock of the older API that has not expired. */
  readServiceLock(service: string, provider: string): Promise<locks.ServiceLock | null> {
    return locks.readServiceLock(this.adapter, service, provider, this.#now());
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }
}
