import type { Queryable } from "../db/index.ts";
import { type DeploymentRow, deploymentOf } from "./deployment-row.ts";
import type { Deployment, DeploymentFilter, Identity } from "./model.ts";
import { identityValues, STATE_BY_IDENTITY } from "./states.ts";

/** One environment on one target. */
export interface PlaceFilter {
  readonly identity: Identity;
  readonly target: string;
}

const NEWEST_FIRST = "ORDER BY started_at DESC, pk_deployment DESC";
const OF_PLACE = `fk_fraise_state = (SELECT pk_fraise_state FROM tb_fraise_state WHERE ${STATE_BY_IDENTITY}) AND target = ?`;
const placeValues = ({ identity, target }: PlaceFilter): unknown[] => [...identityValues(identity), target];
const marks = (count: number): string => Array.from({ length: count }, () => "?").join(", ");

/** Conditions and their values, put together as they are found. */
class Where {
  readonly #conditions: string[] = [];
  readonly params: unknown[] = [];

  add(condition: string, ...params: unknown[]): void {
    this.#conditions.push(condition);
    this.params.push(...params);
  }

  /** Only rows older than the one with this id, in the order of {@link NEWEST_FIRST}; nothing when there is no such row. */
  async olderThan(database: Queryable, id: string): Promise<void> {
    const [row] = await database.executeQuery<{ started_at: Date; pk_deployment: number }>(
      "SELECT started_at, pk_deployment FROM tb_deployment WHERE id = ?",
      [id],
    );
    if (row === undefined) this.add("1 = 0");
    else
      this.add(
        "started_at <= ? AND (started_at < ? OR pk_deployment < ?)",
        row.started_at,
        row.started_at,
        row.pk_deployment,
      );
  }

  toString(): string {
    return this.#conditions.length === 0 ? "" : `WHERE ${this.#conditions.join(" AND ")}`;
  }
}

async function select(database: Queryable, where: Where, limit: number): Promise<Deployment[]> {
  const rows = await database.executeQuery<DeploymentRow>(
    `SELECT * FROM v_deployment ${where} ${NEWEST_FIRST} LIMIT ?`,
    [...where.params, limit],
  );
  return rows.map(deploymentOf);
}

/** The row with this id, with its internal keys. */
export async function readDeploymentRow(database: Queryable, id: string): Promise<DeploymentRow | null> {
  const [row] = await database.executeQuery<DeploymentRow>("SELECT * FROM v_deployment WHERE id = ?", [id]);
  return row ?? null;
}

/** How many {@link findDeployments} returns at most: they are shown to a person, who gives more of the id. */
export const MOST_FOUND = 10;

/** Deployments whose id begins or ends with these hex digits; at most 10. */
export async function findDeployments(database: Queryable, text: string): Promise<Deployment[]> {
  const hex = text.toLowerCase().replaceAll("-", "");
  if (!/^[0-9a-f]{4,32}$/.test(hex)) return [];
  const found = new Map<string, Deployment>();
  for (const [column, digits] of [
    ["id_hex", hex],
    ["id_hex_reversed", [...hex].reverse().join("")],
  ] as const) {
    const where = new Where();
    where.add(`${column} >= ? AND ${column} < ?`, digits, `${digits}g`);
    for (const deployment of await select(database, where, MOST_FOUND)) found.set(deployment.id, deployment);
  }
  return [...found.values()].slice(0, MOST_FOUND);
}

/** Deployments, newest first. */
export async function listDeployments(database: Queryable, filter: DeploymentFilter): Promise<Deployment[]> {
  const where = new Where();
  if (filter.project !== undefined) where.add("project_name = ?", filter.project);
  if (filter.fraise !== undefined) where.add("fraise_name = ?", filter.fraise);
  if (filter.environment !== undefined) where.add("environment_name = ?", filter.environment);
  if (filter.target !== undefined) where.add("target = ?", filter.target);
  if (filter.kind !== undefined) where.add("kind = ?", filter.kind);
  if (filter.status?.length === 0)
    where.add("1 = 0"); // an empty list is no SQL everywhere
  else if (filter.status !== undefined) where.add(`status IN (${marks(filter.status.length)})`, ...filter.status);
  if (filter.since !== undefined) where.add("started_at >= ?", filter.since);
  if (filter.after !== undefined) await where.olderThan(database, filter.after);
  return select(database, where, filter.limit ?? 20);
}

/** Deployments of a place that are pending or in progress, oldest first. */
export async function unfinishedDeployments(database: Queryable, place: PlaceFilter): Promise<Deployment[]> {
  const where = new Where();
  where.add(OF_PLACE, ...placeValues(place));
  where.add("status IN ('pending', 'in_progress')");
  return (await select(database, where, 1000)).reverse();
}

/** The newest deployment whose release served healthily and was not rolled back since; null when there is none. */
export async function lastHealthy(
  database: Queryable,
  filter: PlaceFilter & { readonly before?: string; readonly excludeReleases?: readonly string[] },
): Promise<Deployment | null> {
  const where = new Where();
  where.add(OF_PLACE, ...placeValues(filter));
  where.add("kind = 'deploy' AND status = 'success' AND healthy_at IS NOT NULL");
  if (filter.excludeReleases?.length)
    where.add(`release_id NOT IN (${marks(filter.excludeReleases.length)})`, ...filter.excludeReleases);
  if (filter.before !== undefined) await where.olderThan(database, filter.before);
  return (await select(database, where, 1))[0] ?? null;
}

/** The deployment that made a release; null when the ledger knows none. */
export async function findRelease(
  database: Queryable,
  filter: PlaceFilter & { readonly releaseId: string },
): Promise<Deployment | null> {
  const where = new Where();
  where.add(OF_PLACE, ...placeValues(filter));
  where.add("release_id = ? AND kind = 'deploy'", filter.releaseId);
  return (await select(database, where, 1))[0] ?? null;
}

/** Every deployment whose release was once healthy, newest first; at most 100. */
export async function healthyReleases(database: Queryable, place: PlaceFilter): Promise<Deployment[]> {
  const where = new Where();
  where.add(OF_PLACE, ...placeValues(place));
  where.add("kind = 'deploy' AND healthy_at IS NOT NULL");
  return select(database, where, 100);
}
