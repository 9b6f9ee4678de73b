import { createConnection } from "mysql2/promise";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { createDatabase, runSql, type ServerAddress } from "./databases.ts";
import { sharedServer, testDatabase } from "./shared.ts";

const kinds = ["postgresql", "mariadb", "mysql"] as const;
const servers = await Promise.all(kinds.map(sharedServer));

async function exists(server: ServerAddress, name: string): Promise<boolean> {
  const [table, column] =
    server.kind === "postgresql" ? ["pg_database", "datname"] : ["information_schema.schemata", "schema_name"];
  return (await runSql(server, `SELECT 1 FROM ${table} WHERE ${column} = '${name}'`)).length > 0;
}

/** Somebody who has written something in a transaction and then fell asleep. */
async function forgetTransaction({ kind, url }: ServerAddress): Promise<void> {
  const statements = ["BEGIN", "INSERT INTO busy VALUES (1)"];
  if (kind === "postgresql") {
    const client = new pg.Client({ connectionString: url });
    // It is going to be thrown out.
    client.on("error", () => {});
    await client.connect();
    for (const sql of statements) await client.query(sql);
  } else {
    const connection = await createConnection(url);
    connection.on("error", () => {});
    for (const sql of statements) await connection.query(sql);
  }
}

describe.each(servers.map((server) => [server.kind, server] as const))("%s", (kind, server) => {
  test("is the same for everybody who asks", async () => {
    expect(await sharedServer(kind)).toEqual(server);
  });

  test("has a database for each test, apart from all others", async () => {
    const [one, other] = [await testDatabase(server), await testDatabase(server)];
    for (const database of [one, other]) await runSql(database, "CREATE TABLE own (n INT)");
    await runSql(one, "INSERT INTO own VALUES (1)");
    expect(await runSql(one, "SELECT n FROM own")).toEqual([{ n: 1 }]);
    expect(await runSql(other, "SELECT n FROM own")).toEqual([]);
  });

  test("keeps text in Unicode", async () => {
    const database = await testDatabase(server);
    await runSql(database, "CREATE TABLE texts (t VARCHAR(10))", "INSERT INTO texts VALUES ('é🍓')");
    expect(await runSql(database, "SELECT t FROM texts")).toEqual([{ t: "é🍓" }]);
  });

  test("is rid of a database whoever is still at work in it", async () => {
    const database = await createDatabase(server);
    onTestFinished(() => database.drop());
    await runSql(database, "CREATE TABLE busy (n INT)");
    await forgetTransaction(database);
    expect(await exists(server, database.name)).toBe(true);
    await database.drop();
    expect(await exists(server, database.name)).toBe(false);
  });

  test("is rid of a test's database after the test", async () => {
    const names: string[] = [];
    // Hooks run in the reverse order: this one after the database's own.
    onTestFinished(async () => expect(await exists(server, names[0] ?? "")).toBe(false));
    const { name } = await testDatabase(server);
    names.push(name);
    expect(await exists(server, name)).toBe(true);
  });
});
