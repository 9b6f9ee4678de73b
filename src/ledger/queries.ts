import type { Queryable, Row } from "../db/index.ts";
import { type DeploymentRow, deploymentOf } from "./deployment-row.ts";
import {
  DEPLOYMENT_STATUSES,
  type Deployment,
  type DeploymentFilter,
  type DeploymentStatus,
  type Identity,
} from "./model.ts";
import { identityValues, STATE_BY_IDENTITY } from "./states.ts";
import { idToFind } from "./uuid7.ts";

/** One environment on one target. */
export interface PlaceFilter {
  readonly identity: Identity;
  readonly target: string;
}

const NEWEST_FIRST = "ORDER BY started_at DESC, pk_deployment DESC";
const OF_PLACE = `fk_fraise_state = (SELECT pk_fraise_state FROM tb_fraise_state WHERE ${STATE_BY_IDENTITY}) AND target = ?`;
const placeValues = ({ identity, target }: PlaceFilter): unknown[] => [...identityValues(identity), target];
const marks = (count: number): string => Array.from({ length: count }, () => "?").join(", ");

/** Where a deployment stands in the order of {@link NEWEST_FIRST}. */
type Position = Pick<DeploymentRow, "started_at" | "pk_deployment">;

/** Conditions and their values, put together as they are found. */
class Where {
  readonly #conditions: string[] = [];
  readonly params: unknown[] = [];

  add(condition: string, ...params: unknown[]): this {
    this.#conditions.push(condition);
    this.params.push(...params);
    return this;
  }

  /** Only rows that are older. */
  addOlderThan({ started_at, pk_deployment }: Position): void {
    const condition = "started_at <= ? AND (started_at < ? OR pk_deployment < ?)";
    this.add(condition, started_at, started_at, pk_deployment);
  }

  toString(): string {
    return this.#conditions.length === 0 ? "" : `WHERE ${this.#conditions.join(" AND ")}`;
  }
}

/**
 * A column in a condition of a list. Beside a fraise's name, any other column chooses little: SQLite, which has no
 * statistics, would take that column's index all the same, and read a great part of the history. No index has an
 * expression.
 */
const beside = ({ fraise }: DeploymentFilter, column: string): string =>
  fraise === undefined ? column : `COALESCE(${column}, '')`;

/** The first rows in an order that an index has. */
function select(database: Queryable, where: Where, order: string, limit: number): Promise<DeploymentRow[]> {
  return selectFrom<DeploymentRow>("v_deployment", database, where, order, limit);
}

function selectFrom<R extends object>(
  view: "v_deployment" | "v_deployment_history",
  database: Queryable,
  where: Where,
  order: string,
  limit: number,
): Promise<R[]> {
  return database.executeQuery<R>(`SELECT * FROM ${view} ${where} ${order} LIMIT ?`, [...where.params, limit]);
}

/** All rows, newest first, of which there are few: no index is chosen for the order that it has. */
async function selectFew(database: Queryable, where: Where): Promise<DeploymentRow[]> {
  const rows = await database.executeQuery<DeploymentRow>(`SELECT * FROM v_deployment ${where}`, where.params);
  return rows.sort(newestFirst);
}

/**
 * The newest rows with one of some statuses. An index has those with one status in their order; those with several would
 * all have to be sorted. The statuses come in the order in which a deployment passes through them: one that goes on
 * meanwhile is found twice rather than never.
 *
 * @param conditions - makes the other conditions, anew for each status
 */
async function selectByStatus(
  database: Queryable,
  statuses: readonly DeploymentStatus[],
  conditions: () => Where,
  limit: number,
): Promise<DeploymentRow[]> {
  const found = new Map<number, DeploymentRow>();
  for (const status of DEPLOYMENT_STATUSES.filter((each) => statuses.includes(each))) {
    const where = conditions().add("status = ?", status);
    for (const row of await select(database, where, NEWEST_FIRST, limit)) found.set(row.pk_deployment, row);
  }
  return [...found.values()].sort(newestFirst).slice(0, limit);
}

/** {@link NEWEST_FIRST}, for rows. */
function newestFirst(one: Position, other: Position): number {
  return other.started_at.getTime() - one.started_at.getTime() || other.pk_deployment - one.pk_deployment;
}

/** null when there is no such deployment. */
async function positionOf(database: Queryable, id: string): Promise<Position | null> {
  const query = "SELECT started_at, pk_deployment FROM tb_deployment WHERE id = ?";
  return (await database.executeQuery<Position>(query, [idToFind(id)]))[0] ?? null;
}

/** The row with this id, with its internal keys. */
export async function readDeploymentRow(database: Queryable, id: string): Promise<DeploymentRow | null> {
  const [row] = await database.executeQuery<DeploymentRow>("SELECT * FROM v_deployment WHERE id = ?", [idToFind(id)]);
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
    // In the order of the index: most ids begin alike, since they begin with the time.
    const where = new Where().add(`${column} >= ? AND ${column} < ?`, digits, `${digits}g`);
    for (const row of await select(database, where, `ORDER BY ${column} DESC`, MOST_FOUND))
      found.set(row.id, deploymentOf(row));
  }
  return [...found.values()].slice(0, MOST_FOUND);
}

/** Deployments, newest first. */
export async function listDeployments(database: Queryable, filter: DeploymentFilter): Promise<Deployment[]> {
  const { fraise, status: statuses, after, limit = 20 } = filter;
  const last = after === undefined ? undefined : await positionOf(database, after);
  if (last === null || statuses?.length === 0) return [];
  const conditions = () => conditionsOf(filter, last);
  const rows =
    statuses === undefined || fraise !== undefined
      ? await select(database, conditions(), NEWEST_FIRST, limit)
      : await selectByStatus(database, statuses, conditions, limit);
  return rows.map(deploymentOf);
}

/** Rows of `v_deployment_history`, newest first. */
export function readHistory(
  database: Queryable,
  { limit = 20, ...filter }: Pick<DeploymentFilter, "project" | "fraise" | "environment" | "limit">,
): Promise<Row[]> {
  return selectFrom("v_deployment_history", database, conditionsOf(filter, undefined), NEWEST_FIRST, limit);
}

/** The row of `v_deployment_history` with this internal key. */
export async function readHistoryRow(database: Queryable, key: number): Promise<Row | null> {
  const where = new Where().add("pk_deployment = ?", key);
  return (await selectFrom<Row>("v_deployment_history", database, where, "", 1))[0] ?? null;
}

/**
 * All that a filter says. Only statuses without a fraise are left to {@link selectByStatus}: beside a fraise it is the
 * fraise's index that is read, which has all statuses in their order.
 */
function conditionsOf(filter: DeploymentFilter, last: Position | undefined): Where {
  const where = new Where();
  if (filter.project !== undefined) where.add(`${beside(filter, "project_name")} = ?`, filter.project);
  if (filter.fraise !== undefined) where.add("fraise_name = ?", filter.fraise);
  if (filter.environment !== undefined) where.add("environment_name = ?", filter.environment);
  if (filter.target !== undefined) where.add(`${beside(filter, "target")} = ?`, filter.target);
  if (filter.kind !== undefined) where.add("kind = ?", filter.kind);
  if (filter.fraise !== undefined && filter.status !== undefined)
    where.add(`${beside(filter, "status")} IN (${marks(filter.status.length)})`, ...filter.status);
  if (filter.since !== undefined) where.add("started_at >= ?", filter.since);
  if (last !== undefined) where.addOlderThan(last);
  return where;
}

/** Deployments of a place that are pending or in progress, oldest first. */
export async function unfinishedDeployments(database: Queryable, place: PlaceFilter): Promise<Deployment[]> {
  const where = new Where().add(OF_PLACE, ...placeValues(place)).add("status IN ('pending', 'in_progress')");
  return (await selectFew(database, where)).reverse().map(deploymentOf);
}

/** The newest deployment whose release served healthily and was not rolled back since; null when there is none. */
export async function lastHealthy(
  database: Queryable,
  filter: PlaceFilter & { readonly before?: string; readonly excludeReleases?: readonly string[] },
): Promise<Deployment | null> {
  const where = new Where()
    .add(OF_PLACE, ...placeValues(filter))
    .add("kind = 'deploy' AND status = 'success' AND healthy_at IS NOT NULL");
  if (filter.excludeReleases?.length)
    where.add(`release_id NOT IN (${marks(filter.excludeReleases.length)})`, ...filter.excludeReleases);
  if (filter.before !== undefined) {
    const before = await positionOf(database, filter.before);
    if (before === null) return null;
    where.addOlderThan(before);
  }
  const [row] = await select(database, where, NEWEST_FIRST, 1);
  return row === undefined ? null : deploymentOf(row);
}

/** The deployment that made a release; null when the ledger knows none. */
export async function findRelease(
  database: Queryable,
  filter: PlaceFilter & { readonly releaseId: string },
): Promise<Deployment | null> {
  const where = new Where()
    .add(OF_PLACE, ...placeValues(filter))
    .add("release_id = ? AND kind = 'deploy'", filter.releaseId);
  const [row] = await selectFew(database, where);
  return row === undefined ? null : deploymentOf(row);
}

/** Every deployment whose release was once healthy, newest first; at most 100. */
export async function healthyReleases(database: Queryable, place: PlaceFilter): Promise<Deployment[]> {
  const conditions = () =>
    new Where().add(OF_PLACE, ...placeValues(place)).add("kind = 'deploy' AND healthy_at IS NOT NULL");
  // What was healthy succeeded, and may have been undone since.
  return (await selectByStatus(database, ["success", "rolled_back"], conditions, 100)).map(deploymentOf);
}
