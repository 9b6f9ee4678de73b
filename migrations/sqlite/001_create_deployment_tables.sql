-- Every table of the ledger, parents first.
-- id: public UUIDv7, the same in every database. identifier: business key. pk_*: internal, never shown. fk_*: points to a pk_*.

-- migrate:up

CREATE TABLE tb_fraise_state (
  pk_fraise_state INTEGER PRIMARY KEY AUTOINCREMENT,
  id UUID NOT NULL UNIQUE,
  identifier TEXT NOT NULL UNIQUE,
  project_name TEXT NOT NULL DEFAULT '',
  fraise_name TEXT NOT NULL CHECK (fraise_name <> ''),
  environment_name TEXT NOT NULL CHECK (environment_name <> ''),
  job_name TEXT CHECK (job_name <> ''),
  -- The job as a part of the identity, in which no NULL may be: NULL is not equal to NULL.
  job_key TEXT GENERATED ALWAYS AS (COALESCE(job_name, '')) STORED,
  current_version TEXT,
  -- The deployment that put the current version in place.
  fk_deployment_current INTEGER REFERENCES tb_deployment (pk_deployment),
  last_deployed_at TIMESTAMP,
  last_deployed_by TEXT,
  status TEXT NOT NULL DEFAULT 'unknown' CHECK (status IN ('healthy', 'degraded', 'down', 'unknown')),
  successful_deployments INTEGER NOT NULL DEFAULT 0 CHECK (successful_deployments >= 0),
  failed_deployments INTEGER NOT NULL DEFAULT 0 CHECK (failed_deployments >= 0),
  created_at TIMESTAMP NOT NULL,
  updated_at TIMESTAMP NOT NULL
);

CREATE TABLE tb_deployment (
  pk_deployment INTEGER PRIMARY KEY AUTOINCREMENT,
  id UUID NOT NULL UNIQUE,
  identifier TEXT NOT NULL UNIQUE,
  -- The hex digits of id, and the same backwards: a row is found by the beginning or the end of its id by an index.
  id_hex TEXT NOT NULL,
  id_hex_reversed TEXT NOT NULL,
  fk_fraise_state INTEGER NOT NULL REFERENCES tb_fraise_state (pk_fraise_state),
  -- For a rollback: the deployment that it undoes.
  fk_deployment_undone INTEGER REFERENCES tb_deployment (pk_deployment),
  project_name TEXT NOT NULL DEFAULT '',
  fraise_name TEXT NOT NULL CHECK (fraise_name <> ''),
  environment_name TEXT NOT NULL CHECK (environment_name <> ''),
  job_name TEXT CHECK (job_name <> ''),
  kind TEXT NOT NULL DEFAULT 'deploy' CHECK (kind IN ('deploy', 'rollback')),
  status TEXT NOT NULL CHECK (status IN ('pending', 'in_progress', 'success', 'failed', 'rolled_back', 'rollback_failed', 'cancelled', 'abandoned', 'superseded')),
  started_at TIMESTAMP NOT NULL,
  completed_at TIMESTAMP,
  duration_seconds REAL CHECK (duration_seconds >= 0),
  old_version TEXT,
  new_version TEXT,
  triggered_by TEXT,
  triggered_by_user TEXT,
  git_commit TEXT,
  git_branch TEXT,
  commit_subject TEXT,
  error_message TEXT,
  -- Where it runs: local:<machine id>.
  target TEXT,
  host TEXT,
  release_id TEXT,
  release_path TEXT,
  previous_release_id TEXT,
  -- When its release was first found healthy; never reset.
  healthy_at TIMESTAMP,
  -- The process that runs it.
  runner_host TEXT,
  runner_machine TEXT,
  runner_boot_id TEXT,
  runner_pid INTEGER,
  runner_start_time TEXT,
  runner_user TEXT,
  runner_ci_run TEXT,
  details JSON,
  created_at TIMESTAMP NOT NULL,
  updated_at TIMESTAMP NOT NULL,
  CHECK (status NOT IN ('pending', 'in_progress') OR completed_at IS NULL),
  CHECK (fk_deployment_undone IS NULL OR kind = 'rollback')
);

CREATE TABLE tb_deployment_step (
  pk_deployment_step INTEGER PRIMARY KEY AUTOINCREMENT,
  fk_deployment INTEGER NOT NULL REFERENCES tb_deployment (pk_deployment),
  step_order INTEGER NOT NULL CHECK (step_order > 0),
  name TEXT NOT NULL CHECK (name <> ''),
  -- undo: the inverse of a step.
  direction TEXT NOT NULL DEFAULT 'do' CHECK (direction IN ('do', 'undo')),
  started_at TIMESTAMP NOT NULL,
  ended_at TIMESTAMP,
  outcome TEXT NOT NULL DEFAULT 'running' CHECK (outcome IN ('running', 'success', 'failed', 'cancelled', 'abandoned', 'skipped')),
  message TEXT,
  UNIQUE (fk_deployment, step_order),
  CHECK ((outcome = 'running') = (ended_at IS NULL))
);

-- What the steps printed, secrets masked, in chunks of whole lines.
CREATE TABLE tb_deployment_output (
  pk_deployment_output INTEGER PRIMARY KEY AUTOINCREMENT,
  fk_deployment INTEGER NOT NULL REFERENCES tb_deployment (pk_deployment),
  step_order INTEGER NOT NULL,
  sequence INTEGER NOT NULL CHECK (sequence > 0),
  written_at TIMESTAMP NOT NULL,
  stream TEXT NOT NULL CHECK (stream IN ('stdout', 'stderr')),
  text TEXT NOT NULL,
  UNIQUE (fk_deployment, sequence)
);

-- Every change of the ledger, in the order in which it happened.
CREATE TABLE tb_event (
  pk_event INTEGER PRIMARY KEY AUTOINCREMENT,
  occurred_at TIMESTAMP NOT NULL,
  kind TEXT NOT NULL CHECK (kind <> ''),
  subject_id TEXT NOT NULL,
  data JSON NOT NULL
);

-- How many deployments of a fraise ended in which way on which day (UTC), so that nothing counts history.
CREATE TABLE tb_deployment_stat (
  pk_deployment_stat INTEGER PRIMARY KEY AUTOINCREMENT,
  fk_fraise_state INTEGER NOT NULL REFERENCES tb_fraise_state (pk_fraise_state),
  day DATE NOT NULL,
  successes INTEGER NOT NULL DEFAULT 0 CHECK (successes >= 0),
  failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
  rollbacks INTEGER NOT NULL DEFAULT 0 CHECK (rollbacks >= 0),
  cancellations INTEGER NOT NULL DEFAULT 0 CHECK (cancellations >= 0),
  total_seconds REAL NOT NULL DEFAULT 0,
  UNIQUE (fk_fraise_state, day)
);

-- The right to change a target: one row per target for ever. The token only grows; free: no holder.
CREATE TABLE tb_deployment_lease (
  pk_deployment_lease INTEGER PRIMARY KEY AUTOINCREMENT,
  target TEXT NOT NULL UNIQUE,
  fencing_token INTEGER NOT NULL CHECK (fencing_token > 0),
  fk_deployment INTEGER REFERENCES tb_deployment (pk_deployment),
  holder_host TEXT,
  holder_machine TEXT,
  holder_boot_id TEXT,
  holder_pid INTEGER,
  holder_start_time TEXT,
  holder_user TEXT,
  holder_ci_run TEXT,
  acquired_at TIMESTAMP,
  heartbeat_at TIMESTAMP,
  expires_at TIMESTAMP
);

-- The older API's lock.
CREATE TABLE tb_deployment_lock (
  pk_deployment_lock INTEGER PRIMARY KEY AUTOINCREMENT,
  service_name TEXT NOT NULL,
  provider_name TEXT NOT NULL,
  locked_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP NOT NULL,
  -- Who took it, so that nobody else frees it.
  owner TEXT,
  UNIQUE (service_name, provider_name)
);

CREATE TABLE tb_webhook_event (
  pk_webhook_event INTEGER PRIMARY KEY AUTOINCREMENT,
  id UUID NOT NULL UNIQUE,
  identifier TEXT NOT NULL UNIQUE,
  fk_deployment INTEGER REFERENCES tb_deployment (pk_deployment),
  received_at TIMESTAMP NOT NULL,
  event_type TEXT NOT NULL,
  git_provider TEXT NOT NULL,
  branch_name TEXT,
  commit_sha TEXT,
  sender TEXT,
  payload JSON,
  processed BOOLEAN NOT NULL DEFAULT 0,
  created_at TIMESTAMP NOT NULL,
  updated_at TIMESTAMP NOT NULL
);

-- What foreign keys are looked up by.
CREATE INDEX ix_fraise_state_current ON tb_fraise_state (fk_deployment_current);
CREATE INDEX ix_deployment_fraise_state ON tb_deployment (fk_fraise_state);
CREATE INDEX ix_deployment_undone ON tb_deployment (fk_deployment_undone);
CREATE INDEX ix_lease_deployment ON tb_deployment_lease (fk_deployment);
CREATE INDEX ix_webhook_event_deployment ON tb_webhook_event (fk_deployment);

-- migrate:down

DROP TABLE tb_webhook_event;
DROP TABLE tb_deployment_lock;
DROP TABLE tb_deployment_lease;
DROP TABLE tb_deployment_stat;
DROP TABLE tb_event;
DROP TABLE tb_deployment_output;
DROP TABLE tb_deployment_step;
DROP TABLE tb_deployment;
DROP TABLE tb_fraise_state;
