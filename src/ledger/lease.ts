import { DatabaseError, type FraiserDatabaseAdapter, type Queryable, type Transaction } from "../db/index.ts";
import { DATABASE_NOW, databaseNow } from "./database-clock.ts";
import { LeaseHeldError, LeaseLostError } from "./errors.ts";
import { writeEvent } from "./events.ts";
import type { Holder, Lease } from "./model.ts";

/** Who wants a lease, and how it is told whether another holder still lives. */
export interface LeaseRequest {
  readonly target: string;
  readonly holder: Holder;
  /** Milliseconds after the last heartbeat at which the lease expires. */
  readonly ttlMs: number;
  /** Asked of the holder of a lease that has not expired. */
  readonly isAlive: (holder: Holder) => boolean | "unknown";
}

/** The lease, and the one that a dead or silent holder left behind. */
export interface AcquiredLease {
  readonly lease: Lease;
  readonly takenOverFrom: Lease | null;
}

interface LeaseRow {
  readonly target: string;
  readonly fencing_token: number;
  readonly holder_host: string | null;
  readonly holder_machine: string;
  readonly holder_boot_id: string;
  readonly holder_pid: number;
  readonly holder_start_time: string;
  readonly holder_user: string;
  readonly holder_ci_run: string | null;
  readonly acquired_at: Date;
  readonly heartbeat_at: Date;
  readonly expires_at: Date;
  readonly deployment_id: string | null;
}

const SELECT_LEASE = `SELECT l.*, d.id AS deployment_id FROM tb_deployment_lease l LEFT JOIN tb_deployment d ON l.fk_deployment = d.pk_deployment WHERE l.target = ?`;

/**
 * Takes the lease of a target when it is free, expired, or held by a dead process; each time with a higher token.
 *
 * @throws LeaseHeldError when a living holder, or one of whom nothing is known, has it
 */
export async function acquireLease(adapter: FraiserDatabaseAdapter, request: LeaseRequest): Promise<AcquiredLease> {
  await insertRow(adapter, request.target);
  return adapter.transaction(
    async (tx) => {
      const [row] = await tx.executeQuery<LeaseRow>(SELECT_LEASE, [request.target]);
      if (row === undefined) throw new Error(`the lease row of ${request.target} is gone`);
      const now = await databaseNow(tx, adapter.databaseType());
      const held = leaseOf(row);
      if (held !== null && held.expiresAt > now && request.isAlive(held.holder) !== false)
        throw new LeaseHeldError(held);
      const lease: Lease = {
        target: request.target,
        token: row.fencing_token + 1,
        holder: request.holder,
        deploymentId: null,
        acquiredAt: now,
        heartbeatAt: now,
        expiresAt: new Date(now.getTime() + request.ttlMs),
      };
      const taken = await tx.executeUpdate(
        `UPDATE tb_deployment_lease SET fencing_token = ?, fk_deployment = NULL, holder_host = ?, holder_machine = ?, holder_boot_id = ?, holder_pid = ?,
           holder_start_time = ?, holder_user = ?, holder_ci_run = ?, acquired_at = ?, heartbeat_at = ?, expires_at = ?
         WHERE target = ? AND fencing_token = ?`,
        [lease.token, ...holderValues(request.holder), now, now, lease.expiresAt, request.target, row.fencing_token],
      );
      // Somebody was faster: the transaction is tried again and then meets the new holder.
      if (taken === 0)
        throw new DatabaseError(
          "serialization_failure",
          `The lease of ${request.target} changed hands at this moment.`,
        );
      await writeEvent(tx, now, "lease.acquired", request.target, {
        token: lease.token,
        user: request.holder.user,
        host: request.holder.host,
        pid: request.holder.pid,
      });
      return { lease, takenOverFrom: held };
    },
    { retry: { attempts: 10, maxDelayMs: 100 } },
  );
}

/** Prolongs a lease by as much as it had. @throws LeaseLostError */
export async function heartbeatLease(adapter: FraiserDatabaseAdapter, lease: Lease): Promise<void> {
  const ttlMs = lease.expiresAt.getTime() - lease.heartbeatAt.getTime();
  await fenced(adapter, lease, async (tx) => {
    const now = await databaseNow(tx, adapter.databaseType());
    await tx.executeUpdate("UPDATE tb_deployment_lease SET expires_at = ? WHERE target = ?", [
      new Date(now.getTime() + ttlMs),
      lease.target,
    ]);
  });
}

/** Frees a lease for others. @throws LeaseLostError when it is somebody else's by now, who then keeps it */
export async function releaseLease(adapter: FraiserDatabaseAdapter, lease: Lease): Promise<void> {
  await fenced(adapter, lease, async (tx) => {
    const now = await databaseNow(tx, adapter.databaseType());
    await tx.executeUpdate(
      `UPDATE tb_deployment_lease SET fk_deployment = NULL, holder_host = NULL, holder_machine = NULL, holder_boot_id = NULL, holder_pid = NULL,
         holder_start_time = NULL, holder_user = NULL, holder_ci_run = NULL, acquired_at = NULL, expires_at = NULL WHERE target = ?`,
      [lease.target],
    );
    await writeEvent(tx, now, "lease.released", lease.target, { token: lease.token });
  });
}

/** Who has the lease of a target; null when it is free. */
export async function readLease(database: Queryable, target: string): Promise<Lease | null> {
  const [row] = await database.executeQuery<LeaseRow>(SELECT_LEASE, [target]);
  return row === undefined ? null : leaseOf(row);
}

/**
 * Runs a write under a lease. Touching the lease row first makes everybody who takes the lease over wait for this
 * transaction or this one fail: a condition inside the write itself would not be enough under READ COMMITTED.
 *
 * @throws LeaseLostError when the lease is not the newest any more; then nothing is written
 */
export function fenced<T>(
  adapter: FraiserDatabaseAdapter,
  lease: Lease,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const touch = `UPDATE tb_deployment_lease SET heartbeat_at = ${DATABASE_NOW[adapter.databaseType()]} WHERE target = ? AND fencing_token = ? AND holder_host IS NOT NULL`;
  return adapter.transaction(
    async (tx) => {
      if ((await tx.executeUpdate(touch, [lease.target, lease.token])) === 0) throw new LeaseLostError(lease);
      return work(tx);
    },
    { retry: { attempts: 5 } },
  );
}

/** The row of a target is made once and stays for ever, so that its token never begins anew. */
async function insertRow(adapter: FraiserDatabaseAdapter, target: string): Promise<void> {
  const known = await adapter.executeQuery("SELECT 1 AS known FROM tb_deployment_lease WHERE target = ?", [target]);
  if (known.length > 0) return;
  try {
    await adapter.executeUpdate("INSERT INTO tb_deployment_lease (target, fencing_token) VALUES (?, 1)", [target]);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.kind !== "unique_violation") throw error; // somebody else made it
  }
}

function leaseOf(row: LeaseRow): Lease | null {
  if (row.holder_host === null) return null;
  return {
    target: row.target,
    token: row.fencing_token,
    holder: {
      host: row.holder_host,
      machine: row.holder_machine,
      bootId: row.holder_boot_id,
      pid: row.holder_pid,
      startTime: row.holder_start_time,
      user: row.holder_user,
      ciRun: row.holder_ci_run,
    },
    deploymentId: row.deployment_id,
    acquiredAt: row.acquired_at,
    heartbeatAt: row.heartbeat_at,
    expiresAt: row.expires_at,
  };
}

/** The columns of a holder, in the order in which every table has them. */
export function holderValues({ host, machine, bootId, pid, startTime, user, ciRun }: Holder): unknown[] {
  return [host, machine, bootId, pid, startTime, user, ciRun];
}
