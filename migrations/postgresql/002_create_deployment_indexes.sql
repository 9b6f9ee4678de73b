-- Each index serves a query of the ledger; the tests hold them to it.

-- migrate:up

-- Identity; job_key stands for the job, which may be NULL.
CREATE UNIQUE INDEX ux_fraise_state_identity ON tb_fraise_state (project_name, fraise_name, environment_name, job_key);

-- A deployment by the beginning or the end of its id.
CREATE INDEX ix_deployment_id_hex ON tb_deployment (id_hex);
CREATE INDEX ix_deployment_id_hex_reversed ON tb_deployment (id_hex_reversed);

-- History, newest first: all of it, of a project, of a fraise, of an environment of it, of an environment, on a target,
-- with a status.
CREATE INDEX ix_deployment_started ON tb_deployment (started_at, pk_deployment);
CREATE INDEX ix_deployment_project_started ON tb_deployment (project_name, started_at, pk_deployment);
CREATE INDEX ix_deployment_fraise_started ON tb_deployment (fraise_name, started_at, pk_deployment);
CREATE INDEX ix_deployment_fraise_environment_started ON tb_deployment (fraise_name, environment_name, started_at, pk_deployment);
CREATE INDEX ix_deployment_environment_started ON tb_deployment (environment_name, started_at, pk_deployment);
CREATE INDEX ix_deployment_target_started ON tb_deployment (target, started_at, pk_deployment);
CREATE INDEX ix_deployment_status_started ON tb_deployment (status, started_at, pk_deployment);

-- Releases of a fraise on a target: the one by its id, those that were healthy; and what is not finished.
CREATE INDEX ix_deployment_release ON tb_deployment (fk_fraise_state, target, release_id);
CREATE INDEX ix_deployment_healthy ON tb_deployment (fk_fraise_state, target, status, kind, started_at, pk_deployment);

CREATE INDEX ix_event_subject ON tb_event (subject_id, pk_event);
CREATE INDEX ix_webhook_event_received ON tb_webhook_event (received_at, pk_webhook_event);

-- migrate:down

DROP INDEX ix_webhook_event_received;
DROP INDEX ix_event_subject;
DROP INDEX ix_deployment_healthy;
DROP INDEX ix_deployment_release;
DROP INDEX ix_deployment_status_started;
DROP INDEX ix_deployment_target_started;
DROP INDEX ix_deployment_environment_started;
DROP INDEX ix_deployment_fraise_environment_started;
DROP INDEX ix_deployment_fraise_started;
DROP INDEX ix_deployment_project_started;
DROP INDEX ix_deployment_started;
DROP INDEX ix_deployment_id_hex_reversed;
DROP INDEX ix_deployment_id_hex;
DROP INDEX ux_fraise_state_identity;
