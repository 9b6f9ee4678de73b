import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MigrationError, readMigrations } from "../../../src/db/index.ts";
import { Project } from "./support.ts";

const UP = "-- migrate:up\nCREATE TABLE a (id INTEGER);\n";
const read = (project: Project) => readMigrations(project.folder);

/** A file's contents, read back. */
async function only(content: string | Uint8Array) {
  const [file] = await read(new Project({ "001_a": content }));
  if (file === undefined) throw new Error("there is no file");
  return file;
}

describe("a folder of migrations", () => {
  test("is read in the order of the numbers, whatever their width", async () => {
    const project = new Project({ "10_c": UP, "2_b": UP, "001_a": UP, "0100_d": UP });
    expect((await read(project)).map(({ version, name }) => [version, name])).toEqual([
      [1, "001_a"],
      [2, "2_b"],
      [10, "10_c"],
      [100, "0100_d"],
    ]);
  });

  test("may have gaps between the numbers, and files that are no .sql", async () => {
    const project = new Project({ "001_a": UP, "003_c": UP });
    writeFileSync(join(project.folder, "README.md"), "read me");
    expect((await read(project)).map(({ name }) => name)).toEqual(["001_a", "003_c"]);
  });

  test("is empty when there is nothing in it", async () => {
    expect(await read(new Project())).toEqual([]);
  });

  test("is refused when it is not there, naming it", async () => {
    const project = new Project();
    rmSync(project.folder, { recursive: true });
    await expect(read(project)).rejects.toThrow(MigrationError);
    await expect(read(project)).rejects.toMatchObject({
      kind: "migration_unreadable",
      message: `The folder of migrations ${project.folder} cannot be read (ENOENT).`,
      hint: "Give the folder that holds the .sql files.",
    });
  });

  test("is refused when two files have the same number, naming both", async () => {
    const project = new Project({ "001_a": UP, "002_b": UP, "2_c": UP });
    await expect(read(project)).rejects.toMatchObject({
      kind: "migration_duplicate",
      message: expect.stringMatching(/002_b\.sql.*2_c\.sql|2_c\.sql.*002_b\.sql/),
      hint: "Give one of them the next free number.",
    });
  });

  test.each(["a", "one_a", "001", "001-a", "001_", "001_a b", "001_é", "-1_a", "1.5_a", "_001_a"])(
    "is refused when a name is not of the form 001_what_it_does: %s",
    async (name) => {
      const project = new Project({ [name]: UP });
      await expect(read(project)).rejects.toMatchObject({
        kind: "migration_unreadable",
        message: `${project.path(name)} has no name of the form 001_what_it_does.sql.`,
        hint: "Rename the file, or move it elsewhere.",
      });
    },
  );

  test.each(["001_a.SQL", "001_a.Sql"])(
    "is refused when a file would be passed over for its ending: %s",
    async (name) => {
      const project = new Project();
      writeFileSync(join(project.folder, name), UP);
      await expect(read(project)).rejects.toMatchObject({
        kind: "migration_unreadable",
        message: `${join(project.folder, name)} has no name of the form 001_what_it_does.sql.`,
        hint: "Rename the file, or move it elsewhere.",
      });
    },
  );

  test("is refused when a number is too large to be told from the next", async () => {
    const [largest, above] = ["9007199254740991_a", "9007199254740992_b"];
    expect(await read(new Project({ [largest]: UP }))).toMatchObject([{ version: Number.MAX_SAFE_INTEGER }]);
    const project = new Project({ [above]: UP });
    await expect(read(project)).rejects.toMatchObject({
      kind: "migration_unreadable",
      message: `${project.path(above)} has a number above 9007199254740991.`,
    });
  });

  test("is refused when a folder has the name of a file", async () => {
    const project = new Project();
    mkdirSync(project.path("001_a"));
    await expect(read(project)).rejects.toMatchObject({
      kind: "migration_unreadable",
      message: `${project.path("001_a")} is a folder, and not a file.`,
      hint: "Move the folder elsewhere.",
    });
  });

  test("is refused when a file cannot be read", async () => {
    const project = new Project();
    symlinkSync(project.path("001_a"), project.path("001_a"));
    await expect(read(project)).rejects.toMatchObject({
      kind: "migration_unreadable",
      message: `${project.path("001_a")} cannot be read (ELOOP).`,
    });
  });
});

describe("a file", () => {
  test("has what goes up and what comes down, and knows the line on which it begins", async () => {
    const file = await only("-- about it\n\n-- migrate:up\nCREATE TABLE a (id);\n-- migrate:down\nDROP TABLE a;\n");
    expect(file).toMatchObject({ up: "\nCREATE TABLE a (id);\n", upLine: 3, down: "\nDROP TABLE a;\n" });
  });

  test("need not say how to come down", async () => {
    expect((await only(UP)).down).toBeNull();
  });

  test.each(["--migrate:up", "  --\tmigrate:up \t", "/* MIT */\n-- so\n-- migrate:up"])(
    "has its marks on lines of their own: %j",
    async (mark) => {
      expect((await only(`${mark}\nSELECT 1;`)).up).toBe("\nSELECT 1;");
    },
  );

  test.each([
    "CREATE TABLE a (id);",
    "-- migrate:down\nDROP TABLE a;",
    "-- migrate:down\n-- migrate:up",
    "-- migrate:up\n-- migrate:up",
    "-- migrate:up\n-- migrate:down\n-- migrate:down",
    "SELECT 1; -- migrate:up",
    // What goes down must never be taken for what goes up.
    "-- migrate:up\nCREATE TABLE a (id);\n-- migrate:down transaction:false\nDROP TABLE a;",
    "-- migrate:up\nCREATE TABLE a (id);\n-- migrate: down\nDROP TABLE a;",
    "-- migrate:up\nCREATE TABLE a (id);\n-- Migrate:Down\nDROP TABLE a;",
    "-- migrate:up\nCREATE TABLE a (id);\n-- migrate:dwon\nDROP TABLE a;",
  ])("is refused when its marks are not as they must be: %j", async (content) => {
    const project = new Project();
    writeFileSync(project.path("001_a"), content);
    await expect(read(project)).rejects.toMatchObject({
      kind: "migration_unreadable",
      message: `${project.path("001_a")} needs the line "-- migrate:up" and, after it, at most one "-- migrate:down".`,
    });
  });

  test("is refused when it has statements before its first mark, which nobody would run", async () => {
    const project = new Project({ "001_a": "-- a\nCREATE TABLE a (id);\n-- migrate:up\nCREATE TABLE b (id);" });
    await expect(read(project)).rejects.toMatchObject({
      kind: "migration_unreadable",
      message: `${project.path("001_a")} has statements before "-- migrate:up".`,
    });
  });

  test("is the same with other line endings and with a byte order mark", async () => {
    const plain = await only(UP);
    expect(plain.checksum).toMatch(/^[0-9a-f]{64}$/);
    for (const other of [UP.replaceAll("\n", "\r\n"), `\ufeff${UP}`, `\ufeff${UP.replaceAll("\n", "\r\n")}`]) {
      const { checksum, up, upLine } = await only(other);
      expect({ checksum, up, upLine }).toEqual({ checksum: plain.checksum, up: plain.up, upLine: 1 });
    }
  });

  test("is another one when anything else is changed", async () => {
    const { checksum } = await only(UP);
    for (const other of [`${UP} `, UP.replace(" a ", " A "), UP.replace("(", "\t("), `-- so\n${UP}`])
      expect((await only(other)).checksum).not.toBe(checksum);
  });

  test.each([
    ["Latin-1", Buffer.from("-- migrate:up\n-- é", "latin1")],
    ["UTF-16", Buffer.from(`\ufeff${UP}`, "utf16le")],
  ])("is refused when it is %s", async (_, bytes) => {
    await expect(only(bytes)).rejects.toMatchObject({
      kind: "migration_unreadable",
      message: expect.stringMatching(/001_a\.sql is not UTF-8\.$/),
      hint: "Save the file as UTF-8.",
    });
  });
});
