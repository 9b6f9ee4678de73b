"""What start and completion of a deployment write, by Python's own sqlite3: how many a second.

Arguments: the file of a migrated ledger, the target whose lease is held, its token. Each line that is read says for how
many milliseconds; each that is written, how many there were and how many milliseconds that took.
"""

import json
import sqlite3
import sys
import time
import uuid
from datetime import datetime, timezone

path, target, token = sys.argv[1], sys.argv[2], int(sys.argv[3])
database = sqlite3.connect(path, isolation_level=None)
database.execute("PRAGMA journal_mode = WAL")
database.execute("PRAGMA synchronous = FULL")
database.execute("PRAGMA foreign_keys = ON")

TOUCH = "UPDATE tb_deployment_lease SET heartbeat_at = ? WHERE target = ? AND fencing_token = ? AND holder_host IS NOT NULL"
EVENT = "INSERT INTO tb_event (occurred_at, kind, subject_id, data) VALUES (?, ?, ?, ?)"
STATE = "SELECT pk_fraise_state FROM tb_fraise_state WHERE project_name = ? AND fraise_name = ? AND environment_name = ? AND job_key = ?"
COLUMNS = (
    "id identifier id_hex id_hex_reversed fk_fraise_state project_name fraise_name environment_name kind status started_at "
    "new_version triggered_by triggered_by_user git_branch target host runner_host runner_machine runner_boot_id runner_pid "
    "runner_start_time runner_user details created_at updated_at"
).split()
INSERT = f"INSERT INTO tb_deployment ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def deploy():
    at, deployment = now(), str(uuid.uuid4())
    digits = deployment.replace("-", "")
    database.execute("BEGIN IMMEDIATE")
    (state,) = database.execute(STATE, ("bench", "shop", "production", "")).fetchone()
    row = database.execute(
        INSERT,
        (
            deployment, f"bench/shop:production:{deployment}", digits, digits[::-1], state, "bench", "shop", "production",
            "deploy", "pending", at, "v1", "manual", "maria", "main", target, "web1", "web1", "local:machine1", "boot-1",
            4711, "100200", "maria", "{}", at, at,
        ),
    ).lastrowid
    created = {"kind": "deploy", "fraise": "shop", "environment": "production", "user": "maria"}
    database.execute(EVENT, (at, "deployment.created", deployment, json.dumps(created)))
    database.execute("COMMIT")

    at = now()
    database.execute("BEGIN IMMEDIATE")
    database.execute(TOUCH, (at, target, token))
    database.execute(
        "UPDATE tb_deployment SET status = ?, updated_at = ? WHERE pk_deployment = ? AND status IN (?)",
        ("in_progress", at, row, "pending"),
    )
    database.execute("UPDATE tb_deployment_lease SET fk_deployment = ? WHERE target = ?", (row, target))
    database.execute(EVENT, (at, "deployment.started", deployment, json.dumps({"token": token})))
    database.execute("COMMIT")

    at = now()
    database.execute("BEGIN IMMEDIATE")
    database.execute(TOUCH, (at, target, token))
    database.execute(
        "UPDATE tb_deployment SET status = ?, updated_at = ? WHERE pk_deployment = ? AND status IN (?)",
        ("success", at, row, "in_progress"),
    )
    database.execute(
        "UPDATE tb_deployment SET completed_at = ?, duration_seconds = ?, error_message = ?, healthy_at = ? WHERE pk_deployment = ?",
        (at, 0.001, None, at, row),
    )
    database.execute(
        "UPDATE tb_deployment_step SET ended_at = ?, outcome = ? WHERE fk_deployment = ? AND outcome = 'running'",
        (at, "success", row),
    )
    database.execute(EVENT, (at, "deployment.success", deployment, json.dumps({"message": None, "seconds": 0.001})))
    counted = database.execute(
        "UPDATE tb_deployment_stat SET successes = successes + ?, total_seconds = total_seconds + ? WHERE fk_fraise_state = ? AND day = ?",
        (1, 0.001, state, at[:10]),
    ).rowcount
    if counted == 0:
        database.execute(
            "INSERT INTO tb_deployment_stat (fk_fraise_state, day, successes, total_seconds) VALUES (?, ?, ?, ?)",
            (state, at[:10], 1, 0.001),
        )
    database.execute(
        "UPDATE tb_fraise_state SET successful_deployments = successful_deployments + ? WHERE pk_fraise_state = ?",
        (1, state),
    )
    database.execute(
        "UPDATE tb_fraise_state SET status = ?, updated_at = ?, current_version = ?, fk_deployment_current = ?, "
        "last_deployed_at = ?, last_deployed_by = ? WHERE pk_fraise_state = ?",
        ("healthy", at, "v1", row, at, "maria", state),
    )
    database.execute(EVENT, (at, "fraise.changed", deployment, json.dumps({"status": "healthy", "version": "v1"})))
    database.execute("COMMIT")


for line in sys.stdin:
    started = time.perf_counter()
    count, passed = 0, 0.0
    while passed < float(line):
        deploy()
        count += 1
        passed = (time.perf_counter() - started) * 1000
    print(json.dumps({"count": count, "milliseconds": passed}), flush=True)
