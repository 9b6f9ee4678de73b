import type { Deployment, DeploymentKind, DeploymentStatus } from "./model.ts";

/** A row of `v_deployment`. */
export interface DeploymentRow {
  readonly pk_deployment: number;
  readonly fk_fraise_state: number;
  readonly id: string;
  readonly identifier: string;
  readonly project_name: string;
  readonly fraise_name: string;
  readonly environment_name: string;
  readonly job_name: string | null;
  readonly kind: DeploymentKind;
  readonly status: DeploymentStatus;
  readonly started_at: Date;
  readonly completed_at: Date | null;
  readonly duration_seconds: number | null;
  readonly old_version: string | null;
  readonly new_version: string | null;
  readonly triggered_by: string | null;
  readonly triggered_by_user: string | null;
  readonly git_commit: string | null;
  readonly git_branch: string | null;
  readonly commit_subject: string | null;
  readonly error_message: string | null;
  readonly target: string | null;
  readonly host: string | null;
  readonly release_id: string | null;
  readonly release_path: string | null;
  readonly previous_release_id: string | null;
  readonly healthy_at: Date | null;
  readonly runner_host: string | null;
  readonly runner_machine: string;
  readonly runner_boot_id: string;
  readonly runner_pid: number;
  readonly runner_start_time: string;
  readonly runner_user: string;
  readonly runner_ci_run: string | null;
  readonly undoes_deployment_id: string | null;
  readonly details: Record<string, unknown> | null;
}

/** A row as the layers above see it. */
export function deploymentOf(row: DeploymentRow): Deployment {
  return {
    id: row.id,
    identifier: row.identifier,
    project: row.project_name,
    fraise: row.fraise_name,
    environment: row.environment_name,
    job: row.job_name,
    kind: row.kind,
    status: row.status,
    startedAt: row.started_at,
    completedAt: row.completed_at,
    durationSeconds: row.duration_seconds,
    oldVersion: row.old_version,
    newVersion: row.new_version,
    triggeredBy: row.triggered_by,
    triggeredByUser: row.triggered_by_user,
    gitCommit: row.git_commit,
    gitBranch: row.git_branch,
    commitSubject: row.commit_subject,
    errorMessage: row.error_message,
    target: row.target,
    host: row.host,
    releaseId: row.release_id,
    releasePath: row.release_path,
    previousReleaseId: row.previous_release_id,
    healthyAt: row.healthy_at,
    runner: runnerOf(row),
    undoesDeploymentId: row.undoes_deployment_id,
    details: row.details ?? {},
  };
}

function runnerOf(row: DeploymentRow): Deployment["runner"] {
  if (row.runner_host === null) return null;
  return {
    host: row.runner_host,
    machine: row.runner_machine,
    bootId: row.runner_boot_id,
    pid: row.runner_pid,
    startTime: row.runner_start_time,
    user: row.runner_user,
    ciRun: row.runner_ci_run,
  };
}
