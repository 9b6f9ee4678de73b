/** docs/configuration.md: every example, and what it says of which setting goes before which. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadProject, readDatabaseFiles } from "../../src/config/index.ts";
import { DATABASE_VARIABLES, type DatabaseConfig, loadDatabaseConfig } from "../../src/db/index.ts";
import { document, emptyFolder, FRUIT, fraisier, project } from "../cli/support.ts";
import { commands, fenced, localLinks, read } from "./documents.ts";

const PAGE = read("docs/configuration.md");
const FILES = fenced(PAGE, "yaml");
const [DOTENV = "", DATABASE_DOTENV = ""] = fenced(PAGE, "dotenv");
const LINES = fenced(PAGE, "sh").flatMap(commands);
const VARIABLES = { API_KEY: "k", DATABASE_PASSWORD: "p" };

test.for(FILES.map((text, index) => [index + 1, text] as const))("the file number %i is valid", async ([, text]) => {
  const folder = emptyFolder("configuration");
  writeFileSync(join(folder, "fraises.yaml"), text);
  const { exitCode, stderr } = await fraisier(folder, ["config", "validate"], VARIABLES);
  expect(exitCode, stderr).toBe(0);
  const env = VARIABLES;
  loadDatabaseConfig({ ...readDatabaseFiles({ cwd: folder, env }), env });
});

test("the commands do as they are written", async () => {
  const folder = project(FRUIT);
  writeFileSync(join(folder, "database-url"), "sqlite://./secret.db\n");
  expect(LINES).toHaveLength(9);
  for (const line of LINES) {
    const [, variable, value, command = ""] = /^(?:(\w+)=(\S+) )?fraisier (.*)$/.exec(line) ?? [];
    const env = variable === undefined ? {} : { [variable]: value ?? "" };
    const { exitCode, stdout, stderr } = await fraisier(folder, command.split(" "), env);
    expect([line, exitCode], stderr).toEqual([line, 0]);
    if (variable === undefined) continue;
    expect([line, stdout]).toEqual([line, expect.stringContaining(variable)]);
    const shown = { FRAISIER_DB_URL_FILE: "secret.db", FRAISIER_DB_STATEMENT_TIMEOUT: "10 s" }[variable];
    expect(stdout).toContain(shown ?? "elsewhere.db");
  }
});

test("variables and secrets: the example, its .env, and what stays unset", () => {
  const folder = emptyFolder("configuration");
  writeFileSync(join(folder, "fraises.yaml"), FILES.find((text) => text.includes(":-info")) ?? "");
  writeFileSync(join(folder, ".env"), DOTENV);
  const load = (env: Record<string, string>) => loadProject({ cwd: folder, env });
  const envOf = (env: Record<string, string>) => load(env).fraises.get("shop")?.environments.get("production")?.env;
  expect(envOf({})).toEqual({ API_KEY: "abc123", LOG_LEVEL: "info", PASSPHRASE: "correct horse" });
  expect(envOf({ API_KEY: "own", LOG_LEVEL: "debug" })).toMatchObject({ API_KEY: "own", LOG_LEVEL: "debug" });
  expect(load({}).secretValues).toEqual(expect.arrayContaining(["abc123", "correct horse"]));
  writeFileSync(join(folder, ".env"), "");
  expect(() => load({})).toThrow("API_KEY");
  expect(loadProject({ cwd: folder, env: {}, unset: "keep" }).fraises.size).toBe(1);
});

describe("the database", () => {
  /** What is chosen in a folder whose fraises.yaml has a `database:`. */
  function choose(said: {
    readonly env?: object;
    readonly dotenv?: string;
    readonly file?: object | null;
    readonly options?: object;
  }): DatabaseConfig {
    const folder = project({ ...FRUIT, ...(said.file !== null && { database: said.file ?? { path: "by-file.db" } }) });
    writeFileSync(join(folder, ".env"), said.dotenv ?? "");
    const env = { ...said.env } as Record<string, string>;
    const options = { ...said.options };
    return loadDatabaseConfig({ ...readDatabaseFiles({ cwd: folder, env }), env, options, workingDirectory: folder });
  }

  test("is taken from the first that says it", () => {
    const dotenv = "FRAISIER_DB_URL=sqlite://./by-dotenv.db";
    const env = { FRAISIER_DB_PATH: "by-variable.db" };
    const url = (said: Parameters<typeof choose>[0]) => choose(said).url;
    expect(url({ dotenv, env, options: { url: "sqlite://./by-option.db" } })).toBe("sqlite://./by-option.db");
    expect(url({ dotenv, env })).toBe("sqlite://./by-variable.db");
    expect(url({ dotenv })).toBe("sqlite://./by-dotenv.db");
    expect(url({ dotenv, env: { FRAISIER_DB_URL: "" } })).toBe("sqlite://./by-dotenv.db");
    expect(url({})).toBe("sqlite://./by-file.db");
    expect(url({ file: null })).toBe("sqlite://./fraisier.db");
  });

  test("two places in one source, or a type that is not the URL's, are an error", () => {
    const env = { FRAISIER_DB_URL: "sqlite://./a.db", FRAISIER_DB_PATH: "b.db" };
    expect(() => choose({ env })).toThrow("FRAISIER_DB_PATH");
    expect(() => choose({ file: { type: "mysql", path: "a.db" } })).toThrow("mysql");
  });

  test("has each setting by variable, by key and by option, as the table has them", () => {
    const rows = [...PAGE.matchAll(/^\| `(FRAISIER_DB_\w+)` \| `([\w.]+)` \| `(\w+)` \|/gm)];
    expect(rows.map(([, variable]) => variable)).toEqual(Object.values(DATABASE_VARIABLES));
    const values: Record<string, string> = { type: "sqlite", url: "sqlite://./x.db", path: "x.db" };
    for (const [, variable = "", keys = "", option = ""] of rows) {
      if (option === "urlFile") continue; // the commands above read one
      const value = values[option] ?? (option.endsWith("Timeout") ? "3s" : "1");
      const chosen = (said: Parameters<typeof choose>[0]) => {
        const { type, url, options } = choose(said);
        return { type, url, options };
      };
      const nested = keys
        .split(".")
        .reduceRight<unknown>((inner, key) => ({ [key]: inner }), /^\d$/.test(value) ? 1 : value);
      const byVariable = chosen({ env: { [variable]: value }, file: null });
      expect([option, byVariable]).toEqual([option, chosen({ options: { [option]: value }, file: null })]);
      expect([option, byVariable]).toEqual([option, chosen({ file: nested as object })]);
      expect([option, byVariable]).toEqual([option, chosen({ dotenv: `${variable}=${value}`, file: null })]);
    }
  });

  test("the example of .env holds from everywhere in the project", async () => {
    const folder = project(FRUIT);
    writeFileSync(join(folder, ".env"), DATABASE_DOTENV);
    mkdirSync(join(folder, "src"));
    const found = await document<{ url: string; origin: string }>(join(folder, "src"), "db", "status");
    expect(found).toMatchObject({ url: "sqlite://./state/fraisier.db", origin: "FRAISIER_DB_URL in .env" });
    const { values } = await document<{ values: { key: string; value: string }[] }>(folder, "config", "show");
    expect(values).toContainEqual(expect.objectContaining({ key: "database.pool.max", value: "4" }));
  });
});

test("it links only to what there is", () => {
  for (const link of localLinks(PAGE)) expect(read(`docs/${link}`)).not.toBe("");
});
