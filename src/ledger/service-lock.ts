import { DatabaseError, type FraiserDatabaseAdapter, type Queryable } from "../db/index.ts";

/** A lock of the older API: by name, with an end but without a heartbeat. Deployments themselves use leases. */
export interface ServiceLock {
  readonly service: string;
  readonly provider: string;
  readonly owner: string | null;
  readonly lockedAt: Date;
  readonly expiresAt: Date;
}

/** Takes a lock that is free or expired. @returns whether it was had */
export async function acquireServiceLock(adapter: FraiserDatabaseAdapter, lock: ServiceLock): Promise<boolean> {
  const { service, provider, owner, lockedAt, expiresAt } = lock;
  const values = [owner, lockedAt, expiresAt, service, provider];
  const renew =
    "UPDATE tb_deployment_lock SET owner = ?, locked_at = ?, expires_at = ? WHERE service_name = ? AND provider_name = ? AND expires_at <= ?";
  if ((await adapter.executeUpdate(renew, [...values, lockedAt])) > 0) return true;
  try {
    await adapter.executeUpdate(
      "INSERT INTO tb_deployment_lock (owner, locked_at, expires_at, service_name, provider_name) VALUES (?, ?, ?, ?, ?)",
      values,
    );
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.kind === "unique_violation") return false;
    throw error;
  }
}

/** Frees a lock, if it is still this owner's. @returns whether it was */
export async function releaseServiceLock(
  database: Queryable,
  service: string,
  provider: string,
  owner: string,
): Promise<boolean> {
  return (
    (await database.executeUpdate(
      "DELETE FROM tb_deployment_lock WHERE service_name = ? AND provider_name = ? AND owner = ?",
      [service, provider, owner],
    )) > 0
  );
}

/** A row of `tb_deployment_lock`. */
export interface ServiceLockRow {
  readonly pk_deployment_lock: number;
  readonly service_name: string;
  readonly provider_name: string;
  readonly locked_at: Date;
  readonly expires_at: Date;
  readonly owner: string | null;
}

/** The lock by this name, when it has not expired. */
export async function readServiceLock(
  database: Queryable,
  service: string,
  provider: string,
  now: Date,
): Promise<ServiceLock | null> {
  const row = await readServiceLockRow(database, service, provider, now);
  return row === null
    ? null
    : { service, provider, owner: row.owner, lockedAt: row.locked_at, expiresAt: row.expires_at };
}

/** The same with its internal key. */
export async function readServiceLockRow(
  database: Queryable,
  service: string,
  provider: string,
  now: Date,
): Promise<ServiceLockRow | null> {
  const [row] = await database.executeQuery<ServiceLockRow>(
    "SELECT * FROM tb_deployment_lock WHERE service_name = ? AND provider_name = ? AND expires_at > ?",
    [service, provider, now],
  );
  return row ?? null;
}
