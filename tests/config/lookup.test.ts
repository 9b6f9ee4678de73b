import { describe, expect, test } from "vitest";
import { findEnvironment } from "../../src/config/index.ts";
import { FraisierError } from "../../src/db/index.ts";
import { FILE, parse, twoEnvironments } from "./helpers.ts";

const PROJECT = parse(`${twoEnvironments("", "name: staging.example.org")}  blog:
    type: etl
    environments: {nightly: }
`);

function failure(fraise: string, environment: string): FraisierError {
  try {
    findEnvironment(PROJECT, fraise, environment);
  } catch (error) {
    if (error instanceof FraisierError) return error;
    throw error;
  }
  throw new Error("it was found");
}

test("a fraise and its environment are found by their keys", () => {
  const { fraise, environment } = findEnvironment(PROJECT, "shop", "production");
  expect([fraise.name, environment.key, environment.appPath]).toEqual(["shop", "production", "/srv/production"]);
});

describe("what is not there", () => {
  test("a fraise", () => {
    expect(failure("shpo", "production")).toMatchObject({
      kind: "fraise_not_found",
      message: `${FILE} has no fraise "shpo"; it has shop, blog`,
      hint: 'Did you mean "shop"?',
    });
    expect(failure("zebra", "production").hint).toBeUndefined();
  });

  test("an environment", () => {
    expect(failure("shop", "prodution")).toMatchObject({
      kind: "environment_not_found",
      message: 'fraise "shop" has no environment "prodution"; it has staging, production',
      hint: 'Did you mean "production"?',
    });
    expect(failure("blog", "production")).toMatchObject({
      message: 'fraise "blog" has no environment "production"; it has nightly',
    });
  });

  test("an environment that is called by its name leads to its key", () => {
    expect(failure("shop", "staging.example.org").hint).toBe('Did you mean "staging"?');
  });
});
