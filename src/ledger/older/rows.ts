import type { Row } from "../../db/index.ts";
import type { DeploymentStatus, FraiseStatus } from "../model.ts";

/** What the Python Fraisier wrote as naive local time: ISO text, here always of UTC and with `Z`. */
export type IsoTime = string;

/** A row of `v_fraise_status`. */
export interface FraiseStatusRow {
  readonly pk_fraise_state: number;
  readonly id: string;
  readonly identifier: string;
  readonly fraise_name: string;
  readonly environment_name: string;
  readonly job_name: string | null;
  readonly current_version: string | null;
  readonly status: FraiseStatus;
  readonly last_deployed_at: IsoTime | null;
  readonly last_deployed_by: string | null;
  readonly successful_deployments: number;
  readonly failed_deployments: number;
  readonly created_at: IsoTime;
  readonly updated_at: IsoTime;
}

/** A row of `v_deployment_history`. */
export interface DeploymentHistoryRow {
  readonly pk_deployment: number;
  readonly id: string;
  readonly identifier: string;
  readonly fraise_name: string;
  readonly environment_name: string;
  readonly job_name: string | null;
  readonly started_at: IsoTime;
  readonly completed_at: IsoTime | null;
  readonly duration_seconds: number | null;
  readonly old_version: string | null;
  readonly new_version: string | null;
  readonly status: DeploymentStatus;
  readonly triggered_by: string | null;
  readonly triggered_by_user: string | null;
  readonly git_commit: string | null;
  readonly git_branch: string | null;
  readonly error_message: string | null;
  readonly deployment_type: "upgrade" | "redeploy" | "unknown";
  readonly created_at: IsoTime;
  readonly updated_at: IsoTime;
}

/** A row of `v_webhook_event_history`. */
export interface WebhookEventRow {
  readonly pk_webhook_event: number;
  readonly id: string;
  readonly identifier: string;
  readonly git_provider: string;
  readonly event_type: string;
  readonly branch_name: string | null;
  readonly commit_sha: string | null;
  readonly sender: string | null;
  readonly received_at: IsoTime;
  readonly processed: 0 | 1;
  readonly fk_deployment: number | null;
  /** The public id of the deployment that it led to. */
  readonly deployment_id: string | null;
  readonly fraise_name: string | null;
  readonly environment_name: string | null;
  readonly created_at: IsoTime;
  readonly updated_at: IsoTime;
}

/** A row of `tb_deployment_lock`. */
export interface DeploymentLockRow {
  readonly pk_deployment_lock: number;
  readonly service_name: string;
  readonly provider_name: string;
  readonly locked_at: IsoTime;
  readonly expires_at: IsoTime;
}

/** How deployments ended. */
export interface DeploymentStats {
  readonly total: number;
  readonly successful: number;
  readonly failed: number;
  readonly rolled_back: number;
  /** In seconds; null when none ended. */
  readonly avg_duration: number | null;
}

/** The columns of each, in the order in which the Python Fraisier had them. */
const KEYS = {
  fraise: [
    ...(["pk_fraise_state", "id", "identifier", "fraise_name", "environment_name", "job_name"] as const),
    ...(["current_version", "status", "last_deployed_at", "last_deployed_by"] as const),
    ...(["successful_deployments", "failed_deployments", "created_at", "updated_at"] as const),
  ],
  deployment: [
    ...(["pk_deployment", "id", "identifier", "fraise_name", "environment_name", "job_name"] as const),
    ...(["started_at", "completed_at", "duration_seconds", "old_version", "new_version", "status"] as const),
    ...(["triggered_by", "triggered_by_user", "git_commit", "git_branch", "error_message"] as const),
    ...(["deployment_type", "created_at", "updated_at"] as const),
  ],
  webhook: [
    ...(["pk_webhook_event", "id", "identifier", "git_provider", "event_type", "branch_name"] as const),
    ...(["commit_sha", "sender", "received_at", "processed", "fk_deployment", "deployment_id"] as const),
    ...(["fraise_name", "environment_name", "created_at", "updated_at"] as const),
  ],
  lock: ["pk_deployment_lock", "service_name", "provider_name", "locked_at", "expires_at"] as const,
} satisfies OlderKeys;

interface OlderRows {
  readonly fraise: FraiseStatusRow;
  readonly deployment: DeploymentHistoryRow;
  readonly webhook: WebhookEventRow;
  readonly lock: DeploymentLockRow;
}
type OlderKeys = { readonly [K in keyof OlderRows]: readonly (keyof OlderRows[K])[] };

/** Today's row in the older shape: without what was added since, times as text, and a flag as a number. */
export function olderRow<K extends keyof OlderRows>(kind: K, row: object): OlderRows[K] {
  return Object.fromEntries(KEYS[kind].map((key) => [key, olderValue((row as Row)[key])])) as unknown as OlderRows[K];
}

function olderValue(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "boolean" ? Number(value) : value;
}
