import type { Queryable } from "../../db/index.ts";
import { writeEvent } from "../events.ts";
import type { Identity } from "../model.ts";
import { ensureState, identifierOf } from "../states.ts";
import { convertDeployment, convertLock, convertState, convertWebhook } from "./convert.ts";
import { PastCounts } from "./counts.ts";
import type { Problems } from "./problems.ts";
import { type PythonDeployment, type PythonState, rowsOf } from "./rows.ts";
import { asideNameOf } from "./set-aside.ts";
import type { TimeZone } from "./time-zone.ts";

/** What rows are brought over with. */
export interface BringingOver {
  readonly tx: Queryable;
  readonly zone: TimeZone;
  readonly now: Date;
  /** Gets what {@link examine} would have refused. */
  readonly problems: Problems;
  /** Called for each row. */
  readonly onRow: () => void;
}

/** Fills today's tables from those that were set aside, parents first. */
export async function bringOver(bringing: BringingOver): Promise<void> {
  await bringStates(bringing);
  await bringDeployments(bringing);
  await bringWebhooks(bringing);
  await bringLocks(bringing);
}

const identityOf = (row: PythonState | PythonDeployment): Identity => ({
  project: "",
  fraise: row.fraise_name,
  environment: row.environment_name,
  job: row.job_name,
});

async function bringStates({ tx, zone, problems, onRow }: BringingOver): Promise<void> {
  const aside = asideNameOf("tb_fraise_state");
  for await (const row of rowsOf(tx, "tb_fraise_state", aside)) {
    const state = convertState(row, zone, problems);
    await tx.executeUpdate(
      `INSERT INTO tb_fraise_state (pk_fraise_state, id, identifier, fraise_name, environment_name, job_name,
          current_version, last_deployed_at, last_deployed_by, status, created_at, updated_at)
        SELECT pk_fraise_state, ?, ?, fraise_name, environment_name, NULLIF(job_name, ''),
          current_version, ?, last_deployed_by, ?, ?, ?
        FROM ${aside} WHERE pk_fraise_state = ?`,
      [
        // Today's form, which no other fraise's can be equal to.
        ...[state.id, identifierOf(identityOf(row)), state.lastDeployedAt, state.status],
        ...[state.createdAt, state.updatedAt, row.pk_fraise_state],
      ],
    );
    onRow();
  }
}

async function bringDeployments({ tx, zone, now, problems, onRow }: BringingOver): Promise<void> {
  const aside = asideNameOf("tb_deployment");
  const counts = new PastCounts();
  const states = await tx.executeQuery<{ key: number }>("SELECT pk_fraise_state AS key FROM tb_fraise_state");
  const known = new Set(states.map(({ key }) => key));
  for await (const row of rowsOf(tx, "tb_deployment", aside)) {
    const deployment = convertDeployment(row, zone, problems);
    const own = row.fk_fraise_state;
    const state = own !== null && known.has(own) ? own : await ensureState(tx, identityOf(row), now);
    const hex = deployment.id.replaceAll("-", "");
    await tx.executeUpdate(
      `INSERT INTO tb_deployment (pk_deployment, id, id_hex, id_hex_reversed, fk_fraise_state, status, started_at,
          completed_at, duration_seconds, healthy_at, error_message, created_at, updated_at, identifier, fraise_name,
          environment_name, job_name, old_version, new_version, triggered_by, triggered_by_user, git_commit, git_branch,
          details)
        SELECT pk_deployment, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, identifier, fraise_name, environment_name,
          NULLIF(job_name, ''), old_version, new_version, triggered_by, triggered_by_user, git_commit, git_branch,
          ${DETAILS}
        FROM ${aside} WHERE pk_deployment = ?`,
      [
        ...[deployment.id, hex, [...hex].reverse().join(""), state, deployment.status, deployment.startedAt],
        ...[deployment.completedAt, deployment.durationSeconds, deployment.healthyAt, deployment.errorMessage],
        ...[deployment.createdAt, deployment.updatedAt, row.pk_deployment],
      ],
    );
    counts.add(state, deployment);
    if (deployment.wasUnfinished)
      await writeEvent(tx, now, "deployment.abandoned", deployment.id, { message: deployment.errorMessage });
    onRow();
  }
  await counts.write(tx);
  await tx.executeUpdate(CURRENT_DEPLOYMENTS);
}

/** Today they are an object, or nothing; anything else becomes a part of one. */
const DETAILS = `CASE
  WHEN NOT json_valid(details) THEN json_object('details', details)
  WHEN json_type(details) = 'null' THEN NULL
  WHEN json_type(details) = 'object' THEN details
  WHEN details IS NOT NULL THEN json_object('details', json(details))
END`;

/** What put the current version in place: the newest success with that version. */
const CURRENT_DEPLOYMENTS = `UPDATE tb_fraise_state SET fk_deployment_current = (
  SELECT d.pk_deployment FROM tb_deployment d
  WHERE d.fk_fraise_state = tb_fraise_state.pk_fraise_state AND d.status = 'success'
    AND d.new_version = tb_fraise_state.current_version
  ORDER BY d.started_at DESC, d.pk_deployment DESC LIMIT 1)`;

async function bringWebhooks({ tx, zone, problems, onRow }: BringingOver): Promise<void> {
  const aside = asideNameOf("tb_webhook_event");
  for await (const row of rowsOf(tx, "tb_webhook_event", aside)) {
    const event = convertWebhook(row, zone, problems);
    await tx.executeUpdate(
      `INSERT INTO tb_webhook_event (pk_webhook_event, id, received_at, created_at, updated_at, identifier, fk_deployment,
          event_type, git_provider, branch_name, commit_sha, sender, payload, processed)
        SELECT pk_webhook_event, ?, ?, ?, ?, identifier,
          (SELECT d.pk_deployment FROM tb_deployment d WHERE d.pk_deployment = w.fk_deployment),
          event_type, git_provider, branch_name, commit_sha, sender,
          CASE WHEN NOT json_valid(payload) THEN json_quote(payload) ELSE payload END,
          COALESCE(processed <> 0, 0)
        FROM ${aside} w WHERE pk_webhook_event = ?`,
      [event.id, event.receivedAt, event.createdAt, event.updatedAt, row.pk_webhook_event],
    );
    onRow();
  }
}

async function bringLocks({ tx, zone, now, problems, onRow }: BringingOver): Promise<void> {
  const aside = asideNameOf("tb_deployment_lock");
  for await (const row of rowsOf(tx, "tb_deployment_lock", aside)) {
    const { lockedAt, expiresAt } = convertLock(row, zone, problems);
    if (expiresAt > now)
      await tx.executeUpdate(
        `INSERT INTO tb_deployment_lock (pk_deployment_lock, service_name, provider_name, locked_at, expires_at)
          SELECT pk_deployment_lock, service_name, provider_name, ?, ? FROM ${aside} WHERE pk_deployment_lock = ?`,
        [lockedAt, expiresAt, row.pk_deployment_lock],
      );
    onRow();
  }
}
