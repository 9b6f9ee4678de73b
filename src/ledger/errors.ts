import { FraisierError, type FraisierErrorDetails } from "../db/index.ts";
import type { DeploymentStatus, Holder, Lease } from "./model.ts";
import type { ServiceLock } from "./service-lock.ts";

/** Somebody who is alive has the lease. */
export class LeaseHeldError extends FraisierError {
  override readonly name: string = "LeaseHeldError";
  declare readonly kind: "locked";
  readonly lease: Lease;

  constructor(lease: Lease) {
    const since = lease.acquiredAt
      .toISOString()
      .replace("T", " ")
      .replace(/\.\d+Z$/, "Z");
    super("locked", `${describe(lease.holder)} has been working on this since ${since}.`, {
      hint: "Wait until that ends, or end it there with Ctrl-C. Its lock frees itself when its process ends.",
    });
    this.lease = lease;
  }
}

function describe({ user, host, pid, ciRun }: Holder): string {
  return `${user} on ${host} (process ${pid}${ciRun === null ? "" : `, ${ciRun}`})`;
}

/** The lease that a write was made under is not the newest any more; nothing was written. */
export class LeaseLostError extends FraisierError {
  override readonly name: string = "LeaseLostError";
  declare readonly kind: "lease_lost";

  constructor(lease: Lease) {
    super(
      "lease_lost",
      `The lease on ${lease.target} (token ${lease.token}) was taken over by somebody else, so nothing more is written in its name.`,
      {
        hint: "Look at who has it: fraisier status",
      },
    );
  }
}

/** A deployment cannot go from the status it has to the one that was asked for. */
export class IllegalTransitionError extends FraisierError {
  override readonly name: string = "IllegalTransitionError";
  declare readonly kind: "illegal_transition";

  constructor(id: string, from: DeploymentStatus | "nothing", to: DeploymentStatus) {
    super("illegal_transition", `The deployment ${id} is ${from} and cannot become ${to}.`, {
      hint: `See what happened to it: fraisier show ${id}`,
    });
  }
}

/** A deployment that is made under a lease was to be changed without one. */
export class LeaseNeededError extends FraisierError {
  override readonly name: string = "LeaseNeededError";
  declare readonly kind: "lease_needed";

  constructor(id: string, target: string) {
    super(
      "lease_needed",
      `The deployment ${id} is one that Fraisier makes on ${target}, and is changed only by who has the lease there.`,
      { hint: `See what happens to it: fraisier show ${id}` },
    );
  }
}

/** A lock of the older API is somebody's. */
export class ServiceLockHeldError extends FraisierError {
  override readonly name: string = "ServiceLockHeldError";
  declare readonly kind: "locked";

  /** @param lock null when it was freed just now */
  constructor(service: string, provider: string, lock: ServiceLock | null) {
    const who = lock?.owner == null ? "" : ` by ${lock.owner}`;
    const when =
      lock === null
        ? "a moment ago"
        : `since ${lock.lockedAt.toISOString()}, until ${lock.expiresAt.toISOString()} at the latest`;
    super("locked", `${service} on ${provider} is locked${who}, ${when}.`, {
      hint: "Wait until it is released or expires, and try again.",
    });
  }
}

/** A lock of the older API was to end at a time that is none, or over. */
export class InvalidExpiryError extends FraisierError {
  override readonly name: string = "InvalidExpiryError";
  declare readonly kind: "invalid_expiry";

  constructor(service: string, provider: string, why: string) {
    super("invalid_expiry", `${service} on ${provider} was not locked: the end of the lock ${why}.`, {
      hint: "Give a Date or ISO text in the future, e.g. new Date(Date.now() + 600_000).",
    });
  }
}

/** The older API was asked for a row that there is not. */
export class UnknownKeyError extends FraisierError {
  override readonly name: string = "UnknownKeyError";
  declare readonly kind: "deployment_not_found" | "webhook_not_found";

  constructor(kind: UnknownKeyError["kind"], key: unknown) {
    const [what, method] =
      kind === "deployment_not_found" ? ["deployment", "getRecentDeployments"] : ["webhook", "getRecentWebhooks"];
    super(kind, `The ledger has no ${what} with the key ${String(key)}.`, {
      hint: `See those that it has: ${method}()`,
    });
  }
}

/** A step that is not running cannot end; nothing was written. */
export class StepNotRunningError extends FraisierError {
  override readonly name: string = "StepNotRunningError";
  declare readonly kind: "step_not_running";

  constructor(deploymentId: string, order: number) {
    super("step_not_running", `The deployment ${deploymentId} has no step ${order} that is running.`, {
      hint: `See its steps: fraisier show ${deploymentId}`,
    });
  }
}

/** The database's schema is not the one that this version of Fraisier works with. */
export class LedgerSchemaError extends FraisierError {
  override readonly name: string = "LedgerSchemaError";
  declare readonly kind:
    | "schema_outdated"
    | "schema_newer"
    | "schema_foreign"
    | "schema_in_memory"
    /** A file of the Python Fraisier has several states of what today is one fraise. */
    | "schema_duplicates"
    /** A file of the Python Fraisier has rows that today's tables cannot hold. */
    | "schema_invalid_rows";

  constructor(kind: LedgerSchemaError["kind"], message: string, details: FraisierErrorDetails) {
    super(kind, message, details);
  }
}

/** A name that is no time zone's. */
export class UnknownTimeZoneError extends FraisierError {
  override readonly name: string = "UnknownTimeZoneError";
  declare readonly kind: "timezone_unknown";

  constructor(name: string) {
    super("timezone_unknown", `"${name}" is not the name of a time zone that this machine knows.`, {
      hint: "Give the zone of the machine that wrote the times: fraisier db migrate --timezone Europe/Paris",
    });
  }
}
