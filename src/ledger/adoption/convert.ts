import { DEPLOYMENT_STATUSES, type DeploymentStatus, FRAISE_STATUSES, type FraiseStatus } from "../model.ts";
import { isUuid } from "../uuid7.ts";
import type { Problems } from "./problems.ts";
import type { PythonDeployment, PythonLock, PythonState, PythonWebhook } from "./rows.ts";
import type { PythonTable } from "./shape.ts";
import type { ReadTime, TimeZone } from "./time-zone.ts";

/** What is said of a deployment of which its process said nothing more. */
export const ABANDONED_MESSAGE =
  "its process ended without a word; that was noted when the Python Fraisier's database was adopted";

interface Audit {
  readonly id: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What today's tables have in place of what the Python Fraisier wrote; columns that stay as they are are not among it. */
export interface AdoptedState extends Audit {
  readonly lastDeployedAt: Date | null;
  readonly status: FraiseStatus;
}

export interface AdoptedDeployment extends Audit {
  readonly status: Exclude<DeploymentStatus, "pending" | "in_progress">;
  readonly startedAt: Date;
  readonly completedAt: Date;
  readonly durationSeconds: number | null;
  readonly healthyAt: Date | null;
  readonly errorMessage: string | null;
  /** Whether it had not ended. */
  readonly wasUnfinished: boolean;
}

export interface AdoptedWebhook extends Audit {
  readonly receivedAt: Date;
}

export interface AdoptedLock {
  readonly lockedAt: Date;
  readonly expiresAt: Date;
}

/** A row that is being converted: what is wrong with it is noted, and a stand-in used, so that all of it comes out. */
class Row {
  readonly #note: (what: string) => void;
  readonly #zone: TimeZone;

  constructor(zone: TimeZone, problems: Problems, table: PythonTable, key: number) {
    this.#note = (what) => problems.add(table, key, what);
    this.#zone = zone;
  }

  /** @param notBefore what came before, by which a time that was shown twice is told apart */
  time(column: string, text: string, notBefore?: ReadTime): ReadTime {
    const time = this.#zone.read(text, notBefore?.instant);
    if (time === null) this.#note(`${column} is no time`);
    return time ?? { instant: 0, wall: null };
  }

  id(text: string): string {
    if (!isUuid(text)) this.#note("id is no UUID");
    return text.toLowerCase();
  }

  deploymentStatus(status: string): DeploymentStatus {
    const known = DEPLOYMENT_STATUSES.find((one) => one === status);
    if (known === undefined) this.#note("status is none that is known");
    return known ?? "abandoned";
  }
}

const dateOf = ({ instant }: ReadTime): Date => new Date(instant);

/** A status that is not known is `unknown`. */
export function convertState(row: PythonState, zone: TimeZone, problems: Problems): AdoptedState {
  const reading = new Row(zone, problems, "tb_fraise_state", row.pk_fraise_state);
  const created = reading.time("created_at", row.created_at);
  const lastDeployed =
    row.last_deployed_at === null ? null : reading.time("last_deployed_at", row.last_deployed_at, created);
  return {
    id: reading.id(row.id),
    lastDeployedAt: lastDeployed && dateOf(lastDeployed),
    status: FRAISE_STATUSES.find((status) => status === row.status) ?? "unknown",
    createdAt: dateOf(created),
    updatedAt: dateOf(reading.time("updated_at", row.updated_at, created)),
  };
}

/**
 * One that was not finished is `abandoned`. What does not say when it ended did so when its row was last written. One that
 * was rolled back after it had ended without an error had been healthy.
 */
export function convertDeployment(row: PythonDeployment, zone: TimeZone, problems: Problems): AdoptedDeployment {
  const reading = new Row(zone, problems, "tb_deployment", row.pk_deployment);
  const started = reading.time("started_at", row.started_at);
  const created = reading.time("created_at", row.created_at);
  const completed = row.completed_at === null ? null : reading.time("completed_at", row.completed_at, started);
  const updated = reading.time("updated_at", row.updated_at, completed ?? created);
  const known = reading.deploymentStatus(row.status);
  const wasUnfinished = known === "pending" || known === "in_progress";
  const status = wasUnfinished ? "abandoned" : known;
  const completedAt = dateOf(completed ?? updated);
  const wasHealthy =
    status === "success" || (status === "rolled_back" && completed !== null && row.error_message === null);
  return {
    id: reading.id(row.id),
    status,
    startedAt: dateOf(started),
    completedAt,
    durationSeconds: durationOf(row.duration_seconds, started, completed),
    healthyAt: wasHealthy ? completedAt : null,
    errorMessage: row.error_message ?? (wasUnfinished ? ABANDONED_MESSAGE : null),
    wasUnfinished,
    createdAt: dateOf(created),
    updatedAt: dateOf(updated),
  };
}

/** It was the difference of two wall clocks: wrong by as much as these were put forward or back in between. */
function durationOf(seconds: number | null, started: ReadTime, completed: ReadTime | null): number | null {
  if (seconds === null) return null;
  if (completed === null) return Math.max(0, seconds);
  const elapsed = completed.instant - started.instant;
  if (started.wall === null || completed.wall === null) return Math.max(0, seconds < 0 ? elapsed / 1000 : seconds);
  const putForward = completed.wall - started.wall - elapsed;
  return Math.max(0, seconds - putForward / 1000);
}

export function convertWebhook(row: PythonWebhook, zone: TimeZone, problems: Problems): AdoptedWebhook {
  const reading = new Row(zone, problems, "tb_webhook_event", row.pk_webhook_event);
  const received = reading.time("received_at", row.received_at);
  const created = reading.time("created_at", row.created_at);
  return {
    id: reading.id(row.id),
    receivedAt: dateOf(received),
    createdAt: dateOf(created),
    updatedAt: dateOf(reading.time("updated_at", row.updated_at, created)),
  };
}

export function convertLock(row: PythonLock, zone: TimeZone, problems: Problems): AdoptedLock {
  const reading = new Row(zone, problems, "tb_deployment_lock", row.pk_deployment_lock);
  const locked = reading.time("locked_at", row.locked_at);
  return {
    lockedAt: dateOf(locked),
    expiresAt: dateOf(reading.time("expires_at", row.expires_at, locked)),
  };
}
