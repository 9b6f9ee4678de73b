import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runMigrations, SqliteAdapter } from "../../src/db/index.ts";
import { run } from "../packaging/support.ts";
import {
  alter,
  document,
  emptyFolder,
  everythingIn,
  FRUIT,
  fraisier,
  PROGRAM,
  project,
  ROOT,
  remember,
  userEnvironment,
} from "./support.ts";

/** Commands that only read the ledger. */
const READING = ["status", "status shop production", "history -f shop", "db status"];
/** Some of them, and those that look for one deployment. */
const ALL_READING = ["status", "history", "db status", "show beef", "logs beef"];
const LEDGER_FILES = /^fraisier\.db(-wal|-shm)?$/;

interface DatabaseStatus {
  readonly exists: boolean;
  readonly url: string;
  readonly origin: string;
  readonly applied: string[];
  readonly pending: string[];
  readonly unknown: string[];
}

describe("without a database", () => {
  test.for(READING)("fraisier %s: nothing deployed yet, and nothing made", async (line) => {
    const folder = project(FRUIT);
    const { exitCode, stdout, stderr } = await fraisier(folder, line.split(" "));
    expect(exitCode, stderr).toBe(0);
    expect(stdout + stderr).toMatch(/nothing deployed yet|not set up yet/i);
    expect(everythingIn(folder)).toEqual(["fraises.yaml"]);
  });

  test("nor is a folder made for the one that is named", async () => {
    const folder = project(FRUIT);
    const env = { FRAISIER_DB_URL: "sqlite://./var/lib/ledger.db" };
    for (const line of READING) expect((await fraisier(folder, line.split(" "), env)).exitCode).toBe(0);
    expect(everythingIn(folder)).toEqual(["fraises.yaml"]);
  });

  test.for(["show beef", "logs beef"])("fraisier %s: exit 7, and nothing made", async (line) => {
    const folder = project(FRUIT);
    const { exitCode, stderr } = await fraisier(folder, line.split(" "));
    expect(exitCode).toBe(7);
    expect(stderr).toContain("Nothing deployed yet.");
    expect(everythingIn(folder)).toEqual(["fraises.yaml"]);
  });

  test("an empty file is as good as none, and stays empty", async () => {
    const folder = project(FRUIT);
    writeFileSync(join(folder, "fraisier.db"), "");
    expect((await fraisier(folder, ["history"])).stderr).toBe("Nothing deployed yet.\n");
    expect((await fraisier(folder, ["status"])).stdout).toContain("nothing deployed yet");
    expect(readFileSync(join(folder, "fraisier.db"), "utf8")).toBe("");
  });
});

describe("with a database that cannot be used", () => {
  test.for(ALL_READING)(
    "fraisier %s: a file that is none is left alone: exit 6 and what to type next",
    async (line) => {
      const folder = project(FRUIT);
      const diary = "Dear diary, today I was taken for a database again.\n".repeat(50);
      writeFileSync(join(folder, "fraisier.db"), diary);
      const { exitCode, stderr } = await fraisier(folder, line.split(" "));
      expect(exitCode).toBe(6);
      expect(stderr).toContain(join(folder, "fraisier.db"));
      expect(stderr).toMatch(/FRAISIER_DB_URL=|fraisier db /);
      expect(readFileSync(join(folder, "fraisier.db"), "utf8")).toBe(diary);
      expect(everythingIn(folder)).toEqual(["fraises.yaml", "fraisier.db"]);
    },
  );

  test.for([...ALL_READING, "db migrate"])("fraisier %s: one of a newer version", async (line) => {
    const folder = project(FRUIT);
    await remember(folder, {});
    await alter(folder, [
      "INSERT INTO tb_schema_migration (version, name, checksum, applied_at, applied_by, duration_ms) VALUES (999, '999_later', 'x', ?, 'maria', 1)",
      [new Date()],
    ]);
    const { exitCode, stdout, stderr } = await fraisier(folder, line.split(" "));
    if (line === "db status") {
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^schema +newer than this version of fraisier$/m);
      expect(stdout).toMatch(/^999_later +unknown /m);
    } else {
      expect(exitCode).toBe(6);
      expect(stderr).toContain("newer version of fraisier: it has 999_later");
    }
  });

  test("one of an older version: exit 6 names the command that mends it, and that does", async () => {
    const folder = project(FRUIT);
    const migrations = emptyFolder();
    mkdirSync(join(migrations, "sqlite"));
    const first = "001_create_deployment_tables.sql";
    cpSync(join(ROOT, "migrations/sqlite", first), join(migrations, "sqlite", first));
    await using adapter = new SqliteAdapter(join(folder, "fraisier.db"));
    await runMigrations(adapter, { directory: migrations });

    for (const line of ["status", "history", "show beef", "rollback shop production"]) {
      const { exitCode, stderr } = await fraisier(folder, line.split(" "));
      expect([line, exitCode]).toEqual([line, 6]);
      expect(stderr).toContain("fraisier db migrate");
    }
    const before = await document<DatabaseStatus>(folder, "db", "status");
    expect(before.applied).toEqual(["001_create_deployment_tables"]);
    expect((await fraisier(folder, ["db", "status"])).stderr).toContain("fraisier db migrate");

    const migrated = await fraisier(folder, ["db", "migrate"]);
    expect(migrated.exitCode, migrated.stderr).toBe(0);
    for (const name of before.pending) expect(migrated.stdout).toContain(name);
    expect(await document(folder, "db", "status")).toMatchObject({ pending: [] });
    expect((await fraisier(folder, ["history"])).stderr).toBe("Nothing deployed yet.\n");
  });

  test("one with a table of another program's that is called like the ledger's is left as it is", async () => {
    const folder = project(FRUIT);
    await alter(folder, ["CREATE TABLE tb_fraise_state (id INTEGER PRIMARY KEY, fraise TEXT)"]);
    for (const line of ["history", "status", "db migrate", "rollback shop production"]) {
      const { exitCode, stderr } = await fraisier(folder, line.split(" "));
      expect([line, exitCode]).toEqual([line, 6]);
      expect(stderr).toContain("FRAISIER_DB_URL=");
    }
    await using adapter = new SqliteAdapter(join(folder, "fraisier.db"));
    const tables = await adapter.executeQuery("SELECT name FROM sqlite_master WHERE type = 'table'");
    expect(tables).toEqual([{ name: "tb_fraise_state" }]);
  });

  test.for<[string, number]>([
    ["postgresql://maria:s3cr3t@127.0.0.1:1/ledger", 6],
    ["oracle://maria:s3cr3t@127.0.0.1:1/ledger", 3],
  ])("%s: exit %i, the password masked", async ([url, code]) => {
    for (const line of ["history", "db status", "db migrate", "rollback shop production"]) {
      const { exitCode, stdout, stderr } = await fraisier(project(FRUIT), line.split(" "), { FRAISIER_DB_URL: url });
      expect([line, exitCode]).toEqual([line, code]);
      expect(stdout + stderr).not.toContain("s3cr3t");
      expect(stderr).toContain("127.0.0.1");
    }
  });

  // Root may read everything, and only root can become somebody who may not.
  if (process.getuid?.() === 0) {
    test("one that this user may not read", async () => {
      const folder = project(FRUIT);
      await remember(folder, {});
      chmodSync(folder, 0o755);
      const home = emptyFolder();
      chownSync(home, 65534, 65534);
      const nobody = { cwd: folder, env: userEnvironment({ HOME: home }), user: { uid: 65534, gid: 65534 } };
      for (const line of ["history", "status", "show beef", "db status"]) {
        const { exitCode, stderr } = await run(process.execPath, [PROGRAM, ...line.split(" ")], nobody);
        expect([line, exitCode, stderr]).toEqual([line, 6, expect.stringContaining("fraisier.db cannot be read")]);
        expect(stderr).toContain("permissions");
      }
    });
  }
});

describe("fraisier db", () => {
  test("migrate sets an empty database up, once, readable by its owner alone", async () => {
    const folder = project(FRUIT);
    const names = ["001_create_deployment_tables", "002_create_deployment_indexes", "003_create_fraise_state_tables"];
    expect(await document(folder, "db", "migrate")).toEqual({
      databaseType: "sqlite",
      applied: names,
      reverted: [],
      pending: [],
    });
    expect(everythingIn(folder).filter((name) => !LEDGER_FILES.test(name))).toEqual(["fraises.yaml"]);
    expect((statSync(join(folder, "fraisier.db")).mode & 0o777).toString(8)).toBe("600");
    expect(await fraisier(folder, ["db", "migrate"])).toMatchObject({
      exitCode: 0,
      stdout: "The schema is up to date; nothing was to be done.\n",
    });
    expect(await document(folder, "db", "status")).toMatchObject({ exists: true, applied: names, pending: [] });
  });

  test("status says which database it is, and why that one", async () => {
    const folder = project(FRUIT);
    const byDefault = await fraisier(folder, ["db", "status"]);
    expect(byDefault.stdout).toContain(`sqlite://./fraisier.db (by the default, sqlite://./fraisier.db in ${folder})`);
    const url = `sqlite://${folder}/elsewhere/my%20ledger.db`;
    const chosen = await fraisier(folder, ["db", "status"], { FRAISIER_DB_URL: url });
    expect(chosen.stdout).toContain(`${url} (by FRAISIER_DB_URL)`);
    writeFileSync(join(folder, "fraisier.db"), "no database, but longer than nothing");
    const broken = await fraisier(folder, ["db", "status"]);
    expect(broken).toMatchObject({ exitCode: 6 });
    expect(broken.stdout).toContain(`sqlite://./fraisier.db (by the default`);
  });

  test("is beside fraises.yaml wherever in the project one stands", async () => {
    const folder = project(FRUIT);
    mkdirSync(join(folder, "src/deep"), { recursive: true });
    await remember(folder, { subject: "found" });
    expect(await document(join(folder, "src/deep"), "history")).toMatchObject({
      deployments: [{ commitSubject: "found" }],
    });
    expect(everythingIn(join(folder, "src"))).toEqual(["deep"]);
  });

  test("is in the working folder where there is no fraises.yaml, but not where a named one is missing", async () => {
    const folder = emptyFolder();
    await remember(folder, { subject: "found" });
    expect(await document(folder, "history")).toMatchObject({ deployments: [{ commitSubject: "found" }] });
    expect((await fraisier(folder, ["history", "--config", "nowhere.yaml"])).exitCode).toBe(3);
    expect((await fraisier(folder, ["history"], { FRAISIER_CONFIG: "nowhere.yaml" })).exitCode).toBe(3);
  });

  test("is read also while fraises.yaml is broken", async () => {
    const folder = project(FRUIT);
    const [deployment] = await remember(folder, { subject: "found" });
    writeFileSync(join(folder, "fraises.yaml"), "fraises: [broken");
    for (const line of ["history", `show ${deployment?.id}`, `logs ${deployment?.id}`, "db status"])
      expect([line, (await fraisier(folder, line.split(" "))).exitCode]).toEqual([line, 0]);
    expect((await fraisier(folder, ["status"])).exitCode).toBe(3);
  });
});
