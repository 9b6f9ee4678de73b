/** What it takes on each database to make it fail, and what it tells of its failure. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { DatabaseErrorDetails, DatabaseErrorKind, IsolationLevel } from "../../../src/db/index.ts";
import { VALUE } from "./canaries.ts";
import type { ContractDatabase } from "./databases.ts";

type Names = Pick<DatabaseErrorDetails, "table" | "columns" | "constraint">;

export interface Faults {
  /** The kinds that cannot happen there, each with the reason. */
  readonly absent: Readonly<Partial<Record<DatabaseErrorKind, string>>>;
  /** What an error names of the table that it is about. */
  readonly told: Readonly<Partial<Record<DatabaseErrorKind, Names>>>;
  /** The scheme of its URLs, when one can have a password; null when it has none. */
  readonly passwordScheme: string | null;
  /** The level that it gives to whoever asks for less. */
  readonly weakestIsolation: IsolationLevel;
  /** Statements that fail with what they were given, or what a row holds, in the database's own words; and what they need. */
  readonly leaks: readonly (readonly [query: string, ...setUp: readonly string[]])[];
  /** A query with one parameter that is not over before somebody ends it. */
  readonly endlessQuery: string;
  /** The same database where there is none. */
  nowhere(url: string): Promise<string>;
  /** A table `narrow (id, value)` that has no room for a long text. */
  readonly narrowTable: string;
  /** What it takes for a row that a transaction has read to be told of, instead of changed, when others changed it. */
  readonly strictSnapshot: readonly string[];
  /** A trigger that refuses to delete an item. */
  readonly refusingTrigger: readonly string[];
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

function raising(code: string): readonly string[] {
  const raise = `RAISE EXCEPTION 'not % now', OLD.name USING ERRCODE = '${code}'`;
  return [
    `CREATE FUNCTION refuse() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN ${raise}; END $$`,
    "CREATE TRIGGER refuse BEFORE DELETE ON item FOR EACH ROW EXECUTE FUNCTION refuse()",
  ];
}

const signalling = `CREATE TRIGGER refuse BEFORE DELETE ON item FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '${VALUE}'`;

const sqlite: Faults = {
  absent: {
    deadlock:
      "there is one writer at a time, who has the lock before he writes, so that no two can wait for each other",
    lock_timeout: "there are no locks of rows or tables; who waits in vain for the one writer's lock meets busy",
    connection_lost: "a file has no connection that could break",
    authentication_failed: "a file has no users; what the operating system refuses is read_only or connection_refused",
    tls_failed: "nothing goes over a network",
    too_many_connections: "there is no server that counts them",
    commit_outcome_unknown: "COMMIT is a call within the process, whose answer cannot be lost",
  },
  told: {
    unique_violation: { table: "item", columns: ["name"], constraint: undefined },
    not_null_violation: { table: "item", columns: ["kind"] },
    check_violation: { constraint: "positive" },
    undefined_table: { table: "itme" },
    undefined_column: { columns: ["naem"] },
  },
  passwordScheme: null,
  weakestIsolation: "serializable",
  leaks: [
    ["SELECT json_extract('{}', ?)"],
    ["SELECT json(?)"],
    ["INSERT INTO item (name, kind) VALUES (?, ?)"],
    [
      "DELETE FROM item WHERE name = ?",
      `CREATE TRIGGER r BEFORE DELETE ON item BEGIN SELECT RAISE(ABORT, '${VALUE}'); END`,
    ],
    ["SELECT * FROM page WHERE page MATCH ? || ': x'", "CREATE VIRTUAL TABLE page USING fts5 (body)"],
    ["SELECT * FROM page WHERE page MATCH '\"' || ?", "CREATE VIRTUAL TABLE page USING fts5 (body)"],
  ],
  endlessQuery: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, ? AS x FROM n",
  nowhere: async (url) => url.replace("contract.db", "contract.db/inside.db"),
  narrowTable: "CREATE TABLE narrow (id INTEGER PRIMARY KEY, value INTEGER) STRICT",
  strictSnapshot: ["PRAGMA query_only = OFF"],
  refusingTrigger: ["CREATE TRIGGER refuse BEFORE DELETE ON item BEGIN SELECT RAISE(ABORT, 'not now'); END"],
  fillsUp: ["CREATE TABLE small (value TEXT)", "PRAGMA max_page_count = 12"],
  limitedUser: () => [[], []],
};

const postgresql: Faults = {
  absent: {
    busy: "rows and tables are locked, never the whole database; who waits in vain meets lock_timeout",
  },
  told: {
    unique_violation: { table: "item", columns: ["name"], constraint: "item_name" },
    foreign_key_violation: { table: "part", columns: ["item"], constraint: "part_item" },
    not_null_violation: { table: "item", columns: ["kind"] },
    check_violation: { table: "item", constraint: "positive" },
    undefined_table: { table: "itme" },
    undefined_column: { columns: ["naem"] },
  },
  passwordScheme: "postgresql",
  weakestIsolation: "read committed",
  leaks: [
    ...["INTEGER", "JSONB", "UUID", "DATE", "REGCLASS", "REGTYPE", "REGROLE", "REGCONFIG", "JSONPATH"].map(
      (type) => [`SELECT CAST(CAST(? AS TEXT) || ' +' AS ${type}) AS x`] as const,
    ),
    ["SELECT nextval(?)"],
    ["SELECT currval(CAST(? AS TEXT))"],
    ["SELECT to_tsquery('simple', CAST(? AS TEXT) || ' b')"],
    ["SELECT 'a' ~ (CAST(? AS TEXT) || '(')"],
    ["SELECT set_config('DateStyle', ?, false)"],
    ["SELECT pg_read_file(?)"],
    ["SELECT query_to_xml(?, true, true, '')"],
    ["INSERT INTO item (name, kind) VALUES (?, ?)"],
    ["UPDATE item SET size = -1 WHERE name = ?"],
    ["DELETE FROM item WHERE name = ?", ...raising("check_violation")],
    ["DELETE FROM item WHERE name = ?", ...raising("raise_exception")],
    ["SELECT * FROM v_item WHERE name = ? AND CAST(name AS INTEGER) = 1", "CREATE VIEW v_item AS SELECT * FROM item"],
  ],
  endlessQuery: "SELECT pg_sleep(30), CAST(? AS TEXT) AS x",
  nowhere: deadPort,
  narrowTable: "CREATE TABLE narrow (id INTEGER PRIMARY KEY, value VARCHAR(20))",
  strictSnapshot: [],
  refusingTrigger: raising("raise_exception"),
  // The server itself writes to a device that is always full.
  fillsUp: ["COPY (SELECT repeat('x', 100000)) TO '/dev/full'"],
  limitedUser: (name, password) => [
    [`CREATE ROLE ${name} LOGIN CONNECTION LIMIT 2 PASSWORD '${password}'`],
    [`DROP ROLE ${name}`],
  ],
};

const mysql: Faults = {
  absent: {
    busy: "rows and tables are locked, never the whole database; who waits in vain meets lock_timeout",
    serialization_failure:
      "a serializable transaction locks what it reads, and the loser of two is told of a deadlock; 3101 of a replication group, the only other way, is in tests/db/server-errors.test.ts",
  },
  told: {
    unique_violation: { table: "item", constraint: "item_name" },
    foreign_key_violation: { table: "part", columns: ["item"], constraint: "part_item" },
    not_null_violation: { columns: ["kind"] },
    check_violation: { constraint: "positive" },
    undefined_table: { table: "itme" },
    undefined_column: { columns: ["naem"] },
  },
  passwordScheme: "mysql",
  weakestIsolation: "read uncommitted",
  leaks: [
    ["INSERT INTO item (name, kind) VALUES (?, ?)"],
    ["UPDATE item SET size = ?"],
    ["UPDATE item SET size = -1 WHERE name = ?"],
    ["SET SESSION sql_mode = ?"],
    ["SET SESSION transaction_isolation = ?"],
    ["SET lc_time_names = ?"],
    ["SELECT EXTRACTVALUE('<a/>', CONCAT('~', ?))"],
    ["SELECT 'a' REGEXP CONCAT(?, '(')"],
    ["DELETE FROM item WHERE name = ?", signalling],
    ["INSERT INTO moment VALUES (?)", "CREATE TABLE moment (at DATETIME)"],
    ["INSERT INTO choice VALUES (?)", "CREATE TABLE choice (one ENUM('a', 'b'))"],
    ["ALTER TABLE item ADD COLUMN other INTEGER CHECK (name <> 'a'), MODIFY kind INTEGER"],
    ["ALTER TABLE item ADD UNIQUE (kind)"],
  ],
  endlessQuery: "SELECT SLEEP(30), ? AS x",
  nowhere: deadPort,
  narrowTable: "CREATE TABLE narrow (id INTEGER PRIMARY KEY, value VARCHAR(20))",
  strictSnapshot: [],
  refusingTrigger: [signalling],
  fillsUp: ["SET max_heap_table_size = 16384", "CREATE TEMPORARY TABLE small (value VARCHAR(2000)) ENGINE = MEMORY"],
  limitedUser: (name, password) => [
    [`CREATE USER ${name} IDENTIFIED BY '${password}' WITH MAX_USER_CONNECTIONS 2`, `GRANT ALL ON *.* TO ${name}`],
    [`DROP USER ${name}`],
  ],
};

const mariadb: Faults = {
  ...mysql,
  absent: { busy: "rows and tables are locked, never the whole database; who waits in vain meets lock_timeout" },
  strictSnapshot: ["SET innodb_snapshot_isolation = ON"],
  leaks: [...mysql.leaks, ["EXECUTE IMMEDIATE ?"]],
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
