-- The tables, views and indexes that the Python Fraisier made at first (January 2026).

CREATE TABLE tb_fraise_state (
    id TEXT NOT NULL UNIQUE,                         -- 1. Public UUID for sync
    identifier TEXT NOT NULL UNIQUE,                 -- 2. Business key: fraise:env[:job]
    pk_fraise_state INTEGER PRIMARY KEY AUTOINCREMENT,  -- 3. Internal key (last)

    -- Foreign Keys (if any)

    -- Domain Columns
    fraise_name TEXT NOT NULL,
    environment_name TEXT NOT NULL,
    job_name TEXT,                                   -- NULL for non-scheduled
    current_version TEXT,
    last_deployed_at TEXT,
    last_deployed_by TEXT,
    status TEXT DEFAULT 'unknown',                   -- healthy, degraded, down, unknown

    -- Audit Trail
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,

    -- Natural Key
    UNIQUE(fraise_name, environment_name, job_name)
);

CREATE TABLE tb_deployment (
    id TEXT NOT NULL UNIQUE,                         -- 1. Public UUID for sync
    identifier TEXT NOT NULL UNIQUE,                 -- 2. Business key: fraise:env:timestamp
    pk_deployment INTEGER PRIMARY KEY AUTOINCREMENT,    -- 3. Internal key (last)

    -- Foreign Keys
    fk_fraise_state INTEGER NOT NULL REFERENCES tb_fraise_state(pk_fraise_state),

    -- Domain Columns
    fraise_name TEXT NOT NULL,
    environment_name TEXT NOT NULL,
    job_name TEXT,
    started_at TEXT NOT NULL,
    completed_at TEXT,
    duration_seconds REAL,
    old_version TEXT,
    new_version TEXT,
    status TEXT NOT NULL,                            -- pending, in_progress, success, failed, rolled_back
    triggered_by TEXT,                               -- webhook, manual, scheduled
    triggered_by_user TEXT,
    git_commit TEXT,
    git_branch TEXT,
    error_message TEXT,
    details TEXT,                                    -- JSON for additional data

    -- Audit Trail
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);

CREATE TABLE tb_webhook_event (
    id TEXT NOT NULL UNIQUE,                         -- 1. Public UUID for sync
    identifier TEXT NOT NULL UNIQUE,                 -- 2. Business key: provider:timestamp:hash
    pk_webhook_event INTEGER PRIMARY KEY AUTOINCREMENT,  -- 3. Internal key (last)

    -- Foreign Keys
    fk_deployment INTEGER REFERENCES tb_deployment(pk_deployment),

    -- Domain Columns
    received_at TEXT NOT NULL,
    event_type TEXT NOT NULL,                        -- push, ping, pull_request, etc.
    git_provider TEXT NOT NULL,                      -- github, gitlab, gitea, bitbucket
    branch_name TEXT,
    commit_sha TEXT,
    sender TEXT,
    payload TEXT,                                    -- Full JSON payload
    processed INTEGER DEFAULT 0,

    -- Audit Trail
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);

CREATE TABLE tb_deployment_lock (
    pk_deployment_lock INTEGER PRIMARY KEY AUTOINCREMENT,

    service_name TEXT NOT NULL,
    provider_name TEXT NOT NULL,
    locked_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,

    UNIQUE(service_name, provider_name)
);

CREATE VIEW v_fraise_status AS
SELECT
    fs.pk_fraise_state,
    fs.id,
    fs.identifier,
    fs.fraise_name,
    fs.environment_name,
    fs.job_name,
    fs.current_version,
    fs.status,
    fs.last_deployed_at,
    fs.last_deployed_by,
    (SELECT COUNT(*) FROM tb_deployment d
     WHERE d.fk_fraise_state = fs.pk_fraise_state
       AND d.status = 'success') as successful_deployments,
    (SELECT COUNT(*) FROM tb_deployment d
     WHERE d.fk_fraise_state = fs.pk_fraise_state
       AND d.status = 'failed') as failed_deployments,
    fs.created_at,
    fs.updated_at
FROM tb_fraise_state fs;

CREATE VIEW v_deployment_history AS
SELECT
    d.pk_deployment,
    d.id,
    d.identifier,
    d.fraise_name,
    d.environment_name,
    d.job_name,
    d.started_at,
    d.completed_at,
    d.duration_seconds,
    d.old_version,
    d.new_version,
    d.status,
    d.triggered_by,
    d.triggered_by_user,
    d.git_commit,
    d.git_branch,
    d.error_message,
    CASE
        WHEN d.old_version != d.new_version THEN 'upgrade'
        WHEN d.old_version = d.new_version THEN 'redeploy'
        ELSE 'unknown'
    END as deployment_type,
    d.created_at,
    d.updated_at
FROM tb_deployment d
ORDER BY d.started_at DESC;

CREATE VIEW v_webhook_event_history AS
SELECT
    we.pk_webhook_event,
    we.id,
    we.identifier,
    we.git_provider,
    we.event_type,
    we.branch_name,
    we.commit_sha,
    we.sender,
    we.received_at,
    we.processed,
    we.fk_deployment,
    d.id as deployment_id,
    d.fraise_name,
    d.environment_name,
    we.created_at,
    we.updated_at
FROM tb_webhook_event we
LEFT JOIN tb_deployment d ON we.fk_deployment = d.pk_deployment
ORDER BY we.received_at DESC;

CREATE INDEX idx_fraise_state_name_env
    ON tb_fraise_state(fraise_name, environment_name);

CREATE INDEX idx_fraise_state_identifier
    ON tb_fraise_state(identifier);

CREATE INDEX idx_fraise_state_id
    ON tb_fraise_state(id);

CREATE INDEX idx_deployment_fraise_state_fk
    ON tb_deployment(fk_fraise_state);

CREATE INDEX idx_deployment_started_at
    ON tb_deployment(started_at DESC);

CREATE INDEX idx_deployment_identifier
    ON tb_deployment(identifier);

CREATE INDEX idx_deployment_id
    ON tb_deployment(id);

CREATE INDEX idx_deployment_status
    ON tb_deployment(status);

CREATE INDEX idx_webhook_event_deployment_fk
    ON tb_webhook_event(fk_deployment);

CREATE INDEX idx_webhook_event_received_at
    ON tb_webhook_event(received_at DESC);

CREATE INDEX idx_webhook_event_identifier
    ON tb_webhook_event(identifier);

CREATE INDEX idx_webhook_event_id
    ON tb_webhook_event(id);

CREATE INDEX idx_webhook_event_processed
    ON tb_webhook_event(processed);

CREATE INDEX idx_deployment_lock_service_provider
    ON tb_deployment_lock(service_name, provider_name);

CREATE INDEX idx_deployment_lock_expires_at
    ON tb_deployment_lock(expires_at);
