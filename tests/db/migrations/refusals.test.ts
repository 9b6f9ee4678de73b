import { describe, expect, test } from "vitest";
import { DatabaseError, type MigrationOptions } from "../../../src/db/index.ts";
import { type Files, Project } from "./support.ts";

const A = "CREATE TABLE a (id INTEGER);";
const B = "CREATE TABLE b (id INTEGER);";
const C = "CREATE TABLE c (id INTEGER);";

async function applied(files: Files): Promise<Project> {
  const project = new Project(files);
  await project.migrate();
  return project;
}

describe("migrations are refused, and nothing is applied,", () => {
  test("when one was changed after it had been applied, saying what to do", async () => {
    const project = await applied({ "001_a": A, "002_b": B });
    project.write({ "001_a": `${A} -- better`, "003_c": C });
    await expect(project.migrate()).rejects.toMatchObject({
      kind: "migration_edited",
      message: expect.stringMatching(/001_a\.sql was changed after it had been applied on \d{4}-\d\d-\d\dT.*Z\.$/),
      hint: "Restore the file and put the change into a new migration.",
    });
    expect(await project.tables()).toEqual(["a", "b"]);
    project.write({ "001_a": A });
    expect((await project.migrate()).applied).toEqual(["003_c"]);
  });

  test("when one that was applied is gone, saying what to do", async () => {
    const project = await applied({ "001_a": A, "002_b": B });
    project.remove("001_a");
    project.write({ "003_c": C });
    await expect(project.migrate()).rejects.toMatchObject({
      kind: "migration_missing",
      message: "The migration 001_a was applied, but its file is gone.",
      hint: "Bring the file back from version control.",
    });
    expect(await project.tables()).toEqual(["a", "b"]);
  });

  test("when the database was made by a newer version, saying what to do", async () => {
    const project = await applied({ "001_a": A, "002_b": B });
    project.remove("002_b");
    await expect(project.migrate()).rejects.toMatchObject({
      kind: "schema_newer",
      message: "The database has the migration 002_b, which this version does not know.",
      hint: "Use the version of the program that applied it, or a newer one.",
    });
  });

  test("when one comes too late, between those that are applied, saying what to do", async () => {
    const project = await applied({ "001_a": A, "003_c": C });
    project.write({ "002_b": B, "004_d": "CREATE TABLE d (id);" });
    await expect(project.migrate()).rejects.toMatchObject({
      kind: "migration_out_of_order",
      message: `${project.path("002_b")} is not applied, but later ones are.`,
      hint: "Give it the next free number.",
    });
    expect(await project.tables()).toEqual(["a", "c"]);
  });

  test("when two have the same number", async () => {
    const project = new Project({ "001_a": A, "1_b": B });
    await expect(project.migrate()).rejects.toMatchObject({ kind: "migration_duplicate" });
    expect(await project.tables()).toEqual([]);
  });

  test.each(["COMMIT", "commit;", "END TRANSACTION", "ROLLBACK", "/* so */ BEGIN", "-- so\nBEGIN IMMEDIATE"])(
    "when one would begin or end the transaction that it is applied in: %s",
    async (statement) => {
      const project = new Project({ "001_a": A, "002_b": `${B}\n${statement};\n${C}` });
      await expect(project.migrate()).rejects.toMatchObject({
        kind: "migration_failed",
        message: expect.stringMatching(
          /002_b\.sql:\d+: [A-Z]+ has no place here, .* Nothing of this file was applied\.$/,
        ),
      });
      expect(await project.tables()).toEqual([]);
    },
  );
});

describe("a migration that fails", () => {
  const FILES = {
    "001_a": A,
    "002_b": `${B}\nINSERT INTO b\n  VALUES (1);\n\nINSERT INTO nowhere VALUES ('s3cret');\n${C}`,
  };

  test("says in which file, on which line and why", async () => {
    const project = new Project(FILES);
    const error = await project.migrate().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      kind: "migration_failed",
      message: expect.stringContaining(`${project.path("002_b")}:6: `),
      hint: "Correct the statement and run it again.",
      cause: expect.objectContaining({ kind: "undefined_table", table: "nowhere" }),
    });
    expect((error as { cause: unknown }).cause).toBeInstanceOf(DatabaseError);
    expect(String(error)).not.toContain("s3cret");
    expect(String(error)).toMatch(/Nothing of this file was applied\.$/);
  });

  test("says the right line also when the file has Windows' line endings and a head", async () => {
    const content = `-- about\n\n-- migrate:up\n\n${A}\n\n  OOPS;\n`.replaceAll("\n", "\r\n");
    const project = new Project({ "001_a": content });
    await expect(project.migrate()).rejects.toThrow(`${project.path("001_a")}:7: `);
  });

  test("leaves nothing of itself, and what was applied before stays", async () => {
    const project = new Project(FILES);
    await expect(project.migrate()).rejects.toMatchObject({ kind: "migration_failed" });
    expect(await project.tables()).toEqual(["a"]);
    expect(await project.applied()).toEqual(["001_a"]);
    project.write({ "002_b": B });
    expect((await project.migrate()).applied).toEqual(["002_b"]);
  });

  test("leaves nothing at all when it is the first", async () => {
    const project = new Project({ "001_a": `${A} OOPS;` });
    await expect(project.migrate()).rejects.toMatchObject({ kind: "migration_failed" });
    expect(await project.adapter.executeQuery("SELECT name FROM sqlite_master")).toEqual([]);
  });

  test("leaves nothing of the whole run when all are one transaction", async () => {
    const project = new Project(FILES);
    await expect(project.migrate({ transaction: "all" })).rejects.toMatchObject({ kind: "migration_failed" });
    expect(await project.adapter.executeQuery("SELECT name FROM sqlite_master")).toEqual([]);
  });

  test.each([
    ["each", ["001_a"]],
    ["all", []],
  ] as const)("is told of nothing that was not applied in the end (%s)", async (transaction, expected) => {
    const project = new Project(FILES);
    const seen: string[] = [];
    const options: Partial<MigrationOptions> = { transaction, onApplied: (name) => seen.push(name) };
    await expect(project.migrate(options)).rejects.toMatchObject({ kind: "migration_failed" });
    expect(seen).toEqual(expected);
  });

  test("leaves the data of its tables as they were", async () => {
    const project = await applied({ "001_a": `${A} INSERT INTO a VALUES (1), (2);` });
    project.write({ "002_b": "DELETE FROM a; ALTER TABLE a ADD COLUMN b; DROP TABLE a; OOPS;" });
    await expect(project.migrate()).rejects.toMatchObject({ kind: "migration_failed" });
    expect(await project.adapter.executeQuery("SELECT * FROM a")).toEqual([{ id: 1 }, { id: 2 }]);
  });
});
