/** What becomes of the odd rows of a Python Fraisier's file. */
import { describe, expect, test, vi } from "vitest";
import { Ledger, planAdoption, runMigrations } from "../../src/ledger/index.ts";
import { adapterOf, allOf, ask, deployment, insert, pythonFile, type RawRow, uuid } from "./python-fraisier.ts";
import { identity, WallClock } from "./support.ts";

const timezone = "Europe/Paris";

async function adopted(file: string, options: Parameters<typeof runMigrations>[1] = { timezone }) {
  const adapter = adapterOf(file);
  const { adoption } = await runMigrations(adapter, options);
  return { ledger: new Ledger(adapter), adoption };
}

/** The row of a deployment, by its key. */
const rowOf = (file: string, key: number): RawRow =>
  allOf(file, "tb_deployment").find(({ pk_deployment }) => pk_deployment === key) ?? {};

describe("a deployment without its state", () => {
  const bakery = { fraise_name: "bakery", environment_name: "staging", fk_fraise_state: 4711 };
  const job = { ...bakery, job_name: "daily" };

  test.each(["first", "later"] as const)(
    "gets the one of its fraise, which is made where there is none (%s shape)",
    async (shape) => {
      const lost = shape === "later" ? { fk_fraise_state: null } : { fk_fraise_state: 4711 };
      const rows = [deployment(100, { ...bakery, ...lost }), deployment(101, { ...bakery, status: "failed" })];
      const file = pythonFile({ shape }, ...rows, deployment(102, { ...job, ...lost }), deployment(103, lost));
      const states = allOf(file, "tb_fraise_state");
      expect(await planAdoption(adapterOf(file), { timezone })).toMatchObject({
        fraises: 12,
        deployments: 65,
        orphans: 4,
      });
      const { ledger, adoption } = await adopted(file);
      expect(adoption).toMatchObject({ orphans: 4 });

      const made = await ledger.getState(identity({ fraise: "bakery", environment: "staging" }));
      expect(made).toMatchObject({ status: "unknown", successfulDeployments: 1, failedDeployments: 1 });
      const ofJob = await ledger.getState(identity({ fraise: "bakery", environment: "staging", job: "daily" }));
      expect(ofJob).toMatchObject({ successfulDeployments: 1, failedDeployments: 0 });
      const now = allOf(file, "tb_fraise_state");
      expect(now).toHaveLength(states.length + 2);
      const keyOf = (id: string | undefined) => now.find((row) => row.id === id)?.pk_fraise_state;
      const shop = states.find((row) => row.fraise_name === "shop" && row.environment_name === "production");
      expect([100, 101, 102, 103].map((key) => rowOf(file, key).fk_fraise_state)).toEqual([
        keyOf(made?.id),
        keyOf(made?.id),
        keyOf(ofJob?.id),
        shop?.pk_fraise_state,
      ]);
      expect(ask(file, "PRAGMA foreign_key_check")).toEqual([]);
    },
  );
});

describe("a time without a zone", () => {
  /** The times of one deployment, adopted. */
  async function read(started_at: string, completed_at: string, duration_seconds: number) {
    const file = pythonFile({}, deployment(100, { started_at, completed_at, duration_seconds }));
    await adopted(file);
    const { started_at: started, completed_at: completed, duration_seconds: seconds } = rowOf(file, 100);
    return [started, completed, seconds];
  }

  test("is read by the clock of its day, summer or winter, to the millisecond", async () => {
    expect(await read("2025-07-01T12:00:00.123999", "2025-07-01T12:00:01", 0.876001)).toEqual([
      "2025-07-01T10:00:00.123Z",
      "2025-07-01T10:00:01.000Z",
      0.876001,
    ]);
    expect(await read("2026-01-15T12:00:00.5", "2026-01-15T12:00:02.25", 1.75)).toEqual([
      "2026-01-15T11:00:00.500Z",
      "2026-01-15T11:00:02.250Z",
      1.75,
    ]);
  });

  test("that the clock showed twice is the first, or the second where it ended before it began otherwise", async () => {
    expect(await read("2025-10-26T02:10:00", "2025-10-26T02:30:00", 1200)).toEqual([
      "2025-10-26T00:10:00.000Z",
      "2025-10-26T00:30:00.000Z",
      1200,
    ]);
    // The clock was put back in between, so that Python counted 40 minutes backwards.
    expect(await read("2025-10-26T02:50:00", "2025-10-26T02:10:00", -2400)).toEqual([
      "2025-10-26T00:50:00.000Z",
      "2025-10-26T01:10:00.000Z",
      1200,
    ]);
  });

  test("that no clock showed is read as if it had not been put forward yet", async () => {
    expect(await read("2026-03-29T02:30:00", "2026-03-29T03:40:00", 4200)).toEqual([
      "2026-03-29T01:30:00.000Z",
      "2026-03-29T01:40:00.000Z",
      600,
    ]);
    // It was put forward in between, so that Python counted an hour too much.
    expect(await read("2026-03-29T01:50:00", "2026-03-29T03:10:00", 4800)).toEqual([
      "2026-03-29T00:50:00.000Z",
      "2026-03-29T01:10:00.000Z",
      1200,
    ]);
  });

  test("is one of this machine's zone where none is given; one with a zone is what it says", async () => {
    vi.stubEnv("TZ", "Asia/Tokyo");
    try {
      const times = { started_at: "2026-01-15T12:00:00", completed_at: "2026-01-15T12:00:00+02:00" };
      const file = pythonFile({}, deployment(100, times));
      const { adoption } = await adopted(file, {});
      expect(adoption).toMatchObject({ timezone: "Asia/Tokyo" });
      expect(rowOf(file, 100)).toMatchObject({
        started_at: "2026-01-15T03:00:00.000Z",
        completed_at: "2026-01-15T10:00:00.000Z",
      });
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

test("a lock that has not expired stays, until the moment that it names", async () => {
  const at = (time: string) => `2026-01-15T${time}`; // 12:00 of the clock is 13:00 in Paris
  const lock = (service_name: string, expires_at: string) =>
    insert("tb_deployment_lock", { service_name, provider_name: "bare_metal", locked_at: at("12:30:00"), expires_at });
  const file = pythonFile(
    {},
    "DELETE FROM tb_deployment_lock",
    lock("live", at("13:00:00.001")),
    lock("stale", at("13:00:00")),
  );
  const { adoption } = await adopted(file, { timezone, clock: new WallClock() });
  expect(adoption).toMatchObject({ locks: 1, staleLocks: 1 });
  expect(allOf(file, "tb_deployment_lock")).toMatchObject([
    {
      service_name: "live",
      provider_name: "bare_metal",
      locked_at: "2026-01-15T11:30:00.000Z",
      expires_at: "2026-01-15T12:00:00.001Z",
    },
  ]);
});

test("a webhook event of a deployment that is gone names none any more", async () => {
  const at = "2026-01-15T12:00:00";
  const event = { id: uuid(9), identifier: "github:9", fk_deployment: 4711, received_at: at, event_type: "push" };
  const file = pythonFile(
    {},
    insert("tb_webhook_event", { ...event, git_provider: "github", created_at: at, updated_at: at }),
  );
  const { adoption } = await adopted(file);
  expect(adoption).toMatchObject({ webhookEvents: 3, unlinked: 1 });
  expect(allOf(file, "tb_webhook_event").find(({ id }) => id === uuid(9))).toMatchObject({ fk_deployment: null });
});
