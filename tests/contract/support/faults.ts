/** What it takes on each database to make it fail, and what it tells of its failure. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { DatabaseErrorDetails, DatabaseErrorKind, IsolationLevel } from "../../../src/db/index.ts";
import type { ContractDatabase } from "./databases.ts";

type Names = Pick<DatabaseErrorDetails, "table" | "columns" | "constraint">;

export interface Faults {
  /** Kinds that cannot be provoked by way of an adapter, beside those that the database does not know. */
  readonly beyondReach: readonly DatabaseErrorKind[];
  /** What an error names of the table that it is about. */
  readonly told: Readonly<Partial<Record<DatabaseErrorKind, Names>>>;
  /** The level that it gives to whoever asks for less. */
  readonly weakestIsolation: IsolationLevel;
  /** A query with one parameter that is not over before somebody ends it. */
  readonly endlessQuery: string;
  /** The same database where there is none. */
  nowhere(url: string): Promise<string>;
  /** A table `narrow (id, value)` that has no room for a long text. */
  readonly narrowTable: string;
  /** Statements of one transaction after which a table `small (value)` has room for a few rows only. */
  readonly fillsUp: readonly string[];
  /** The statements that make a user who may connect but twice, and those that remove him. */
  limitedUser(name: string, password: string): readonly [create: readonly string[], drop: readonly string[]];
}

/** The URL of a server at a port where nobody listens. */
async function deadPort(url: string): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const dead = new URL(url);
  dead.port = String((server.address() as AddressInfo).port);
  server.close();
  await once(server, "close");
  return dead.href;
}

const sqlite: Faults = {
  // The adapter takes care never to write on an old snapshot; tests/db/sqlite/ provokes it below.
  beyondReach: ["serialization_failure", "commit_outcome_unknown", "tls_failed"],
  told: {
    unique_violation: { table: "item", columns: ["name"], constraint: undefined },
    not_null_violation: { table: "item", columns: ["kind"] },
    check_violation: { constraint: "positive" },
    undefined_table: { table: "itme" },
    undefined_column: { columns: ["naem"] },
  },
  weakestIsolation: "serializable",
  endlessQuery: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, ? AS x FROM n",
  nowhere: async (url) => url.replace("contract.db", "contract.db/inside.db"),
  narrowTable: "CREATE TABLE narrow (id INTEGER PRIMARY KEY, value INTEGER) STRICT",
  fillsUp: ["CREATE TABLE small (value TEXT)", "PRAGMA max_page_count = 12"],
  limitedUser: () => [[], []],
};

const postgresql: Faults = {
  beyondReach: [],
  told: {
    unique_violation: { table: "item", columns: ["name"], constraint: "item_name" },
    foreign_key_violation: { table: "part", columns: ["item"], constraint: "part_item" },
    not_null_violation: { table: "item", columns: ["kind"] },
    check_violation: { table: "item", constraint: "positive" },
    undefined_table: { table: "itme" },
    undefined_column: { columns: ["naem"] },
  },
  weakestIsolation: "read committed",
  endlessQuery: "SELECT pg_sleep(30), CAST(? AS TEXT) AS x",
  nowhere: deadPort,
  narrowTable: "CREATE TABLE narrow (id INTEGER PRIMARY KEY, value VARCHAR(20))",
  // The server itself writes to a device that is always full.
  fillsUp: ["COPY (SELECT repeat('x', 100000)) TO '/dev/full'"],
  limitedUser: (name, password) => [
    [`CREATE ROLE ${name} LOGIN CONNECTION LIMIT 2 PASSWORD '${password}'`],
    [`DROP ROLE ${name}`],
  ],
};

const mysql: Faults = {
  beyondReach: [],
  told: {
    unique_violation: { table: "item", constraint: "item_name" },
    foreign_key_violation: { table: "part", columns: ["item"], constraint: "part_item" },
    not_null_violation: { columns: ["kind"] },
    check_violation: { constraint: "positive" },
    undefined_table: { table: "itme" },
    undefined_column: { columns: ["naem"] },
  },
  weakestIsolation: "read uncommitted",
  endlessQuery: "SELECT SLEEP(30), ? AS x",
  nowhere: deadPort,
  narrowTable: "CREATE TABLE narrow (id INTEGER PRIMARY KEY, value VARCHAR(20))",
  fillsUp: ["SET max_heap_table_size = 16384", "CREATE TEMPORARY TABLE small (value VARCHAR(2000)) ENGINE = MEMORY"],
  limitedUser: (name, password) => [
    [`CREATE USER ${name} IDENTIFIED BY '${password}' WITH MAX_USER_CONNECTIONS 2`, `GRANT ALL ON *.* TO ${name}`],
    [`DROP USER ${name}`],
  ],
};

const mariadb: Faults = {
  ...mysql,
  told: {
    ...mysql.told,
    unique_violation: { constraint: "item_name" },
    check_violation: { table: "item", constraint: "positive" },
  },
};

const FAULTS: Readonly<Record<string, Faults>> = {
  SQLite: sqlite,
  PostgreSQL: postgresql,
  MySQL: mysql,
  MariaDB: mariadb,
};

/** The part of a database's description that is about its failures. */
export function faultsOf({ name }: ContractDatabase): Faults {
  return FAULTS[name] as Faults;
}
