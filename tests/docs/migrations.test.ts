/** docs/migrations.md, run as it stands on every database. */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { createAdapterFromUrl, runMigrations } from "../../src/db/index.ts";
import { emptyFolder, PROGRAM, userEnvironment } from "../cli/support.ts";
import { until } from "../e2e/sandbox.ts";
import { pythonFile, state } from "../ledger/python-fraisier.ts";
import { type EmptyDatabase, USUAL_DATABASES } from "../support/databases.ts";
import { commands, fenced, ROOT, read, section } from "./documents.ts";

const GUIDE = read("docs/migrations.md");
const OWN = section(GUIDE, "Your own tables");

/** A folder in which `fraisier` and the package are installed, and whose database is an empty one. */
class Place {
  readonly folder: string;
  readonly url: string;

  private constructor(url: string, folder: string = emptyFolder("guide")) {
    this.url = url;
    this.folder = folder;
    mkdirSync(join(this.folder, "node_modules", ".bin"), { recursive: true });
    symlinkSync(ROOT, join(this.folder, "node_modules", "fraisier"));
    const program = join(this.folder, "node_modules", ".bin", "fraisier");
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
    chmodSync(program, 0o755);
  }

  static async create(database: EmptyDatabase): Promise<Place> {
    return new Place(await database.createUrl());
  }

  /** The folder of a file, which is its database. */
  static of(file: string): Place {
    return new Place(`sqlite://${file}`, dirname(file));
  }

  get env(): Record<string, string> {
    const path = `${join(this.folder, "node_modules", ".bin")}:${process.env.PATH}`;
    return userEnvironment({ PATH: path, FRAISIER_DB_URL: this.url });
  }

  /** Runs a line of the guide, which must end well. @returns what it printed */
  async run(line: string): Promise<string> {
    const options = { cwd: this.folder, env: this.env, extendEnv: false, reject: false } as const;
    const { exitCode, stdout, stderr } = await execa("/bin/sh", ["-c", line], options);
    expect([line, exitCode], stderr).toEqual([line, 0]);
    return stdout;
  }

  write(path: string, text: string): void {
    mkdirSync(join(this.folder, path, ".."), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }
}

describe.each(USUAL_DATABASES)("the guide to migrations on $name", (database) => {
  test("Fraisier's own tables", async () => {
    const place = await Place.create(database);
    const lines = fenced(section(GUIDE, "Fraisier's own tables"), "sh").flatMap(commands);
    expect(lines).toEqual(["fraisier db migrate", "fraisier db status"]);
    expect(await place.run(lines[0] ?? "")).toMatch(/^Applied 001_/);
    expect(await place.run(lines[1] ?? "")).toMatch(/^schema +up to date$/m);
  });

  test("tables of a project: from a new file to the program that applies it", async () => {
    const place = await Place.create(database);
    const [make, look] = fenced(OWN, "sh").map(commands);
    expect(make?.[0]).toBe("export FRAISIER_DB_URL=sqlite://./shop.db"); // here it is the test's own
    const made = (await place.run(make?.[1] ?? "")).trim();
    expect(made).toBe(`migrations/${database.type}/001_create_customers.sql`);
    if (database.server === null) expect(OWN).toContain(`makes \`${made}\``);
    expect(readFileSync(join(place.folder, made), "utf8")).toMatch(/^-- migrate:up\n\n-- migrate:down\n$/);
    const [sql = ""] = fenced(OWN, "sql");
    place.write(made, sql);
    const printed = [];
    for (const line of look ?? []) printed.push(await place.run(line));
    expect(printed).toEqual([
      expect.stringMatching(
        /^-- 001_create_customers \(up\), .*\nCREATE TABLE customer .*;\nINSERT INTO customer .*;$/s,
      ),
      "Applied 001_create_customers.",
      expect.stringMatching(/^001_create_customers +applied /m),
    ]);

    const [program = ""] = fenced(GUIDE, "js");
    const expected = [...program.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
    expect(expected).toHaveLength(3);
    place.write("guide.mjs", program);
    expect((await place.run(`"${process.execPath}" guide.mjs`)).split("\n")).toEqual(expected);
  });

  test("every command of the table", async () => {
    const place = await Place.create(database);
    for (const number of [1, 2, 3])
      place.write(
        `migrations/${database.type}/00${number}_step.sql`,
        `-- migrate:up\nCREATE TABLE step_${number} (id INTEGER);\n-- migrate:down\nDROP TABLE step_${number};\n`,
      );
    const rows = [...OWN.matchAll(/^\| `(fraisier db [^`]+)` \| (.*) \|$/gm)];
    const printed = [];
    for (const [, command = ""] of rows) printed.push(await place.run(`${command} --directory migrations`));
    expect(printed).toEqual([
      "Applied 001_step, 002_step, 003_step.",
      "Took back 003_step.",
      "Took back 002_step.\nApplied 002_step.",
      "Noted as applied, without being run: 003_step.",
      expect.stringMatching(/^schema +up to date$/m),
      "Nothing is to be repaired: no migration was interrupted.",
    ]);
    await place.run("fraisier db baseline 3 --directory migrations --table another");
    expect(
      JSON.parse(await place.run("fraisier db status --directory migrations --table another --json")),
    ).toMatchObject({
      applied: ["001_step", "002_step", "003_step"],
    });
  });
});

describe("the guide to a database of the Python Fraisier", () => {
  const adopting = section(GUIDE, "A database of the Python Fraisier");
  const [look = [], merge = []] = fenced(adopting, "sh").map(commands);

  test("every command does what is said of it", async () => {
    const file = pythonFile();
    const place = Place.of(file);
    const printed = [];
    for (const line of look) printed.push(await place.run(line));
    const [block = ""] = fenced(adopting, "console");
    const [line = "", ...expected] = block.trimEnd().split("\n");
    expect(line).toBe(`$ ${look[1]}`);
    expect(printed).toEqual([
      expect.stringMatching(/^schema +of the Python Fraisier; not adopted yet$/m),
      expected.join("\n").replace("fraisier.db.", `${file}.`),
      expect.stringMatching(/^Adopted the database of the Python Fraisier\..*^Applied 001_/ms),
    ]);
    expect(readdirSync(place.folder)).toContainEqual(expect.stringMatching(/^fraisier\.db\.python-.*\.bak$/));
  });

  test("duplicates stop it, and are merged", async () => {
    const place = Place.of(pythonFile({}, state(100), state(101)));
    const options = { cwd: place.folder, env: place.env, extendEnv: false, reject: false } as const;
    const refused = await execa("/bin/sh", ["-c", merge[1] ?? "", "--json"], options);
    expect([refused.exitCode, refused.stderr]).toEqual([6, expect.stringContaining("more than once")]);
    const printed = [];
    for (const line of merge) printed.push(await place.run(line));
    expect(printed).toEqual([
      expect.stringMatching(/^shop production: kept the state /),
      expect.stringMatching(/^Adopted the database/),
    ]);
  });
});

describe.each(USUAL_DATABASES.filter(({ type }) => type === "mysql"))("a statement in doubt on $name", (database) => {
  test("is asked of the user as the guide shows, and either answer leads on", async () => {
    const [block = ""] = fenced(section(GUIDE, "When a run is interrupted"), "console");
    const [line = "", ...expected] = block.trimEnd().split("\n");
    for (const answer of ["--done", "--undone"]) {
      const place = await Place.create(database);
      await using adapter = await createAdapterFromUrl(place.url);
      place.write(
        "migrations/mysql/001_procedure.sql",
        "-- migrate:up\nCREATE TABLE seconds (n INTEGER);\nINSERT INTO seconds (n) VALUES (600);\nCREATE PROCEDURE load_everything() DO SLEEP((SELECT n FROM seconds));\n",
      );
      place.write("migrations/mysql/002_load.sql", "-- migrate:up\nCALL load_everything();\n");
      const child = spawn(process.execPath, [PROGRAM, "db", "migrate", "--directory", "migrations"], {
        cwd: place.folder,
        env: place.env,
        stdio: "ignore",
      });
      const ended = new Promise((done) => child.on("close", done));
      const sleepers = async () => {
        const sessions = await adapter.executeQuery<{ Id: number; db: string | null; Info: string | null }>(
          "SHOW FULL PROCESSLIST",
          [],
          { prepare: false },
        );
        return sessions.filter(
          ({ db, Info }) => `/${db}` === new URL(place.url).pathname && Info?.startsWith("DO SLEEP"),
        );
      };
      await until(async () => (await sleepers()).length === 1, "the procedure to run");
      const [sleeper] = await sleepers();
      child.kill("SIGKILL");
      await ended;
      await adapter.executeQuery(`KILL ${sleeper?.Id}`, [], { prepare: false }); // the server itself would go on
      await adapter.executeUpdate("UPDATE seconds SET n = 0");

      const options = { cwd: place.folder, env: place.env, extendEnv: false, reject: false } as const;
      const asked = await execa("/bin/sh", ["-c", line.replace(/^\$ /, "")], options);
      expect(asked.exitCode, asked.stderr).toBe(1);
      expect(asked.stdout.replaceAll(`${place.folder}/`, "").split("\n")).toEqual(expected);
      const migrate = await execa("/bin/sh", ["-c", "fraisier db migrate --directory migrations"], options);
      const settle = "fraisier db repair --directory migrations --migration 2 --statement 1 --done, or --undone.";
      expect([migrate.exitCode, migrate.stderr]).toEqual([6, expect.stringContaining(settle)]);

      const told = expected
        .map((text) => /fraisier db repair .*$/.exec(text)?.[0])
        .find((text) => text?.endsWith(answer));
      await place.run(told ?? "");
      expect(await place.run("fraisier db migrate --directory migrations")).toBe("Applied 002_load.");
    }
  }, 60_000);
});

test("half a migration whose file is gone can be forgotten, as the message says", async () => {
  const [database] = USUAL_DATABASES.filter(({ type }) => type === "mysql") as [(typeof USUAL_DATABASES)[number]];
  const place = await Place.create(database);
  place.write("migrations/mysql/001_half.sql", "-- migrate:up\nCREATE TABLE a (n INTEGER);\nCREATE OOPS;\n");
  await using adapter = await createAdapterFromUrl(place.url);
  const migrations = join(place.folder, "migrations");
  await expect(runMigrations(adapter, { directory: migrations })).rejects.toMatchObject({ kind: "migration_failed" });
  rmSync(join(migrations, "mysql", "001_half.sql"));
  const options = { cwd: place.folder, env: place.env, extendEnv: false, reject: false } as const;
  const repair = (rest: string) =>
    execa("/bin/sh", ["-c", `fraisier db repair --directory migrations${rest}`], options);
  const asked = await repair("");
  expect([asked.exitCode, asked.stderr]).toEqual([6, expect.stringContaining("its file 001_half.sql is gone.")]);
  const [way] = /(?<=fraisier db repair --directory migrations)( --migration 1 --forget)/.exec(asked.stderr) ?? [""];
  const told = await repair(way);
  expect([told.exitCode, told.stdout]).toEqual([0, "Nothing is to be repaired: no migration was interrupted."]);
  expect(told.stderr).toContain("001_half is forgotten; what its statements did stays.");
  expect((await repair(" --migration 1 --forget --done")).exitCode).toBe(2);
});

test("the table of errors has every kind that there is", () => {
  const kinds = [...read("src/db/migrations/errors.ts").matchAll(/^ {2}\| "(\w+)"/gm)].map(([, kind]) => kind);
  const listed = [...section(GUIDE, "What a file may hold").matchAll(/^\| `(\w+)` \|/gm)].map(([, kind]) => kind);
  expect(listed.toSorted()).toEqual(kinds.toSorted());
});
