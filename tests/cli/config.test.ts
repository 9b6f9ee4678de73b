import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectJsonSchema } from "../../src/config/index.ts";
import { document, emptyFolder, everythingIn, FRUIT, fraisier, project } from "./support.ts";

describe("config validate", () => {
  test("says what a good file declares", async () => {
    const folder = project(FRUIT);
    const { exitCode, stdout, stderr } = await fraisier(folder, ["config", "validate"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toBe(`✓ ${folder}/fraises.yaml is valid: 2 fraises in 3 environments.\n`);
    const file = join(folder, "fraises.yaml");
    const expected = { ok: true, file, project: "fruit", fraises: 2, environments: 3 };
    expect(await document(folder, "config", "validate")).toEqual(expected);
    expect(everythingIn(folder)).toEqual(["fraises.yaml"]);
  });

  test("reports every mistake of a bad one, each with its place, its text and what was meant: exit 3", async () => {
    const folder = emptyFolder();
    writeFileSync(
      join(folder, "fraises.yaml"),
      `fraises:
  shop:
    type: api
    git_repo: ./repository
    helth_check:
      url: "http://127.0.0.1/"
    environments:
      production:
        app_path: ./app
        keep_releases: many
        env:
          KEY: \${NOWHERE_SET}
`,
    );
    const { exitCode, stdout, stderr } = await fraisier(folder, ["config", "validate"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toMatch(/^fraises\.yaml:5:5: .*"helth_check"/m);
    expect(stderr).toMatch(/^ 5 \| {5}helth_check:\n {3}\| {5}\^{11} did you mean "health_check"\?$/m);
    expect(stderr).toMatch(/^fraises\.yaml:10:24: /m);
    expect(stderr).toMatch(/^fraises\.yaml:12:16: .*NOWHERE_SET/m);
  });

  test("takes the file that is named, by --config or FRAISIER_CONFIG, and --config goes first", async () => {
    const folder = emptyFolder();
    mkdirSync(join(folder, "a"));
    const good = join(project(FRUIT), "fraises.yaml");
    writeFileSync(join(folder, "a", "other.yaml"), "fraises: 1");
    expect((await fraisier(folder, ["config", "validate", "--config", good])).exitCode).toBe(0);
    expect((await fraisier(folder, ["config", "validate"], { FRAISIER_CONFIG: good })).exitCode).toBe(0);
    const both = ["config", "validate", "-c", "a/other.yaml"];
    const { exitCode, stderr } = await fraisier(folder, both, { FRAISIER_CONFIG: good });
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^a\/other\.yaml:1:10: /m);
  });

  test("finds the file of the project from any folder in it", async () => {
    const folder = project(FRUIT);
    mkdirSync(join(folder, "src/deep"), { recursive: true });
    expect(await document(join(folder, "src/deep"), "config", "validate")).toMatchObject({
      file: join(folder, "fraises.yaml"),
    });
  });
});

describe("whatever is wrong with fraises.yaml, every command that needs it", () => {
  test.for([
    "list",
    "status",
    "deploy shop production",
    "deploy shop production --dry-run",
    "rollback shop production",
    "config validate",
  ])("fraisier %s: exit 3 with the place, and nothing made", async (line) => {
    const folder = project({ fraises: { shop: { ...FRUIT.fraises.shop, tpye: "api" } } });
    const { exitCode, stdout, stderr } = await fraisier(folder, line.split(" "));
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toMatch(/^fraises\.yaml:\d+:\d+: .*"tpye"/m);
    expect(everythingIn(folder)).toEqual(["fraises.yaml"]);
  });
});

describe("config show", () => {
  const FILE = `name: fruit
database:
  url: sqlite://./\${LEDGER}.db
fraises:
  shop:
    type: api
    git_repo: https://ada:s3cretpw@example.com/shop.git
    branch: main
    env:
      API_KEY: \${API_KEY}
      LATER: \${NOT_SET}
    environments:
      production:
        app_path: /srv/shop
      staging:
        app_path: /srv/staging
        branch: next
`;
  const folderWith = (text: string): string => {
    const folder = emptyFolder();
    writeFileSync(join(folder, "fraises.yaml"), text);
    writeFileSync(join(folder, ".env"), "LEDGER=kept\nAPI_KEY=very-secret\nFRAISIER_DB_POOL_MAX=3\n");
    return folder;
  };

  test("--origin tells of each value where it was said, inherited ones included, and shows no secret", async () => {
    const { exitCode, stdout, stderr } = await fraisier(folderWith(FILE), ["config", "show", "--origin"], {
      FRAISIER_DB_STATEMENT_TIMEOUT: "90",
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const shown = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/));
    const environment = "fraises.shop.environments.production";
    for (const line of [
      ["KEY", "VALUE", "FROM"],
      ["database.type", "sqlite", "fraises.yaml:3:8"],
      ["database.url", "sqlite://./kept.db", "fraises.yaml:3:8"],
      ["database.pool.max", "3", "FRAISIER_DB_POOL_MAX in .env"],
      ["database.statement_timeout", "90 s", "FRAISIER_DB_STATEMENT_TIMEOUT"],
      ["name", "fruit", "fraises.yaml:1:7"],
      [`${environment}.git_repo`, "https://ada:[masked]@example.com/shop.git", "fraises.yaml:7:15"],
      [`${environment}.branch`, "main", "fraises.yaml:8:13"],
      ["fraises.shop.environments.staging.branch", "next", "fraises.yaml:17:17"],
      [`${environment}.env.API_KEY`, "[masked]", "fraises.yaml:10:16, ${API_KEY}"],
      [`${environment}.env.LATER`, "${NOT_SET}", "fraises.yaml:11:14, ${NOT_SET} is not set"],
    ])
      expect(shown).toContainEqual(line);
    expect(stdout).not.toContain("s3cretpw");
    expect(stdout).not.toContain("very-secret");
  });

  test("without --origin the values alone; --json always has both; without fraises.yaml the database", async () => {
    const folder = folderWith(FILE);
    const { stdout } = await fraisier(folder, ["config", "show"]);
    expect(stdout).not.toContain("fraises.yaml:");
    const { file, values } = await document<{ file: string; values: { key: string }[] }>(folder, "config", "show");
    expect(file).toBe(join(folder, "fraises.yaml"));
    expect(values).toContainEqual({ key: "name", value: "fruit", origin: "fraises.yaml:1:7" });
    const bare = await document<{ file: null; values: { key: string; value: string; origin: string }[] }>(
      emptyFolder(),
      "config",
      "show",
    );
    expect(bare.file).toBeNull();
    expect(bare.values.map(({ key, value, origin }) => [key, value, origin])).toEqual([
      ["database.type", "sqlite", "the default"],
      ["database.url", "sqlite://./fraisier.db", "the default"],
      ["database.pool.min", "1", "the default"],
      ["database.pool.max", "5", "the default"],
      ["database.pool.acquire_timeout", "10 s", "the default"],
      ["database.statement_timeout", "none", "the default"],
    ]);
  });
});

test("config schema prints the JSON Schema of the file, for a redirection into a file", async () => {
  const { exitCode, stdout } = await fraisier(emptyFolder(), ["config", "schema"]);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual(projectJsonSchema());
  expect(await document(emptyFolder(), "config", "schema")).toEqual({ jsonSchema: projectJsonSchema() });
});
