/** A script is cut as `psql`, `mysql`, `mariadb` and `sqlite3` cut it: compared with the programs themselves. */
import { execa } from "execa";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Dialect, SqliteAdapter } from "../../../src/db/index.ts";
import { splitStatements } from "../../../src/db/sql/splitter.ts";
import { provideClient } from "../../servers/clients.ts";
import type { Programs } from "../../servers/programs.ts";
import { ENVIRONMENT } from "../../servers/run.ts";
import { temporaryFile } from "../sqlite/support.ts";
import { type RecordingServer, recordMysql, recordPostgres } from "./recording-servers.ts";
import { DIALECTS, scan } from "./support.ts";

const EVERYWHERE: readonly string[] = [
  "SELECT 1;SELECT 2 ; SELECT 3",
  "SELECT 1",
  ";;SELECT 1;;\n;",
  "SELECT ';', 'it''s; so';SELECT 2;",
  "SELECT 'a\n;b\n';\nSELECT 2;",
  "-- a; b\nSELECT 1 -- c; d\n;\n-- e;\nSELECT 2;",
  "/* a; */ SELECT /* b; */ 1;\n/* c;\n d; */\nSELECT 2;",
  "SELECT 1; SELECT 2; -- end;",
  "SELECT 1; /* end; */",
  "SELECT\n1\n;\r\nSELECT 2;\r\n",
  "INSERT INTO t VALUES (1), (2);INSERT INTO t SELECT 1;",
  "SELECT CASE WHEN a THEN 1 END; SELECT 2;",
  "CREATE TABLE t (a INTEGER, b TEXT DEFAULT ';');DROP TABLE t;",
  "SELECT '--'; SELECT '/*'; SELECT '*/';",
  "SELECT 1 - -1; SELECT 2;",
  "BEGIN; SELECT 1; COMMIT;",
];

const POSTGRESQL: readonly string[] = [
  'SELECT "a;b", "c""d;"; SELECT 2;',
  "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN x := ';'; END; $$; SELECT 2;",
  "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $body$ SELECT '$$;'; $body$; SELECT 2;",
  "DO $a$ BEGIN PERFORM $b$;$b$; END $a$; SELECT 2;",
  "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3;",
  "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END; SELECT 3;",
  "create or replace procedure p() begin atomic insert into t values (1); end; SELECT 3;",
  "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (1); DELETE FROM u); SELECT 2;",
  "SELECT E'\\';', E'a\\\\'; SELECT 2;",
  "SELECT 'a\\'; SELECT 2;",
  "SELECT U&'d\\0061;', B'101', X'1F;'; SELECT 2;",
  "/* a /* nested; */ b; */ SELECT 1; SELECT 2;",
  "SELECT '{\"a\": 1}'::jsonb ? 'a;' ; SELECT a->>'b;' FROM t;",
  "SELECT $1, $2; SELECT 2;",
  "SELECT tab$1.id FROM item tab$1; SELECT é$a$ FROM t; SELECT 3;",
  "BEGIN; SELECT CASE WHEN a THEN 1 END; END; SELECT 2;",
  "SELECT 'a'\n'b;'; SELECT 2;",
];

const MYSQL: readonly string[] = [
  "SELECT `a;b`, `c``d;`; SELECT 2;",
  'SELECT ";", "a""b;", "c\\";"; SELECT 2;',
  "SELECT 'a\\';'; SELECT 2;",
  "# a; b\nSELECT 1; # c;\nSELECT 2;",
  "SELECT 1 -- ;\n; SELECT 2;",
  "SELECT 2--1; SELECT 3;",
  "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT ';'; SELECT 2; END//\nDELIMITER ;\nSELECT 3;",
  "DELIMITER $$\nCREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.a = 1; END$$\nSELECT 1 $$\ndelimiter ;\nSELECT 2;",
  "DELIMITER //\nSELECT '//'; SELECT `//`//\nSELECT 2//",
  "delimiter ||\nCREATE FUNCTION f() RETURNS INT RETURN 1||\nDELIMITER ;\nSELECT 2;",
  "DELIMITER $$\r\nSELECT 1; SELECT 2$$\r\nDELIMITER ;\r\nSELECT 3;\r\n",
  "DELIMITER //\nSELECT 1 /* // */ //\nSELECT 2 -- //\n//\n",
  "SELECT 1;\n  DELIMITER //\nSELECT 2; SELECT 3//",
  "SELECT\ndelimiter FROM t; SELECT 2;",
  "DELIMITER END_OF_IT\nSELECT 1; SELECT 2 END_OF_IT\nSELECT 3 END_OF_IT",
];

/** What each leaves in the table `seen`, and in the schema, is compared. */
const SQLITE: readonly string[] = [
  "INSERT INTO seen VALUES (1);INSERT INTO seen VALUES (2)",
  ";;INSERT INTO seen VALUES (';'), ('it''s;');\n;INSERT INTO seen VALUES (2);",
  "-- a; b\nINSERT INTO seen VALUES (1) -- c; d\n;\n/* e; */ INSERT INTO seen /* f; */ VALUES (2); /* g;",
  'CREATE TABLE "a;b" ("c"";" TEXT);CREATE TABLE [d;e] (`f;` TEXT); INSERT INTO seen VALUES (1);',
  "CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO seen VALUES (';END;'); UPDATE t SET a = CASE WHEN 1 THEN 2 END; END; INSERT INTO t VALUES (1); INSERT INTO seen VALUES (2);",
  "create temp trigger if not exists x after insert on t begin insert into seen values (1); end; INSERT INTO t VALUES (1);",
  "CREATE /* ; */ TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM seen; -- so;\n /* ; */ end;INSERT INTO seen VALUES (1);",
  "CREATE VIEW v AS SELECT 'TRIGGER; BEGIN'; INSERT INTO seen SELECT * FROM v;",
  "BEGIN; INSERT INTO seen VALUES (1); END; BEGIN; INSERT INTO seen VALUES (2); ROLLBACK;",
  "INSERT INTO seen VALUES ('a\n;\nb');\nINSERT INTO seen VALUES (2);",
  "INSERT INTO seen VALUES (CASE WHEN 1 THEN 'x;' END); INSERT INTO seen VALUES (2);",
  "INSERT INTO seen VALUES (1);\nnonsense;\nINSERT INTO seen VALUES (2);",
];

/** What is sent as it is compared: without what stands around it. Null for what is only comments. */
function bare(text: string, dialect: Dialect, end: string): string | null {
  const { tokens } = scan(text, dialect);
  while (tokens.at(-1)?.text === end) tokens.pop();
  const [first, last] = [tokens.at(0), tokens.at(-1)];
  return first && last ? text.slice(first.start, last.end) : null;
}

/** What a client program sends for a script. */
async function sentBy(
  client: Programs,
  name: string,
  record: () => Promise<RecordingServer>,
  args: (port: number) => string[],
  script: string,
): Promise<string[]> {
  const server = await record();
  onTestFinished(() => server.close());
  const { file, args: all, env } = client.command(name, args(server.port));
  const options = { input: script, env: { ...ENVIRONMENT, HOME: "/nowhere", ...env }, extendEnv: false };
  const { stderr, exitCode } = await execa(file, all, options);
  expect([exitCode, stderr]).toEqual([0, ""]);
  return [...server.statements];
}

const split = (script: string, dialect: Dialect): string[] =>
  splitStatements(script, dialect.lexical).map(({ text }) => text);

const psql = await provideClient("psql");
describe(`psql ${psql.version}`, () => {
  test.each([...EVERYWHERE, ...POSTGRESQL])("cuts as we do: %j", async (script) => {
    const args = (port: number) => [
      "-X",
      "-q",
      "-f",
      "-",
      `host=127.0.0.1 port=${port} user=u dbname=d sslmode=disable`,
    ];
    const sent = await sentBy(psql, "psql", recordPostgres, args, script);
    const statements = sent.map((text) => bare(text, DIALECTS.postgresql, ";")).filter((text) => text !== null);
    expect(split(script, DIALECTS.postgresql)).toEqual(statements);
  });
});

const MYSQL_CLIENTS = [
  { name: "mariadb", record: () => recordMysql("5.5.5-10.11.0-MariaDB", "mysql_native_password") },
  { name: "mysql", record: () => recordMysql("9.0.0", "caching_sha2_password") },
] as const;
for (const { name, record } of MYSQL_CLIENTS) {
  const client = await provideClient(name);
  describe(`${name} ${client.version}`, () => {
    test.each([...EVERYWHERE, ...MYSQL])("cuts as we do: %j", async (script) => {
      const args = (port: number) => [
        "--no-defaults",
        "--comments",
        "--batch",
        "--no-auto-rehash",
        "--skip-ssl",
        "--protocol=tcp",
        "--host=127.0.0.1",
        `--port=${port}`,
        "--user=u",
      ];
      const sent = await sentBy(client, name, record, name === "mysql" ? withoutTls(args) : args, script);
      const statements = sent.map((text) => bare(text, DIALECTS.mysql, "")).filter((text) => text !== null);
      expect(split(script, DIALECTS.mysql)).toEqual(statements);
    });
  });
}

/** MySQL's own client has another option for the same. */
function withoutTls(args: (port: number) => string[]): (port: number) => string[] {
  return (port) => args(port).map((arg) => (arg === "--skip-ssl" ? "--ssl-mode=DISABLED" : arg));
}

const sqlite3 = await provideClient("sqlite3");
describe(`sqlite3 ${sqlite3.version}`, () => {
  const PREPARE = "CREATE TABLE t (a); CREATE TABLE seen (a);";
  const state = async (file: string) => {
    await using adapter = new SqliteAdapter(file);
    const seen = await adapter.executeQuery("SELECT * FROM seen ORDER BY rowid");
    return [seen, await adapter.executeQuery("SELECT type, name, sql FROM sqlite_schema ORDER BY rowid")];
  };
  const run = async (file: string, script: string) => {
    const { file: program, args, env } = sqlite3.command("sqlite3", ["-batch", file]);
    await execa(program, args, { input: script, env: { ...ENVIRONMENT, ...env }, extendEnv: false, reject: false });
  };

  test.each(SQLITE)("comes to the same as we do: %j", async (script) => {
    const [theirs, ours] = [temporaryFile(), temporaryFile()];
    for (const file of [theirs, ours]) await run(file, PREPARE);
    await run(theirs, script);
    await using adapter = new SqliteAdapter(ours);
    await adapter.session(async (session) => {
      // As the program does, which goes on after what failed.
      for (const statement of split(script, DIALECTS.sqlite)) await session.executeQuery(statement).catch(() => {});
    });
    expect(await state(ours)).toEqual(await state(theirs));
  });
});
