import { userInfo } from "node:os";
import { describe, expect, test } from "vitest";
import { MigrationRunner } from "../../../src/db/index.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { Project } from "./support.ts";

const A = "CREATE TABLE a (id INTEGER);";
const B = "CREATE TABLE b (id INTEGER);";
const C = "CREATE TABLE c (id INTEGER);";

const status = (project: Project) => new MigrationRunner(project.adapter, { directory: project.directory }).status();

describe("running migrations", () => {
  test("applies each in the order of its number, and says which", async () => {
    const project = new Project({
      "10_third": "INSERT INTO a VALUES (3);",
      "002_second": "INSERT INTO a VALUES (2);",
      "001_first": `${A} INSERT INTO a VALUES (1);`,
    });
    const seen: string[] = [];
    expect(await project.migrate({ onApplied: (name) => seen.push(name) })).toEqual({
      databaseType: "sqlite",
      applied: ["001_first", "002_second", "10_third"],
      reverted: [],
      pending: [],
    });
    expect(seen).toEqual(["001_first", "002_second", "10_third"]);
    expect(await project.adapter.executeQuery("SELECT id FROM a ORDER BY rowid")).toEqual(
      [1, 2, 3].map((id) => ({ id })),
    );
  });

  test("applies each once, and later only what is new", async () => {
    const project = new Project({ "001_a": A });
    await project.migrate();
    expect((await project.migrate()).applied).toEqual([]);
    project.write({ "002_b": B });
    expect((await project.migrate()).applied).toEqual(["002_b"]);
    expect(await project.tables()).toEqual(["a", "b"]);
  });

  test("does nothing, and makes no table, when there are none", async () => {
    const project = new Project();
    expect((await project.migrate()).applied).toEqual([]);
    expect(await project.adapter.executeQuery("SELECT name FROM sqlite_master")).toEqual([]);
  });

  test("notes who applied what, when and how long it took", async () => {
    const clock = new ManualClock();
    const project = new Project({ "001_a": A });
    await project.migrate({ clock, appliedBy: "ada", onApplied: (_, duration) => expect(duration).toBe(0) });
    const [row] = (await status(project)).applied;
    expect(row).toMatchObject({ version: 1, name: "001_a", applied_by: "ada", duration_ms: 0 });
    expect(row?.applied_at).toEqual(new Date(clock.now()));
    project.write({ "002_b": B });
    await project.migrate();
    expect((await status(project)).applied[1]).toMatchObject({ name: "002_b", applied_by: userInfo().username });
  });

  test("has all of a run in one transaction when that is wanted", async () => {
    const project = new Project({ "001_a": A, "002_b": B });
    expect((await project.migrate({ transaction: "all" })).applied).toEqual(["001_a", "002_b"]);
    expect(await project.applied()).toEqual(["001_a", "002_b"]);
    expect((await project.migrate({ transaction: "all" })).applied).toEqual([]);
  });

  test("by two callers of one process applies each once", async () => {
    const project = new Project({ "001_a": A, "002_b": B });
    const results = await Promise.all([project.migrate(), project.migrate(), project.migrate({ transaction: "all" })]);
    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(["001_a", "002_b"]);
  });
});

describe("the status", () => {
  test("lists what is applied, what is pending, and what no file knows", async () => {
    const project = new Project({ "001_a": A, "009_z": C });
    await project.migrate();
    project.remove("009_z");
    project.write({ "002_b": B });
    const { databaseType, applied, pending, unknown } = await status(project);
    expect(databaseType).toBe("sqlite");
    expect(applied.map(({ name }) => name)).toEqual(["001_a", "009_z"]);
    expect(pending.map(({ name }) => name)).toEqual(["002_b"]);
    expect(unknown.map(({ name }) => name)).toEqual(["009_z"]);
  });

  test("of an empty database is that all are pending, and nothing is written", async () => {
    const project = new Project({ "001_a": A, "002_b": B });
    const { applied, pending, unknown } = await status(project);
    expect([applied, unknown]).toEqual([[], []]);
    expect(pending.map(({ name }) => name)).toEqual(["001_a", "002_b"]);
    expect(await project.adapter.executeQuery("SELECT name FROM sqlite_master")).toEqual([]);
  });
});

describe("a file", () => {
  test("may have triggers, strings and comments with semicolons in them", async () => {
    const trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO b VALUES (new.id); DELETE FROM a; END;";
    const project = new Project({ "001_a": `${A} -- ; \n${B} /* ; */ ${trigger}\nINSERT INTO a VALUES (7);` });
    await project.migrate();
    expect(await project.adapter.executeQuery("SELECT id FROM b")).toEqual([{ id: 7 }]);
    expect(await project.adapter.executeQuery("SELECT id FROM a")).toEqual([]);
  });

  test("is sent as it is: what looks like a placeholder is none", async () => {
    const project = new Project({
      "001_a": "CREATE TABLE a (t TEXT DEFAULT '? $1 %s :x'); INSERT INTO a DEFAULT VALUES;",
    });
    await project.migrate();
    expect(await project.adapter.executeQuery("SELECT t FROM a")).toEqual([{ t: "? $1 %s :x" }]);
  });

  test("may have Windows' line endings and a byte order mark", async () => {
    const project = new Project({
      "001_a": `\ufeff-- migrate:up\r\n${A}\r\n-- so\r\n${B}\r\n-- migrate:down\r\nDROP TABLE a;\r\n`,
    });
    await project.migrate();
    expect(await project.tables()).toEqual(["a", "b"]);
    // The same file, checked out on another system.
    project.write({ "001_a": `-- migrate:up\n${A}\n-- so\n${B}\n-- migrate:down\nDROP TABLE a;\n` });
    expect((await project.migrate()).applied).toEqual([]);
  });

  test("may hold nothing but comments", async () => {
    const project = new Project({ "001_nothing": "-- later\n/* ; */;", "002_empty": "" });
    expect((await project.migrate()).applied).toEqual(["001_nothing", "002_empty"]);
    expect(await project.tables()).toEqual([]);
  });

  test("is applied without what comes down", async () => {
    const project = new Project({ "001_a": `-- migrate:up\n${A}\n-- migrate:down\nDROP TABLE a;` });
    await project.migrate();
    expect(await project.tables()).toEqual(["a"]);
  });

  test("may have a number as long as a date with a time", async () => {
    const project = new Project({ "20260115120000_a": A });
    await project.migrate();
    expect((await project.migrate()).applied).toEqual([]);
    expect((await status(project)).applied[0]?.version).toBe(20260115120000);
  });
});
