-- Every table of the ledger, parents first.
-- id: public UUIDv7, the same in every database. identifier: business key. pk_*: internal, never shown. fk_*: points to a pk_*.

-- Texts compare exactly, blanks at their end included. The collations that do so have another name on each server, and each
-- reads its own comment. Only a text that is part of a key has a limit, so that keys stay below InnoDB's 3072 bytes. The
-- indexes of the foreign keys are declared with them: MySQL 9.7 forgets a foreign key whose own index is replaced by a
-- longer one that is made later.

-- migrate:up

CREATE TABLE tb_fraise_state (
  pk_fraise_state BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id CHAR(36) NOT NULL UNIQUE,
  identifier VARCHAR(700) NOT NULL UNIQUE,
  project_name VARCHAR(190) NOT NULL DEFAULT '',
  fraise_name VARCHAR(190) NOT NULL CHECK (fraise_name <> ''),
  environment_name VARCHAR(190) NOT NULL CHECK (environment_name <> ''),
  job_name VARCHAR(190) CHECK (job_name <> ''),
  -- The job as a part of the identity, in which no NULL may be: NULL is not equal to NULL.
  job_key VARCHAR(190) GENERATED ALWAYS AS (COALESCE(job_name, '')) STORED,
  current_version LONGTEXT,
  -- The deployment that put the current version in place.
  fk_deployment_current BIGINT,
  last_deployed_at DATETIME(3),
  last_deployed_by LONGTEXT,
  status VARCHAR(64) NOT NULL DEFAULT 'unknown' CHECK (status IN ('healthy', 'degraded', 'down', 'unknown')),
  successful_deployments INTEGER NOT NULL DEFAULT 0 CHECK (successful_deployments >= 0),
  failed_deployments INTEGER NOT NULL DEFAULT 0 CHECK (failed_deployments >= 0),
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  INDEX ix_fraise_state_current (fk_deployment_current)
) DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80017 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */ ENGINE = InnoDB;

CREATE TABLE tb_deployment (
  pk_deployment BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id CHAR(36) NOT NULL UNIQUE,
  identifier VARCHAR(700) NOT NULL UNIQUE,
  -- The hex digits of id, and the same backwards: a row is found by the beginning or the end of its id by an index.
  id_hex CHAR(32) NOT NULL,
  id_hex_reversed CHAR(32) NOT NULL,
  fk_fraise_state BIGINT NOT NULL,
  -- For a rollback: the deployment that it undoes.
  fk_deployment_undone BIGINT,
  project_name VARCHAR(190) NOT NULL DEFAULT '',
  fraise_name VARCHAR(190) NOT NULL CHECK (fraise_name <> ''),
  environment_name VARCHAR(190) NOT NULL CHECK (environment_name <> ''),
  job_name VARCHAR(190) CHECK (job_name <> ''),
  kind VARCHAR(64) NOT NULL DEFAULT 'deploy' CHECK (kind IN ('deploy', 'rollback')),
  status VARCHAR(64) NOT NULL CHECK (status IN ('pending', 'in_progress', 'success', 'failed', 'rolled_back', 'rollback_failed', 'cancelled', 'abandoned', 'superseded')),
  started_at DATETIME(3) NOT NULL,
  completed_at DATETIME(3),
  duration_seconds DOUBLE CHECK (duration_seconds >= 0),
  old_version LONGTEXT,
  new_version LONGTEXT,
  triggered_by LONGTEXT,
  triggered_by_user LONGTEXT,
  git_commit LONGTEXT,
  git_branch LONGTEXT,
  commit_subject LONGTEXT,
  error_message LONGTEXT,
  -- Where it runs: local:<machine id>.
  target VARCHAR(500),
  host LONGTEXT,
  release_id VARCHAR(190),
  release_path LONGTEXT,
  previous_release_id LONGTEXT,
  -- When its release was first found healthy; never reset.
  healthy_at DATETIME(3),
  -- The process that runs it.
  runner_host LONGTEXT,
  runner_machine LONGTEXT,
  runner_boot_id LONGTEXT,
  runner_pid INTEGER,
  runner_start_time LONGTEXT,
  runner_user LONGTEXT,
  runner_ci_run LONGTEXT,
  details JSON,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  CHECK (status NOT IN ('pending', 'in_progress') OR completed_at IS NULL),
  CHECK (fk_deployment_undone IS NULL OR kind = 'rollback'),
  INDEX ix_deployment_fraise_state (fk_fraise_state),
  INDEX ix_deployment_undone (fk_deployment_undone),
  FOREIGN KEY (fk_fraise_state) REFERENCES tb_fraise_state (pk_fraise_state),
  FOREIGN KEY (fk_deployment_undone) REFERENCES tb_deployment (pk_deployment)
) DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80017 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */ ENGINE = InnoDB;

ALTER TABLE tb_fraise_state ADD CONSTRAINT fk_fraise_state_current FOREIGN KEY (fk_deployment_current) REFERENCES tb_deployment (pk_deployment);

CREATE TABLE tb_deployment_step (
  pk_deployment_step BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  fk_deployment BIGINT NOT NULL,
  step_order INTEGER NOT NULL CHECK (step_order > 0),
  name LONGTEXT NOT NULL CHECK (name <> ''),
  -- undo: the inverse of a step.
  direction VARCHAR(64) NOT NULL DEFAULT 'do' CHECK (direction IN ('do', 'undo')),
  started_at DATETIME(3) NOT NULL,
  ended_at DATETIME(3),
  outcome VARCHAR(64) NOT NULL DEFAULT 'running' CHECK (outcome IN ('running', 'success', 'failed', 'cancelled', 'abandoned', 'skipped')),
  message LONGTEXT,
  UNIQUE (fk_deployment, step_order),
  CHECK ((outcome = 'running') = (ended_at IS NULL)),
  FOREIGN KEY (fk_deployment) REFERENCES tb_deployment (pk_deployment)
) DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80017 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */ ENGINE = InnoDB;

-- What the steps printed, secrets masked, in chunks of whole lines.
CREATE TABLE tb_deployment_output (
  pk_deployment_output BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  fk_deployment BIGINT NOT NULL,
  step_order INTEGER NOT NULL,
  sequence INTEGER NOT NULL CHECK (sequence > 0),
  written_at DATETIME(3) NOT NULL,
  stream VARCHAR(64) NOT NULL CHECK (stream IN ('stdout', 'stderr')),
  text LONGTEXT NOT NULL,
  UNIQUE (fk_deployment, sequence),
  FOREIGN KEY (fk_deployment) REFERENCES tb_deployment (pk_deployment)
) DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80017 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */ ENGINE = InnoDB;

-- Every change of the ledger, in the order in which it happened.
CREATE TABLE tb_event (
  pk_event BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  occurred_at DATETIME(3) NOT NULL,
  kind VARCHAR(64) NOT NULL CHECK (kind <> ''),
  subject_id VARCHAR(500) NOT NULL,
  data JSON NOT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80017 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */ ENGINE = InnoDB;

-- How many deployments of a fraise ended in which way on which day (UTC), so that nothing counts history.
CREATE TABLE tb_deployment_stat (
  pk_deployment_stat BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  fk_fraise_state BIGINT NOT NULL,
  day DATE NOT NULL,
  successes INTEGER NOT NULL DEFAULT 0 CHECK (successes >= 0),
  failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
  rollbacks INTEGER NOT NULL DEFAULT 0 CHECK (rollbacks >= 0),
  cancellations INTEGER NOT NULL DEFAULT 0 CHECK (cancellations >= 0),
  total_seconds DOUBLE NOT NULL DEFAULT 0,
  UNIQUE (fk_fraise_state, day),
  FOREIGN KEY (fk_fraise_state) REFERENCES tb_fraise_state (pk_fraise_state)
) DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80017 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */ ENGINE = InnoDB;

-- The right to change a target: one row per target for ever. The token only grows; free: no holder.
CREATE TABLE tb_deployment_lease (
  pk_deployment_lease BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  target VARCHAR(500) NOT NULL UNIQUE,
  fencing_token BIGINT NOT NULL CHECK (fencing_token > 0),
  fk_deployment BIGINT,
  holder_host LONGTEXT,
  holder_machine LONGTEXT,
  holder_boot_id LONGTEXT,
  holder_pid INTEGER,
  holder_start_time LONGTEXT,
  holder_user LONGTEXT,
  holder_ci_run LONGTEXT,
  acquired_at DATETIME(3),
  heartbeat_at DATETIME(3),
  expires_at DATETIME(3),
  INDEX ix_lease_deployment (fk_deployment),
  FOREIGN KEY (fk_deployment) REFERENCES tb_deployment (pk_deployment)
) DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80017 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */ ENGINE = InnoDB;

-- The older API's lock.
CREATE TABLE tb_deployment_lock (
  pk_deployment_lock BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  service_name VARCHAR(190) NOT NULL,
  provider_name VARCHAR(190) NOT NULL,
  locked_at DATETIME(3) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  -- Who took it, so that nobody else frees it.
  owner LONGTEXT,
  UNIQUE (service_name, provider_name)
) DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80017 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */ ENGINE = InnoDB;

CREATE TABLE tb_webhook_event (
  pk_webhook_event BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id CHAR(36) NOT NULL UNIQUE,
  identifier VARCHAR(700) NOT NULL UNIQUE,
  fk_deployment BIGINT,
  received_at DATETIME(3) NOT NULL,
  event_type LONGTEXT NOT NULL,
  git_provider LONGTEXT NOT NULL,
  branch_name LONGTEXT,
  commit_sha LONGTEXT,
  sender LONGTEXT,
  payload JSON,
  processed BOOLEAN NOT NULL DEFAULT FALSE,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  INDEX ix_webhook_event_deployment (fk_deployment),
  FOREIGN KEY (fk_deployment) REFERENCES tb_deployment (pk_deployment)
) DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80017 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */ ENGINE = InnoDB;

-- migrate:down

DROP TABLE tb_webhook_event;
DROP TABLE tb_deployment_lock;
DROP TABLE tb_deployment_lease;
DROP TABLE tb_deployment_stat;
DROP TABLE tb_event;
DROP TABLE tb_deployment_output;
DROP TABLE tb_deployment_step;
ALTER TABLE tb_fraise_state DROP FOREIGN KEY fk_fraise_state_current;
DROP TABLE tb_deployment;
DROP TABLE tb_fraise_state;
