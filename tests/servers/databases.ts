/** Databases on a test server, made and removed by way of the drivers alone: what is tested has no part in it. */
import { randomBytes } from "node:crypto";
import type { ServerKind } from "./products/index.ts";

/** Where a server is. */
export interface ServerAddress {
  readonly kind: ServerKind;
  /** Of a user who may create databases. */
  readonly url: string;
}

export interface TestDatabase extends ServerAddress, AsyncDisposable {
  readonly name: string;
  /** Removes it, whoever is still connected. */
  drop(): Promise<void>;
}

export type Row = Readonly<Record<string, unknown>>;

/** A lost connection is an error of the query that meets it; without a listener it would end the process, too. */
const LEFT_TO_THE_QUERY = (): void => {};

/** Runs statements one after the other on a connection of its own; the rows of the last one. */
export async function runSql({ kind, url }: ServerAddress, ...statements: readonly string[]): Promise<Row[]> {
  return await (kind === "postgresql" ? runOnPostgres(url, statements) : runOnMysql(url, statements));
}

/** Makes an empty database with a name of its own. */
export async function createDatabase(server: ServerAddress): Promise<TestDatabase> {
  const { kind } = server;
  const name = `fraisier_${randomBytes(6).toString("hex")}`;
  await runSql(server, `CREATE DATABASE ${name}`);
  const drop = () => (kind === "postgresql" ? dropFromPostgres(server, name) : dropFromMysql(server, name));
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return { kind, name, url: url.href, drop, [Symbol.asyncDispose]: drop };
}

/**
 * The version of the server at a URL.
 *
 * @throws when it is of another kind.
 */
export async function askVersion({ kind, url }: ServerAddress): Promise<string> {
  const [row] = await runSql({ kind, url }, "SELECT version() AS version");
  const text = String(row?.version);
  const isMariadb = /mariadb/i.test(text);
  if (kind !== "postgresql" && isMariadb !== (kind === "mariadb")) {
    throw new Error(`This is a ${isMariadb ? "MariaDB" : "MySQL"}.`);
  }
  return /\d[\d.]*/.exec(text)?.[0] ?? text;
}

async function runOnPostgres(url: string, statements: readonly string[]): Promise<Row[]> {
  const { Client } = await import("pg");
  const client = new Client({ connectionString: url });
  client.on("error", LEFT_TO_THE_QUERY);
  await client.connect();
  try {
    let rows: Row[] = [];
    for (const sql of statements) ({ rows } = await client.query(sql));
    return rows;
  } finally {
    await client.end();
  }
}

async function runOnMysql(url: string, statements: readonly string[]): Promise<Row[]> {
  const { createConnection } = await import("mysql2/promise");
  const connection = await createConnection(url);
  connection.on("error", LEFT_TO_THE_QUERY);
  try {
    let rows: Row[] = [];
    for (const sql of statements) rows = (await connection.query(sql))[0] as unknown as Row[];
    return rows;
  } finally {
    await connection.end();
  }
}

async function dropFromPostgres(server: ServerAddress, name: string): Promise<void> {
  await runSql(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** An open transaction of somebody who is still there would hold up DROP for a year. */
async function dropFromMysql(server: ServerAddress, name: string): Promise<void> {
  const sessions = await runSql(server, "SHOW PROCESSLIST");
  for (const { Id } of sessions.filter(({ db }) => db === name)) {
    // Unless it has just left.
    await runSql(server, `KILL ${Id}`).catch(() => {});
  }
  await runSql(server, `DROP DATABASE IF EXISTS ${name}`);
}
