import { afterEach, expect, test, vi } from "vitest";
import type { FraiserDatabaseAdapter } from "../../src/db/index.ts";
import {
  begun,
  describeEachDatabase,
  ended,
  identity,
  leaseOf,
  newDeployment,
  sqlite,
  TABLES,
  TARGET,
} from "./support.ts";

/** Places whose local time is far from UTC, or jumps at the hour in which the tests deploy. */
const ZONES = ["UTC", "Pacific/Auckland", "America/St_Johns", "Europe/Berlin"];
/** In Berlin the hour from two to three happens twice. */
const CLOCKS_GO_BACK = Date.UTC(2026, 9, 25, 0, 30);

afterEach(() => vi.unstubAllEnvs());

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Every value of the columns that hold instants, as SQLite has it, past what makes a `Date` of it. */
async function storedInstants(adapter: FraiserDatabaseAdapter): Promise<Record<string, unknown[]>> {
  const stored: Record<string, unknown[]> = {};
  for (const table of TABLES) {
    const columns = await adapter.executeQuery<{ name: string }>(
      `SELECT name FROM pragma_table_info('${table}') WHERE type = 'TIMESTAMP'`,
    );
    for (const { name } of columns) {
      const rows = await adapter.executeQuery<{ raw: unknown }>(
        `SELECT ${name} || '' AS raw FROM ${table} WHERE ${name} IS NOT NULL`,
      );
      stored[`${table}.${name}`] = rows.map(({ raw }) => raw);
    }
  }
  return stored;
}

describeEachDatabase(
  "times in the file",
  (open) => {
    test.for(ZONES)("are stored as ISO instants in UTC, all of them, in %s", async (zone) => {
      vi.stubEnv("TZ", zone);
      expect(Intl.DateTimeFormat().resolvedOptions().timeZone).toBe(zone);
      const { ledger, adapter } = await open();
      const lease = await leaseOf(ledger);
      await ended(ledger, lease);
      const { id } = await begun(ledger, lease);
      const waiting = await ledger.createDeployment(newDeployment());
      await ledger.cancelPending(waiting.id, "locked");
      await ledger.startStep(lease, id, { name: "build", direction: "do" });
      await ledger.appendOutput(lease, id, 1, [{ stream: "stdout", text: "", at: new Date(CLOCKS_GO_BACK) }]);
      await ledger.finishStep(lease, id, 1, "success");
      await ledger.heartbeat(lease);
      await ledger.acquireServiceLock("shop", "local", "maria", 1000);
      const call = { provider: "gitea", type: "push", branch: null, commit: null, sender: null, payload: null };
      await ledger.recordWebhookEvent(call);
      const stored = await storedInstants(adapter);
      expect(Object.keys(stored).length).toBeGreaterThan(15);
      for (const [column, values] of Object.entries(stored)) {
        expect(values, column).not.toEqual([]);
        for (const value of values) expect(value, column).toMatch(INSTANT);
      }
      for (const { applied_at } of await adapter.executeQuery(
        "SELECT applied_at || '' AS applied_at FROM tb_schema_migration",
      ))
        expect(applied_at).toMatch(INSTANT);
    });
  },
  [sqlite],
);

describeEachDatabase("times", (open) => {
  test.for(ZONES)("come back as the instants they were, and durations are never negative, in %s", async (zone) => {
    vi.stubEnv("TZ", zone);
    const { ledger, clock } = await open();
    const lease = await leaseOf(ledger);
    clock.time = CLOCKS_GO_BACK;
    const { id, startedAt } = await begun(ledger, lease);
    expect(startedAt).toEqual(new Date(CLOCKS_GO_BACK));
    clock.advance(3_600_000);
    const deployment = await ledger.endDeployment(lease, id, { status: "success" });
    expect(deployment).toMatchObject({ durationSeconds: 3600, completedAt: new Date(CLOCKS_GO_BACK + 3_600_000) });
    const state = await ledger.getState(identity());
    expect(await ledger.dayCounts(state ?? { id: "" }, "2026-01-01")).toMatchObject([{ day: "2026-10-25" }]);
    expect(await ledger.listDeployments({ since: new Date(CLOCKS_GO_BACK) })).toHaveLength(1);
    expect(await ledger.listDeployments({ since: new Date(CLOCKS_GO_BACK + 1) })).toEqual([]);
  });

  test("of a lease are the database's own, in milliseconds", async () => {
    vi.stubEnv("TZ", "Pacific/Auckland");
    const { ledger, adapter } = await open();
    const before = Date.now();
    const { acquiredAt } = await leaseOf(ledger);
    expect(acquiredAt.getTime()).toBeGreaterThanOrEqual(before - 1);
    expect(acquiredAt.getTime()).toBeLessThanOrEqual(Date.now() + 1);
    const [row] = await adapter.executeQuery("SELECT expires_at FROM tb_deployment_lease WHERE target = ?", [TARGET]);
    expect(row?.expires_at).toEqual(new Date(acquiredAt.getTime() + 60_000));
  });
});
