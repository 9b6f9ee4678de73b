// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of fraises.yaml
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { ConfigError, parseProject, renderProblems } from "../../src/config/index.ts";
import { IS_FULL } from "../packaging/support.ts";
import { api, FILE } from "./helpers.ts";

/** How often each property is tried, beside what it is by default. */
const TIMES = IS_FULL ? 20 : 1;
vi.setConfig({ testTimeout: 30_000 * Math.max(1, TIMES / 4) });

/** Reads a text both ways; whatever is thrown must be a ConfigError whose problems lie inside the text. */
function judge(text: string): "fine" | "refused" {
  let outcome: "fine" | "refused" = "fine";
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  for (const unset of ["error", "keep"] as const) {
    try {
      const project = parseProject(text, { file: FILE, env: { A: "value of a", B: "" }, unset });
      expect(project.fraises.size).toBeGreaterThan(0);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      outcome = "refused";
      expect(error.problems.length).toBeGreaterThan(0);
      for (const { line, column, length } of error.problems) {
        const width = lines[line - 1]?.length;
        expect(width).toBeDefined();
        expect(column).toBeGreaterThan(0);
        expect(column + length - 1).toBeLessThanOrEqual(Math.max(1, (width ?? 0) + 1));
      }
      expect(renderProblems(error.problems)).not.toBe("");
    }
  }
  return outcome;
}

test("any text at all is read or refused", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => void judge(text)),
    { numRuns: 250 * TIMES },
  );
});

const PIECES = [
  "a",
  "fraises",
  "type",
  "api",
  ":",
  ": ",
  "\n",
  "\n  ",
  "\n    ",
  "- ",
  "[",
  "]",
  "{",
  "}",
  ", ",
  "'",
  '"',
  "&x ",
  "*x",
  "<<",
  "|",
  ">",
  "#",
  "!t ",
  "${A}",
  "${B}",
  "${C}",
  "${A:-1}",
  "$${A}",
  "${",
  "\t",
  "---\n",
  "?",
  "%",
  "\r\n",
  "1",
  "1.5",
  "null",
  "é",
  "\u0000",
  "\\",
];

test("any sequence of what YAML is made of is read or refused", () => {
  const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(text, (yaml) => void judge(yaml)),
    { numRuns: 1000 * TIMES },
  );
});

const RICH = api(`branch: main
build: [npm ci, [npm, run]]
service: {start: "node \${A}", port: auto, stop_timeout: 5s}
health_check: {url: "http://h:{port}/", expect_status: [200, 204], retries: 3}
shared: [storage/, .env]
env: &env {A: 1, B: "\${A}"}
secrets: [A]
database: *env`);

test("a good file with a few characters changed is read or refused", () => {
  const edits = fc.array(fc.tuple(fc.nat(RICH.length), fc.nat(8), fc.constantFrom("", ...PIECES)), {
    minLength: 1,
    maxLength: 2,
  });
  const outcomes = { fine: 0, refused: 0 };
  fc.assert(
    fc.property(edits, (changes) => {
      let text = RICH;
      for (const [at, removed, added] of changes) text = text.slice(0, at) + added + text.slice(at + removed);
      outcomes[judge(text)] += 1;
    }),
    { numRuns: 250 * TIMES },
  );
  expect(judge(RICH)).toBe("fine");
  expect(Math.min(outcomes.fine, outcomes.refused)).toBeGreaterThan(0);
});

const VALUE = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    tie("list"),
    tie("map"),
  ),
  list: fc.array(tie("value"), { maxLength: 4 }),
  map: fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("start", "port", "url", "x-a", "<<")), tie("value"), {
    maxKeys: 4,
  }),
})).value;
const SETTINGS = [
  "type",
  "environments",
  "name",
  "branch",
  "git_repo",
  "app_path",
  "service",
  "health_check",
  "build",
  "migrate_down",
  "shared",
  "env",
  "secrets",
  "jobs",
  "git",
  "timeout",
  "keep_releases",
];

test("every key can hold anything without confusing the checks", () => {
  const settings = fc.dictionary(fc.constantFrom(...SETTINGS), VALUE, { maxKeys: 8 });
  const file = fc.record({
    name: VALUE,
    secrets: VALUE,
    git: VALUE,
    branch_mapping: VALUE,
    fraises: fc.oneof(
      VALUE,
      fc.dictionary(
        fc.constantFrom("a", "b"),
        fc
          .tuple(settings, settings)
          .map(([fraise, environment]) => ({ type: "api", environments: { x: environment }, ...fraise })),
      ),
    ),
  });
  fc.assert(
    fc.property(file, (value) => void judge(JSON.stringify(value))),
    { numRuns: 500 * TIMES },
  );
});
