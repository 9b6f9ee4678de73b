/** `fraisier db …` on the migrations of Fraisier itself and on those of a project, on every database. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nextStep, schemaText, statesOf } from "../../src/cli/commands/db/migration-states.ts";
import {
  createAdapterFromUrl,
  type DatabaseType,
  type FraiserDatabaseAdapter,
  MigrationRunner,
} from "../../src/db/index.ts";
import { until } from "../e2e/sandbox.ts";
import { type RunResult, run } from "../packaging/support.ts";
import { type EmptyDatabase, USUAL_DATABASES } from "../support/databases.ts";
import { linesLeft, startInTerminal } from "./in-terminal.ts";
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

  /** What a hint tells to type, typed into a shell. */
  type(line: string): Promise<RunResult> {
    const script = `fraisier() { '${process.execPath}' '${PROGRAM}' "$@"; }\n${line}`;
    return run("/bin/sh", ["-c", script], { cwd: this.folder, env: userEnvironment(this.env) });
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

describe.each(USUAL_DATABASES)("fraisier db ($name)", (database) => {
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

  describe("Ctrl-C ends the statement that runs, and names the command that goes on from there:", () => {
    /** The options of a user whose migrations are not where they are elsewhere. */
    const given = ["--directory", "my migrations", "--table", "it's applied"];
    const typed = "--directory 'my migrations' --table 'it'\\''s applied'";

    async function interrupt(project: Project, line: string, isReached: (output: string) => boolean): Promise<string> {
      const child = spawn(process.execPath, [PROGRAM, "db", ...line.split(" "), ...given], {
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
      await until(() => isReached(output), "the long statement to be running");
      child.kill("SIGINT");
      expect(await ended, output).toBe(130);
      expect(output).toMatch(/Interrupted: ending the running statement.*Error: Interrupted by SIGINT/s);
      return /goes on from there: (.*)$/m.exec(output)?.[1] ?? output;
    }

    async function create(...names: (keyof typeof LONG)[]): Promise<Project> {
      const project = await Project.create(database);
      symlinkSync("migrations", join(project.folder, "my migrations"));
      for (const name of names) project.write(name, LONG[name].replace("SLOW", SLOW[database.type]));
      return project;
    }

    test("of a migration, of which the journal tells how much is done", async () => {
      const project = await create("001_first", "002_long", "003_last");
      // A statement of SQLite's leaves no turn for a line to be written.
      const progress = database.server === null ? "… 002_long" : "… 002_long (1 of 3 statements done)";
      const next = await interrupt(project, "migrate --to 2", (output) => output.includes(progress));
      expect(next).toBe(`fraisier db migrate ${typed} --to 2`);

      const down = await fraisier(project.folder, ["db", "down", ...given], project.env);
      expect([down.exitCode, down.stderr]).toEqual([6, expect.stringContaining("002_long (up) was begun")]);
      expect(down.stderr).toContain(`Finish it: fraisier db migrate ${typed}\n`);
      const repair = await fraisier(project.folder, ["db", "repair", ...given], project.env);
      expect(repair.stdout).toContain(`fraisier db migrate ${typed}\n`);
      const status = await fraisier(project.folder, ["db", "status", ...given], project.env);
      expect(status.stderr).toBe(`See how it goes on: fraisier db repair ${typed}\n`);

      // SQLite's has run to its end perhaps, and is not to be changed then.
      if (database.server !== null) project.write("002_long", LONG["002_long"].replace("SLOW", "SELECT 1"));
      expect(await project.type(next)).toMatchObject({ exitCode: 0, stdout: "Applied 002_long.\n" });
      await using adapter = await project.open();
      expect(await adapter.executeQuery("SELECT id FROM one ORDER BY id")).toEqual([{ id: 1 }, { id: 2 }]);
      expect(await project.tables()).not.toContain("tb_schema_migration");
    });

    test("of one that was being done again: once it is taken back, the last one is another", async () => {
      const project = await create("001_first", "002_slow", "003_last");
      expect((await fraisier(project.folder, ["db", "baseline", "2", ...given], project.env)).exitCode).toBe(0);
      const next = await interrupt(project, "redo", (output) => output.includes("… 002_slow"));
      expect(next).toBe(`fraisier db migrate ${typed} --to 2`);
      project.write("002_slow", LONG["002_slow"].replace("SLOW", "SELECT 1"));
      expect(await project.type(next)).toMatchObject({ exitCode: 0, stdout: "Applied 002_slow.\n" });
    });
  });

  test("status shows what is not as the files say, and what to do about it", async () => {
    const half = "-- migrate:no-transaction\n-- migrate:up\nSELECT 1;\n";
    const project = await Project.create(database, { ...FILES, "003_half": `${half}SELECT nothing FROM nowhere;\n` });
    await using adapter = await project.open();
    const runner = new MigrationRunner(adapter, { directory: join(project.folder, "migrations") });
    await expect(runner.up()).rejects.toMatchObject({ kind: "migration_failed" });
    const states = async () => {
      const migrations = statesOf(await runner.status());
      return {
        shown: migrations.map(({ name, state }) => `${name}: ${state}`),
        schema: schemaText(migrations, "these migrations"),
        next: nextStep(migrations),
      };
    };
    expect(await states()).toEqual({
      shown: ["001_create_users: applied", "002_add_admin: applied", "003_half: interrupted"],
      schema: "half-way: a migration was interrupted",
      next: "See how it goes on: fraisier db repair",
    });
    renameAway(project, "003_half");
    expect(await states()).toEqual({
      shown: ["001_create_users: applied", "002_add_admin: applied", "003, whose file is gone: interrupted"],
      schema: "half-way: a migration was interrupted",
      next: "See how it goes on: fraisier db repair",
    });
    project.write("003_half", `${half}SELECT 2;\n`);
    await runner.up();
    renameAway(project, "002_add_admin");
    expect(await states()).toEqual({
      shown: ["001_create_users: applied", "002_add_admin: missing", "003_half: applied"],
      schema: "in doubt: the file of an applied migration is gone",
      next: "Bring back from version control: 002_add_admin. Then see again: fraisier db status",
    });
    project.write("002_add_admin", FILES["002_add_admin"]);
    await adapter.executeUpdate("DELETE FROM tb_schema_migration WHERE version = 2");
    expect(await states()).toMatchObject({
      shown: ["001_create_users: applied", "002_add_admin: out_of_order", "003_half: applied"],
      schema: "in doubt: a migration is not applied, and later ones are",
    });
    project.write("001_create_users", `${FILES["001_create_users"]}-- later\n`);
    expect(await project.json("status")).toMatchObject({
      ...{ applied: ["003_half"], pending: [], edited: ["001_create_users"], outOfOrder: ["002_add_admin"] },
      ...{ missing: [], interrupted: [], unknown: [], isPython: false, problem: null },
    });
    const { stdout, stderr } = await project.own("status");
    expect(stdout).toMatch(/^schema +in doubt: the file of an applied migration was changed$/m);
    expect(stdout).toMatch(/^001_create_users +edited +.*^002_add_admin +out of order$.*^003_half +applied /ms);
    expect(stderr).toBe(
      "Restore 001_create_users, and put the change into a new migration. Then see again: fraisier db status --directory migrations\n",
    );
  });

  test("neither somebody's own migrations are taken for fraisier's, nor fraisier's for somebody's own", async () => {
    const project = await Project.create(database, FILES);
    await project.own("migrate");
    const tables = await project.tables();
    for (const args of [["migrate"], ["repair"]]) {
      const { exitCode, stderr } = await project.db(...args);
      expect([args, exitCode, stderr]).toEqual([args, 6, expect.stringContaining("migration 001_create_users")]);
      expect(stderr).toContain("another program's");
      expect(stderr).toMatch(/fraisier db migrate --directory <folder>.*FRAISIER_DB_URL=/);
    }
    const status = await project.db("status");
    expect(status.stdout).toMatch(/^schema +another program's/m);
    expect(status.stderr).toContain("fraisier db migrate --directory <folder>");
    expect(await project.tables()).toEqual(tables);

    const other = await Project.create(database, FILES);
    await other.db("migrate", "--to", "1");
    const before = await other.tables();
    for (const command of ["migrate", "status"]) {
      const { exitCode, stderr } = await other.own(command);
      expect([command, exitCode, stderr]).toEqual([command, 6, expect.stringContaining("Fraisier's own")]);
      expect(stderr).toContain("fraisier db migrate --directory migrations --table <name>");
    }
    expect(await other.tables()).toEqual(before);
    expect((await other.own("migrate", "--table", "shop_migration")).exitCode).toBe(0);
    expect((await other.db("migrate")).exitCode).toBe(0);
    expect((await other.db("status")).stdout).toMatch(/^schema +up to date$/m);
  });
});

test("in a terminal a line tells how many of a migration's statements are done", async () => {
  const [sqlite] = USUAL_DATABASES;
  const project = await Project.create(sqlite as EmptyDatabase, {
    "001_three": "-- migrate:up\nSELECT 1;\nSELECT 2;\nSELECT 3;\n",
  });
  const options = { env: project.env, columns: 100 };
  const { exitCode, screen } = await startInTerminal(
    project.folder,
    ["db", "migrate", "--directory", "migrations"],
    options,
  ).ended;
  expect(exitCode, screen).toBe(0);
  for (const done of [1, 2]) expect(screen).toContain(`001_three (${done} of 3 statements done)`);
  expect(linesLeft(screen).filter((line) => line.includes("statements done"))).toEqual([]);
});

/** Migrations of which one takes its time; `SLOW` stands for the statement that does. */
const LONG = {
  "001_first": "-- migrate:up\nCREATE TABLE one (id INTEGER);\n-- migrate:down\nDROP TABLE one;\n",
  "002_long":
    "-- migrate:no-transaction\n-- migrate:up\nINSERT INTO one (id) VALUES (1);\nSLOW;\nINSERT INTO one (id) VALUES (2);\n",
  "002_slow": "-- migrate:up\nSLOW;\n-- migrate:down\nSELECT 1;\n",
  "003_last": "-- migrate:up\nSELECT 1;\n",
} as const;

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
