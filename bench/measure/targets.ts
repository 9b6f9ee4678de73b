import type { Contender, Database, Work } from "../adapter/work.ts";

/** That Fraisier is at least so many times as fast as others. */
export interface Target {
  readonly databases: readonly Database[];
  readonly works: readonly Work[];
  readonly against: readonly Contender[];
  readonly atLeast: number;
}

const SERVERS = ["postgresql", "mysql", "mariadb"] as const;
const EVERYWHERE = ["sqlite", ...SERVERS] as const;
const BY_KEY = ["byKey", "byKey32"] as const;
const OTHER_WORKS = ["insert", "read1000", "insert1000", "transaction"] as const;
const BUILDERS = ["Kysely", "Knex", "Drizzle"] as const;

/** What Fraisier promises of its adapter. */
export const TARGETS: readonly Target[] = [
  { databases: SERVERS, works: BY_KEY, against: ["bare"], atLeast: 0.95 },
  { databases: ["sqlite"], works: BY_KEY, against: ["bare"], atLeast: 0.75 },
  { databases: ["sqlite"], works: ["byKey"], against: ["Kysely", "Knex"], atLeast: 5 },
  { databases: ["postgresql"], works: BY_KEY, against: BUILDERS, atLeast: 1.6 },
  { databases: ["postgresql"], works: BY_KEY, against: ["postgres.js"], atLeast: 1 },
  { databases: ["mysql"], works: ["byKey"], against: ["Kysely"], atLeast: 1.2 },
  { databases: ["mysql"], works: ["byKey"], against: ["Knex"], atLeast: 1.3 },
  { databases: ["mysql"], works: ["byKey"], against: ["Drizzle"], atLeast: 1.7 },
  { databases: ["mariadb"], works: ["byKey"], against: ["Kysely"], atLeast: 1.2 },
  { databases: ["mariadb"], works: ["byKey"], against: ["Knex"], atLeast: 1.5 },
  { databases: ["mariadb"], works: ["byKey"], against: ["Drizzle"], atLeast: 2 },
  { databases: EVERYWHERE, works: OTHER_WORKS, against: BUILDERS, atLeast: 1 },
  { databases: EVERYWHERE, works: OTHER_WORKS, against: ["bare"], atLeast: 0.9 },
  // 1.2 times as long.
  { databases: EVERYWHERE, works: ["stream"], against: ["bare"], atLeast: 1 / 1.2 },
];

/** By how much a process may grow while it streams, in MB. */
export const STREAM_GROWTH_MB = 64;
/** The 99th percentile of taking a free connection, in microseconds. */
export const ACQUIRE_P99_US = 50;
/** The 95th percentile of a question to the ledger, in milliseconds. */
export const LEDGER_P95_MS = 50;
/** By how much a question may take longer with a hundred times as many deployments. */
export const LEDGER_GROWTH = 2;
/** Times below this are flat enough, in milliseconds: they are mostly the way to the server and back. */
export const LEDGER_FLAT_MS = 5;
/** How many times as long as `node -e 0` a command may take. */
export const VERSION_TIMES = 2;
export const READING_TIMES = 4;
/** What is installed without the optional drivers, in MB. */
export const PACKAGE_MB = 6;
/** What the process that runs a deployment may have in memory, in MB. */
export const DEPLOY_MB = 110;

/** What is promised of one comparison; null when nothing is. The strictest counts. */
export function promised(database: Database, work: Work, against: Contender): number | null {
  const found = TARGETS.filter(
    (target) => target.databases.includes(database) && target.works.includes(work) && target.against.includes(against),
  );
  return found.length === 0 ? null : Math.max(...found.map((target) => target.atLeast));
}
