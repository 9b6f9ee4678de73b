/** How each database says it would answer a statement, in words that are the same for all of them. */
import type { DatabaseType, Queryable, Row } from "../../../src/db/index.ts";
import type { Sent } from "./recorder.ts";

/** How the rows of one table are come by. */
export interface Access {
  readonly table: string;
  /** null: the whole table is read. */
  readonly index: string | null;
  /** Whether the index is entered by a value; else it is gone through from one end until there are rows enough. */
  readonly isSearch: boolean;
}

export interface Plan {
  readonly accesses: readonly Access[];
  /** How many rows the database expects to sort; 0 when they come in the right order. SQLite never says how many. */
  readonly sortedRows: number | "unknown";
  /** What the database said. */
  readonly text: string;
}

/** Under what name views and queries have a table. */
const ALIASES: Readonly<Record<string, string>> = {
  d: "tb_deployment",
  u: "tb_deployment",
  fs: "tb_fraise_state",
  l: "tb_deployment_lease",
  we: "tb_webhook_event",
};

const tableOf = (name: string): string => ALIASES[name] ?? name;

/** Asks for the plan of a statement, by the very text and values that were sent. */
export function explain(database: Queryable, type: DatabaseType, sent: Sent): Promise<Plan> {
  return EXPLAINERS[type](database, sent);
}

const ask = <R extends object>(database: Queryable, prefix: string, { text, params }: Sent) =>
  database.executeQuery<R>(`${prefix} ${text}`, params, { placeholders: "native", prepare: false });

/** https://www.sqlite.org/eqp.html */
const SQLITE_ACCESS = /^(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?(?:INDEX )?(\w+))?/;

async function explainSqlite(database: Queryable, sent: Sent): Promise<Plan> {
  const lines = (await ask<{ detail: string }>(database, "EXPLAIN QUERY PLAN", sent)).map(({ detail }) => detail);
  const accesses = lines.flatMap((line) => {
    const [, verb, name = "", index = null] = SQLITE_ACCESS.exec(line) ?? [];
    if (verb === undefined) return [];
    // An index that it makes for this statement alone is made of the whole table.
    return [{ table: tableOf(name), index: index === "AUTOMATIC" ? null : index, isSearch: verb === "SEARCH" }];
  });
  return {
    accesses,
    sortedRows: lines.some((line) => line.startsWith("USE TEMP B-TREE")) ? "unknown" : 0,
    text: lines.join("\n"),
  };
}

/** https://www.postgresql.org/docs/current/using-explain.html */
interface PostgresNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly "Plan Rows": number;
  readonly Plans?: readonly PostgresNode[];
}

async function explainPostgres(database: Queryable, sent: Sent): Promise<Plan> {
  const [row] = await ask<{ "QUERY PLAN": readonly [{ Plan: PostgresNode }] }>(database, "EXPLAIN (FORMAT JSON)", sent);
  const nodes: PostgresNode[] = [];
  const add = (node: PostgresNode, parent?: PostgresNode): void => {
    // The table of a bitmap's index is named above it.
    nodes.push({ ...node, ...(node["Node Type"] === "Bitmap Index Scan" && relationOf(parent)) });
    for (const child of node.Plans ?? []) add(child, node);
  };
  if (row !== undefined) add(row["QUERY PLAN"][0].Plan);
  const sorts = nodes.filter((node) => node["Node Type"].endsWith("Sort"));
  return {
    accesses: nodes.flatMap(postgresAccess),
    sortedRows: Math.max(0, ...sorts.map((node) => node.Plans?.[0]?.["Plan Rows"] ?? 0)),
    text: nodes.map(({ Plans, ...node }) => JSON.stringify(node)).join("\n"),
  };
}

/** The table that a bitmap is of; also when several are put together. */
const relationOf = (node: PostgresNode | undefined) => ({
  "Relation Name": node?.["Relation Name"] ?? "tb_deployment",
});

function postgresAccess(node: PostgresNode): Access[] {
  const { "Node Type": type, "Relation Name": table, "Index Name": index = null } = node;
  if (table === undefined || type === "ModifyTable" || type === "Bitmap Heap Scan") return [];
  return [{ table, index, isSearch: node["Index Cond"] !== undefined }];
}

/** https://dev.mysql.com/doc/refman/9.7/en/explain-output.html; MariaDB's is the same. */
interface MysqlRow extends Row {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly rows: number | null;
  readonly Extra: string | null;
}

async function explainMysql(database: Queryable, sent: Sent): Promise<Plan> {
  const lines = await ask<MysqlRow>(database, "EXPLAIN FORMAT=TRADITIONAL", sent);
  const accesses = lines.flatMap(({ table, type, key }) => {
    // Without a key a constant is a row that cannot be there, or the only one of its table.
    if (table === null || type === null || type === "system" || (type === "const" && key === null)) return [];
    return [{ table: tableOf(table), index: key, isSearch: type !== "index" && type !== "ALL" }];
  });
  const sorts = lines.filter(({ Extra }) => Extra?.includes("Using filesort"));
  return {
    accesses,
    sortedRows: Math.max(0, ...sorts.map(({ rows }) => Number(rows ?? 0))),
    text: lines.map(({ table, type, key, rows, Extra }) => [table, type, key, rows, Extra].join(" ")).join("\n"),
  };
}

const EXPLAINERS: Readonly<Record<DatabaseType, (database: Queryable, sent: Sent) => Promise<Plan>>> = {
  sqlite: explainSqlite,
  postgresql: explainPostgres,
  mysql: explainMysql,
};
