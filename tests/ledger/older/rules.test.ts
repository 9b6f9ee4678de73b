/** What the older API leaves to the ledger, on every database; without the thread, which has no part in it. */
import { expect, test } from "vitest";
import { IllegalTransitionError, LeaseNeededError, UnknownKeyError } from "../../../src/ledger/index.ts";
import { begun, describeEachDatabase, ended, identity, leaseOf } from "../support.ts";
import { inMinutes, openOlderLedger } from "./support.ts";

type Starting = Partial<Record<"fraise" | "environment" | "job", string>>;

async function opened(open: () => Promise<{ readonly url: string }>) {
  const older = openOlderLedger((await open()).url);
  const start = ({ fraise = "shop", environment = "production", job }: Starting = {}) =>
    older.startDeployment(fraise, environment, "manual", null, null, null, "v1", job ?? null);
  return { older, start };
}

describeEachDatabase("the older API", (open) => {
  test("a deployment that has ended cannot end again, and keeps what was said of it", async () => {
    const { older, start } = await opened(open);
    const [failed, rolledBack] = [await start(), await start()];
    await older.completeDeployment(failed, false, null, "no route to host", "no JSON");
    await older.completeDeployment(rolledBack, true, "v2", null, null);
    await older.markDeploymentRolledBack(rolledBack);
    const before = await older.getRecentDeployments(20, null, null);
    expect(before.map(({ status, error_message }) => [status, error_message])).toEqual([
      ["rolled_back", null],
      ["failed", "no route to host"],
    ]);
    for (const key of [failed, rolledBack]) {
      await expect(older.completeDeployment(key, true, "v3", null, null)).rejects.toThrow(IllegalTransitionError);
      await expect(older.markDeploymentRolledBack(key)).rejects.toThrow(IllegalTransitionError);
    }
    expect(await older.getRecentDeployments(20, null, null)).toEqual(before);
  });

  test("a deployment that Fraisier itself makes is read, but changed only under its lease", async () => {
    const { url, ledger } = await open();
    const older = openOlderLedger(url);
    const lease = await leaseOf(ledger);
    await ended(ledger, lease);
    await begun(ledger, lease);
    const [running, done] = await older.getRecentDeployments(20, "shop", "production");
    expect([running?.status, done?.status]).toEqual(["in_progress", "success"]);
    await expect(older.completeDeployment(running?.pk_deployment ?? 0, true, null, null, null)).rejects.toThrow(
      LeaseNeededError,
    );
    await expect(older.markDeploymentRolledBack(done?.pk_deployment ?? 0)).rejects.toThrow(LeaseNeededError);
    expect(await older.getRecentDeployments(20, null, null)).toEqual([running, done]);
  });

  test("what does not exist is told by name", async () => {
    const { older, start } = await opened(open);
    const key = await start();
    const webhook = await older.recordWebhookEvent("push", "{}", null, null, null, "gitea");
    for (const unknown of [key + 1, -1, 0.5, "one" as unknown as number]) {
      expect(await older.getDeployment(unknown)).toBeNull();
      const calls = [
        older.completeDeployment(unknown, true, null, null, null),
        older.markDeploymentRolledBack(unknown),
        older.linkWebhookToDeployment(webhook, unknown),
      ];
      for (const error of await Promise.all(calls.map((call) => call.catch((reason: unknown) => reason)))) {
        expect(error).toBeInstanceOf(UnknownKeyError);
        expect(error).toMatchObject({ kind: "deployment_not_found" });
      }
      await expect(older.linkWebhookToDeployment(unknown, key)).rejects.toMatchObject({ kind: "webhook_not_found" });
    }
    expect(await older.getRecentWebhooks(20)).toMatchObject([{ processed: 0, fk_deployment: null }]);
  });

  test("an expired lock is had by another, whom its former holder cannot make lose it", async () => {
    const { url, adapter } = await open();
    const [older, other] = [openOlderLedger(url), openOlderLedger(url)];
    await older.acquireDeploymentLock("shop", "bare_metal", inMinutes(10), "one");
    await expect(other.acquireDeploymentLock("shop", "bare_metal", inMinutes(10), "two")).rejects.toMatchObject({
      kind: "locked",
      message: expect.stringContaining("by one"),
    });
    await adapter.executeUpdate("UPDATE tb_deployment_lock SET expires_at = ?", [inMinutes(-1)]);
    expect(await older.getDeploymentLock("shop", "bare_metal")).toBeNull();
    await other.acquireDeploymentLock("shop", "bare_metal", inMinutes(10).toISOString(), "two");
    const held = await other.getDeploymentLock("shop", "bare_metal");
    expect(await older.releaseDeploymentLock("shop", "bare_metal", "one")).toBe(false);
    expect(await other.getDeploymentLock("shop", "bare_metal")).toEqual(held);
    expect(await other.releaseDeploymentLock("shop", "bare_metal", "two")).toBe(true);
    for (const wrong of ["tomorrow", inMinutes(-1)])
      await expect(older.acquireDeploymentLock("shop", "bare_metal", wrong, "one")).rejects.toMatchObject({
        kind: "invalid_expiry",
      });
    expect(await older.getDeploymentLock("shop", "bare_metal")).toBeNull();
  });

  test("statistics are of the counters, by fraise and by days", async () => {
    const { url, adapter } = await open();
    const older = openOlderLedger(url);
    const end = async (fraise: string, environment: string, success: boolean) => {
      const key = await older.startDeployment(fraise, environment, "manual", null, null, null, null, null);
      await older.completeDeployment(key, success, null, null, null);
      return key;
    };
    await end("shop", "production", false);
    const key = await end("shop", "production", true);
    await end("shop", "staging", true);
    await end("api", "production", true);
    await older.startDeployment("shop", "production", "manual", null, null, null, null, null);
    await older.markDeploymentRolledBack(key);
    await adapter.executeUpdate("UPDATE tb_deployment_stat SET total_seconds = 30 WHERE failures = 1");
    await adapter.executeUpdate("UPDATE tb_deployment_stat SET total_seconds = 0 WHERE failures = 0");
    const shop = { total: 3, successful: 1, failed: 1, rolled_back: 1, avg_duration: 10 };
    expect(await older.getDeploymentStats("shop", 30)).toEqual(shop);
    expect(await older.getDeploymentStats(null, 30)).toMatchObject({
      total: 4,
      successful: 2,
      failed: 1,
      rolled_back: 1,
    });
    const tenDaysAgo = new Date(Date.now() - 10 * 86_400_000).toISOString().slice(0, 10);
    await adapter.executeUpdate("UPDATE tb_deployment_stat SET day = ? WHERE failures = 0", [tenDaysAgo]);
    expect(await older.getDeploymentStats(null, 9)).toMatchObject({ total: 2 });
    expect(await older.getDeploymentStats(null, 10)).toMatchObject({ total: 4 });
    expect(await older.getDeploymentStats("nothing", 30)).toEqual({
      ...{ total: 0, successful: 0, failed: 0, rolled_back: 0, avg_duration: null },
    });
  });

  test("a state that is stated names the deployment that made it so, if one did", async () => {
    const { url, ledger } = await open();
    const older = openOlderLedger(url);
    const current = async () => (await ledger.getState(identity()))?.currentDeploymentId ?? null;
    const state = (version: string) => older.updateFraiseState("shop", "production", version, "healthy", null, "maria");
    await state("v1");
    expect(await current()).toBeNull();
    const key = await older.startDeployment("shop", "production", "manual", null, null, null, "v1", null);
    await older.completeDeployment(key, true, "v2", null, null);
    const made = (await older.getDeployment(key))?.id;
    await state("v2");
    expect(await current()).toBe(made);
    await older.startDeployment("shop", "production", "manual", null, null, null, "v2", null);
    await state("v2");
    expect(await current()).toBe(made);
    await state("v3");
    expect(await current()).toBeNull();
    await expect(
      older.updateFraiseState("shop", "production", "v4", "splendid" as "healthy", null, null),
    ).rejects.toMatchObject({ kind: "check_violation" });
    expect(await older.getFraiseState("shop", "production", "")).toMatchObject({ current_version: "v3" });
  });

  test("one project's rows are not another's", async () => {
    const { url, ledger } = await open();
    await ended(ledger, await leaseOf(ledger), { project: "fruit" });
    const [fruit, none] = [openOlderLedger(url, "fruit"), openOlderLedger(url)];
    await none.updateFraiseState("shop", "production", "v9", "down", null, null);
    expect(await fruit.getAllFraiseStates()).toMatchObject([
      { identifier: "fruit/shop:production", status: "healthy" },
    ]);
    expect(await none.getAllFraiseStates()).toMatchObject([{ identifier: "shop:production", current_version: "v9" }]);
    expect(await fruit.getRecentDeployments(20, null, null)).toHaveLength(1);
    expect(await none.getRecentDeployments(20, null, null)).toEqual([]);
    expect([
      (await fruit.getDeploymentStats(null, 3650)).total,
      (await none.getDeploymentStats(null, 3650)).total,
    ]).toEqual([1, 0]);
  });
});
