import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type DatabaseConfigSources,
  type DatabaseSettings,
  DEFAULT_DATABASE_URL,
  loadDatabaseConfig,
  parseSqliteUrl,
} from "../../src/db/index.ts";

const env = { FRAISIER_DB_URL: "mysql://env@host/shop" };

describe("the database that is used", () => {
  test("is that of the options before that of the environment", () => {
    const options = { url: "postgresql://options@host/shop" };
    expect(loadDatabaseConfig({ options, env })).toMatchObject({ type: "postgresql", url: options.url });
    expect(loadDatabaseConfig({ options: {}, env })).toMatchObject({ type: "mysql", url: env.FRAISIER_DB_URL });
  });

  test("is that of the environment that was given, whatever that of the process is", () => {
    process.env.FRAISIER_DB_URL = env.FRAISIER_DB_URL;
    onTestFinished(() => {
      delete process.env.FRAISIER_DB_URL;
    });
    expect(loadDatabaseConfig({})).toMatchObject({ type: "sqlite" });
  });

  test.each([{}, { FRAISIER_DB_URL: "" }, { FRAISIER_DB_URL: undefined }])(
    "is a file beside fraises.yaml when nothing says otherwise: %j",
    (empty) => {
      expect(loadDatabaseConfig({ env: empty, directory: "/srv/shop", workingDirectory: "/home/ada" })).toEqual({
        type: "sqlite",
        url: "sqlite://./fraisier.db",
        baseDirectory: "/srv/shop",
        options: { pool: {} },
        origins: { type: "the default", url: "the default" },
      });
    },
  );

  test("is a file in the working folder when there is no fraises.yaml", () => {
    expect(loadDatabaseConfig({ workingDirectory: "/home/ada" }).baseDirectory).toBe("/home/ada");
    expect(loadDatabaseConfig({})).toMatchObject({ url: DEFAULT_DATABASE_URL, baseDirectory: process.cwd() });
  });

  test("is relative to the working folder when options or environment name it", () => {
    const places = { directory: "/srv/shop", workingDirectory: "/home/ada" };
    const relative = { url: "sqlite://./a.db" };
    expect(loadDatabaseConfig({ options: relative, ...places }).baseDirectory).toBe("/home/ada");
    expect(loadDatabaseConfig({ env: { FRAISIER_DB_URL: relative.url }, ...places }).baseDirectory).toBe("/home/ada");
  });

  test.each([
    "oracle://u:s3cret@h/d",
    "postgresql://u:s3cret@h/d?colour=red",
    "mysql://u:s3cret@h:port/d",
    "mysql://u:s3cret@h:99999/d",
    "postgresql://u:s3cret@h/d?sslmode=perhaps",
    "postgresql://u:s3cret@h/d?sslmode=require&sslrootcert=/nowhere.pem",
    "sqlite://./a.db?mode=rw",
    "sqlite://",
    "",
  ])(
    "is refused with the place that says it when no adapter takes it; nor does an empty option say nothing: %j",
    (url) => {
      const place = "the option url";
      for (const options of [{ url }, { url: { text: url, place } }])
        expect(refusal({ options, env })).toMatchObject({
          kind: "config_invalid",
          message: expect.stringMatching(/^the option url(:| is empty)/),
          hint: expect.stringMatching(/./),
        });
      expect(String(refusal({ options: { url: { text: url, place: "--db" } } }))).toMatch(/^DatabaseConfigError: --db/);
      expect(String(refusal({ options: { url } }))).not.toContain("s3cret");
    },
  );

  test("is only chosen: nothing is opened or made", () => {
    const folder = mkdtempSync(join(tmpdir(), "fraisier-config-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    loadDatabaseConfig({ directory: folder });
    loadDatabaseConfig({ options: { url: `sqlite://${folder}/sub/a.db` } });
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(join(process.cwd(), "fraisier.db"))).toBe(false);
  });
});

/** Why a choice is refused. */
function refusal(sources: DatabaseConfigSources): unknown {
  try {
    return loadDatabaseConfig(sources);
  } catch (error) {
    return error;
  }
}

const said = (settings: Readonly<Record<string, string>>) => ({
  settings: Object.fromEntries(
    Object.entries(settings).map(([name, text], index) => [name, { text, place: `fraises.yaml:${index + 2}` }]),
  ) as DatabaseSettings,
  directory: "/srv/shop",
});

describe("what is said in several places", () => {
  const options = { url: "sqlite://./options.db" };
  const dotenv = { FRAISIER_DB_URL: "sqlite://./dotenv.db" };
  const file = said({ url: "sqlite://./file.db" });
  const folders = { directory: "/srv/shop", workingDirectory: "/home/ada" };

  test("the highest counts: options, environment, .env, file, default; relative to where it was said", () => {
    const fromEnv = { FRAISIER_DB_URL: "sqlite://./env.db" };
    const sources = [{ options }, { env: fromEnv }, { dotenv }, { file }, {}];
    const chosen = sources.map((_, first) => {
      const below = Object.assign({}, ...sources.slice(first)) as DatabaseConfigSources;
      const { url, baseDirectory, origins } = loadDatabaseConfig({ ...folders, ...below });
      return [url, baseDirectory, origins.url];
    });
    expect(chosen).toEqual([
      ["sqlite://./options.db", "/home/ada", "the option url"],
      ["sqlite://./env.db", "/home/ada", "FRAISIER_DB_URL"],
      ["sqlite://./dotenv.db", "/srv/shop", "FRAISIER_DB_URL in .env"],
      ["sqlite://./file.db", "/srv/shop", "fraises.yaml:2"],
      [DEFAULT_DATABASE_URL, "/srv/shop", "the default"],
    ]);
  });

  test("each setting by itself", () => {
    const { options: made, origins } = loadDatabaseConfig({
      options: { poolMax: 7 },
      env: { FRAISIER_DB_POOL_MAX: "9", FRAISIER_DB_POOL_MIN: "2", FRAISIER_DB_ACQUIRE_TIMEOUT: "" },
      dotenv: { FRAISIER_DB_ACQUIRE_TIMEOUT: "1.5" },
      file: said({ acquireTimeout: "9", statementTimeout: "2m", poolMin: "1" }),
    });
    expect(made).toEqual({ pool: { min: 2, max: 7, acquireTimeoutMs: 1500 }, statementTimeoutMs: 120_000 });
    expect(origins).toMatchObject({
      poolMax: "the option poolMax",
      poolMin: "FRAISIER_DB_POOL_MIN",
      acquireTimeout: "FRAISIER_DB_ACQUIRE_TIMEOUT in .env",
      statementTimeout: "fraises.yaml:3",
    });
  });

  test.each<[what: string, sources: DatabaseConfigSources, ...places: string[]]>([
    ["a type and a URL", { env: { FRAISIER_DB_TYPE: "mysql" }, file }, "FRAISIER_DB_TYPE", "fraises.yaml:2"],
    [
      "a type and a path",
      { env: { FRAISIER_DB_TYPE: "mysql", FRAISIER_DB_PATH: "a.db" } },
      "FRAISIER_DB_TYPE",
      "FRAISIER_DB_PATH",
    ],
    [
      "a type and a URL of one file",
      { file: said({ type: "mysql", url: "sqlite://./a.db" }) },
      "fraises.yaml:2",
      "fraises.yaml:3",
    ],
    [
      "a URL and a path",
      { env: { FRAISIER_DB_URL: "sqlite://./a.db", FRAISIER_DB_PATH: "b.db" } },
      "FRAISIER_DB_URL",
      "FRAISIER_DB_PATH",
    ],
    [
      "a minimum above its maximum",
      { env: { FRAISIER_DB_POOL_MIN: "5" }, file: said({ poolMax: "4" }) },
      "FRAISIER_DB_POOL_MIN",
      "fraises.yaml:2",
    ],
  ])("%s that contradict each other are refused, and both places are named", (_, sources, ...places) => {
    const error = refusal(sources);
    expect(error).toMatchObject({ kind: "config_invalid", hint: expect.stringMatching(/\.$/) });
    for (const place of places) expect(String(error)).toContain(place);
  });

  test.each([
    ["sqlite://./a.db", 5],
    ["postgresql://host/shop", 10],
    ["mysql://host/shop", 20],
  ])("a minimum above the usual maximum of %s is refused, and both places are named", (url, most) => {
    const refused = refusal({ env: { FRAISIER_DB_URL: url, FRAISIER_DB_POOL_MIN: String(most + 1) } });
    expect(refused).toMatchObject({
      kind: "config_invalid",
      message: `FRAISIER_DB_POOL_MIN is ${most + 1}, which is more than the maximum of ${most} (the default).`,
    });
    expect(refusal({ env: { FRAISIER_DB_URL: url, FRAISIER_DB_POOL_MIN: String(most) } })).not.toBeInstanceOf(Error);
    expect(refusal({ env: { FRAISIER_DB_URL: url, FRAISIER_DB_POOL_MAX: "1" } })).not.toBeInstanceOf(Error);
  });

  test("a type that is said below the URL does not count any more", () => {
    expect(loadDatabaseConfig({ env, file: said({ type: "postgresql" }) }).type).toBe("mysql");
  });

  test.each([
    ["FRAISIER_DB_POOL_MIN", "many"],
    ["FRAISIER_DB_POOL_MIN", "-1"],
    ["FRAISIER_DB_POOL_MAX", "0"],
    ["FRAISIER_DB_POOL_MAX", "1.5"],
    ["FRAISIER_DB_ACQUIRE_TIMEOUT", "soon"],
    ["FRAISIER_DB_STATEMENT_TIMEOUT", "0"],
    ["FRAISIER_DB_STATEMENT_TIMEOUT", "-1s"],
  ])("%s=%s is refused by name", (name, value) => {
    const error = refusal({ env: { [name]: value } });
    expect(error).toMatchObject({ kind: "config_invalid", hint: expect.stringMatching(/^It takes /) });
    expect(String(error)).toContain(`${name} is "${value}"`);
  });

  test.each([
    ["a.db", "/home/ada/a.db"],
    ["./a b?.db", "/home/ada/a b?.db"],
    ["/var/lib/50%/a.db", "/var/lib/50%/a.db"],
    ["~/a.db", join(homedir(), "a.db")],
    [":memory:", ":memory:"],
  ])("FRAISIER_DB_PATH=%s is that file", (path, expected) => {
    const { url, baseDirectory } = loadDatabaseConfig({ env: { FRAISIER_DB_PATH: path }, ...folders });
    expect(parseSqliteUrl(url, baseDirectory).path).toBe(expected);
  });
});

describe("FRAISIER_DB_URL_FILE", () => {
  const write = (text: string): string => {
    const folder = mkdtempSync(join(tmpdir(), "fraisier-config-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "url"), text);
    return join(folder, "url");
  };

  test("holds the URL", () => {
    const path = write("postgresql://ada:s3cret@host/shop\n");
    const { url, origins } = loadDatabaseConfig({ env: { FRAISIER_DB_URL_FILE: path } });
    expect([url, origins.url]).toEqual(["postgresql://ada:s3cret@host/shop", "FRAISIER_DB_URL_FILE"]);
  });

  test("is refused when it is missing, empty, or holds something else, without telling what", () => {
    for (const [text, why] of [
      ["", "is empty"],
      ["DB=postgresql://ada:s3cret@host/shop and more", "more than a URL"],
    ] as const) {
      const error = refusal({ env: { FRAISIER_DB_URL_FILE: write(text) } });
      expect(error).toMatchObject({ kind: "config_invalid", message: expect.stringContaining(why) });
      expect(String(error)).not.toContain("s3cret");
    }
    expect(refusal({ env: { FRAISIER_DB_URL_FILE: "/nowhere/url" } })).toMatchObject({
      kind: "config_invalid",
      message: expect.stringMatching(/FRAISIER_DB_URL_FILE names \/nowhere\/url, .*ENOENT/),
    });
  });
});

describe("FRAISIER_DB_TYPE", () => {
  test.each([
    ["postgresql", "postgresql://ada@host/shop"],
    ["postgres", "postgresql://ada@host/shop"],
    ["mysql", "mariadb://ada@host/shop"],
    ["MariaDB", "mysql://ada@host/shop"],
    ["sqlite", "sqlite://./a.db"],
    ["", "sqlite://./a.db"],
  ])("%s goes with %s", (FRAISIER_DB_TYPE, FRAISIER_DB_URL) => {
    expect(loadDatabaseConfig({ env: { FRAISIER_DB_TYPE, FRAISIER_DB_URL } }).url).toBe(FRAISIER_DB_URL);
  });

  test("sqlite alone is the default", () => {
    expect(loadDatabaseConfig({ env: { FRAISIER_DB_TYPE: "sqlite" } }).url).toBe(DEFAULT_DATABASE_URL);
  });

  test("that contradicts the URL, lacks one, or is none is refused, and the password is not shown", () => {
    const refused = (FRAISIER_DB_TYPE: string, FRAISIER_DB_URL?: string) =>
      refusal({ env: { FRAISIER_DB_TYPE, FRAISIER_DB_URL } });
    const contradiction = refused("mysql", "postgresql://ada:s3cret@host/shop");
    expect(contradiction).toMatchObject({
      kind: "config_invalid",
      message: expect.stringMatching(
        /FRAISIER_DB_TYPE is mysql, but FRAISIER_DB_URL, postgresql:.*, is for postgresql/,
      ),
    });
    expect(String(contradiction)).not.toContain("s3cret");
    expect(refused("postgresql")).toMatchObject({
      kind: "config_invalid",
      hint: expect.stringContaining("FRAISIER_DB_URL=postgresql://"),
    });
    expect(refused("oracle")).toMatchObject({ kind: "config_invalid", message: expect.stringContaining('"oracle"') });
    expect(loadDatabaseConfig({ options: { url: "sqlite://./b.db" }, env: { FRAISIER_DB_TYPE: "mysql" } }).type).toBe(
      "sqlite",
    );
  });
});
