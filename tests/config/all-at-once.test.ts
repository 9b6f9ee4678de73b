// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of fraises.yaml
import { expect, test } from "vitest";
import { api, configError, parse, placeOf, problemsOf, unmark } from "./helpers.ts";

const MANY = `name: «"my shop"»
«helth»: 1
fraises:
  shop:
    type: «apii»
    env: {«FRAISIER_DB_URL»: x, TOKEN: "«\${TOKEN}»"}
    environments:
      production:
        git_repo: «-x»
        app_path: /srv/shop
        service: {start: npm start, «restart»: y, port: «70000»}
        shared: [a, «a/b»]
        keep_releases: «0»
        «migrate_down»: x
      "«-x»": {}
  blog:
    type: api
    environments:
      «production»:
        branch: «1.0»
        «branch»: main
branch_mapping:
  main: {fraise: shop, environment: «prodution»}
`.replace('"«-x»"', '«"-x"»');

test("every mistake of a file is told at once, in the order of the file", () => {
  const { text, places } = unmark(MANY);
  const problems = problemsOf(text);
  expect(problems.map(placeOf)).toEqual(places);
  expect(problems.map(({ path }) => path)).toEqual([
    "name",
    "helth",
    "fraises.shop.type",
    "fraises.shop.env.FRAISIER_DB_URL",
    "fraises.shop.env.TOKEN",
    "fraises.shop.environments.production.git_repo",
    "fraises.shop.environments.production.service.restart",
    "fraises.shop.environments.production.service.port",
    "fraises.shop.environments.production.shared[1]",
    "fraises.shop.environments.production.keep_releases",
    "fraises.shop.environments.production.migrate_down",
    "fraises.shop.environments.-x",
    "fraises.blog.environments.production",
    "fraises.blog.environments.production.branch",
    "fraises.blog.environments.production.branch",
    "branch_mapping.main.environment",
  ]);
});

test("the error's text holds every problem with its place, and a count", () => {
  const { text, places } = unmark(MANY);
  const error = configError(() => parse(text, { cwd: "/project" }));
  expect(error.kind).toBe("config_invalid");
  expect(error.message.startsWith(`${places.length} problems in fraises.yaml\n`)).toBe(true);
  for (const place of places) expect(error.message).toContain(`fraises.yaml:${place.replace(/\+\d+$/, "")}: `);
});

test("where YAML breaks, the mistakes before it are told as well, and nothing is guessed of what follows", () => {
  const { text, places } = unmark(
    `fraises:
  shop:
    type: api
    «descripton»: x
    keep_releases: «0»
    environments:
      production:
        git_repo: "\${«NOPE»}"
        app_path: /srv/shop
«\t»build: npm ci
        prot: 8080
        branch: 1.0
        name: \${NOPE}
  blog:
    typ: etl
`.replace("${«NOPE»}", "«${NOPE}»"),
  );
  const error = configError(() => parse(text));
  expect(error.problems.map(placeOf)).toEqual(places);
  expect(error.hint).toContain("From line 10 on");
});

test("after wrong indentation nothing is judged, since nobody knows what belongs where", () => {
  const { text, places } = unmark(`fraises:
  a: {type: etl, «typo»: 1, environments: {x: }}
« »b:
    name: \${NOPE}
typo: 1
`);
  expect(problemsOf(text).map(placeOf)).toEqual(places);
});

test("a mistake in what several places use is told once, where it is written", () => {
  const { text, places } = unmark(`x-base: &base
  type: etl
  keep_releases: «0»
fraises:
  a: {<<: *base, environments: {x: }}
  b: {<<: *base, environments: {x: }}
`);
  expect(problemsOf(text).map(placeOf)).toEqual(places);
});

test("what an environment inherits is not told again for each of them", () => {
  const { text, places } = unmark(`fraises:
  a:
    type: etl
    service: {restart: x, port: «auto»}
    environments: {x: , y: , z: }
`);
  expect(problemsOf(text).map(placeOf)).toEqual(places);
});

test("mistakes of YAML that hurt nothing around them do not hide anything", () => {
  const { text, places } = unmark(
    api(`name: Deploys«:» everything
branch: «@»main
build: "echo «\\»q"
script_path: a«:» b
keep_releases: «0»`),
  );
  expect(problemsOf(text).map(placeOf)).toEqual(places);
});

test("every tab is told, and every escape", () => {
  const { text, places } = unmark('name: "«\\»a «\\»q"\nfraises:\n«\t»shop:\n«\t\t»build: x\n'.replace("«\\»a ", "a "));
  expect(problemsOf(text).map(placeOf)).toEqual(places);
});
