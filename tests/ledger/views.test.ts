import { expect, test } from "vitest";
import type { Row } from "../../src/db/index.ts";
import { begun, describeEachDatabase, ended, identity, leaseOf, newDeployment } from "./support.ts";

/** The columns of the Python Fraisier's views, in their order there; queries of its users name them. */
const INHERITED: Readonly<Record<string, readonly string[]>> = {
  v_fraise_status: [
    ...["pk_fraise_state", "id", "identifier", "fraise_name", "environment_name", "job_name", "current_version"],
    ...["status", "last_deployed_at", "last_deployed_by", "successful_deployments", "failed_deployments"],
    ...["created_at", "updated_at"],
  ],
  v_deployment_history: [
    ...["pk_deployment", "id", "identifier", "fraise_name", "environment_name", "job_name", "started_at"],
    ...["completed_at", "duration_seconds", "old_version", "new_version", "status", "triggered_by"],
    ...[
      "triggered_by_user",
      "git_commit",
      "git_branch",
      "error_message",
      "deployment_type",
      "created_at",
      "updated_at",
    ],
  ],
  v_webhook_event_history: [
    ...["pk_webhook_event", "id", "identifier", "git_provider", "event_type", "branch_name", "commit_sha", "sender"],
    ...["received_at", "processed", "fk_deployment", "deployment_id", "fraise_name", "environment_name"],
    ...["created_at", "updated_at"],
  ],
};

/** What this version's views have besides. */
const ADDED: Readonly<Record<string, readonly string[]>> = {
  v_fraise_status: ["project_name"],
  v_deployment_history: ["project_name", "kind"],
  v_webhook_event_history: [],
  v_deployment: [
    ...["pk_deployment", "fk_fraise_state", "id", "identifier", "id_hex", "id_hex_reversed", "project_name"],
    ...["fraise_name", "environment_name", "job_name", "kind", "status", "started_at", "completed_at"],
    ...["duration_seconds", "old_version", "new_version", "triggered_by", "triggered_by_user", "git_commit"],
    ...["git_branch", "commit_subject", "error_message", "target", "host", "release_id", "release_path"],
    ...["previous_release_id", "healthy_at", "runner_host", "runner_machine", "runner_boot_id", "runner_pid"],
    ...["runner_start_time", "runner_user", "runner_ci_run", "undoes_deployment_id", "details"],
    ...["created_at", "updated_at"],
  ],
};

/** Columns of the Python Fraisier's tables. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  tb_fraise_state: [
    ...["id", "identifier", "pk_fraise_state", "fraise_name", "environment_name", "job_name", "current_version"],
    ...["last_deployed_at", "last_deployed_by", "status", "created_at", "updated_at"],
  ],
  tb_deployment: [
    ...["id", "identifier", "pk_deployment", "fk_fraise_state", "fraise_name", "environment_name", "job_name"],
    ...["started_at", "completed_at", "duration_seconds", "old_version", "new_version", "status", "triggered_by"],
    ...["triggered_by_user", "git_commit", "git_branch", "error_message", "details", "created_at", "updated_at"],
  ],
  tb_webhook_event: [
    ...["id", "identifier", "pk_webhook_event", "fk_deployment", "received_at", "event_type", "git_provider"],
    ...["branch_name", "commit_sha", "sender", "payload", "processed", "created_at", "updated_at"],
  ],
  tb_deployment_lock: ["pk_deployment_lock", "service_name", "provider_name", "locked_at", "expires_at"],
};

describeEachDatabase("a view of the older version", (open) => {
  test.for(Object.keys(ADDED))("%s has its columns, and no others than are said here", async (view) => {
    const { adapter } = await open();
    const { columns } = await adapter.execute(`SELECT * FROM ${view}`);
    expect([...columns].sort()).toEqual([...(INHERITED[view] ?? []), ...(ADDED[view] ?? [])].sort());
  });

  test.for(Object.keys(TABLES))("the table %s keeps its columns", async (table) => {
    const { adapter } = await open();
    const { columns } = await adapter.execute(`SELECT * FROM ${table}`);
    expect(columns).toEqual(expect.arrayContaining([...(TABLES[table] ?? [])]));
  });

  test("v_fraise_status says what is where", async () => {
    const { ledger, adapter, clock } = await open();
    await ended(ledger, await leaseOf(ledger), { job: "nightly", newVersion: "v7" });
    expect(await adapter.executeQuery("SELECT * FROM v_fraise_status")).toMatchObject([
      {
        id: (await ledger.getState(identity({ job: "nightly" })))?.id,
        identifier: "shop:production:nightly",
        fraise_name: "shop",
        environment_name: "production",
        job_name: "nightly",
        current_version: "v7",
        status: "healthy",
        last_deployed_at: new Date(clock.time),
        last_deployed_by: "maria",
        successful_deployments: 1,
        failed_deployments: 0,
      },
    ]);
  });

  test.for([
    ["v1", "v2", "upgrade"],
    ["v2", "v2", "redeploy"],
    [null, "v1", "unknown"],
    ["v1", null, "unknown"],
  ] as const)("v_deployment_history calls %s → %s an %s", async ([oldVersion, newVersion, type]) => {
    const { ledger, adapter } = await open();
    const { id } = await ledger.createDeployment(newDeployment({ oldVersion, newVersion }));
    expect(await adapter.executeQuery("SELECT * FROM v_deployment_history")).toMatchObject([
      {
        id,
        old_version: oldVersion,
        new_version: newVersion,
        deployment_type: type,
        status: "pending",
        kind: "deploy",
      },
    ]);
  });

  test("v_webhook_event_history says which deployment a call led to, if any", async () => {
    const { ledger, adapter } = await open();
    const { id } = await ledger.createDeployment(newDeployment());
    const call = { provider: "gitea", type: "push", branch: "main", commit: "c0ffee", sender: "maria", payload: {} };
    const linked = await ledger.recordWebhookEvent(call);
    await ledger.recordWebhookEvent({ ...call, type: "ping" });
    await ledger.linkWebhookToDeployment(linked, id);
    expect(await adapter.executeQuery("SELECT * FROM v_webhook_event_history ORDER BY pk_webhook_event")).toMatchObject(
      [
        { id: linked, processed: true, deployment_id: id, fraise_name: "shop", environment_name: "production" },
        { event_type: "ping", processed: false, deployment_id: null, fraise_name: null, environment_name: null },
      ],
    );
  });

  test("v_deployment names what a rollback undid by its public id", async () => {
    const { ledger, adapter } = await open();
    const lease = await leaseOf(ledger);
    const undone = await ended(ledger, lease);
    await begun(ledger, lease, { kind: "rollback", undoesDeploymentId: undone.id });
    const undoes = await adapter.executeQuery("SELECT undoes_deployment_id FROM v_deployment ORDER BY pk_deployment");
    expect(undoes).toEqual([{ undoes_deployment_id: null }, { undoes_deployment_id: undone.id }]);
  });

  test("does not count history to answer: it says what the counters say", async () => {
    const { ledger, adapter } = await open();
    await ended(ledger, await leaseOf(ledger));
    await adapter.executeUpdate("UPDATE tb_fraise_state SET successful_deployments = 41");
    const [row] = await adapter.executeQuery<Row>("SELECT successful_deployments FROM v_fraise_status");
    expect(row).toEqual({ successful_deployments: 41 });
  });
});
