/** `fraisier db …` on the migrations of Fraisier itself and on those of a project, on every database. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createAdapterFromUrl, type DatabaseType, type FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { until } from "../e2e/sandbox.ts";
import type { RunResult } from "../packaging/support.ts";
import { DATABASES, type EmptyDatabase } from "../support/databases.ts";
import { emptyFolder, everythingIn, fraisier, PROGRAM, userEnvironment } from "./support.ts";

const OWN = ["001_create_deployment_tables", "002_create_deployment_indexes", "003_create_fraise_state_tables"];

/** A project with migrations of its own, whose commands run on one database. */
class Project {
  readonly folder: string = emptyFolder("migrations");
  readonly url: string;
  readonly #type: DatabaseType;

  private constructor(url: string, type: DatabaseType) {
    this.url = url;
    this.#type = type;
  }

  static async create(database: EmptyDatabase, files: Readonly<Record<string, string>> = {}): Promise<Project> {
    const project = new Project(await database.createUrl(), database.type);
    mkdirSync(project.path(""), { recursive: true });
    for (const [name, text] of Object.entries(files)) project.write(name, text);
    return project;
  }

  path(name: string): string {
    return join(this.folder, "migrations", this.#type, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(`${name}.sql`), text);
  }

  get env(): Record<string, string> {
    return { FRAISIER_DB_URL: this.url };
  }

  /** `fraisier db …` on Fraisier's own migrations. */
  db(...args: string[]): Promise<RunResult> {
    return fraisier(this.folder, ["db", ...args], this.env);
  }

  /** The same on the project's. */
  own(command: string, ...args: string[]): Promise<RunResult> {
    return this.db(command, "--directory", "migrations", ...args);
  }

  async json<T>(command: string, ...args: string[]): Promise<T> {
    const { exitCode, stdout, stderr } = await this.own(command, ...args, "--json");
    expect([exitCode, stderr], stdout).toEqual([0, ""]);
    const { schema, ...rest } = JSON.parse(stdout) as { schema: string };
    expect(schema).toBe(`fraisier.db-${command}/1`);
    return rest as T;
  }

  open(): Promise<FraiserDatabaseAdapter> {
    return createAdapterFromUrl(this.url);
  }

  async tables(): Promise<string[]> {
    await using adapter = await this.open();
    const names = {
      sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
      postgresql: "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
      mysql: "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()",
    }[this.#type];
    return (await adapter.executeQuery<{ name: string }>(names)).map(({ name }) => name).sort();
  }
}

const FILES = {
  "001_create_users":
    "-- migrate:up\nCREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(40));\n-- migrate:down\nDROP TABLE users;\n",
  "002_add_admin":
    "-- migrate:up\nINSERT INTO users (id, name) VALUES (1, 'a;b\t\u0007');\n\n\nINSERT INTO users (id, name)\n  VALUES (2, 'Bob');\n-- migrate:down\nDELETE FROM users;\n",
};

describe.each(DATABASES)("fraisier db ($name)", (database) => {
  test("migrates its own tables once, tells what it did, and takes them back only when told twice", async () => {
    const project = await Project.create(database);
    const before = await project.db("status", "--json");
    expect(JSON.parse(before.stdout)).toMatchObject({ type: database.type, applied: [] });
    expect(await project.tables()).toEqual([]);

    const first = await project.db("migrate");
    expect(first).toMatchObject({ exitCode: 0, stdout: `Applied ${OWN.join(", ")}.\n` });
    for (const name of OWN) expect(first.stderr).toMatch(new RegExp(`✓ ${name} +\\d`));
    expect(await project.db("migrate")).toMatchObject({
      exitCode: 0,
      stdout: "The schema is up to date; nothing was to be done.\n",
      stderr: "",
    });
    const status = await project.db("status");
    expect(status.stdout).toMatch(/^schema +up to date$/m);
    for (const name of OWN)
      expect(status.stdout).toMatch(new RegExp(`^${name} +applied +.*\\(\\d{4}-\\d\\d-\\d\\d .*Z\\)`, "m"));

    const tables = await project.tables();
    for (const command of ["down", "redo"]) {
      const refused = await project.db(command);
      expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
      expect(refused.stderr).toContain(`fraisier db ${command} --yes`);
    }
    expect(await project.tables()).toEqual(tables);
    expect(await project.db("redo", "--yes")).toMatchObject({
      exitCode: 0,
      stdout: `Took back ${OWN[2]}.\nApplied ${OWN[2]}.\n`,
    });
    expect(await project.db("down", "--yes", "--to", "0")).toMatchObject({
      exitCode: 0,
      stdout: `Took back ${OWN.toReversed().join(", ")}.\n`,
    });
    expect((await project.tables()).filter((name) => !name.startsWith("tb_schema_migration"))).toEqual([]);
    expect((await project.db("baseline", "2")).exitCode).toBe(2);
  });

  test("an outdated schema: status, deployments and history say so and offer the command; a newer one is refused", async () => {
    const project = await Project.create(database);
    const fraises = { git_repo: "./repository", app_path: "./app" };
    writeFileSync(
      join(project.folder, "fraises.yaml"),
      JSON.stringify({ name: "fruit", fraises: { shop: { type: "api", environments: { production: fraises } } } }),
    );
    expect((await project.db("migrate", "--to", "2")).stdout).toBe(`Applied ${OWN.slice(0, 2).join(", ")}.\n`);
    expect((await project.db("status")).stdout).toMatch(/^schema +outdated$/m);
    expect((await project.db("status")).stderr).toContain("fraisier db migrate");
    const commands = [["status"], ["history"], ["deploy", "shop", "production"], ["rollback", "shop", "production"]];
    for (const command of commands) {
      const { exitCode, stderr } = await fraisier(project.folder, command, project.env);
      expect([command[0], exitCode, stderr]).toEqual([command[0], 6, expect.stringContaining("fraisier db migrate")]);
      expect(stderr).toContain(OWN[2]);
    }
    expect(everythingIn(project.folder).filter((name) => name.startsWith("app"))).toEqual([]);

    await project.db("migrate");
    await using adapter = await project.open();
    await adapter.executeUpdate("UPDATE tb_schema_migration SET version = 99, name = '099_later' WHERE version = 3");
    for (const command of [...commands, ["db", "migrate"]]) {
      const { exitCode, stderr } = await fraisier(project.folder, command, project.env);
      expect([command[0], exitCode, stderr]).toEqual([
        command[0],
        6,
        expect.stringContaining("newer version of fraisier"),
      ]);
    }
    expect((await project.db("status", "--json")).stdout).toContain('"state": "unknown"');
  });

  test("a project's own: up, to a version, down, redo, baseline, status", async () => {
    const project = await Project.create(database, FILES);
    expect(await project.json("migrate", "--to", "1")).toEqual({
      databaseType: database.type,
      applied: ["001_create_users"],
      reverted: [],
      pending: ["002_add_admin"],
    });
    expect((await project.own("migrate", "--to", "1")).stderr).toContain("Still pending: 002_add_admin.");
    expect(await project.json("migrate")).toMatchObject({ applied: ["002_add_admin"], pending: [] });
    expect(await project.json("redo")).toMatchObject({ reverted: ["002_add_admin"], applied: ["002_add_admin"] });
    expect(await project.json("down", "--steps", "2")).toMatchObject({
      reverted: ["002_add_admin", "001_create_users"],
    });
    expect((await project.own("down")).stdout).toBe("Nothing is applied that could be taken back.\n");
    expect(await project.json("baseline", "1")).toEqual({ noted: ["001_create_users"] });
    expect((await project.own("baseline", "1")).stdout).toContain("noted as applied already");
    const status = await project.json<{ migrations: unknown[] }>("status");
    expect(status).toMatchObject({
      applied: ["001_create_users"],
      pending: ["002_add_admin"],
      unknown: [],
      interrupted: [],
    });
    expect(status.migrations).toEqual([
      {
        version: 1,
        name: "001_create_users",
        state: "applied",
        appliedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        appliedBy: expect.any(String),
        durationMs: 0,
      },
      { version: 2, name: "002_add_admin", state: "pending", appliedAt: null, appliedBy: null, durationMs: null },
    ]);
  });

  test("--dry-run prints byte for byte what would be sent, and writes nothing", async () => {
    const project = await Project.create(database, FILES);
    const { exitCode, stdout } = await project.own("migrate", "--dry-run");
    expect(exitCode).toBe(0);
    const mode = database.hasTransactionalDdl ? "one transaction" : "statement by statement";
    expect(stdout).toBe(
      `-- 001_create_users (up), ${mode}
CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(40));
-- 002_add_admin (up), ${mode}
INSERT INTO users (id, name) VALUES (1, 'a;b\t\u0007');
INSERT INTO users (id, name)\n  VALUES (2, 'Bob');
`,
    );
    expect(await project.tables()).toEqual([]);
    const { migrations } = await project.json<{ migrations: { statements: string[] }[] }>("migrate", "--dry-run");
    expect(migrations.map(({ statements }) => statements)).toEqual([
      ["CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(40))"],
      ["INSERT INTO users (id, name) VALUES (1, 'a;b\t\u0007')", "INSERT INTO users (id, name)\n  VALUES (2, 'Bob')"],
    ]);
    await project.own("migrate");
    expect((await project.own("migrate", "--dry-run")).stdout).toBe("");
    expect((await project.own("down", "--dry-run", "--to", "0")).stdout).toBe(
      `-- 002_add_admin (down), ${mode}\nDELETE FROM users;\n-- 001_create_users (down), ${mode}\nDROP TABLE users;\n`,
    );
    await using adapter = await project.open();
    expect(await adapter.executeQuery("SELECT id FROM users ORDER BY id")).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test("what is wrong has its own error, with the file and the way out", async () => {
    const project = await Project.create(database, FILES);
    await project.own("migrate");
    const refusal = async (...args: string[]) => {
      const { exitCode, stdout } = await project.own("migrate", "--json", ...args);
      const { error } = JSON.parse(stdout) as { error: { kind: string; message: string; hint: string } };
      expect(error.hint).toMatch(/\.$|fraisier/);
      return [exitCode, error.kind, error.message] as const;
    };
    project.write("002_second", "-- migrate:up\nSELECT 1;\n");
    expect(await refusal()).toEqual([6, "migration_duplicate", expect.stringContaining("002_second")]);
    renameAway(project, "002_second");
    project.write("001_create_users", `${FILES["001_create_users"]}-- later\n`);
    expect(await refusal()).toEqual([6, "migration_edited", expect.stringContaining("001_create_users.sql")]);
    project.write("001_create_users", FILES["001_create_users"].replaceAll("\n", "\r\n"));
    expect((await project.own("migrate")).exitCode).toBe(0);
    project.write("004_broken", "-- migrate:up\nCREATE TABEL x (id INTEGER);\n");
    expect(await refusal()).toEqual([6, "migration_failed", expect.stringContaining("004_broken.sql:2")]);
    renameAway(project, "004_broken");
    expect(await refusal("--to", "7")).toEqual([7, "migration_unknown", expect.stringContaining("7")]);
    project.write("004_note", "no section at all");
    expect(await refusal()).toEqual([6, "migration_unreadable", expect.stringContaining("004_note.sql")]);
    project.write("004_note", "-- migrate:up\nSELECT 1;\n");
    await project.own("migrate");
    project.write("003_late", "-- migrate:up\nSELECT 1;\n");
    expect(await refusal()).toEqual([6, "migration_out_of_order", expect.stringContaining("003_late.sql")]);
    renameAway(project, "003_late");
    renameAway(project, "001_create_users");
    expect(await refusal()).toEqual([6, "migration_missing", expect.stringContaining("001_create_users")]);
    const nowhere = await project.db("migrate", "--directory", "elsewhere");
    expect([nowhere.exitCode, nowhere.stderr]).toEqual([6, expect.stringContaining("elsewhere")]);
  });

  test("Ctrl-C ends the statement that runs; the next run goes on from there", async () => {
    const project = await Project.create(database, {
      "001_first": "-- migrate:up\nCREATE TABLE one (id INTEGER);\n-- migrate:down\nDROP TABLE one;\n",
      "002_long": `-- migrate:up\nINSERT INTO one (id) VALUES (1);\n${SLOW[database.type]};\nINSERT INTO one (id) VALUES (2);\n`,
    });
    const child = spawn(process.execPath, [PROGRAM, "db", "migrate", "--directory", "migrations"], {
      cwd: project.folder,
      env: userEnvironment(project.env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    const ended = new Promise((done) => child.on("close", done));
    await until(() => output.includes("… 002_long"), "the long statement to be running");
    child.kill("SIGINT");
    expect(await ended, output).toBe(130);
    expect(output).toMatch(
      /Interrupted: ending the running statement.*Error: Interrupted by SIGINT.*fraisier db migrate/s,
    );
    expect((await project.json<{ applied: string[] }>("status")).applied).toEqual(["001_first"]);
    project.write(
      "002_long",
      readFileSync(project.path("002_long.sql"), "utf8").replace(SLOW[database.type], "SELECT 1"),
    );
    const next = await project.own("migrate");
    expect(next.exitCode, next.stderr).toBe(0);
    await using adapter = await project.open();
    expect(await adapter.executeQuery("SELECT id FROM one ORDER BY id")).toEqual([{ id: 1 }, { id: 2 }]);
  });
});

/** Runs until it is ended; on SQLite, where nothing else of the process runs meanwhile, for a second or two. */
const SLOW = {
  sqlite: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000000) SELECT MAX(i) FROM n",
  postgresql: "SELECT pg_sleep(600)",
  mysql: "SELECT SLEEP(600)",
} as const;

function renameAway(project: Project, name: string): void {
  const text = readFileSync(project.path(`${name}.sql`), "utf8");
  writeFileSync(project.path(`${name}.away`), text);
  rmSync(project.path(`${name}.sql`));
}
