import { describe, expect, test } from "vitest";
import { DatabaseType } from "../../../src/db/index.ts";
import { DATABASES, DatabaseProject } from "./database-project.ts";

const TABLES = ["CREATE TABLE a (id INT)", "CREATE TABLE b (id INT)", "CREATE TABLE two (x INT, y INT)"];

/** What a statement finds, and what somebody does between the end of its run and the next one. */
interface Case {
  readonly statement: string;
  readonly meanwhile?: readonly string[];
  /** When it had no effect, and when it had one. */
  readonly expected: readonly ["undone" | "in_doubt", "done" | "undone" | "in_doubt"];
}

const CASES: Readonly<Record<string, Case>> = {
  "a column": { statement: "ALTER TABLE a ADD COLUMN u INT", expected: ["undone", "done"] },
  "a column, while somebody adds another": {
    statement: "ALTER TABLE a ADD COLUMN u INT",
    meanwhile: ["ALTER TABLE a ADD COLUMN note INT"],
    expected: ["in_doubt", "done"],
  },
  "another type of a column": { statement: "ALTER TABLE a MODIFY id BIGINT", expected: ["undone", "in_doubt"] },
  "an index, while somebody makes another": {
    statement: "CREATE INDEX ix ON a (id)",
    meanwhile: ["CREATE INDEX other ON a (id)"],
    expected: ["in_doubt", "done"],
  },
  "a column and something else": {
    statement: "ALTER TABLE a ADD COLUMN u INT, MODIFY id BIGINT",
    expected: ["undone", "in_doubt"],
  },
  "a table taken away, which somebody makes again": {
    statement: "DROP TABLE b",
    meanwhile: ["DROP TABLE IF EXISTS b", "DO SLEEP(1.1)", "CREATE TABLE b (id INT)"],
    expected: ["in_doubt", "in_doubt"],
  },
  "two tables of the same shape that change places": {
    statement: "RENAME TABLE a TO c, b TO a, c TO b",
    expected: ["in_doubt", "in_doubt"],
  },
  "a table put in the place of another": {
    statement: "RENAME TABLE a TO old, b TO a",
    expected: ["undone", "done"],
  },
  "a column that changes its name": {
    statement: "ALTER TABLE a CHANGE id number INT",
    expected: ["undone", "in_doubt"],
  },
  "columns that change places": {
    statement: "ALTER TABLE two RENAME COLUMN x TO y, RENAME COLUMN y TO x",
    expected: ["in_doubt", "in_doubt"],
  },
  "a column made anew": {
    statement: "ALTER TABLE two DROP COLUMN y, ADD COLUMN y INT",
    expected: ["in_doubt", "in_doubt"],
  },
  "a unique constraint that is called otherwise in the end": {
    statement: "ALTER TABLE a ADD CONSTRAINT c UNIQUE KEY k (id)",
    expected: ["undone", "in_doubt"],
  },
  "a table with rows": { statement: "CREATE TABLE c AS SELECT id FROM a", expected: ["in_doubt", "in_doubt"] },
  "a view": { statement: "CREATE DEFINER = CURRENT_USER VIEW v AS SELECT id FROM a", expected: ["undone", "done"] },
  "a view that may be replaced": {
    statement: "CREATE OR REPLACE VIEW v AS SELECT id FROM a",
    expected: ["undone", "undone"],
  },
  "the counter of a table": { statement: "ALTER TABLE a AUTO_INCREMENT = 7", expected: ["in_doubt", "in_doubt"] },
};

/** Where a run ended: before its statement had any effect, or after it, and before it was noted. */
async function interrupted(project: DatabaseProject, hadEffect: boolean): Promise<void> {
  const controller = new AbortController();
  const onStatement = (_name: string, number: number) => {
    if (number === (hadEffect ? 2 : 1)) controller.abort();
  };
  await expect(project.up({ signal: controller.signal, onStatement })).rejects.toMatchObject({
    name: "MigrationError",
  });
  if (!hadEffect) return;
  await project.ask("DELETE FROM tb_schema_migration_journal WHERE position = 3");
  await project.ask("UPDATE tb_schema_migration_journal SET finished_at = NULL WHERE position = 2");
}

const SERVERS = DATABASES.filter(({ type }) => type === DatabaseType.MYSQL);

describe.each(SERVERS)("a statement during which a run ended ($name)", (database) => {
  test.each(Object.entries(CASES))("%s", async (_, { statement, meanwhile, expected }) => {
    for (const [index, outcome] of expected.entries()) {
      const project = await DatabaseProject.create(database, { "001_doubt": `DO 0; ${statement}; DO 1;` });
      for (const sql of TABLES) await project.ask(sql);
      await interrupted(project, index === 1);
      for (const sql of meanwhile ?? []) await project.ask(sql);
      const [one] = await project.runner().interruptions();
      expect(one?.statement, index === 0 ? "it had no effect" : "it had its effect").toMatchObject({
        position: 2,
        outcome,
      });
      const next = project.up();
      if (outcome === "in_doubt") await expect(next).rejects.toMatchObject({ kind: "migration_in_doubt" });
      else expect((await next).applied).toEqual(["001_doubt"]);
    }
  });
});

describe.each(SERVERS)("a migration of which half is applied ($name)", (database) => {
  const half = async () => {
    const project = await DatabaseProject.create(database, { "001_a": "CREATE TABLE a (id INT); CREATE OOPS;" });
    await expect(project.up()).rejects.toMatchObject({ kind: "migration_failed" });
    return project;
  };
  const forget = "fraisier db repair --migration 1 --forget";

  test("is named when its file is gone, with the way out, whatever is asked for", async () => {
    const project = await half();
    project.remove("001_a");
    const error = {
      kind: "migration_missing",
      message: "The migration 001_a (up) was begun and is not done, but its file 001_a.sql is gone.",
      hint: expect.stringContaining(forget),
    };
    await expect(project.up()).rejects.toMatchObject(error);
    await expect(project.runner().down()).rejects.toMatchObject(error);
    await expect(project.runner().plan({ kind: "up" })).rejects.toMatchObject(error);
    await expect(project.runner().interruptions()).rejects.toMatchObject(error);
    expect((await project.runner().status()).interrupted).toMatchObject([{ name: "001_a", version: 1 }]);
    expect(await project.runner().forget(1)).toBe("001_a");
    expect(await project.up()).toMatchObject({ applied: [] });
    expect(await project.tables()).toEqual(["a"]);
  });

  test("is named when a statement of it is another one now, with the way out", async () => {
    const project = await half();
    project.write({ "001_a": "CREATE TABLE b (id INT);" });
    const error = {
      kind: "migration_edited",
      message: expect.stringContaining(
        `${project.path("001_a")} was changed while half of it was applied: its statement 1 `,
      ),
      hint: expect.stringContaining(forget),
    };
    await expect(project.up()).rejects.toMatchObject(error);
    await expect(project.runner().interruptions()).rejects.toMatchObject(error);
    await project.runner().forget(1);
    await expect(project.runner().forget(1)).rejects.toMatchObject({ kind: "migration_unknown" });
    expect((await project.up()).applied).toEqual(["001_a"]);
    expect(await project.tables()).toEqual(["a", "b"]);
  });
});
