import { describe, expect, test } from "vitest";
import { api, parse, problemsOf, production } from "./helpers.ts";

describe("anchors, aliases and merge keys", () => {
  test("an alias stands for what its anchor names", () => {
    expect(production(api("build: &b [npm ci]\nmigrate: *b")).migrate).toEqual(["npm ci"]);
  });

  test("a key that the map has itself wins over a merged one, wherever the << stands", () => {
    const project = parse(`x-base: &base {keep_releases: 7, branch: main}
fraises:
  a:
    type: etl
    environments:
      x: {keep_releases: 3, <<: *base}
      y: {<<: *base, keep_releases: 4}
`);
    const environments = project.fraises.get("a")?.environments;
    expect(environments?.get("x")).toMatchObject({ keepReleases: 3, branch: "main" });
    expect(environments?.get("y")).toMatchObject({ keepReleases: 4, branch: "main" });
  });

  test("of several merged maps the first wins", () => {
    const text = `x-a: &a {branch: a}\nx-b: &b {branch: b, timeout: 5}\n${api("<<: [*a, *b]")}`;
    expect(production(text)).toMatchObject({ branch: "a", timeout: 5 });
  });

  test("merges can be nested, and an anchor can be set anew", () => {
    const text = `x-a: &a {branch: a}\nx-b: &b {<<: *a, timeout: 5}\n${api("<<: *b")}`;
    expect(production(text)).toMatchObject({ branch: "a", timeout: 5 });
    expect(production(api("branch: &v one\nname: &v two\nscript_path: *v"))).toMatchObject({ scriptPath: "two" });
  });

  test("a quoted << is a key like any other", () => {
    expect(production(api('database: {"<<": 1}')).database).toEqual({ "<<": 1 });
  });

  test("aliases that would fill the memory are refused", () => {
    const lines = ["x-0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 30; i++)
      lines.push(
        `x-${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
      );
    const [problem, ...more] = problemsOf(`${lines.join("\n")}\n${api("database: *a29")}`);
    expect(problem?.message).toContain("more than 100000 values");
    expect(more).toEqual([]);
  });
});

test.each([
  ["lists", (depth: number) => "[".repeat(depth) + "]".repeat(depth)],
  ["maps", (depth: number) => "{a: ".repeat(depth) + "}".repeat(depth)],
])("nesting without end is an error, not a crash: %s", (_kind, nested) => {
  const messages = problemsOf(api(`database: ${nested(50_000)}`)).map(({ message }) => message);
  expect(messages[0]).toContain("nested too deeply");
});

test("numbers and booleans as keys are their text", () => {
  const project = parse("fraises:\n  2024:\n    type: etl\n    environments: {1.0: , true: }\n");
  expect([...(project.fraises.get("2024")?.environments.keys() ?? [])]).toEqual(["1.0", "true"]);
  expect(
    problemsOf("fraises:\n  1: {type: etl, environments: {x: }}\n  '1': {type: etl, environments: {x: }}\n"),
  ).toMatchObject([{ line: 3, column: 3, length: 3 }]);
});

test("yes and no are text, as YAML 1.2 has it, whatever version the file says", () => {
  expect(production(`%YAML 1.1\n---\n${api("branch: yes\ndatabase: [no, 010]")}`)).toMatchObject({
    branch: "yes",
    database: ["no", 10],
  });
});

test("tags of the core schema are fine", () => {
  expect(production(api("branch: !!str 2024\nname: ! 1.0\ndatabase: !!map {a: !!int 3}"))).toMatchObject({
    branch: "2024",
    name: "1.0",
    database: { a: 3 },
  });
});

test("a database, job or provider may hold anything", () => {
  const database = { a: [1, { b: null }], "c d": true };
  expect(production(api(`database: ${JSON.stringify(database)}`)).database).toEqual(database);
  expect(production(api("database: ~")).database).toBeNull();
});
