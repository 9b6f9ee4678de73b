import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createAdapterFromUrl, DatabaseError, parseSqliteUrl, SqliteAdapter } from "../../../src/db/index.ts";
import { failure, openAdapter, temporaryFolder } from "./support.ts";

describe("an SQLite URL", () => {
  test.each([
    ["sqlite://./fraisier.db", "/base/fraisier.db"],
    ["sqlite://fraisier.db", "/base/fraisier.db"],
    ["sqlite:fraisier.db", "/base/fraisier.db"],
    ["sqlite://../other/fraisier.db", "/other/fraisier.db"],
    ["sqlite:///srv/app/fraisier.db", "/srv/app/fraisier.db"],
    ["sqlite:/srv/app/fraisier.db", "/srv/app/fraisier.db"],
    ["SQLite://./fraisier.db", "/base/fraisier.db"],
    ["sqlite::memory:", ":memory:"],
    ["sqlite://:memory:", ":memory:"],
    ["sqlite://./with space.db", "/base/with space.db"],
    ["sqlite://./with%20space.db", "/base/with space.db"],
    ["sqlite://./%C3%A9tat%25.db", "/base/état%.db"],
    ["sqlite://./étât.db", "/base/étât.db"],
    ["sqlite://./a+b&c=d.db", "/base/a+b&c=d.db"],
    ["sqlite://./a#b.db", "/base/a#b.db"],
    ["sqlite://./a%3Fb%23c.db", "/base/a?b#c.db"],
    ["sqlite://~/fraisier.db", join(homedir(), "fraisier.db")],
  ])("%s is the file %s", (url, path) => {
    expect(parseSqliteUrl(url, "/base")).toEqual({ path, readOnly: false, isImmutable: false, synchronous: "full" });
  });

  test.each([
    ["mode=ro", { readOnly: true }],
    ["mode=rwc", { readOnly: false, isImmutable: false }],
    ["immutable=1", { readOnly: true, isImmutable: true }],
    ["synchronous=off", { synchronous: "off" }],
    ["synchronous=NORMAL", { synchronous: "normal" }],
    ["synchronous=full", { synchronous: "full" }],
    ["synchronous=extra&mode=ro", { synchronous: "extra", readOnly: true }],
  ])("with ?%s says so", (query, expected) => {
    expect(parseSqliteUrl(`sqlite:///a.db?${query}`)).toMatchObject({ path: "/a.db", ...expected });
  });

  test.each([
    ["sqlite:", "names no file"],
    ["sqlite://", "names no file"],
    ["sqlite://?mode=ro", "names no file"],
    ["", "names no file"],
    ["sqlite://./100%.db", "percent-encoded"],
    ["sqlite://./%E9.db", "percent-encoded"],
    ["sqlite://./a%00b.db", "NUL"],
    ["a\0b.db", "NUL"],
    ["sqlite://./a.db?mode=rw", '"mode"'],
    ["sqlite://./a.db?synchronous=", '"synchronous"'],
    ["sqlite://./a.db?synchronous=fast", '"synchronous"'],
    ["sqlite://./a.db?cache=shared", '"cache"'],
    ["sqlite://./what?.db", '".db"'],
    ["sqlite://./a.db?Mode=ro", '"Mode"'],
  ])("%j is refused: %s", (url, reason) => {
    expect(() => new SqliteAdapter(url)).toThrow(DatabaseError);
    expect(() => new SqliteAdapter(url)).toThrow(
      expect.objectContaining({
        kind: "unsupported",
        message: expect.stringContaining(reason),
        hint: expect.stringMatching(/\w/),
      }),
    );
  });

  test("never shows a password that somebody put into it", () => {
    for (const url of ["sqlite://ada:geheim@host/%zz", "sqlite://./a.db?password=geheim"]) {
      expect(() => parseSqliteUrl(url)).toThrow(/^(?!.*geheim).*\*\*\*/);
    }
  });
});

describe("a plain path", () => {
  test.each([
    ["fraisier.db", "/base/fraisier.db"],
    ["/srv/fraisier.db", "/srv/fraisier.db"],
    [":memory:", ":memory:"],
    ["~/fraisier.db", join(homedir(), "fraisier.db")],
    ["100%20.db", "/base/100%20.db"],
    ["what?mode=ro#now.db", "/base/what?mode=ro#now.db"],
    ["file:a.db?mode=memory", "/base/file:a.db?mode=memory"],
    [" ", "/base/ "],
  ])("%j is the file %j, taken literally", (path, expected) => {
    expect(parseSqliteUrl(path, "/base")).toEqual({
      path: expected,
      readOnly: false,
      isImmutable: false,
      synchronous: "full",
    });
  });

  test.skipIf(process.platform === "win32").each(["C:\\data\\app.db", "C:/data/app.db", "\\\\server\\share\\app.db"])(
    "%s is a name like any other where Windows isn't",
    (path) => {
      expect(parseSqliteUrl(path, "/base").path).toBe(`/base/${path}`);
    },
  );

  test("is relative to the working folder unless told otherwise", () => {
    expect(parseSqliteUrl("a.db").path).toBe(join(process.cwd(), "a.db"));
  });
});

describe("the file that is opened", () => {
  test.each([
    ["sqlite://./a%3Fb%23c d.db", "a?b#c d.db"],
    ["sqlite://./a#b.db", "a#b.db"],
    ["file:plain?mode=memory", "file:plain?mode=memory"],
    ["100%20?cache=shared#x.db", "100%20?cache=shared#x.db"],
    ["C:\\data\\app.db", "C:\\data\\app.db"],
    ["état 日本.db", "état 日本.db"],
    [":memory:.db", ":memory:.db"],
  ])("for %j is %j below the base folder", async (urlOrPath, name) => {
    const baseDirectory = temporaryFolder();
    const adapter = openAdapter(urlOrPath, { baseDirectory });
    await adapter.executeQuery("CREATE TABLE here (id INTEGER)");
    expect(existsSync(join(baseDirectory, name))).toBe(true);
  });

  test("is the same by URL, by the factory and by path", async () => {
    const baseDirectory = temporaryFolder();
    const byUrl = await createAdapterFromUrl("SQLITE://./one%20file.db", { baseDirectory });
    await byUrl.executeQuery("CREATE TABLE here AS SELECT 7 AS n");
    await byUrl.close();
    const byPath = openAdapter(join(baseDirectory, "one file.db"));
    expect(await byPath.executeQuery("SELECT n FROM here")).toEqual([{ n: 7 }]);
  });

  test("is none for :memory:, whose data nobody else sees", async () => {
    const baseDirectory = temporaryFolder();
    const one = openAdapter("sqlite://:memory:", { baseDirectory });
    const other = openAdapter("sqlite::memory:", { baseDirectory });
    await one.executeQuery("CREATE TABLE here (id INTEGER)");
    expect(await failure(other.executeQuery("SELECT * FROM here"))).toMatchObject({ kind: "undefined_table" });
    expect(existsSync(join(baseDirectory, ":memory:"))).toBe(false);
    expect(existsSync(":memory:")).toBe(false);
  });
});
