import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { SyncDatabaseWrapper } from "../../../src/db/index.ts";
import { failure, openAdapter, temporaryFile, temporaryFolder } from "./support.ts";

/** Everything in a folder, by name; two looks are equal when nobody touched anything. */
function contentsOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(names.map((name) => [name, digestOf(join(folder, name))]));
}

const digestOf = (path: string) => createHash("sha1").update(readFileSync(path)).digest("hex");

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

/** A closed database of many pages. */
async function filledFile(): Promise<string> {
  const file = temporaryFile();
  const adapter = openAdapter(file);
  await adapter.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY, filler TEXT)");
  const rows = Array.from({ length: 200 }, () => ({ filler: "x".repeat(500) }));
  await adapter.insertMany("item", rows);
  await adapter.close();
  return file;
}

describe("a new database", () => {
  test("is made with the folders that it needs, at the first use", async () => {
    const file = join(temporaryFolder(), "not", "yet", "there", "test.db");
    const adapter = openAdapter(file);
    expect(adapter.poolMetrics().totalConnections).toBe(0);
    expect(existsSync(dirname(file))).toBe(false);
    await adapter.connect();
    expect(existsSync(file)).toBe(true);
  });

  test.each([0o000, 0o022, 0o077])("is its owner's alone, its log too, whatever the umask: %o", async (umask) => {
    const before = process.umask(umask);
    onTestFinished(() => void process.umask(before));
    const file = temporaryFile();
    const adapter = openAdapter(file);
    await adapter.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY)");
    expect(readdirSync(dirname(file)).sort()).toEqual(["test.db", "test.db-shm", "test.db-wal"]);
    for (const name of readdirSync(dirname(file))) expect(modeOf(join(dirname(file), name))).toBe("600");
  });

  test("is its owner's alone also behind links that lead nowhere yet", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "data"));
    symlinkSync("next.db", join(folder, "link.db"));
    symlinkSync(join("data", "real.db"), join(folder, "next.db"));
    const before = process.umask(0o022);
    onTestFinished(() => void process.umask(before));
    await openAdapter(join(folder, "link.db")).executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY)");
    expect(modeOf(join(folder, "data", "real.db"))).toBe("600");
  });

  test("may be an empty file, whose mode stays", async () => {
    const file = temporaryFile();
    writeFileSync(file, "", { mode: 0o640 });
    await openAdapter(file).executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY)");
    expect(modeOf(file)).toBe("640");
  });

  test("leaves no log behind when it is closed", async () => {
    const file = await filledFile();
    expect(readdirSync(dirname(file))).toEqual([basename(file)]);
    expect(await openAdapter(file).executeQuery("SELECT count(*) AS n FROM item")).toEqual([{ n: 200 }]);
  });

  describe("leaves no log behind either", () => {
    const names = (file: string) => readdirSync(dirname(file));
    const insert = "INSERT INTO item (filler) VALUES ('last')";
    const count = async (file: string) =>
      (await openAdapter(file).executeQuery<{ n: number }>("SELECT count(*) AS n FROM item"))[0]?.n;

    test("when a session took the writer with it, so that a reader is the last to close", async () => {
      const file = await filledFile();
      const adapter = openAdapter(file);
      await adapter.executeQuery("SELECT * FROM item");
      await adapter.session((session) => session.executeUpdate(insert));
      await adapter.close();
      expect(names(file)).toEqual([basename(file)]);
      expect(await count(file)).toBe(201);
    });

    test("when the writer was too old to be kept", async () => {
      const file = await filledFile();
      const adapter = openAdapter(file, { pool: { maxLifetimeMs: 0 } });
      const reading = adapter.stream("SELECT * FROM item")[Symbol.asyncIterator]();
      await reading.next();
      await adapter.executeUpdate(insert);
      await reading.return?.();
      await adapter.close();
      expect(names(file)).toEqual([basename(file)]);
      expect(await count(file)).toBe(201);
    });

    test("when it is the blocking wrapper whose writer was too old", async () => {
      const file = await filledFile();
      const wrapper = new SyncDatabaseWrapper(`sqlite://${file}`, { pool: { maxLifetimeMs: 0 } });
      const reading = wrapper.stream("SELECT * FROM item")[Symbol.iterator]();
      reading.next();
      wrapper.executeUpdate(insert);
      reading.return?.();
      wrapper.close();
      expect(names(file)).toEqual([basename(file)]);
      expect(await count(file)).toBe(201);
    });

    test("by mode=ro, whose own has nothing in it", async () => {
      const file = await filledFile();
      const adapter = openAdapter(`sqlite://${file}?mode=ro`);
      await adapter.executeQuery("SELECT * FROM item");
      expect(names(file)).toContain("test.db-wal");
      await adapter.close();
      expect(names(file)).toEqual([basename(file)]);
    });
  });

  test("keeps, by mode=ro, the log of a process that was killed, and with the file what it was", async () => {
    const open = await filledFile();
    await openAdapter(open).executeUpdate("DELETE FROM item WHERE id > 1");
    const file = temporaryFile();
    for (const suffix of ["", "-wal"]) copyFileSync(open + suffix, file + suffix);
    const before = digestOf(file);
    const adapter = openAdapter(`sqlite://${file}?mode=ro`);
    expect(await adapter.executeQuery("SELECT count(*) AS n FROM item")).toEqual([{ n: 1 }]);
    await adapter.close();
    expect([digestOf(file), digestOf(`${file}-wal`)]).toEqual([before, digestOf(`${open}-wal`)]);
  });

  test("behind a link has its log beside the file", async () => {
    const file = await filledFile();
    const folder = temporaryFolder();
    symlinkSync(file, join(folder, "link.db"));
    const adapter = openAdapter(join(folder, "link.db"));
    await adapter.insert("item", {});
    expect(readdirSync(folder)).toEqual(["link.db"]);
    expect(readdirSync(dirname(file)).sort()).toEqual(["test.db", "test.db-shm", "test.db-wal"]);
  });

  test("is set up once, however many ask for it at the same time", async () => {
    const file = temporaryFile();
    const adapters = Array.from({ length: 4 }, () => openAdapter(file));
    const create = "CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY)";
    await Promise.all(adapters.flatMap((adapter) => [adapter.executeQuery(create), adapter.executeQuery(create)]));
    await Promise.all(adapters.map((adapter) => adapter.insert("item", {})));
    expect(await adapters[0]?.executeQuery("SELECT count(*) AS n FROM item")).toEqual([{ n: 4 }]);
  });
});

describe("a file that is no database", () => {
  test.each([
    ["text", "fraises:\n  shop: {}\n".repeat(100)],
    ["two bytes", "SQ"],
    ["the beginning of a header", "SQLite format"],
    ["a header alone", "SQLite format 3\0"],
    ["nothing but zeros", "\0".repeat(4096)],
  ])("is refused and stays as it is: %s", async (_, content) => {
    const file = temporaryFile();
    writeFileSync(file, content);
    const before = contentsOf(dirname(file));
    for (const url of [`sqlite://${file}`, `sqlite://${file}?mode=ro`]) {
      const error = await failure(openAdapter(url).connect());
      expect(error).toMatchObject({ kind: "unsupported", message: `${file}: The file is not an SQLite database.` });
    }
    expect(contentsOf(dirname(file))).toEqual(before);
  });

  test("is refused again by the same adapter, and used once it is right", async () => {
    const file = temporaryFile();
    writeFileSync(file, "no database");
    const adapter = openAdapter(file);
    for (let n = 0; n < 2; n++) expect(await failure(adapter.connect())).toMatchObject({ kind: "unsupported" });
    truncateSync(file);
    await adapter.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY)");
    expect(adapter.isConnected).toBe(true);
  });
});

describe("a damaged database", () => {
  test.each([8192, 8191, 4097, 600])("that was cut off after %i bytes is refused, and stays as it is", async (size) => {
    const file = await filledFile();
    truncateSync(file, size);
    const before = digestOf(file);
    for (const url of [`sqlite://${file}`, `sqlite://${file}?mode=ro`]) {
      expect(await failure(openAdapter(url).executeQuery("SELECT * FROM item"))).toMatchObject({
        kind: "unsupported",
        retryable: false,
        message: `${file}: The database file is damaged.`,
        hint: expect.stringContaining(".recover"),
      });
    }
    expect(digestOf(file)).toEqual(before);
  });

  test("that was overwritten in the middle never returns what it does not hold", async () => {
    const file = await filledFile();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xa5, 4096, bytes.length - 4096));
    const adapter = openAdapter(file);
    for (const read of [
      () => adapter.executeQuery("SELECT * FROM item"),
      () => adapter.stream("SELECT * FROM item")[Symbol.asyncIterator]().next(),
    ]) {
      const error = await failure(read());
      expect(error).toMatchObject({ kind: "unsupported", message: expect.stringContaining("damaged") });
    }
    expect(await adapter.executeQuery("SELECT 1 AS alive")).toEqual([{ alive: 1 }]);
  });

  test("is refused when it is opened if its head is damaged, and stays as it is", async () => {
    const file = await filledFile();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xa5, 16, 100));
    const before = digestOf(file);
    const error = await failure(openAdapter(file).connect());
    expect(error).toMatchObject({ kind: "unsupported", message: expect.stringContaining(file) });
    expect(digestOf(file)).toEqual(before);
  });
});

describe("a place where no database can be", () => {
  test("a folder is refused, and stays empty", async () => {
    const folder = mkdtempSync(join(temporaryFolder(), "folder-"));
    for (const options of [{}, { readOnly: true }]) {
      const error = await failure(openAdapter(folder, options).connect());
      expect(error).toMatchObject({ kind: "connection_refused", message: expect.stringContaining("is not a file") });
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a device is refused, without being read", async () => {
    const error = await failure(openAdapter("/dev/zero").connect());
    expect(error).toMatchObject({ kind: "connection_refused", message: expect.stringContaining("is not a file") });
  });

  test("below a file is refused, and the file stays as it is", async () => {
    const file = temporaryFile();
    writeFileSync(file, "here");
    const error = await failure(openAdapter(join(file, "test.db")).connect());
    expect(error).toMatchObject({
      kind: "connection_refused",
      message: `${join(file, "test.db")} could not be made: a part of the path is a file.`,
    });
    const deeper = await failure(openAdapter(join(file, "deeper", "test.db")).connect());
    expect(deeper).toMatchObject({ kind: "connection_refused", message: expect.stringContaining("is a file") });
    expect(readFileSync(file, "utf8")).toBe("here");
  });

  test("a link that leads to itself is refused", async () => {
    const file = temporaryFile();
    symlinkSync(file, file);
    expect(await failure(openAdapter(file).connect())).toMatchObject({
      kind: "connection_refused",
      message: expect.stringContaining(file),
    });
  });

  test("one that nobody writes is read with immutable=1 without a file beside it, and never written", async () => {
    const file = await filledFile();
    const before = contentsOf(dirname(file));
    const adapter = openAdapter(`sqlite://${file}?immutable=1`);
    expect(await adapter.executeQuery("SELECT COUNT(*) AS rows FROM item")).toEqual([{ rows: 200 }]);
    expect(contentsOf(dirname(file))).toEqual(before);
    expect(await failure(adapter.executeUpdate("DELETE FROM item"))).toMatchObject({ kind: "read_only" });
    await adapter.close();
    expect(contentsOf(dirname(file))).toEqual(before);
  });

  test("a missing file is not made for mode=ro, nor its folder", async () => {
    const file = join(temporaryFolder(), "folder", "test.db");
    const adapter = openAdapter(`sqlite://${file}?mode=ro`);
    for (const use of [() => adapter.connect(), () => adapter.executeQuery("SELECT 1")]) {
      expect(await failure(use())).toMatchObject({
        kind: "connection_refused",
        message: `There is no database file at ${file}.`,
        hint: expect.stringContaining("mode=ro"),
      });
    }
    expect(await adapter.checkHealth()).toMatchObject({ ok: false, role: null });
    expect(existsSync(dirname(file))).toBe(false);
  });
});
