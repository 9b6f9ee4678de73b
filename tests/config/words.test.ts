import { describe, expect, test } from "vitest";
import { checkName, NAME_PATTERN, suggest } from "../../src/config/index.ts";

describe("suggest", () => {
  const keys = ["health_check", "git_repo", "app_path", "build", "migrate", "migrate_down", "env", "timeout", "url"];

  test.each([
    ["helth_check", "health_check"],
    ["healthCheck", "health_check"],
    ["HEALTH-CHECK", "health_check"],
    ["heatlh_check", "health_check"],
    ["apppath", "app_path"],
    ["biuld", "build"],
    ["migrat", "migrate"],
    ["migratedown", "migrate_down"],
    ["helt_chek", "health_check"],
    ["repo", "git_repo"],
    ["envs", "env"],
    ["ulr", "url"],
    ["tiemout", "timeout"],
  ])("%s: %s", (word, expected) => {
    expect(suggest(word, keys)).toBe(expected);
  });

  test.each(["colour", "", "x", "___", "environment", "build", "a".repeat(10_000)])("%s: nothing", (word) => {
    expect(suggest(word, ["build", "env", "git_repo"])).toBeNull();
  });

  test("the nearest is taken, and of equals the first", () => {
    expect(suggest("prod", ["pros", "prods", "prod1"])).toBe("pros");
    expect(suggest("stagin", ["string", "staging"])).toBe("staging");
    expect(suggest("etl", ["ett", "étl"])).toBe("étl");
  });
});

describe("names", () => {
  test.each(["shop", "my_api", "étl", "草莓", "a.b-c_d", "2024", "_x", "a".repeat(64), "𝒳".repeat(64), "क्ष"])(
    "%s is fine",
    (name) => {
      expect(checkName(name)).toBeNull();
      expect(NAME_PATTERN.test(name)).toBe(true);
    },
  );

  test.each([
    ["", "empty"],
    [".x", 'must not begin with "."'],
    ["-x", 'must not begin with "-"'],
    ["a b", '" " is not allowed'],
    ["a/b", '"/" is not allowed'],
    ["a\nb", '"\\n" is not allowed'],
    ["a\0", '"\\u0000" is not allowed'],
    ["a:b", '":" is not allowed'],
    ["a\u200bb", "is not allowed"],
    ["a".repeat(65), "65 characters"],
    ["e\u0301tl", "NFC"],
  ])("%j is not", (name, reason) => {
    expect(checkName(name)).toContain(reason);
  });

  test("the pattern refuses what checkName refuses, form apart", () => {
    for (const name of ["", ".x", "-x", "a b", "a\n", "a".repeat(65)]) expect(NAME_PATTERN.test(name)).toBe(false);
  });
});
