import type { FraisierError } from "../db/index.ts";
import type { Holder, Lease } from "../ledger/index.ts";
import type { Guard } from "../targets/index.ts";
import { type DeployContext, leaseName } from "./context.ts";
import { LEASE_TTL_MS, LeaseKeeper } from "./lease-keeper.ts";

/** The sole right to change one target: the lease in the ledger and the guard on the machine. */
export interface TargetLock {
  readonly lease: Lease;
  /** Aborted when the lease is lost. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Takes the lease, then the guard. Never waits.
 *
 * @throws LeaseHeldError when a living process has the lease, TargetError `guard_held` when one has the guard
 */
export async function lockTarget(context: DeployContext): Promise<TargetLock> {
  const { ledger, runner, target, clock } = context;
  const { lease } = await ledger.acquireLease({
    target: leaseName(context.identity, target.id),
    holder: runner,
    ttlMs: LEASE_TTL_MS,
    isAlive: context.isAlive,
  });
  const keeper = new LeaseKeeper(ledger, lease, clock);
  let guard: Guard;
  try {
    guard = await target.guard({ token: lease.token, holder: describeHolder(runner) });
  } catch (error) {
    await keeper.release();
    throw error;
  }
  return {
    lease,
    lost: keeper.lost,
    async release() {
      await guard.release();
      await keeper.release();
    },
  };
}

/** Frees what is held. What can't be freed frees itself with the end of this process; it must not hide the result. */
export async function releaseLock(lock: TargetLock, listener: DeployContext["listener"]): Promise<void> {
  try {
    await lock.release();
  } catch (error) {
    listener({
      type: "warning",
      message: `The lock could not be freed (${(error as Error).message}); it frees itself when this process ends.`,
    });
  }
}

/** Whether an error says that somebody else is working on the target. */
export function isLockedError(error: unknown): error is FraisierError {
  const kind = (error as { kind?: unknown } | null)?.kind;
  return kind === "locked" || kind === "guard_held";
}

/** `maria on web1 (process 4711)`, for messages. */
export function describeHolder(holder: Holder): string {
  return `${holder.user} on ${holder.host} (process ${holder.pid}${holder.ciRun === null ? "" : `, ${holder.ciRun}`})`;
}
