/** The databases that the contract suite runs on. Tests ask this description, never which database it is. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, onTestFinished } from "vitest";
import {
  type AnyAdapterOptions,
  DatabaseType,
  type FraiserDatabaseAdapter,
  type Queryable,
} from "../../../src/db/index.ts";
import { createDatabase } from "../../servers/databases.ts";
import type { ServerKind } from "../../servers/products/product.ts";
import { sharedServer } from "../../servers/shared.ts";
import { openAdapter } from "./opening.ts";
import { watchPassword } from "./watched-errors.ts";

/** How columns of each kind of value are declared. */
export interface ColumnTypes {
  readonly boolean: string;
  readonly integer: string;
  readonly float: string;
  readonly decimal: string;
  readonly text: string;
  /** Text that can be part of a key. */
  readonly keyText: string;
  readonly bytes: string;
  readonly json: string;
  readonly uuid: string;
  readonly instant: string;
  readonly date: string;
  /** The whole declaration of a key that counts up. */
  readonly countingKey: string;
  /** The whole declaration of a text key that the server makes, but does not count up. */
  readonly madeKey: string;
}

export interface ContractDatabase {
  readonly name: string;
  readonly type: DatabaseType;
  readonly types: ColumnTypes;
  /** The URL of an empty database, which goes with the running test or file. */
  createUrl(onEnd: (work: () => void | Promise<void>) => void): Promise<string>;
  /** A query that takes 30 seconds unless it is ended; null where none can be ended. */
  readonly slowQuery: string | null;
  /** Whether an aborted statement dooms the whole transaction. */
  readonly failureEndsTransaction: boolean;
  readonly hasTransactionalDdl: boolean;
  /** Whether a constraint violation names the table and the columns, and the constraint. */
  readonly tells: { readonly uniqueColumns: boolean; readonly uniqueTable: boolean; readonly foreignKey: boolean };
  /** Whether several connections write at the same time. */
  readonly hasConcurrentWriters: boolean;
  /** The numbers, of those that are not finite, which a float column holds. */
  readonly nonFiniteFloats: readonly number[];
  readonly maxNameLength: number;
  /** Whether a key that is made, but not counted up, can be learnt. */
  readonly tellsMadeKeys: boolean;
  /** Whether INSERT … RETURNING is understood. */
  readonly hasReturning: boolean;
  /** Whether an upsert could meet a row by another unique key than the one it names, so that it must be refused. */
  readonly upsertMeetsEveryKey: boolean;
  /** What would be a parameter of the database's own, so that it is refused. */
  readonly refusedVariables: readonly string[];
  /** A query with the operator `?`, whether its parameter "a" is a key of the JSON {"a": 1}, as `found`; null where there is none. */
  readonly questionMarkQuery: string | null;
  /** What the pool holds when nothing else is asked for. */
  readonly pool: { readonly min: number; readonly max: number };
  /** Whether a stream has a transaction of its own, so that one that it begins means nothing. */
  readonly streamsInTransaction: boolean;
  /** How many statements the session keeps prepared; null where nobody knows. */
  readonly countPrepared: ((on: Queryable) => Promise<number>) | null;
  /** Asks for the other sessions of the database (`id`) and what they run (`running`, NULL for nothing); null without a server. */
  readonly sessionsQuery: string | null;
  /** The statement that ends another session. */
  endSession(id: number): string;
}

const sqlite: ContractDatabase = {
  name: "SQLite",
  type: DatabaseType.SQLITE,
  types: {
    boolean: "BOOLEAN",
    integer: "BIGINT",
    float: "DOUBLE",
    decimal: "DECIMAL_TEXT",
    text: "TEXT",
    keyText: "TEXT",
    bytes: "BLOB",
    json: "JSON",
    uuid: "UUID",
    instant: "TIMESTAMP",
    date: "DATE",
    countingKey: "INTEGER PRIMARY KEY",
    madeKey: "TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(16))))",
  },
  async createUrl(onEnd) {
    const folder = mkdtempSync(join(tmpdir(), "fraisier-contract-"));
    onEnd(() => rmSync(folder, { recursive: true, force: true }));
    return `sqlite://${join(folder, "contract.db")}?synchronous=off`;
  },
  slowQuery: null,
  failureEndsTransaction: false,
  hasTransactionalDdl: true,
  tells: { uniqueColumns: true, uniqueTable: true, foreignKey: false },
  hasConcurrentWriters: false,
  nonFiniteFloats: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  maxNameLength: 200,
  tellsMadeKeys: true,
  hasReturning: true,
  upsertMeetsEveryKey: false,
  refusedVariables: [":id", "@id", "#id"],
  questionMarkQuery: null,
  streamsInTransaction: false,
  countPrepared: null,
  pool: { min: 2, max: 5 }, // one writer and up to four readers
  sessionsQuery: null,
  endSession: (id) => `there is no session ${id}`,
};

async function onServer(kind: ServerKind, rest: Omit<ContractDatabase, "createUrl">): Promise<ContractDatabase> {
  const server = await sharedServer(kind);
  return {
    ...rest,
    async createUrl(onEnd) {
      const database = await createDatabase(server);
      onEnd(() => database.drop());
      watchPassword(database.url);
      return database.url;
    },
  };
}

const postgresql = onServer("postgresql", {
  name: "PostgreSQL",
  type: DatabaseType.POSTGRESQL,
  types: {
    boolean: "BOOLEAN",
    integer: "BIGINT",
    float: "DOUBLE PRECISION",
    decimal: "NUMERIC(38, 10)",
    text: "TEXT",
    keyText: "TEXT",
    bytes: "BYTEA",
    json: "JSONB",
    uuid: "UUID",
    instant: "TIMESTAMPTZ(3)",
    date: "DATE",
    countingKey: "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    madeKey: "TEXT PRIMARY KEY DEFAULT gen_random_uuid()",
  },
  slowQuery: "SELECT pg_sleep(30)",
  failureEndsTransaction: true,
  hasTransactionalDdl: true,
  tells: { uniqueColumns: true, uniqueTable: true, foreignKey: true },
  hasConcurrentWriters: true,
  nonFiniteFloats: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  maxNameLength: 63,
  tellsMadeKeys: true,
  hasReturning: true,
  upsertMeetsEveryKey: false,
  refusedVariables: [],
  questionMarkQuery: `SELECT '{"a": 1}'::jsonb ?? $1 AS found`,
  streamsInTransaction: true,
  async countPrepared(on) {
    const [row] = await on.executeQuery<{ n: number }>("SELECT COUNT(*) AS n FROM pg_prepared_statements");
    return Number(row?.n);
  },
  pool: { min: 1, max: 10 },
  sessionsQuery: `SELECT pid AS id, CASE WHEN state = 'active' THEN query END AS running FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  endSession: (id) => `SELECT pg_terminate_backend(${id})`,
});

const mysqlTypes: ColumnTypes = {
  boolean: "BOOLEAN",
  integer: "BIGINT",
  float: "DOUBLE",
  decimal: "DECIMAL(38, 10)",
  text: "LONGTEXT",
  keyText: "VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
  bytes: "LONGBLOB",
  json: "JSON",
  uuid: "CHAR(36) CHARACTER SET ascii",
  instant: "DATETIME(3)",
  date: "DATE",
  countingKey: "BIGINT AUTO_INCREMENT PRIMARY KEY",
  madeKey: "VARCHAR(36) PRIMARY KEY DEFAULT (UUID())",
};

/** Of MariaDB in information_schema, of MySQL in performance_schema: each has only the one where every character is read. */
const mysqlSessions = (schema: "information_schema" | "performance_schema") =>
  `SELECT ID AS id, INFO AS running FROM ${schema}.processlist WHERE DB = DATABASE() AND ID <> CONNECTION_ID()`;

async function countPrepared(on: Queryable): Promise<number> {
  const rows = await on.executeQuery("SHOW SESSION STATUS LIKE 'Com_stmt_%'");
  const counted = Object.fromEntries(rows.map((row) => [row.Variable_name, Number(row.Value)]));
  return (counted.Com_stmt_prepare ?? 0) - (counted.Com_stmt_close ?? 0);
}

const mariadb = onServer("mariadb", {
  name: "MariaDB",
  type: DatabaseType.MYSQL,
  types: mysqlTypes,
  slowQuery: "SELECT SLEEP(30)",
  failureEndsTransaction: false,
  hasTransactionalDdl: false,
  tells: { uniqueColumns: false, uniqueTable: false, foreignKey: true },
  hasConcurrentWriters: true,
  nonFiniteFloats: [],
  maxNameLength: 64,
  tellsMadeKeys: false,
  hasReturning: true,
  upsertMeetsEveryKey: true,
  refusedVariables: [],
  questionMarkQuery: null,
  streamsInTransaction: false,
  countPrepared,
  pool: { min: 5, max: 20 },
  sessionsQuery: mysqlSessions("information_schema"),
  endSession: (id) => `KILL ${id}`,
});

const mysql = onServer("mysql", {
  name: "MySQL",
  type: DatabaseType.MYSQL,
  types: mysqlTypes,
  slowQuery: "SELECT SLEEP(30)",
  failureEndsTransaction: false,
  hasTransactionalDdl: false,
  tells: { uniqueColumns: false, uniqueTable: true, foreignKey: true },
  hasConcurrentWriters: true,
  nonFiniteFloats: [],
  maxNameLength: 64,
  tellsMadeKeys: false,
  hasReturning: false,
  upsertMeetsEveryKey: true,
  refusedVariables: [],
  questionMarkQuery: null,
  streamsInTransaction: false,
  countPrepared,
  pool: { min: 5, max: 20 },
  sessionsQuery: mysqlSessions("performance_schema"),
  endSession: (id) => `KILL ${id}`,
});

export const DATABASES: readonly ContractDatabase[] = [sqlite, ...(await Promise.all([postgresql, mariadb, mysql]))];

/** Opens an adapter on an empty database of its own; both go with the running test. */
export type Open = (options?: AnyAdapterOptions) => Promise<FraiserDatabaseAdapter>;

/** `describe` for each database. */
export function describeEachDatabase(title: string, body: (open: Open, database: ContractDatabase) => void): void {
  describe.each(DATABASES)(`${title} ($name)`, (database) => {
    body(async (options) => {
      const url = await database.createUrl(onTestFinished);
      const adapter = await openAdapter(url, options);
      onTestFinished(() => adapter.close());
      return adapter;
    }, database);
  });
}

/** Whether this is `npm run test:full`. */
export const IS_FULL: boolean = process.env.FRAISIER_TEST_SCALE === "1";
