-- What is read of a fraise's state and history. No view counts history or orders its rows.
-- Views have the rights of whoever asks: the user who made them need not exist where a dump is brought back.

-- migrate:up

CREATE SQL SECURITY INVOKER VIEW v_fraise_status AS
SELECT
  fs.pk_fraise_state, fs.id, fs.identifier, fs.project_name, fs.fraise_name, fs.environment_name, fs.job_name,
  fs.current_version, fs.status, fs.last_deployed_at, fs.last_deployed_by,
  fs.successful_deployments, fs.failed_deployments, fs.created_at, fs.updated_at
FROM tb_fraise_state fs;

CREATE SQL SECURITY INVOKER VIEW v_deployment_history AS
SELECT
  d.pk_deployment, d.id, d.identifier, d.project_name, d.fraise_name, d.environment_name, d.job_name,
  d.started_at, d.completed_at, d.duration_seconds, d.old_version, d.new_version, d.status, d.kind,
  d.triggered_by, d.triggered_by_user, d.git_commit, d.git_branch, d.error_message,
  CASE
    WHEN d.old_version <> d.new_version THEN 'upgrade'
    WHEN d.old_version = d.new_version THEN 'redeploy'
    ELSE 'unknown'
  END AS deployment_type,
  d.created_at, d.updated_at
FROM tb_deployment d;

CREATE SQL SECURITY INVOKER VIEW v_webhook_event_history AS
SELECT
  we.pk_webhook_event, we.id, we.identifier, we.git_provider, we.event_type, we.branch_name, we.commit_sha,
  we.sender, we.received_at, we.processed, we.fk_deployment,
  d.id AS deployment_id, d.fraise_name, d.environment_name, we.created_at, we.updated_at
FROM tb_webhook_event we
LEFT JOIN tb_deployment d ON we.fk_deployment = d.pk_deployment;

-- A deployment as the ledger reads it: public ids in place of internal keys.
CREATE SQL SECURITY INVOKER VIEW v_deployment AS
SELECT
  d.pk_deployment, d.fk_fraise_state, d.id, d.identifier, d.id_hex, d.id_hex_reversed,
  d.project_name, d.fraise_name, d.environment_name, d.job_name,
  d.kind, d.status, d.started_at, d.completed_at, d.duration_seconds, d.old_version, d.new_version,
  d.triggered_by, d.triggered_by_user, d.git_commit, d.git_branch, d.commit_subject, d.error_message,
  d.target, d.host, d.release_id, d.release_path, d.previous_release_id, d.healthy_at,
  d.runner_host, d.runner_machine, d.runner_boot_id, d.runner_pid, d.runner_start_time, d.runner_user, d.runner_ci_run,
  u.id AS undoes_deployment_id, d.details, d.created_at, d.updated_at
FROM tb_deployment d
LEFT JOIN tb_deployment u ON d.fk_deployment_undone = u.pk_deployment;

-- migrate:down

DROP VIEW v_deployment;
DROP VIEW v_webhook_event_history;
DROP VIEW v_deployment_history;
DROP VIEW v_fraise_status;
