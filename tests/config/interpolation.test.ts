// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of fraises.yaml
import { describe, expect, test } from "vitest";
import { interpolate } from "../../src/config/interpolate.ts";
import { api, parse, placeOf, problemsOf, production, unmark } from "./helpers.ts";

const ENV = { HOME: "/home/ann", NAME: "value", EMPTY: "", PORT: "8080", YEAR: "2024", YES: "true", FLOAT: "1.50" };

describe("a text", () => {
  test.each([
    ["${NAME}", "value"],
    ["a${NAME}b${NAME}", "avaluebvalue"],
    ["${NAME:-other}", "value"],
    ["${NOPE:-other}", "other"],
    ["${NOPE:-}", ""],
    ["${EMPTY:-other}", "other"],
    ["[${EMPTY}]", "[]"],
    ["${NOPE:-a b:-c}", "a b:-c"],
    ["$${NAME}", "${NAME}"],
    ["$$${NAME}", "$value"],
    ["$$$${NAME}", "$${NAME}"],
    ["$$", "$"],
    ["cost $5, $NAME, $(date), $?, ${NAME}$", "cost $5, $NAME, $(date), $?, value$"],
  ])("%s becomes %s", (text, expected) => {
    expect(interpolate(text, ENV, "error")).toMatchObject({ text: expected, unresolved: false });
    expect(interpolate(text, ENV, "error").marks.filter(({ fault }) => fault !== null)).toEqual([]);
  });

  test("without a mark is not touched", () => {
    expect(interpolate("plain $HOME", ENV, "error").touched).toBe(false);
  });

  test.each(["${}", "${1}", "${A B}", "${NAME%x}", "${NAME:?x}", "${NAME:=x}", "${#NAME}", "${!NAME}", "${NOPE:-{}}"])(
    "%s is refused, also when unset variables are kept",
    (text) => {
      for (const unset of ["error", "keep"] as const) {
        const result = interpolate(`<${text}>`, ENV, unset);
        expect(result.text).toBe(`<${text}>`);
        expect(result.marks.map(({ fault }) => fault?.help)).toEqual([
          `double the dollar to leave it to the shell: $${text}`,
        ]);
      }
    },
  );

  test("names of the prototype are not variables", () => {
    expect(interpolate("${constructor}", ENV, "error").marks[0]?.fault?.message).toContain("constructor is not set");
  });

  test("values that come from variables are secret, defaults are not", () => {
    expect(interpolate("${NAME} ${NOPE:-default} ${PORT:-1}", ENV, "error").secrets).toEqual(["value", "8080"]);
  });
});

describe("in a file", () => {
  test("every value is interpolated, in lists, commands, blocks and free maps, and no key is", () => {
    const environment = production(
      api(`build:
  - echo \${NAME}
  - [echo, "\${NAME}", '\${NAME}']
  - |
    first
    echo \${NAME}
env: {A: "\${NAME}", B: '$\${NAME}'}
database: {deep: [{name: "\${NAME}"}]}
jobs: {daily: {run: "\${NAME}"}}`).replace('"${NAME}x": 1', "A: \"${NAME}\", B: '$${NAME}'"),
      { env: ENV },
    );
    expect(environment.build).toEqual(["echo value", ["echo", "value", "value"], "first\necho value\n"]);
    expect(environment.database).toEqual({ deep: [{ name: "value" }] });
    expect(environment.jobs.get("daily")?.settings).toEqual({ run: "value" });
    expect(environment.env).toEqual({ A: "value", B: "${NAME}" });
    expect(production(api('database: {"${NAME}": 1}')).database).toEqual({ "${NAME}": 1 });
  });

  test.each(["${PORT}", '"${PORT}"', "80${NOPE:-80}"])("%s is a number where one is wanted", (port) => {
    const { service } = production(api(`service:\n  start: x\n  port: ${port}`), { env: ENV });
    expect(service).toMatchObject({ port: 8080 });
  });

  test("what looks like a number stays text where text is wanted", () => {
    const environment = production(
      api("branch: ${YEAR}\nname: ${FLOAT}\nenv:\n  A: ${FLOAT}\n  B: ${YES}\n  C: ${EMPTY}\nbuild: ${YEAR}"),
      { env: ENV },
    );
    expect(environment).toMatchObject({
      branch: "2024",
      name: "1.50",
      env: { A: "1.50", B: "true", C: "" },
      build: ["2024"],
    });
  });

  test("where anything may stand, a value without quotes is what YAML makes of it", () => {
    const text = api("database:\n  a: ${PORT}\n  b: ${YES}\n  c: '${PORT}'\n  d: ${EMPTY}\n  e: ${NAME}");
    expect(production(text, { env: ENV }).database).toEqual({ a: 8080, b: true, c: "8080", d: null, e: "value" });
  });

  test("durations and status codes can come from variables", () => {
    const text = api(
      "timeout: ${TIME}\nhealth_check: {url: 'http://h/', expect_status: ['${CODE}', 204], retries: '${N}'}",
    );
    const environment = production(text, { env: { TIME: "2m", CODE: "200", N: "3" } });
    expect(environment.timeout).toBe(120);
    expect(environment.healthCheck).toMatchObject({ expectStatus: [200, 204], retries: 3 });
  });

  test("each unset variable is told with its key, its line and the name that may have been meant", () => {
    const { text, places } = unmark(api("env:\n  A: «${NAMES}»\n  B: x «${NOPE}» «${NOPE}»"));
    const problems = problemsOf(text, { env: ENV });
    expect(problems.map(placeOf)).toEqual(places);
    expect(problems.map(({ path, suggestion }) => [path, suggestion])).toEqual([
      ["fraises.shop.environments.production.env.A", "${NAME}"],
      ["fraises.shop.environments.production.env.B", null],
      ["fraises.shop.environments.production.env.B", null],
    ]);
  });

  test("variables in comments, and in extensions that are used, count; a key with undefined is not set", () => {
    expect(parse(`# \${NOPE}\n${api()}`).name).toBe("");
    expect(problemsOf(`x-a: \${NAME}\n${api()}`, { env: { NAME: undefined } })).toHaveLength(1);
  });
});

describe("with unset: keep", () => {
  const options = { env: { HOME: "/home/ann", NAME: "value" }, unset: "keep" } as const;

  test("texts keep the reference, numbers get their defaults, and nothing is reported", () => {
    const environment = production(
      `fraises:
  shop:
    type: api
    environments:
      production:
        git_repo: \${REPO}
        app_path: \${ROOT}/shop
        branch: \${BRANCH}-\${NAME}
        keep_releases: \${KEEP}
        timeout: \${TIME}
        service: {start: "\${START}", port: "\${PORT}"}
        health_check: {url: "\${URL}", expect_status: ["\${CODE}", 204]}
        shared: ["\${SHARED}"]
        secrets: [NOT_HERE]
`,
      options,
    );
    expect(environment).toMatchObject({
      gitRepo: "${REPO}",
      appPath: "${ROOT}/shop",
      branch: "${BRANCH}-value",
      keepReleases: 5,
      timeout: 900,
      service: { start: "${START}", port: null },
      healthCheck: { url: "${URL}", expectStatus: [204] },
      shared: ["${SHARED}"],
    });
  });

  test("other mistakes are still reported", () => {
    const { text, places } = unmark(api("branch: ${BRANCH}\nkeep_releases: «0»\nbuild: «${A%x}»"));
    expect(problemsOf(text, options).map(placeOf)).toEqual(places);
  });

  test("an alias of nothing is told once", () => {
    const { text, places } = unmark(api("service: «*nothing»"));
    expect(problemsOf(text, options).map(placeOf)).toEqual(places);
  });

  test("what no text could be right for is an error", () => {
    const messages = (text: string) => problemsOf(text, options).map(({ message }) => message);
    expect(messages(api().replace("type: api", "type: ${TYPE}"))).toEqual([
      '"type" must be one of api, etl, scheduled, backup, but ${TYPE} is not set',
    ]);
    expect(messages("fraises: ${FRAISES}\n")).toEqual(['"fraises" must be a map, but ${FRAISES} is not set']);
    expect(messages("${FILE}\n")).toEqual(['the file must be a map with "fraises:", but ${FILE} is not set']);
    expect(messages(api("service: ${SERVICE}\nshared: ${SHARED}"))).toHaveLength(2);
  });
});
