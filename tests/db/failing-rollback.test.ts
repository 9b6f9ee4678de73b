import { expect, test } from "vitest";
import { type ConnectionPools, FraiserDatabaseAdapter, type ServerIdentity } from "../../src/db/adapter.ts";
import type { Connection } from "../../src/db/connection.ts";
import { connectionPool } from "../../src/db/connection-pool.ts";
import { DatabaseError } from "../../src/db/index.ts";
import { sqliteDialect } from "../../src/db/sqlite/dialect.ts";
import { DatabaseType } from "../../src/db/types.ts";

/** Made up, since SQLite's ROLLBACK cannot be made to fail; the servers' is in tests/contract/lost-connections.test.ts. */
class StubbornConnection implements Connection {
  inTransaction = false;
  readonly isUsable = true;
  readonly isExclusive = true;
  readonly holdsData = false;
  readonly #fail: () => void | Promise<void>;

  constructor(fail: () => void | Promise<void>) {
    this.#fail = fail;
  }

  run() {
    return { rows: [], columns: [], affectedRows: 0, insertedId: null, insertedColumn: null };
  }

  async *stream() {}

  control(): void {
    this.inTransaction = true;
  }

  commit(): void {
    throw new DatabaseError("disk_full", "No room to commit.");
  }

  reset(): void | Promise<void> {
    return this.#fail();
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}
}

class StubbornAdapter extends FraiserDatabaseAdapter {
  override readonly dialect = sqliteDialect;
  readonly #fail: () => void | Promise<void>;

  constructor(fail: () => void | Promise<void>) {
    super({});
    this.#fail = fail;
  }

  override databaseType(): DatabaseType {
    return DatabaseType.SQLITE;
  }

  protected override createPools(): ConnectionPools {
    const sizes = { min: 0, max: 1, acquireTimeoutMs: 1000, idleTimeoutMs: 1e6, maxLifetimeMs: 1e6 };
    const pool = connectionPool(async () => new StubbornConnection(this.#fail), sizes, this.clock);
    return { writers: pool, readers: pool };
  }

  protected override async identify(): Promise<ServerIdentity> {
    return { serverVersion: "stubborn", role: "primary" };
  }
}

const FAILURES: Readonly<Record<string, () => void | Promise<void>>> = {
  "at once": () => {
    throw new Error("no rollback");
  },
  later: () => Promise.reject(new Error("no rollback")),
};

test.each(Object.entries(FAILURES))(
  "a rollback that fails %s hides no error, and costs the connection",
  async (_, fail) => {
    const adapter = new StubbornAdapter(fail);
    const mine = new Error("mine");
    await expect(adapter.transaction(() => Promise.reject(mine))).rejects.toBe(mine);
    await expect(adapter.transaction(async () => {})).rejects.toMatchObject({ kind: "disk_full" });
    expect(adapter.poolMetrics()).toMatchObject({
      totalConnections: 0,
      activeConnections: 0,
      waitingRequests: 0,
      openedTotal: 2,
      closedTotal: 2,
    });
    await adapter.close();
  },
);
