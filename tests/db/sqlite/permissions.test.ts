import { chmodSync, chownSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Outcome } from "./outcome.ts";
import { openAdapter, runChild, temporaryFile } from "./support.ts";

interface Outcomes {
  readonly open: Outcome | null;
  readonly read: Outcome | null;
  readonly write: Outcome | null;
}

/** A database with a table, whose folder and file have these modes and belong to whoever tries to use them. */
async function fileWithModes(folderMode: number, fileMode: number): Promise<string> {
  const file = temporaryFile();
  const adapter = openAdapter(file);
  await adapter.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY)");
  await adapter.close();
  if (process.getuid?.() === 0) for (const path of [dirname(file), file]) chownSync(path, 65_534, 65_534);
  chmodSync(file, fileMode);
  chmodSync(dirname(file), folderMode);
  onTestFinished(() => chmodSync(dirname(file), 0o700));
  return file;
}

/** What comes of using a database as a user whom its permissions bind. */
async function useAsAnother(url: string): Promise<Outcomes> {
  const [outcomes] = await runChild<Outcomes[]>("use-as-another.ts", [url]);
  return outcomes as Outcomes;
}

describe.skipIf(process.platform === "win32")("for a user without the right", () => {
  test("to write to the folder, no file is made in it", async () => {
    const file = join(dirname(await fileWithModes(0o500, 0o600)), "new.db");
    const { open, read } = await useAsAnother(`sqlite://${file}`);
    expect(open).toEqual({
      kind: "read_only",
      message: `${dirname(file)} cannot be written to, and SQLite keeps its log beside the database.`,
      hint: expect.stringContaining("permissions"),
    });
    expect(read).toEqual(open);
    expect(existsSync(file)).toBe(false);
  });

  test("to make the folder, it says which", async () => {
    const file = join(dirname(await fileWithModes(0o500, 0o600)), "folder", "new.db");
    const { open } = await useAsAnother(`sqlite://${file}`);
    expect(open).toMatchObject({
      kind: "read_only",
      message: `${dirname(file)} could not be made: permission denied.`,
    });
  });

  test.each([
    ["the folder of the database", 0o500, 0o600, "folder"],
    ["the database", 0o700, 0o400, "file"],
  ])("to write to %s, it is refused and stays as it is", async (_, folderMode, fileMode, named) => {
    const file = await fileWithModes(folderMode, fileMode);
    const before = readFileSync(file);
    const { open, write } = await useAsAnother(`sqlite://${file}`);
    const path = named === "folder" ? dirname(file) : file;
    expect(open).toMatchObject({ kind: "read_only", message: expect.stringMatching(`^${path} cannot be written to`) });
    expect(write).toEqual(open);
    expect(readFileSync(file)).toEqual(before);
    expect(readdirSync(dirname(file))).toEqual(["test.db"]);
  });

  test("to write to the database, it can be read with mode=ro", async () => {
    const file = await fileWithModes(0o700, 0o400);
    const before = readFileSync(file);
    const { open, read, write } = await useAsAnother(`sqlite://${file}?mode=ro`);
    expect([open, read]).toEqual([null, null]);
    expect(write).toMatchObject({ kind: "read_only" });
    expect(readFileSync(file)).toEqual(before);
  });

  test("to read the database, it is refused, also with mode=ro", async () => {
    const file = await fileWithModes(0o700, 0o000);
    for (const query of ["", "?mode=ro"]) {
      const { open, read } = await useAsAnother(`sqlite://${file}${query}`);
      expect(open).toMatchObject({ kind: "read_only", message: expect.stringMatching(`^${file} cannot be`) });
      expect(read).toEqual(open);
    }
  });

  test("to write beside the database, mode=ro is refused too, by the true reason", async () => {
    const file = await fileWithModes(0o500, 0o400);
    const { open, read } = await useAsAnother(`sqlite://${file}?mode=ro`);
    expect(open).toMatchObject({
      kind: "read_only",
      message: `${file}: SQLite cannot make its log beside the database, which even reading needs.`,
      hint: expect.stringContaining("folder"),
    });
    expect(read).toEqual(open);
  });

  test("to write beside the database, mode=ro works while somebody else has it open", async () => {
    const file = await fileWithModes(0o700, 0o644);
    const owner = openAdapter(file);
    await owner.insert("item", {});
    for (const name of readdirSync(dirname(file))) chmodSync(join(dirname(file), name), 0o644);
    chmodSync(dirname(file), 0o555);
    const { open, read, write } = await useAsAnother(`sqlite://${file}?mode=ro`);
    expect([open, read]).toEqual([null, null]);
    expect(write).toMatchObject({ kind: "read_only" });
  });

  test("to open the database, a statement that reads is a reader's again once there is the right", async () => {
    const file = await fileWithModes(0o500, 0o600);
    const outcomes = await runChild("read-once-allowed.ts", [file]);
    expect(outcomes).toEqual({ refused: expect.objectContaining({ kind: "read_only" }), allowed: null });
  });
});
