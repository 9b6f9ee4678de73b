/** Which database the commands use, by the files of a project. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emptyFolder, everythingIn, fraisier, remember } from "./support.ts";

const FRAISES = "fraises:\n  nightly:\n    type: etl\n    environments:\n      production:\n";

function project(files: Readonly<Record<string, string>>): string {
  const folder = emptyFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** What `db status` says is used, and why. */
async function chosen(folder: string, env: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const { exitCode, stdout, stderr } = await fraisier(folder, ["db", "status", "--json"], env);
  expect(exitCode, stderr + stdout).toBe(0);
  const { url, origin } = JSON.parse(stdout) as { url: string; origin: string };
  return [url, origin];
}

describe("the database is chosen", () => {
  test("by database: in fraises.yaml, relative to it, with variables of .env", async () => {
    const folder = project({
      "fraises.yaml": `database:\n  type: sqlite\n  url: sqlite://./\${LEDGER}.db\n${FRAISES}`,
      ".env": "LEDGER=kept",
      "sub/note": "",
    });
    expect(await chosen(join(folder, "sub"))).toEqual(["sqlite://./kept.db", `${folder}/fraises.yaml:3:8`]);
    expect((await fraisier(join(folder, "sub"), ["db", "migrate"])).exitCode).toBe(0);
    expect(everythingIn(folder)).toContain("kept.db");
    expect(everythingIn(folder)).not.toContain("fraisier.db");
  });

  test("by config.yaml beside it, of which nothing else is looked at", async () => {
    const folder = project({
      "fraises.yaml": FRAISES,
      "config.yaml": "server:\n  port: 80\ndatabase:\n  path: old.db\n",
    });
    expect(await chosen(folder)).toEqual(["sqlite://./old.db", "config.yaml:4:9"]);
  });

  test("by .env before both, and by the environment before that", async () => {
    const folder = project({
      "fraises.yaml": `database:\n  path: file.db\n${FRAISES}`,
      ".env": "FRAISIER_DB_PATH=dotenv.db\n",
      secret: "sqlite://./secret.db\n",
    });
    expect(await chosen(folder)).toEqual(["sqlite://./dotenv.db", "FRAISIER_DB_PATH in .env"]);
    expect(await chosen(folder, { FRAISIER_DB_URL_FILE: "secret" })).toEqual([
      "sqlite://./secret.db",
      "FRAISIER_DB_URL_FILE",
    ]);
  });

  test("by fraises.yaml also while another part of it is wrong", async () => {
    const folder = project({ "fraises.yaml": "database:\n  path: mine.db\nfraises:\n  shop:\n    typ: api\n" });
    expect(await chosen(folder)).toEqual(["sqlite://./mine.db", "fraises.yaml:2:9"]);
  });
});

describe("--db", () => {
  test("goes before all that is configured, relative to where it is typed", async () => {
    const folder = project({
      "fraises.yaml": `database:\n  url: oracle://file\n${FRAISES}`,
      ".env": "FRAISIER_DB_URL=oracle://dotenv\n",
      "sub/note": "",
    });
    const env = { FRAISIER_DB_TYPE: "mysql", FRAISIER_DB_URL: "oracle://environment" };
    const sub = join(folder, "sub");
    const own = (...args: string[]) => fraisier(sub, [...args, "--db", "sqlite://./own.db"], env);
    expect((await own("db", "migrate")).exitCode).toBe(0);
    expect(everythingIn(sub)).toContain("own.db");
    const { stdout } = await own("config", "show", "--origin");
    expect(stdout).toMatch(/^database\.url +sqlite:\/\/\.\/own\.db +--db$/m);
    expect(JSON.parse((await own("db", "status", "--json")).stdout)).toMatchObject({ origin: "--db", pending: [] });
    const [row] = await remember(folder, {});
    const history = await fraisier(sub, ["history", "--db", "sqlite://../fraisier.db", "--json"], env);
    expect(JSON.parse(history.stdout)).toMatchObject({ deployments: [{ id: row?.id }] });
  });

  test("that cannot be is refused by name; a password in it is warned of, and not shown", async () => {
    const folder = project({ "fraises.yaml": FRAISES });
    for (const [url, code, text] of [
      ["oracle://ada:s3cret@h/d", 3, "--db: oracle://ada:***@h/d is not the URL"],
      ["", 3, "--db is empty"],
      ["postgresql://ada:s3cret@127.0.0.1:1/d", 6, "127.0.0.1:1"],
    ] as const) {
      const { exitCode, stdout, stderr } = await fraisier(folder, ["history", "--db", url]);
      expect([url, exitCode, stderr]).toEqual([url, code, expect.stringContaining(text)]);
      expect(stdout + stderr).not.toContain("s3cret");
      expect(stderr.includes("Whoever may list processes can read")).toBe(url.includes("s3cret"));
    }
  });
});

describe("migrations of one's own go into the database that is chosen", () => {
  const MIGRATION = {
    "migrations/sqlite/001_create_customers.sql": "-- migrate:up\nCREATE TABLE customer (id INTEGER PRIMARY KEY);\n",
  };
  const URL_FILE = { secret: "sqlite://./shop.db\n" };

  test.each<[what: string, files: Record<string, string>, env?: Record<string, string>, ...args: string[]]>([
    ["FRAISIER_DB_URL", {}, { FRAISIER_DB_URL: "sqlite://./shop.db" }],
    ["FRAISIER_DB_URL_FILE", URL_FILE, { FRAISIER_DB_URL_FILE: "secret" }],
    ["FRAISIER_DB_PATH", {}, { FRAISIER_DB_PATH: "shop.db" }],
    [".env", { ".env": "FRAISIER_DB_PATH=shop.db\n" }],
    ["database:", { "fraises.yaml": `database:\n  path: shop.db\n${FRAISES}` }],
    ["--db", {}, {}, "--db", "sqlite://./shop.db"],
  ])("by %s", async (_, files, env = {}, ...args) => {
    const folder = project({ ...MIGRATION, ...files });
    const { exitCode, stdout, stderr } = await fraisier(folder, ["db", "migrate", "-d", "migrations", ...args], env);
    expect([exitCode, stdout], stderr).toEqual([0, "Applied 001_create_customers.\n"]);
    expect(everythingIn(folder)).toContain("shop.db");
  });

  test("and never into the one that nobody has named", async () => {
    const folder = project({ ...MIGRATION, "fraises.yaml": FRAISES });
    const { exitCode, stderr } = await fraisier(folder, ["db", "migrate", "-d", "migrations"]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("--db sqlite://./shop.db")]);
    expect(everythingIn(folder)).not.toContain("fraisier.db");
  });
});

describe("what is wrong is told with its place, before anything is opened", () => {
  test.each<[what: string, files: Record<string, string>, text: RegExp, env?: Record<string, string>]>([
    [
      "an unknown key",
      { "fraises.yaml": `database:\n  urll: sqlite://a.db\n${FRAISES}` },
      /fraises\.yaml:2:3: unknown key "urll".*did you mean "url"/s,
    ],
    [
      "an unknown type",
      { "fraises.yaml": `database:\n  type: oracle\n${FRAISES}` },
      /fraises\.yaml:2:9: "type" must be one of sqlite/,
    ],
    [
      "no number",
      { "fraises.yaml": `database:\n  pool:\n    max: many\n${FRAISES}` },
      /fraises\.yaml:3:10: "max" must be a whole number/,
    ],
    [
      "a variable that is not set",
      { "fraises.yaml": `database:\n  url: \${NOWHERE}\n${FRAISES}` },
      /fraises\.yaml:2:8: .*NOWHERE is not set/,
    ],
    [
      "broken YAML with a database in it",
      { "fraises.yaml": "database:\n  url: [a\nfraises:\n" },
      /fraises\.yaml:\d+:\d+/,
    ],
    [
      "two files",
      { "fraises.yaml": `database:\n  path: a.db\n${FRAISES}`, "config.yaml": "database:\n  path: b.db\n" },
      /fraises\.yaml and .*config\.yaml have "database:"/,
    ],
    [
      "a contradiction",
      { "fraises.yaml": `database:\n  type: mysql\n  url: postgresql://ada:s3cret@h/d\n${FRAISES}` },
      /fraises\.yaml:2:9 is mysql, but fraises\.yaml:3:8, postgresql:\/\/ada:\*\*\*@h\/d, is for postgresql/,
    ],
    [
      "a URL with an unknown parameter",
      { "fraises.yaml": `database:\n  url: postgresql://ada:s3cret@h/d?colour=red\n${FRAISES}` },
      /fraises\.yaml:2:8: The database URL postgresql:\/\/ada:\*\*\*@h\/d\?colour=\*\*\* has the parameter colour/,
    ],
    [
      "a minimum above the usual maximum",
      { "fraises.yaml": `database:\n  pool:\n    min: 50\n${FRAISES}` },
      /fraises\.yaml:3:10 is 50, which is more than the maximum of 5 \(the default\)/,
    ],
    [
      "a minimum above a maximum that is said elsewhere",
      { "fraises.yaml": `database:\n  pool:\n    min: 3\n${FRAISES}` },
      /fraises\.yaml:3:10 is 3, which is more than the maximum of 2 \(FRAISIER_DB_POOL_MAX\)/,
      { FRAISIER_DB_POOL_MAX: "2" },
    ],
    [
      "a URL of no database",
      { "fraises.yaml": FRAISES, ".env": "FRAISIER_DB_URL=oracle://ada:s3cret@h/d\n" },
      /FRAISIER_DB_URL in \.env: oracle:\/\/ada:\*\*\*@h\/d is not the URL of a database/,
    ],
    [
      "a bad port",
      { "fraises.yaml": FRAISES },
      /FRAISIER_DB_URL: The database URL mysql:\/\/ada:\*\*\*@h:port\/d cannot be read/,
      { FRAISIER_DB_URL: "mysql://ada:s3cret@h:port/d" },
    ],
    [
      "a number of the environment",
      { "fraises.yaml": FRAISES },
      /FRAISIER_DB_POOL_MAX is "x"/,
      { FRAISIER_DB_POOL_MAX: "x" },
    ],
  ])("%s", async (_, files, text, env = {}) => {
    const folder = project(files);
    for (const line of ["history", "db status", "db migrate", "config validate"]) {
      const { exitCode, stderr } = await fraisier(folder, line.split(" "), env);
      expect([line, exitCode, stderr]).toEqual([line, 3, expect.stringMatching(text)]);
      expect(stderr).not.toContain("s3cret");
      expect(stderr).not.toContain("should not have happened");
    }
    expect(everythingIn(folder)).toEqual(Object.keys(files).toSorted());
  });

  test("config validate tells it beside what else is wrong", async () => {
    const folder = project({ "fraises.yaml": `database:\n  url: oracle://h/d\n${FRAISES}    typ: api\n` });
    const { exitCode, stderr } = await fraisier(folder, ["config", "validate"]);
    expect([exitCode, stderr]).toEqual([3, expect.stringMatching(/^fraises\.yaml:8:5: unknown key "typ"/m)]);
    expect(stderr).toMatch(/^fraises\.yaml:2:8: oracle:\/\/h\/d is not the URL of a database/m);
  });
});
