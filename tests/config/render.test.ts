// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of fraises.yaml
import { describe, expect, test } from "vitest";
import { type Problem, renderProblems } from "../../src/config/index.ts";
import { api, FILE, problemsOf } from "./helpers.ts";

const PROBLEMS = problemsOf(api("helth_check:\n  url: http://h/\nbranch: ${NOPE}"));

test("without colour", () => {
  expect(renderProblems(PROBLEMS, { cwd: "/project" })).toBe(`\
fraises.yaml:8:9: unknown key "helth_check" in environment "shop/production"
   |
 8 |         helth_check:
   |         ^^^^^^^^^^^ did you mean "health_check"?

fraises.yaml:10:17: the variable NOPE is not set (for "production.branch"); set it in the environment or in a .env file beside this one, or give a default: \${NOPE:-…}
   |
10 |         branch: \${NOPE}
   |                 ^^^^^^^`);
});

test("with colour", () => {
  expect(renderProblems(PROBLEMS.slice(0, 1), { cwd: "/project", color: true }).split("\n")).toEqual([
    '\u001b[1mfraises.yaml:8:9\u001b[22m: \u001b[31munknown key "helth_check" in environment "shop/production"\u001b[39m',
    "\u001b[2m   |\u001b[22m",
    "\u001b[2m 8 |\u001b[22m         helth_check:",
    '\u001b[2m   |\u001b[22m         \u001b[31m^^^^^^^^^^^\u001b[39m\u001b[36m did you mean "health_check"?\u001b[39m',
  ]);
});

test("paths are relative below the working folder only", () => {
  const first = (cwd?: string) => renderProblems(PROBLEMS.slice(0, 1), cwd === undefined ? {} : { cwd }).split(":")[0];
  expect(first()).toBe(FILE);
  expect(first("/")).toBe("project/fraises.yaml");
  expect(first("/project/sub")).toBe(FILE);
  expect(first("/proj")).toBe(FILE);
});

describe("the underline stands below the text", () => {
  function lines(sourceLine: string, column: number, length: number): string[] {
    const problem: Problem = {
      file: FILE,
      line: 7,
      column,
      length,
      message: "m",
      suggestion: null,
      path: "",
      sourceLine,
    };
    return renderProblems([problem]).split("\n").slice(2);
  }

  test("after tabs", () => {
    expect(lines("\ta: \tb", 6, 1)).toEqual([" 7 | \ta: \tb", "   | \t   \t^"]);
  });

  test("after wide characters and below them", () => {
    expect(lines("草莓: 服务 x", 5, 2)).toEqual([" 7 | 草莓: 服务 x", "   |       ^^^^"]);
  });

  test("after accents that are characters of their own", () => {
    expect(lines("e\u0301tl: x", 7, 1)).toEqual([" 7 | e\u0301tl: x", "   |      ^"]);
  });

  test("in a long line, of which only the part around it is shown", () => {
    const [shown = "", mark = ""] = lines(`${"a".repeat(500)}BAD${"c".repeat(500)}`, 501, 3);
    expect(shown.length).toBeLessThan(140);
    expect(shown.slice(mark.indexOf("^"), mark.lastIndexOf("^") + 1)).toBe("BAD");
    expect(shown).toMatch(/^ 7 \| …a+BADc+…$/);
  });

  test("at the end of a line", () => {
    expect(lines("a:", 3, 1)).toEqual([" 7 | a:", "   |   ^"]);
  });
});

test("what a file holds can't steer the terminal", () => {
  const problems = problemsOf(api('"\u001b[31m\u202eevil": 1'));
  const text = renderProblems(problems, { color: false });
  expect(text).not.toContain("\u001b");
  expect(text).not.toContain("\u202e");
  expect(text).toContain("evil");
});
