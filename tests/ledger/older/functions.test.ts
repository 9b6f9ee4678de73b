/** Every function of the older API, by its worker thread, on every database. */
import { expect, test } from "vitest";
import { createAdapterFromUrl, DatabaseError } from "../../../src/db/index.ts";
import { Ledger } from "../../../src/ledger/index.ts";
import { ask, pythonFile } from "../python-fraisier.ts";
import { describeEachDatabase, identity } from "../support.ts";
import { failureOf, inMinutes, openDb } from "./support.ts";

/** The columns of a table or view of the Python Fraisier. */
function pythonColumns(name: string): string[] {
  return ask(pythonFile({ rows: false }), `SELECT name FROM pragma_table_info('${name}') ORDER BY cid`).map((row) =>
    String(row.name),
  );
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describeEachDatabase("getDb()", (open, database) => {
  test("every function: the first that writes sets the database up, rows have the older shape, and today's ledger reads the same", async () => {
    const url = await database.createEmpty();
    await using adapter = await createAdapterFromUrl(url);
    const ledger = new Ledger(adapter);
    const db = openDb(url);

    const read = {
      state: db.getFraiseState("shop", "production"),
      states: db.getAllFraiseStates(),
      deployment: db.getDeployment(1),
      deployments: db.getRecentDeployments(),
      stats: db.getDeploymentStats(),
      webhooks: db.getRecentWebhooks(),
      lock: db.getDeploymentLock("shop", "bare_metal"),
    };
    const noStats = { total: 0, successful: 0, failed: 0, rolled_back: 0, avg_duration: null };
    expect(read).toEqual({
      ...{ state: null, states: [], deployment: null, deployments: [], stats: noStats, webhooks: [], lock: null },
    });
    await expect(adapter.executeQuery("SELECT 1 FROM tb_fraise_state")).rejects.toMatchObject({
      kind: "undefined_table",
    });

    const key = db.startDeployment("shop", "production", "webhook", "maria", "main", "c0ffee", "v1", "nightly");
    expect(Number.isSafeInteger(key)).toBe(true);
    const begun = db.getDeployment(key);
    expect(Object.keys(begun ?? {})).toEqual(pythonColumns("v_deployment_history"));
    expect(begun).toEqual({
      ...{ pk_deployment: key, id: expect.stringMatching(UUID), identifier: `shop:production:nightly:${begun?.id}` },
      ...{ fraise_name: "shop", environment_name: "production", job_name: "nightly", status: "in_progress" },
      ...{ started_at: expect.stringMatching(ISO), completed_at: null, duration_seconds: null },
      ...{ old_version: "v1", new_version: null, deployment_type: "unknown", error_message: null },
      ...{ triggered_by: "webhook", triggered_by_user: "maria", git_commit: "c0ffee", git_branch: "main" },
      ...{ created_at: begun?.started_at, updated_at: begun?.started_at },
    });

    expect(db.completeDeployment(key, true, "v2", null, '{"probes": 3}')).toBeUndefined();
    expect(db.updateFraiseState("shop", "production", "v2", "degraded", "nightly", "maria")).toBeUndefined();
    const ended = db.getDeployment(key);
    expect(ended).toEqual({
      ...begun,
      ...{ status: "success", new_version: "v2", deployment_type: "upgrade" },
      ...{ completed_at: expect.stringMatching(ISO), duration_seconds: expect.any(Number) },
      updated_at: ended?.completed_at,
    });
    const state = db.getFraiseState("shop", "production", "nightly");
    expect(db.getFraiseState("shop", "production")).toBeNull();
    expect(Object.keys(state ?? {})).toEqual(pythonColumns("v_fraise_status"));
    expect(state).toEqual({
      ...{ pk_fraise_state: expect.any(Number), id: expect.stringMatching(UUID) },
      ...{ identifier: "shop:production:nightly", fraise_name: "shop", environment_name: "production" },
      ...{ job_name: "nightly", current_version: "v2", status: "degraded", last_deployed_by: "maria" },
      ...{ last_deployed_at: expect.stringMatching(ISO), successful_deployments: 1, failed_deployments: 0 },
      ...{ created_at: begun?.started_at, updated_at: state?.last_deployed_at },
    });

    const other = db.startDeployment("api");
    expect(db.getDeployment(other)).toMatchObject({ environment_name: "default", triggered_by: "manual" });
    expect(db.markDeploymentRolledBack(other)).toBeUndefined();
    expect(db.getDeployment(other)).toMatchObject({ status: "rolled_back", job_name: null });
    expect(db.getAllFraiseStates().map((row) => row.identifier)).toEqual(["api:default", "shop:production:nightly"]);
    expect(db.getRecentDeployments()).toEqual([db.getDeployment(other), ended]);
    expect(db.getRecentDeployments(1)).toEqual([db.getDeployment(other)]);
    expect(db.getRecentDeployments(20, "shop", "production")).toEqual([ended]);
    expect(db.getDeploymentStats()).toMatchObject({ total: 2, successful: 1, failed: 1, rolled_back: 0 });
    expect(db.getDeploymentStats("shop", 7)).toEqual({
      ...{ total: 1, successful: 1, failed: 0, rolled_back: 0, avg_duration: ended?.duration_seconds },
    });

    const first = db.recordWebhookEvent("push", '{"ref": "refs/heads/main"}', "main", "c0ffee", "maria", "github");
    const second = db.recordWebhookEvent("ping", "no JSON");
    expect(db.linkWebhookToDeployment(first, key)).toBeUndefined();
    const [unlinked, linked] = db.getRecentWebhooks();
    expect(Object.keys(linked ?? {})).toEqual(pythonColumns("v_webhook_event_history"));
    expect(linked).toEqual({
      ...{ pk_webhook_event: first, id: expect.stringMatching(UUID), identifier: expect.stringMatching(/^github:/) },
      ...{ git_provider: "github", event_type: "push", branch_name: "main", commit_sha: "c0ffee", sender: "maria" },
      ...{ received_at: expect.stringMatching(ISO), processed: 1, fk_deployment: key, deployment_id: ended?.id },
      ...{ fraise_name: "shop", environment_name: "production", created_at: linked?.received_at },
      updated_at: expect.stringMatching(ISO),
    });
    expect(unlinked).toMatchObject({
      ...{ pk_webhook_event: second, git_provider: "unknown", branch_name: null, processed: 0, fk_deployment: null },
    });
    expect(db.getRecentWebhooks(1)).toEqual([unlinked]);

    const end = inMinutes(10);
    const owner = db.acquireDeploymentLock("shop", "bare_metal", end);
    const lock = db.getDeploymentLock("shop", "bare_metal");
    expect(Object.keys(lock ?? {})).toEqual(pythonColumns("tb_deployment_lock"));
    expect(lock).toEqual({
      ...{ pk_deployment_lock: expect.any(Number), service_name: "shop", provider_name: "bare_metal" },
      ...{ locked_at: expect.stringMatching(ISO), expires_at: end.toISOString() },
    });
    expect(await ledger.readServiceLock("shop", "bare_metal")).toMatchObject({ owner, expiresAt: end });
    expect(db.releaseDeploymentLock("shop", "bare_metal")).toBe(true);
    expect(db.getDeploymentLock("shop", "bare_metal")).toBeNull();

    expect(await ledger.getDeployment(ended?.id ?? "")).toMatchObject({
      ...{ project: "", fraise: "shop", environment: "production", job: "nightly", kind: "deploy", status: "success" },
      ...{ oldVersion: "v1", newVersion: "v2", target: null, runner: null, details: { probes: 3 } },
      ...{ startedAt: new Date(ended?.started_at ?? ""), completedAt: new Date(ended?.completed_at ?? "") },
    });
    expect(await ledger.getState(identity({ job: "nightly" }))).toMatchObject({
      ...{ id: state?.id, currentVersion: "v2", status: "degraded", currentDeploymentId: ended?.id },
      ...{ lastDeployedAt: new Date(state?.last_deployed_at ?? ""), successfulDeployments: 1 },
    });
    expect(
      (await ledger.recentWebhooks()).map(({ id, processed, deploymentId }) => [id, processed, deploymentId]),
    ).toEqual([
      [unlinked?.id, false, null],
      [linked?.id, true, ended?.id],
    ]);
    const payloads = await adapter.executeQuery("SELECT payload FROM tb_webhook_event ORDER BY pk_webhook_event");
    expect(payloads.map(({ payload }) => payload)).toEqual([{ ref: "refs/heads/main" }, "no JSON"]);
    const kinds = (await ledger.events()).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind.startsWith("deployment."))).toEqual([
      ...["deployment.created", "deployment.started", "deployment.success"],
      ...["deployment.created", "deployment.started", "deployment.rolled_back"],
    ]);
  });

  test("refuses by name what could wait for ever for its own thread", async () => {
    const { url, adapter } = await open();
    const db = openDb(url);
    const inside = await adapter.transaction(async () => [
      failureOf(() => db.getFraiseState("shop", "production")),
      failureOf(() => db.startDeployment("shop", "production")),
      failureOf(() => db.close()),
    ]);
    for (const error of inside) expect(error).toMatchObject({ kind: "adapter_in_transaction" });
    expect(inside[0]).toBeInstanceOf(DatabaseError);

    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const beside = adapter.transaction(async (tx) => {
      await tx.executeUpdate("DELETE FROM tb_deployment_lock");
      begin();
      await ended;
    });
    await begun;
    expect(failureOf(() => db.startDeployment("shop", "production"))).toMatchObject({ kind: "adapter_in_transaction" });
    end();
    await beside;
  });
});
