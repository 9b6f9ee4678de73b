import type { FraiserDatabaseAdapter, Queryable } from "../db/index.ts";
import type { DeploymentRow } from "./deployment-row.ts";
import { writeEvent } from "./events.ts";
import { insertOnce } from "./insert-once.ts";
import type { FraiseState, FraiseStatus, Identity, StatedState } from "./model.ts";
import { uuid7 } from "./uuid7.ts";

/** A row of `tb_fraise_state`, with the public id of its deployment. */
export interface StateRow {
  readonly pk_fraise_state: number;
  readonly id: string;
  readonly identifier: string;
  readonly project_name: string;
  readonly fraise_name: string;
  readonly environment_name: string;
  readonly job_name: string | null;
  readonly current_version: string | null;
  readonly status: FraiseStatus;
  readonly last_deployed_at: Date | null;
  readonly last_deployed_by: string | null;
  readonly successful_deployments: number;
  readonly failed_deployments: number;
  readonly current_deployment_id: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const SELECT_STATE = `SELECT fs.*, d.id AS current_deployment_id FROM tb_fraise_state fs LEFT JOIN tb_deployment d ON fs.fk_deployment_current = d.pk_deployment`;

/** The condition that finds a state by its identity, the job's NULL included. */
export const STATE_BY_IDENTITY = "project_name = ? AND fraise_name = ? AND environment_name = ? AND job_key = ?";

/** The values for {@link STATE_BY_IDENTITY}. */
export const identityValues = ({ project, fraise, environment, job }: Identity): unknown[] => [
  project,
  fraise,
  environment,
  job ?? "",
];

/** `shop:production`, with `project/` before it and `:job` after it where there are such. */
export function identifierOf({ project, fraise, environment, job }: Identity): string {
  const parts = [fraise, environment, ...(job === null ? [] : [job])].map(withoutSeparators).join(":");
  return project === "" ? parts : `${withoutSeparators(project)}/${parts}`;
}

/** Percent-encodes what has a meaning in an identifier. */
const withoutSeparators = (name: string): string => name.replaceAll(/[%/:]/g, encodeURIComponent);

/** What the ledger says of an environment; null when nothing was ever deployed there. */
export async function readState(database: Queryable, identity: Identity): Promise<FraiseState | null> {
  const row = await readStateRow(database, identity);
  return row === null ? null : stateOf(row);
}

/** The same with its internal key. */
export async function readStateRow(database: Queryable, identity: Identity): Promise<StateRow | null> {
  const where = `fs.pk_fraise_state = (SELECT pk_fraise_state FROM tb_fraise_state WHERE ${STATE_BY_IDENTITY})`;
  const [row] = await database.executeQuery<StateRow>(`${SELECT_STATE} WHERE ${where}`, identityValues(identity));
  return row ?? null;
}

/** All states, of one project or of all, in the order of their names. */
export async function readStates(database: Queryable, project?: string): Promise<FraiseState[]> {
  return (await readStateRows(database, project)).map(stateOf);
}

/** The same with their internal keys. */
export async function readStateRows(database: Queryable, project?: string): Promise<StateRow[]> {
  const order = "ORDER BY fs.project_name, fs.fraise_name, fs.environment_name, fs.job_key";
  return project === undefined
    ? database.executeQuery<StateRow>(`${SELECT_STATE} ${order}`)
    : database.executeQuery<StateRow>(`${SELECT_STATE} WHERE fs.project_name = ? ${order}`, [project]);
}

/**
 * Notes what a program says of an environment, which need not be known yet. Its current deployment is the newest one, if that
 * succeeded with this version; else it stays what it is, if the version does.
 */
export function writeState(
  adapter: FraiserDatabaseAdapter,
  identity: Identity,
  { version, status, deployedBy }: StatedState,
  now: Date,
): Promise<FraiseState> {
  return adapter.transaction(
    async (tx) => {
      const key = await ensureState(tx, identity, now);
      const known = (await readStateRow(tx, identity)) as StateRow;
      const current = await newestWith(tx, key, known, version);
      const data = {
        current_version: version,
        last_deployed_at: now,
        last_deployed_by: deployedBy,
        status,
        updated_at: now,
        ...(current !== null || known.current_version !== version ? { fk_deployment_current: current } : {}),
      };
      await tx.update("tb_fraise_state", key, data, { idColumn: "pk_fraise_state" });
      await writeEvent(tx, now, "fraise.changed", known.id, { status, version });
      return stateOf((await readStateRow(tx, identity)) as StateRow);
    },
    { retry: { attempts: 5 } },
  );
}

/** The key of the newest deployment of a fraise in an environment, if it put this version in place. */
async function newestWith(tx: Queryable, state: number, { fraise_name, environment_name }: StateRow, version: string) {
  const [newest] = await tx.executeQuery<
    Pick<DeploymentRow, "pk_deployment" | "fk_fraise_state" | "status" | "new_version">
  >(
    `SELECT pk_deployment, fk_fraise_state, status, new_version FROM tb_deployment
     WHERE fraise_name = ? AND environment_name = ? ORDER BY started_at DESC, pk_deployment DESC LIMIT 1`,
    [fraise_name, environment_name],
  );
  const isMeant = newest?.fk_fraise_state === state && newest.status === "success" && newest.new_version === version;
  return isMeant ? newest.pk_deployment : null;
}

/** The internal key of a state, which is made where there is none. */
export async function ensureState(tx: Queryable, identity: Identity, now: Date): Promise<number> {
  const find = `SELECT pk_fraise_state FROM tb_fraise_state WHERE ${STATE_BY_IDENTITY}`;
  const [known] = await tx.executeQuery<{ pk_fraise_state: number }>(find, identityValues(identity));
  if (known) return known.pk_fraise_state;
  const row = {
    id: uuid7(now.getTime()),
    identifier: identifierOf(identity),
    project_name: identity.project,
    fraise_name: identity.fraise,
    environment_name: identity.environment,
    job_name: identity.job,
    status: "unknown",
    created_at: now,
    updated_at: now,
  };
  return Number(await insertOnce(tx, "tb_fraise_state", row, "pk_fraise_state"));
}

function stateOf(row: StateRow): FraiseState {
  return {
    id: row.id,
    identifier: row.identifier,
    project: row.project_name,
    fraise: row.fraise_name,
    environment: row.environment_name,
    job: row.job_name,
    currentVersion: row.current_version,
    status: row.status,
    lastDeployedAt: row.last_deployed_at,
    lastDeployedBy: row.last_deployed_by,
    successfulDeployments: row.successful_deployments,
    failedDeployments: row.failed_deployments,
    currentDeploymentId: row.current_deployment_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
