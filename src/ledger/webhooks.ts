import { createHash } from "node:crypto";
import { type FraiserDatabaseAdapter, json, type Queryable } from "../db/index.ts";
import { writeEvent } from "./events.ts";
import { idToFind, uuid7 } from "./uuid7.ts";

/** A call that a git provider made. */
export interface NewWebhookEvent {
  readonly provider: string;
  /** `push`, `ping`, … */
  readonly type: string;
  readonly branch: string | null;
  readonly commit: string | null;
  readonly sender: string | null;
  readonly payload: unknown;
}

/** A row of the webhooks received. */
export interface WebhookEvent extends Omit<NewWebhookEvent, "payload"> {
  readonly id: string;
  readonly receivedAt: Date;
  readonly processed: boolean;
  readonly deploymentId: string | null;
}

/** Notes a webhook that came in. @returns its id */
export function recordWebhookEvent(
  adapter: FraiserDatabaseAdapter,
  event: NewWebhookEvent,
  now: Date,
): Promise<string> {
  const id = uuid7(now.getTime());
  const digest = createHash("sha256")
    .update(JSON.stringify(event.payload ?? null))
    .digest("hex")
    .slice(0, 8);
  return adapter.transaction(async (tx) => {
    await tx.insert("tb_webhook_event", {
      id,
      identifier: `${event.provider}:${now.toISOString()}:${digest}:${id}`,
      received_at: now,
      event_type: event.type,
      git_provider: event.provider,
      branch_name: event.branch,
      commit_sha: event.commit,
      sender: event.sender,
      payload: event.payload == null ? null : json(event.payload), // a text is JSON too
      processed: false,
      created_at: now,
      updated_at: now,
    });
    await writeEvent(tx, now, "webhook.received", id, { provider: event.provider, type: event.type });
    return id;
  });
}

/** Notes which deployment a webhook led to. @returns false when there is no such webhook or deployment */
export function linkWebhook(
  adapter: FraiserDatabaseAdapter,
  webhookId: string,
  deploymentId: string,
  now: Date,
): Promise<boolean> {
  return adapter.transaction(async (tx) => {
    const changed = await tx.executeUpdate(
      `UPDATE tb_webhook_event SET processed = ?, updated_at = ?, fk_deployment = (SELECT pk_deployment FROM tb_deployment WHERE id = ?)
       WHERE id = ? AND EXISTS (SELECT 1 FROM tb_deployment WHERE id = ?)`,
      [true, now, idToFind(deploymentId), idToFind(webhookId), idToFind(deploymentId)],
    );
    if (changed > 0) await writeEvent(tx, now, "webhook.linked", webhookId, { deploymentId });
    return changed > 0;
  });
}

/** What is read of a row of `v_webhook_event_history`. */
export interface WebhookRow {
  readonly id: string;
  readonly git_provider: string;
  readonly event_type: string;
  readonly branch_name: string | null;
  readonly commit_sha: string | null;
  readonly sender: string | null;
  readonly received_at: Date;
  readonly processed: boolean;
  readonly deployment_id: string | null;
}

/** Rows of `v_webhook_event_history`, newest first. */
export function recentWebhookRows(database: Queryable, limit: number): Promise<WebhookRow[]> {
  return database.executeQuery(
    "SELECT * FROM v_webhook_event_history ORDER BY received_at DESC, pk_webhook_event DESC LIMIT ?",
    [limit],
  );
}

/** The webhooks received last, newest first. */
export async function recentWebhooks(database: Queryable, limit: number): Promise<WebhookEvent[]> {
  return (await recentWebhookRows(database, limit)).map((row) => ({
    id: row.id,
    provider: row.git_provider,
    type: row.event_type,
    branch: row.branch_name,
    commit: row.commit_sha,
    sender: row.sender,
    receivedAt: row.received_at,
    processed: row.processed,
    deploymentId: row.deployment_id,
  }));
}
