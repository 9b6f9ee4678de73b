import { describe, expect, test } from "vitest";
import { DatabaseError } from "../../../src/db/index.ts";
import { DATABASES, DatabaseProject } from "./database-project.ts";

const FILES = {
  "001_a": "-- migrate:up\nCREATE TABLE a (id INTEGER);\n-- migrate:down\nDROP TABLE a;\n",
  "002_b":
    "-- migrate:up\nCREATE TABLE b (id INTEGER);\nINSERT INTO a (id) VALUES (2);\n-- migrate:down\nDELETE FROM a WHERE id = 2;\nDROP TABLE b;\n",
  "003_c": "-- migrate:up\nCREATE TABLE c (id INTEGER);\n-- migrate:down\nDROP TABLE c;\n",
};

describe.each(DATABASES)("migrations ($name)", (database) => {
  const create = (files: Readonly<Record<string, string>> = FILES) => DatabaseProject.create(database, files);

  test("are applied in order, each once", async () => {
    const project = await create();
    const { type } = database;
    expect(await project.up()).toEqual({
      databaseType: type,
      applied: ["001_a", "002_b", "003_c"],
      reverted: [],
      pending: [],
    });
    expect(await project.up()).toEqual({ databaseType: type, applied: [], reverted: [], pending: [] });
    expect(await project.tables()).toEqual(["a", "b", "c"]);
    expect(await project.ask("SELECT id FROM a")).toEqual([{ id: 2 }]);
  });

  test.each(["each", "all"] as const)(
    "are applied once by five who begin at the same time, %s",
    async (transaction) => {
      const project = await create();
      const results = await Promise.all(Array.from({ length: 5 }, () => project.up({ transaction })));
      expect(results.flatMap(({ applied }) => applied).sort()).toEqual(["001_a", "002_b", "003_c"]);
      expect(await project.ask("SELECT id FROM a")).toEqual([{ id: 2 }]);
    },
  );

  test("are applied up to a version, and the rest stays pending", async () => {
    const project = await create();
    expect(await project.runner().up({ to: 2 })).toMatchObject({ applied: ["001_a", "002_b"], pending: ["003_c"] });
    expect(await project.runner().up({ to: 2 })).toMatchObject({ applied: [], pending: ["003_c"] });
    expect((await project.up()).applied).toEqual(["003_c"]);
    await expect(project.runner().up({ to: 1 })).rejects.toMatchObject({
      kind: "migration_unknown",
      hint: "Go back to it: fraisier db down --to 1",
    });
  });

  test("are taken back: the last one, so many, or all after a version", async () => {
    const project = await create();
    await project.up();
    expect(await project.runner().down()).toMatchObject({ reverted: ["003_c"], applied: [], pending: ["003_c"] });
    expect(await project.tables()).toEqual(["a", "b"]);
    await project.up();
    expect((await project.runner().down({ steps: 2 })).reverted).toEqual(["003_c", "002_b"]);
    expect(await project.ask("SELECT id FROM a")).toEqual([]);
    await project.up();
    expect((await project.runner().down({ to: 1 })).reverted).toEqual(["003_c", "002_b"]);
    expect((await project.runner().down({ to: 0 })).reverted).toEqual(["001_a"]);
    expect(await project.runner().down()).toMatchObject({ reverted: [] });
    expect(await project.tables()).toEqual([]);
  });

  test("are done again: the last one", async () => {
    const project = await create();
    await project.up();
    await project.adapter.executeUpdate("INSERT INTO c (id) VALUES (7)");
    expect(await project.runner().redo()).toMatchObject({ reverted: ["003_c"], applied: ["003_c"], pending: [] });
    expect(await project.ask("SELECT id FROM c")).toEqual([]);
    expect(await project.applied()).toEqual(["001_a", "002_b", "003_c"]);
    const empty = await create({});
    await expect(empty.runner().redo()).rejects.toMatchObject({ kind: "migration_unknown" });
  });

  test("that do not say how to be taken back are refused by name, and all stays", async () => {
    const project = await create({ ...FILES, "003_c": "CREATE TABLE c (id INTEGER);" });
    await project.up();
    await expect(project.runner().down({ to: 0 })).rejects.toMatchObject({
      kind: "migration_irreversible",
      message: expect.stringContaining(project.path("003_c")),
    });
    expect(await project.tables()).toEqual(["a", "b", "c"]);
  });

  test("are noted as applied without being run, for a database that has them already", async () => {
    const project = await create();
    expect(await project.runner().baseline(2)).toEqual(["001_a", "002_b"]);
    expect(await project.runner().baseline(2)).toEqual([]);
    expect(await project.tables()).toEqual([]);
    expect((await project.up()).applied).toEqual(["003_c"]);
    await expect(project.runner().baseline(9)).rejects.toMatchObject({
      kind: "migration_unknown",
      hint: "Give one of 1, 2, 3.",
    });
  });

  test("say what they would do, byte for byte, and write nothing", async () => {
    const text = "CREATE TABLE d (\n  -- a comment; with a semicolon\n  t  VARCHAR(9) DEFAULT 'a;''b'\n)";
    const project = await create({ ...FILES, "004_d": `-- migrate:up\n\n${text} ;\n\n-- migrate:down\nDROP TABLE d` });
    expect(await project.runner().plan({ kind: "up" })).toMatchObject([
      { name: "001_a", direction: "up", statements: ["CREATE TABLE a (id INTEGER)"] },
      { name: "002_b", direction: "up", statements: ["CREATE TABLE b (id INTEGER)", "INSERT INTO a (id) VALUES (2)"] },
      { name: "003_c", direction: "up" },
      { name: "004_d", direction: "up", statements: [text], isTransactional: database.hasTransactionalDdl },
    ]);
    const everything = "SELECT * FROM tb_schema_migration";
    await expect(project.ask(everything)).rejects.toMatchObject({ kind: "undefined_table" });
    expect(await project.tables()).toEqual([]);
    await project.up();
    expect(await project.runner().plan({ kind: "up" })).toEqual([]);
    expect(await project.runner().plan({ kind: "down", steps: 2 })).toMatchObject([
      { name: "004_d", direction: "down", statements: ["DROP TABLE d"] },
      { name: "003_c", direction: "down", statements: ["DROP TABLE c"] },
    ]);
    expect(await project.tables()).toEqual(["a", "b", "c", "d"]);
  });

  test("keep two sets in one database apart by the names of their tables", async () => {
    const project = await create();
    await project.up();
    const other = await DatabaseProject.create(database, { "001_x": "CREATE TABLE x (id INTEGER);" });
    const runner = project.runner({ directory: other.directory, table: "other migrations" });
    expect((await runner.up()).applied).toEqual(["001_x"]);
    expect(await project.applied()).toEqual(["001_a", "002_b", "003_c"]);
    expect((await runner.status()).applied.map(({ name }) => name)).toEqual(["001_x"]);
  });

  test("that fail say where, and what stays of their file", async () => {
    const project = await create({
      "001_a": FILES["001_a"],
      "002_b":
        "CREATE TABLE b (id INTEGER);\nINSERT INTO b (id) VALUES (1);\nINSERT INTO nowhere (id) VALUES (2);\nINSERT INTO b (id) VALUES (3);",
    });
    const error = await project.up().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      kind: "migration_failed",
      message: expect.stringContaining(`${project.path("002_b")}:4: `),
      cause: expect.objectContaining({ kind: "undefined_table" }),
    });
    expect((error as { cause: unknown }).cause).toBeInstanceOf(DatabaseError);
    expect(await project.applied()).toEqual(["001_a"]);
    if (database.hasTransactionalDdl) {
      expect(String(error)).toMatch(/Nothing of this file was applied\.$/);
      expect(await project.tables()).toEqual(["a"]);
    } else {
      expect(String(error)).toMatch(/It is statement 3 of 4\. The 2 before it stay applied\.$/);
      expect(await project.ask("SELECT id FROM b")).toEqual([{ id: 1 }]);
    }
    // Only the statement that failed is changed.
    project.write({
      "002_b":
        "CREATE TABLE b (id INTEGER);\nINSERT INTO b (id) VALUES (1);\nINSERT INTO b (id) VALUES (2);\nINSERT INTO b (id) VALUES (3);",
    });
    expect((await project.up()).applied).toEqual(["002_b"]);
    expect(await project.ask("SELECT id FROM b ORDER BY id")).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    expect((await project.runner().status()).interrupted).toEqual([]);
  });

  test("hold bodies with semicolons", async () => {
    const body = {
      sqlite:
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO b (id) VALUES (1); INSERT INTO b (id) VALUES (2); END;",
      postgresql: `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO b (id) VALUES (1); INSERT INTO b (id) VALUES (2); RETURN NEW; END $$;
        CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();`,
      mysql: `DELIMITER //\nCREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW BEGIN INSERT INTO b (id) VALUES (1); INSERT INTO b (id) VALUES (2); END//\nDELIMITER ;`,
    }[database.type];
    const project = await create({
      "001_a": `CREATE TABLE a (id INTEGER); CREATE TABLE b (id INTEGER);\n${body}\nINSERT INTO a (id) VALUES (1);`,
    });
    await project.up();
    expect(await project.ask("SELECT id FROM b ORDER BY id")).toEqual([{ id: 1 }, { id: 2 }]);
  });
});
