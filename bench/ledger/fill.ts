/** Writes histories past the ledger, which would take too long: by statements that each write all the rows of a table. */
import { readFileSync } from "node:fs";
import { doublings } from "../adapter/schema.ts";
import type { Database } from "../adapter/work.ts";
import type { OpenPlace } from "../measure/places.ts";

export const FRAISES = 1000;
/** The newest so many deployments have steps. */
export const WITH_STEPS = 1000;
export const STEPS = 8;
/** The first deployment, and the time from one to the next. */
export const FIRST: number = Date.UTC(2025, 0, 1);
export const APART_MS = 20_000;

/** Beyond so many new rows it is faster to make the indexes anew than to keep them. */
const REBUILD_ABOVE = 50_000;

/** How many deployments one statement writes. */
const PIECE = 50_000;

/** What each database writes in its own way. `ms` is a number of milliseconds since 1970. */
interface Words {
  timeHex(ms: string): string;
  /** 18 hex digits that look random. */
  readonly tail: string;
  instant(ms: string): string;
  uuid(text: string): string;
  readonly day: string;
  readonly analyze: string | null;
}

const MYSQL: Words = {
  timeHex: (ms) => `LPAD(LOWER(HEX(${ms})), 12, '0')`,
  tail: "LEFT(SHA2(n, 256), 18)",
  instant: (ms) => `TIMESTAMPADD(MICROSECOND, (${ms}) * 1000, '1970-01-01')`,
  uuid: (text) => text,
  day: "DATE(started_at)",
  analyze: "ANALYZE TABLE tb_deployment, tb_fraise_state, tb_deployment_stat, tb_deployment_step",
};

const WORDS: Readonly<Record<Database, Words>> = {
  sqlite: {
    timeHex: (ms) => `printf('%012x', ${ms})`,
    tail: "lower(hex(randomblob(9)))",
    instant: (ms) => `strftime('%Y-%m-%dT%H:%M:%fZ', (${ms}) / 1000.0, 'unixepoch')`,
    uuid: (text) => text,
    day: "substr(started_at, 1, 10)",
    // Nobody would do it, so it is to be fast without.
    analyze: null,
  },
  postgresql: {
    timeHex: (ms) => `lpad(to_hex(CAST(${ms} AS bigint)), 12, '0')`,
    tail: "substr(md5(n::text), 1, 18)",
    instant: (ms) => `to_timestamp((${ms}) / 1000.0)`,
    uuid: (text) => `CAST(${text} AS uuid)`,
    day: "CAST(started_at AT TIME ZONE 'UTC' AS date)",
    analyze: "VACUUM ANALYZE",
  },
  mysql: MYSQL,
  mariadb: MYSQL,
};

/** Fills a migrated, empty ledger; called again, it goes on from `before` deployments to `after`. */
export async function fill(place: OpenPlace, before: number, after: number): Promise<void> {
  const words = WORDS[place.database];
  const indexes = indexStatements(place.database);
  const rebuilds = after - before > REBUILD_ABOVE;
  await place.run(
    ...(before === 0 ? beginning(words) : []),
    ...(rebuilds ? indexes.drop : []),
    ...numbers(words, after),
    ...pieces(before, after).map(({ from, to }) => deployments(words, from, to, after)),
    "DELETE FROM tb_deployment_stat",
    days(words),
    steps(before, after),
    `UPDATE tb_fraise_state SET fk_deployment_current = ${after - FRAISES} + pk_fraise_state`,
    ...(rebuilds ? indexes.create : []),
    ...(words.analyze === null ? [] : [words.analyze]),
  );
}

/** The name of the nth fraise, as SQL and as text. */
const fraiseSql = (n: string): string => `concat('fraise', ${n})`;
export const fraiseName = (n: number): string => `fraise${n % FRAISES}`;
export const projectOf = (n: number): string => (n % FRAISES < 900 ? "fruit" : "garden");
export const environmentOf = (n: number): string => (n % 2 === 0 ? "production" : "staging");
export const targetOf = (n: number): string => `local:machine${n % 10}`;
export const leaseOf = (n: number): string => `lease${n % FRAISES}`;
export const startOf = (n: number): Date => new Date(FIRST + n * APART_MS);

const PROJECT = `CASE WHEN n % ${FRAISES} < 900 THEN 'fruit' ELSE 'garden' END`;
const ENVIRONMENT = "CASE WHEN n % 2 = 0 THEN 'production' ELSE 'staging' END";

/** The tables that stand as many rows as there are fraises, and the table of numbers with its first row. */
function beginning(words: Words): string[] {
  const hex = `concat(${words.timeHex(String(FIRST))}, '7000', substr(hex, 17, 16))`;
  const at = words.instant(String(FIRST));
  return [
    "CREATE TABLE bench_number (n BIGINT PRIMARY KEY, v BIGINT NOT NULL, hex VARCHAR(32) NOT NULL)",
    `INSERT INTO bench_number (n, v, hex) SELECT n, n, ${hexOf(words)} FROM (SELECT CAST(0 AS DECIMAL) AS n) zero`,
    ...numbers(words, FRAISES),
    `INSERT INTO tb_fraise_state (pk_fraise_state, id, identifier, project_name, fraise_name, environment_name, current_version, status,
       last_deployed_at, last_deployed_by, successful_deployments, failed_deployments, created_at, updated_at)
     SELECT n + 1, ${words.uuid(dashed(hex))}, concat('state', n), ${PROJECT}, ${fraiseSql("n")}, ${ENVIRONMENT}, 'v1', 'healthy',
       ${at}, 'maria', 900, 100, ${at}, ${at}
     FROM bench_number WHERE n < ${FRAISES}`,
    `INSERT INTO tb_deployment_lease (target, fencing_token) SELECT concat('lease', n), 1 FROM bench_number WHERE n < ${FRAISES}`,
  ];
}

/** As many numbers as there will be deployments, each with the hex digits of an id and `v`, a number that goes another way. */
function numbers(words: Words, count: number): string[] {
  return doublings(count).map(
    ({ have, more }) =>
      `INSERT INTO bench_number (n, v, hex) SELECT n, n + (n - n % ${FRAISES}) / ${FRAISES}, ${hexOf(words)}
       FROM (SELECT n + ${have} AS n FROM bench_number WHERE n < ${more}) more
       WHERE n > (SELECT MAX(n) FROM bench_number)`,
  );
}

/** A UUIDv7, as those of the ledger are: first the time. */
function hexOf({ timeHex, tail }: Words): string {
  return `concat(${timeHex(`${FIRST} + n * ${APART_MS}`)}, '7', substr(${tail}, 1, 3), '8', substr(${tail}, 4, 15))`;
}

const dashed = (hex: string): string =>
  `concat(substr(${hex}, 1, 8), '-', substr(${hex}, 9, 4), '-', substr(${hex}, 13, 4), '-', substr(${hex}, 17, 4), '-', substr(${hex}, 21, 12))`;

/** From one number to another in steps: what one statement writes MySQL keeps undoable, a million rows in several gigabytes. */
function pieces(before: number, after: number): { from: number; to: number }[] {
  return Array.from({ length: Math.ceil((after - before) / PIECE) }, (_, index) => {
    const from = before + index * PIECE;
    return { from, to: Math.min(from + PIECE, after) };
  });
}

/** One in ten failed, one in twenty is a rollback, one in fifty was rolled back, one in 100,000 cancelled; the last one runs. */
function deployments(words: Words, from: number, to: number, after: number): string {
  const at = words.instant(`${FIRST} + n * ${APART_MS}`);
  const end = words.instant(`${FIRST} + n * ${APART_MS} + 15000`);
  const status = `CASE WHEN n = ${after - 1} THEN 'in_progress' WHEN n % 100000 = 4242 THEN 'cancelled' WHEN v % 10 = 3 THEN 'failed'
    WHEN v % 50 = 11 THEN 'rolled_back' ELSE 'success' END`;
  const isRollback = `v % 20 = 7 AND n >= ${FRAISES}`;
  const columns: Record<string, string> = {
    pk_deployment: "n + 1",
    id: words.uuid(dashed("hex")),
    identifier: `concat(${fraiseSql(`n % ${FRAISES}`)}, ':', hex)`,
    id_hex: "hex",
    id_hex_reversed: "reverse(hex)",
    fk_fraise_state: `n % ${FRAISES} + 1`,
    fk_deployment_undone: `CASE WHEN ${isRollback} THEN n + 1 - ${FRAISES} END`,
    project_name: PROJECT,
    fraise_name: fraiseSql(`n % ${FRAISES}`),
    environment_name: ENVIRONMENT,
    kind: `CASE WHEN ${isRollback} THEN 'rollback' ELSE 'deploy' END`,
    status,
    started_at: at,
    completed_at: `CASE WHEN n = ${after - 1} THEN NULL ELSE ${end} END`,
    duration_seconds: "15.0",
    old_version: `concat('v', n - ${FRAISES})`,
    new_version: "concat('v', n)",
    triggered_by: "'manual'",
    triggered_by_user: "'maria'",
    git_commit: "concat(hex, '01234567')",
    git_branch: "'main'",
    commit_subject: "'Show the price of a strawberry with its tax'",
    error_message: "CASE WHEN v % 10 = 3 THEN 'The health check failed: HTTP 503.' END",
    target: "concat('local:machine', n % 10)",
    host: "'web1'",
    release_id: "concat('release', n)",
    release_path: "concat('/srv/app/releases/release', n)",
    previous_release_id: `concat('release', n - ${FRAISES})`,
    healthy_at: `CASE WHEN v % 10 = 3 THEN NULL ELSE ${end} END`,
    runner_host: "'web1'",
    runner_machine: "'local:machine1'",
    runner_boot_id: "'boot-1'",
    runner_pid: "4711",
    runner_start_time: "'100200'",
    runner_user: "'maria'",
    details: `'{"port":3000,"warnings":[]}'`,
    created_at: at,
    updated_at: at,
  };
  return `INSERT INTO tb_deployment (${Object.keys(columns).join(", ")}) SELECT ${Object.values(columns).join(", ")}
    FROM bench_number WHERE n >= ${from} AND n < ${to} ORDER BY n`;
}

const days = ({ day }: Words): string =>
  `INSERT INTO tb_deployment_stat (fk_fraise_state, day, successes, failures, rollbacks, cancellations, total_seconds)
   SELECT fk_fraise_state, ${day}, SUM(CASE WHEN status = 'success' THEN 1 ELSE 0 END), SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END),
     SUM(CASE WHEN status = 'rolled_back' THEN 1 ELSE 0 END), SUM(CASE WHEN status = 'cancelled' THEN 1 ELSE 0 END), SUM(duration_seconds)
   FROM tb_deployment GROUP BY fk_fraise_state, ${day}`;

function steps(before: number, after: number): string {
  const first = Math.max(before, after - WITH_STEPS);
  return `INSERT INTO tb_deployment_step (fk_deployment, step_order, name, started_at, ended_at, outcome)
    SELECT d.pk_deployment, s.n + 1, concat('step', s.n + 1), d.started_at, d.started_at, 'success'
    FROM tb_deployment d CROSS JOIN bench_number s WHERE s.n < ${STEPS} AND d.pk_deployment > ${first}`;
}

/** The statements of the migration that makes the indexes, and of the one that takes them back. */
function indexStatements(database: Database): { create: string[]; drop: string[] } {
  const folder = database === "mariadb" ? "mysql" : database;
  const file = new URL(`../../migrations/${folder}/002_create_deployment_indexes.sql`, import.meta.url);
  const [, create = "", drop = ""] = readFileSync(file, "utf8").split(/^-- migrate:(?:up|down)$/m);
  return { create: statementsOf(create), drop: statementsOf(drop) };
}

const statementsOf = (script: string): string[] =>
  script
    .replaceAll(/^--.*$/gm, "")
    .split(";")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
