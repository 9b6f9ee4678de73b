import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Holder, type Lease, LeaseHeldError, LeaseLostError, Ledger } from "../../src/ledger/index.ts";
import type { Contention } from "./contend.ts";
import {
  begun,
  contentsOf,
  describeEachDatabase,
  expire,
  holder,
  leaseOf,
  newDeployment,
  TARGET,
  type TestLedger,
} from "./support.ts";

const TTL_MS = 60_000;
const anna = holder({ user: "anna", pid: 1, host: "laptop", ciRun: null });
const ben = holder({ user: "ben", pid: 2, host: "runner-7", ciRun: "https://ci.example/runs/9" });

const request = (wanted: Holder, isAlive: boolean | "unknown" = true) => ({
  target: TARGET,
  holder: wanted,
  ttlMs: TTL_MS,
  isAlive: () => isAlive,
});

describeEachDatabase("a lease", (open) => {
  test("that is free is had, with its holder and its end", async () => {
    const { ledger } = await open();
    expect(await ledger.readLease(TARGET)).toBeNull();
    const { lease, takenOverFrom } = await ledger.acquireLease(request(ben));
    expect(takenOverFrom).toBeNull();
    expect(lease).toMatchObject({ target: TARGET, holder: ben, deploymentId: null });
    expect(lease.expiresAt.getTime() - lease.acquiredAt.getTime()).toBe(TTL_MS);
    expect(Math.abs(lease.acquiredAt.getTime() - Date.now())).toBeLessThan(10_000);
    expect(await ledger.readLease(TARGET)).toEqual(lease);
  });

  test.each([
    ["a living holder has", true, "refused"],
    ["a holder has of whom nothing is known", "unknown", "refused"],
    ["a dead holder left behind", false, "taken"],
  ] as const)("that %s is %3$s", async (_, isAlive, outcome) => {
    const { ledger, adapter } = await open();
    const { lease } = await ledger.acquireLease(request(anna));
    const before = await contentsOf(adapter);
    if (outcome === "refused") {
      await expect(ledger.acquireLease(request(ben, isAlive))).rejects.toThrow(LeaseHeldError);
      expect(await contentsOf(adapter)).toEqual(before);
    } else {
      const taken = await ledger.acquireLease(request(ben, isAlive));
      expect(taken).toMatchObject({ takenOverFrom: lease, lease: { holder: ben, token: lease.token + 1 } });
    }
  });

  test("is taken from a living holder once it has expired, without asking", async () => {
    const { ledger, adapter } = await open();
    const { lease } = await ledger.acquireLease(request(anna));
    await expire(adapter);
    const asked: Holder[] = [];
    const taken = await ledger.acquireLease({
      ...request(ben),
      isAlive: (other) => {
        asked.push(other);
        return true;
      },
    });
    expect(taken.lease.token).toBeGreaterThan(lease.token);
    expect(taken.takenOverFrom).toMatchObject({ holder: anna, token: lease.token });
    expect(asked).toEqual([]);
  });

  test("asks whether its very holder lives", async () => {
    const { ledger } = await open();
    await ledger.acquireLease(request(anna));
    const asked: Holder[] = [];
    const again = ledger.acquireLease({
      ...request(ben),
      isAlive: (other) => {
        asked.push(other);
        return true;
      },
    });
    await expect(again).rejects.toThrow(LeaseHeldError);
    expect(asked).toEqual([anna]);
  });

  test.each([365 * 86_400_000, -365 * 86_400_000])(
    "expires by the database's clock, whatever the process's own says: %i ms off",
    async (milliseconds) => {
      const { ledger, clock } = await open();
      await ledger.acquireLease(request(anna));
      clock.advance(milliseconds);
      await expect(ledger.acquireLease(request(ben))).rejects.toThrow(LeaseHeldError);
    },
  );

  test("is prolonged by a heartbeat by as much as it had", async () => {
    const { ledger, adapter } = await open();
    const { lease } = await ledger.acquireLease(request(anna));
    await expire(adapter);
    await ledger.heartbeat(lease);
    const prolonged = (await ledger.readLease(TARGET)) as Lease;
    expect(prolonged.expiresAt.getTime()).toBeGreaterThanOrEqual(lease.expiresAt.getTime());
    const ttlMs = prolonged.expiresAt.getTime() - prolonged.heartbeatAt.getTime();
    expect(ttlMs).toBeGreaterThanOrEqual(TTL_MS);
    expect(ttlMs).toBeLessThan(TTL_MS + 1000);
    expect(prolonged).toMatchObject({ token: lease.token, acquiredAt: lease.acquiredAt });
    await expect(ledger.acquireLease(request(ben))).rejects.toThrow(LeaseHeldError);
  });

  test("of another target is another lease", async () => {
    const { ledger } = await open();
    await leaseOf(ledger);
    const other = await leaseOf(ledger, { target: "local:étl", holder: { user: "ben" } });
    const third = await leaseOf(ledger, { target: "local:etl", holder: { user: "cleo" } });
    await ledger.releaseLease(other);
    expect(await ledger.readLease("local:étl")).toBeNull();
    expect(await ledger.readLease("local:etl")).toEqual(third);
    expect(await ledger.readLease(TARGET)).not.toBeNull();
  });

  test("has a token that only grows, whatever happens to it", async () => {
    const { ledger, adapter } = await open();
    let newest = 0;
    const step = fc.constantFrom("take", "take from the dead", "release", "expire", "heartbeat");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        let held: Lease | null = await ledger.readLease(TARGET);
        for (const what of steps) {
          if (what === "expire") await expire(adapter);
          else if (what === "heartbeat" && held) await ledger.heartbeat(held);
          else if (what === "release" && held) {
            await ledger.releaseLease(held);
            held = null;
          } else if (what.startsWith("take")) {
            const taken = await ledger.acquireLease(request(anna, what === "take")).catch((error) => {
              expect(error).toBeInstanceOf(LeaseHeldError);
              return null;
            });
            if (taken === null) continue;
            held = taken.lease;
            expect(held.token).toBeGreaterThan(newest);
            newest = held.token;
          }
        }
      }),
      { numRuns: 20 },
    );
    expect(newest).toBeGreaterThan(10);
  });
});

describeEachDatabase("somebody who finds the lease held", (open) => {
  test("is told who, where, which process and CI run, and since when", async () => {
    const { ledger } = await open();
    const { lease } = await ledger.acquireLease(request(ben));
    const error = await ledger.acquireLease(request(anna)).catch((thrown: unknown) => thrown as LeaseHeldError);
    expect(error).toBeInstanceOf(LeaseHeldError);
    const since = lease.acquiredAt.toISOString().replace("T", " ").slice(0, 19);
    expect(error).toMatchObject({
      kind: "locked",
      lease,
      message: `ben on runner-7 (process 2, https://ci.example/runs/9) has been working on this since ${since}Z.`,
      hint: expect.stringContaining("Wait"),
    });
  });

  test("is not told of a CI run where there is none", async () => {
    const { ledger } = await open();
    await ledger.acquireLease(request(anna));
    await expect(ledger.acquireLease(request(ben))).rejects.toThrow("anna on laptop (process 1) has been");
  });
});

/** Every method that writes under a lease. */
const FENCED: Readonly<Record<string, (ledger: Ledger, lease: Lease, id: string) => Promise<unknown>>> = {
  heartbeat: (ledger, lease) => ledger.heartbeat(lease),
  releaseLease: (ledger, lease) => ledger.releaseLease(lease),
  beginDeployment: async (ledger, lease) =>
    ledger.beginDeployment(lease, (await ledger.listDeployments({ status: ["pending"] }))[0]?.id ?? ""),
  changeDeployment: (ledger, lease, id) => ledger.changeDeployment(lease, id, { releaseId: "stale" }),
  endDeployment: (ledger, lease, id) =>
    ledger.endDeployment(lease, id, { status: "success", fraise: { status: "healthy", deployed: true } }),
  startStep: (ledger, lease, id) => ledger.startStep(lease, id, { name: "stale", direction: "do" }),
  finishStep: (ledger, lease, id) => ledger.finishStep(lease, id, 1, "success"),
  appendOutput: (ledger, lease, id) =>
    ledger.appendOutput(lease, id, 1, [{ stream: "stdout", text: "stale", at: new Date() }]),
};

/** How a holder that was paused loses its lease. */
const LOSSES: Readonly<Record<string, (opened: TestLedger, lease: Lease) => Promise<unknown>>> = {
  "it expired and somebody took it": async ({ ledger, adapter }) => {
    await expire(adapter);
    await leaseOf(ledger, { holder: { user: "ben" } });
  },
  "it was thought dead": ({ ledger }) => ledger.acquireLease(request(ben, false)),
  "it freed it itself": ({ ledger }, lease) => ledger.releaseLease(lease),
  "somebody had it and freed it again": async ({ ledger }) => {
    const { lease } = await ledger.acquireLease(request(ben, false));
    await ledger.releaseLease(lease);
  },
  "the same process took it once more": ({ ledger }, lease) => ledger.acquireLease(request(lease.holder, false)),
};

test("every method of the ledger that is given a lease is in the table", () => {
  const methods = Object.getOwnPropertyNames(Ledger.prototype).filter((name) => {
    const method: unknown = Object.getOwnPropertyDescriptor(Ledger.prototype, name)?.value;
    return typeof method === "function" && new RegExp(`^(async )?${name}\\(\\s*lease`).test(String(method));
  });
  expect(methods.sort()).toEqual(Object.keys(FENCED).sort());
});

describe.each(Object.keys(FENCED))("%s", (name) => {
  describeEachDatabase("without the lease", (open) => {
    test.each(Object.keys(LOSSES))("writes nothing: %s", async (loss) => {
      const opened = await open();
      const { ledger, adapter } = opened;
      await ledger.createDeployment(newDeployment());
      const { lease } = await ledger.acquireLease(request(anna));
      const { id } = await begun(ledger, lease);
      await ledger.startStep(lease, id, { name: "build", direction: "do" });
      await LOSSES[loss]?.(opened, lease);
      const before = await contentsOf(adapter);
      const error = await FENCED[name]?.(ledger, lease, id).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(LeaseLostError);
      expect(error).toMatchObject({ kind: "lease_lost", message: expect.stringContaining(TARGET) });
      expect(await contentsOf(adapter)).toEqual(before);
    });

    test("works with it, also when it has expired and nobody took it", async () => {
      const { ledger, adapter } = await open();
      await ledger.createDeployment(newDeployment());
      const { lease } = await ledger.acquireLease(request(anna));
      const { id } = await begun(ledger, lease);
      await ledger.startStep(lease, id, { name: "build", direction: "do" });
      await expire(adapter);
      const before = await contentsOf(adapter);
      await FENCED[name]?.(ledger, lease, id);
      expect(await contentsOf(adapter)).not.toEqual(before);
    });
  });
});

describeEachDatabase("eight processes that want one lease", (open) => {
  test("never share a token, and none writes after it lost the lease", { timeout: 60_000 }, async () => {
    const { url, adapter } = await open();
    const each = process.env.FRAISIER_TEST_SCALE === "1" ? 100 : 4;
    await adapter.executeQuery("CREATE TABLE counter (value INTEGER NOT NULL)");
    await adapter.executeUpdate("INSERT INTO counter (value) VALUES (0)");
    await adapter.executeQuery("CREATE TABLE written (token INTEGER NOT NULL, newest_token INTEGER NOT NULL)");

    const script = join(import.meta.dirname, "contend.ts");
    const run = promisify(execFile);
    const ended = await Promise.all(
      Array.from({ length: 8 }, () => run(process.execPath, [script, url, TARGET, String(each)])),
    );
    const reports = ended.map(({ stdout }) => JSON.parse(stdout) as Contention);

    const tokens = reports.flatMap((report) => report.tokens);
    expect(tokens).toHaveLength(8 * each);
    expect(new Set(tokens).size).toBe(tokens.length);
    const sum = (key: "accepted" | "refused") => reports.reduce((total, report) => total + report[key], 0);
    expect(sum("refused")).toBeGreaterThan(0); // else nobody was late, and this proves nothing
    expect(sum("accepted")).toBeGreaterThan(0);
    // Read under the lease, written under the lease: nobody's increment is lost.
    expect(await adapter.executeQuery("SELECT value FROM counter")).toEqual([{ value: sum("accepted") }]);
    const written = await adapter.executeQuery("SELECT token, newest_token FROM written");
    expect(written).toHaveLength(sum("accepted"));
    expect(written.filter((row) => row.token !== row.newest_token)).toEqual([]);
  });
});
