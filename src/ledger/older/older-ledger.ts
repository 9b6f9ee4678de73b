import type { DatabaseConfig, ServedObject } from "../../db/index.ts";
import type { DayCount } from "../counters.ts";
import { InvalidExpiryError, ServiceLockHeldError } from "../errors.ts";
import type { FraiseStatus, Identity } from "../model.ts";
import { readHistory, readHistoryRow } from "../queries.ts";
import { readServiceLockRow } from "../service-lock.ts";
import { readStateRow, readStateRows } from "../states.ts";
import { recentWebhookRows } from "../webhooks.ts";
import { idOf, isKey, keyOf } from "./keys.ts";
import { LazyLedger } from "./lazy-ledger.ts";
import {
  type DeploymentHistoryRow,
  type DeploymentLockRow,
  type DeploymentStats,
  type FraiseStatusRow,
  olderRow,
  type WebhookEventRow,
} from "./rows.ts";

/** Which ledger, and whose rows in it. */
export interface OlderOrder {
  readonly config: DatabaseConfig;
  readonly project: string;
}

const DAY_MS = 86_400_000;

/** The older API by way of today's ledger, asynchronous: what a {@link FraisierDb} has in its worker thread. */
export class OlderLedger implements ServedObject {
  readonly #ledger: LazyLedger;
  readonly #project: string;

  constructor({ config, project }: OlderOrder) {
    this.#ledger = new LazyLedger(config);
    this.#project = project;
  }

  async getFraiseState(fraise: string, environment: string, job: string | null): Promise<FraiseStatusRow | null> {
    const ledger = await this.#ledger.toRead();
    const row = ledger && (await readStateRow(ledger.adapter, this.#identity(fraise, environment, job)));
    return row && olderRow("fraise", row);
  }

  async updateFraiseState(
    fraise: string,
    environment: string,
    version: string,
    status: FraiseStatus,
    job: string | null,
    deployedBy: string | null,
  ): Promise<void> {
    const ledger = await this.#ledger.toWrite();
    await ledger.setState(this.#identity(fraise, environment, job), { version, status, deployedBy });
  }

  async getAllFraiseStates(): Promise<FraiseStatusRow[]> {
    const ledger = await this.#ledger.toRead();
    const rows = ledger === null ? [] : await readStateRows(ledger.adapter, this.#project);
    return rows.map((row) => olderRow("fraise", row));
  }

  async startDeployment(
    fraise: string,
    environment: string,
    triggeredBy: string,
    triggeredByUser: string | null,
    gitBranch: string | null,
    gitCommit: string | null,
    oldVersion: string | null,
    job: string | null,
  ): Promise<number> {
    const ledger = await this.#ledger.toWrite();
    const identity = this.#identity(fraise, environment, job);
    const said = { triggeredBy, triggeredByUser, gitBranch, gitCommit, oldVersion };
    const { id } = await ledger.recordDeployment({ ...identity, ...said });
    return keyOf(ledger.adapter, "deployment_not_found", id);
  }

  async completeDeployment(
    deploymentId: number,
    success: boolean,
    newVersion: string | null,
    errorMessage: string | null,
    details: string | null,
  ): Promise<void> {
    const ledger = await this.#ledger.toWrite();
    await ledger.endRecorded(await idOf(ledger.adapter, "deployment_not_found", deploymentId), {
      status: success ? "success" : "failed",
      newVersion,
      errorMessage,
      ...(details !== null && { details: detailsOf(details) }),
    });
  }

  async markDeploymentRolledBack(deploymentId: number): Promise<void> {
    const ledger = await this.#ledger.toWrite();
    await ledger.markRolledBack(await idOf(ledger.adapter, "deployment_not_found", deploymentId));
  }

  async getDeployment(deploymentId: number): Promise<DeploymentHistoryRow | null> {
    const ledger = await this.#ledger.toRead();
    const row = ledger && isKey(deploymentId) ? await readHistoryRow(ledger.adapter, deploymentId) : null;
    return row && olderRow("deployment", row);
  }

  async getRecentDeployments(
    limit: number,
    fraise: string | null,
    environment: string | null,
  ): Promise<DeploymentHistoryRow[]> {
    const ledger = await this.#ledger.toRead();
    if (ledger === null) return [];
    const filter = { project: this.#project, limit, ...(fraise && { fraise }), ...(environment && { environment }) };
    return (await readHistory(ledger.adapter, filter)).map((row) => olderRow("deployment", row));
  }

  async getDeploymentStats(fraise: string | null, days: number): Promise<DeploymentStats> {
    const ledger = await this.#ledger.toRead();
    const since = new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
    const states = (await ledger?.listStates(this.#project)) ?? [];
    const sums = { successes: 0, failures: 0, rollbacks: 0, cancellations: 0, totalSeconds: 0 };
    for (const state of states.filter((each) => !fraise || each.fraise === fraise))
      for (const { day, ...counts } of (await ledger?.dayCounts(state, since)) ?? [])
        for (const [name, count] of Object.entries(counts)) sums[name as keyof typeof sums] += count;
    return statsOf(sums);
  }

  async recordWebhookEvent(
    eventType: string,
    payload: string,
    branch: string | null,
    commitSha: string | null,
    sender: string | null,
    gitProvider: string,
  ): Promise<number> {
    const ledger = await this.#ledger.toWrite();
    const said = { provider: gitProvider, type: eventType, branch, commit: commitSha, sender };
    const id = await ledger.recordWebhookEvent({ ...said, payload: jsonIn(payload) });
    return keyOf(ledger.adapter, "webhook_not_found", id);
  }

  async linkWebhookToDeployment(webhookId: number, deploymentId: number): Promise<void> {
    const ledger = await this.#ledger.toWrite();
    const webhook = await idOf(ledger.adapter, "webhook_not_found", webhookId);
    const deployment = await idOf(ledger.adapter, "deployment_not_found", deploymentId);
    await ledger.linkWebhookToDeployment(webhook, deployment);
  }

  async getRecentWebhooks(limit: number): Promise<WebhookEventRow[]> {
    const ledger = await this.#ledger.toRead();
    const rows = ledger === null ? [] : await recentWebhookRows(ledger.adapter, limit);
    return rows.map((row) => olderRow("webhook", row));
  }

  async acquireDeploymentLock(
    service: string,
    provider: string,
    expiresAt: string | Date,
    owner: string,
  ): Promise<void> {
    const end = new Date(expiresAt);
    if (Number.isNaN(end.getTime())) throw new InvalidExpiryError(service, provider, "is no time");
    if (end.getTime() <= Date.now()) throw new InvalidExpiryError(service, provider, "is over already");
    const ledger = await this.#ledger.toWrite();
    if (await ledger.acquireServiceLock(service, provider, owner, end)) return;
    throw new ServiceLockHeldError(service, provider, await ledger.readServiceLock(service, provider));
  }

  async releaseDeploymentLock(service: string, provider: string, owner: string): Promise<boolean> {
    return (await this.#ledger.toWrite()).releaseServiceLock(service, provider, owner);
  }

  async getDeploymentLock(service: string, provider: string): Promise<DeploymentLockRow | null> {
    const ledger = await this.#ledger.toRead();
    const row = ledger && (await readServiceLockRow(ledger.adapter, service, provider, new Date()));
    return row && olderRow("lock", row);
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }

  #identity(fraise: string, environment: string, job: string | null): Identity {
    return { project: this.#project, fraise, environment, job: job || null };
  }
}

function statsOf({
  successes,
  failures,
  rollbacks,
  cancellations,
  totalSeconds,
}: Omit<DayCount, "day">): DeploymentStats {
  const total = successes + failures + rollbacks + cancellations;
  return {
    total,
    successful: successes,
    failed: failures,
    rolled_back: rollbacks,
    avg_duration: total === 0 ? null : totalSeconds / total,
  };
}

/** The value that a text is the JSON of; else the text itself. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Today they are an object; anything else becomes a part of one. */
function detailsOf(text: string): Record<string, unknown> {
  const value = jsonIn(text);
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : { details: value };
}
