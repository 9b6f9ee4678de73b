import { describe, expect, test } from "vitest";
import { EXIT, exitCodeOf, exitCodeOfReport } from "../../src/cli/exit-codes.ts";
import { DATABASE_ERROR_KINDS, DatabaseError, type DatabaseErrorKind, FraisierError } from "../../src/db/index.ts";
import type { DeploymentReport } from "../../src/deploy/index.ts";
import { FRUIT, fraisier, project } from "./support.ts";

// 4, 5, 130 and 143 need deployments that run: tests/e2e/concurrency, failures and interruption bring them about.
test.for<[code: keyof typeof EXIT, what: string, line: string, env?: Record<string, string>]>([
  ["done", "a command that did what it is for", "list"],
  ["failed", "a type that is not supported", "deploy nightly production"],
  ["failed", "a repository that cannot be reached", "deploy shop production --dry-run"],
  ["usage", "an option that there is not", "list --all"],
  ["usage", "a value that is none", "history --number many"],
  ["configuration", "a file that there is not", "list --config nowhere.yaml"],
  [
    "ledgerUnavailable",
    "a database that there is not",
    "status",
    { FRAISIER_DB_URL: "postgresql://ada@127.0.0.1:1/nowhere" },
  ],
  [
    "ledgerUnavailable",
    "a place where none can be made",
    "rollback shop production",
    { FRAISIER_DB_URL: "sqlite:///dev/null/ledger.db" },
  ],
  [
    "ledgerUnavailable",
    "a database that would be forgotten",
    "rollback shop production",
    { FRAISIER_DB_URL: "sqlite::memory:" },
  ],
  ["notFound", "an unknown fraise", "deploy bakery production"],
  ["notFound", "an unknown environment", "rollback shop test"],
  ["notFound", "an unknown deployment", "show deadbeef"],
  ["notFound", "nothing to go back to", "rollback shop production"],
])("%s: %s", async ([code, , line, env = {}]) => {
  const { exitCode, stderr } = await fraisier(project(FRUIT), line.split(" "), env);
  expect(exitCode, stderr).toBe(EXIT[code]);
  if (code !== "done") expect(stderr).toMatch(/^Error: [^\n]+\n/);
  expect(stderr).not.toContain("should not have happened");
});

describe("every kind of error has its exit code", () => {
  test.for(Object.keys(DATABASE_ERROR_KINDS) as DatabaseErrorKind[])("%s of a database: 6", (kind) => {
    expect(exitCodeOf(new DatabaseError(kind, "…"))).toBe(6);
  });

  test.for<[kind: string, code: number]>([
    ["usage", 2],
    ["timezone_unknown", 2],
    ["config_invalid", 3],
    ["config_not_found", 3],
    ["locked", 4],
    ["guard_held", 4],
    ["ledger_unavailable", 6],
    ["schema_outdated", 6],
    ["schema_newer", 6],
    ["schema_foreign", 6],
    ["schema_in_memory", 6],
    ["migration_failed", 6],
    ["fraise_not_found", 7],
    ["environment_not_found", 7],
    ["deployment_not_found", 7],
    ["release_not_found", 7],
    ["ref_not_found", 7],
    ["nothing_to_roll_back_to", 7],
    ["interrupted", 130],
    ["terminated", 143],
    ["repository_unreachable", 1],
    ["whatever", 1],
  ])("%s: %d", ([kind, code]) => {
    expect(exitCodeOf(new FraisierError(kind, "…"))).toBe(code);
  });

  test("what is no error of Fraisier's: 1", () => {
    for (const thrown of [new Error("…"), "text", null, undefined, { kind: 5 }]) expect(exitCodeOf(thrown)).toBe(1);
  });
});

test.for<[status: DeploymentReport["status"], signal: NodeJS.Signals | null, code: number]>([
  ["success", null, 0],
  ["success", "SIGINT", 0],
  ["up_to_date", null, 0],
  ["failed", null, 1],
  ["failed", "SIGINT", 1],
  ["rollback_failed", null, 1],
  ["abandoned", null, 1],
  ["rolled_back", null, 5],
  ["cancelled", null, 1],
  ["cancelled", "SIGINT", 130],
  ["cancelled", "SIGHUP", 130],
  ["cancelled", "SIGTERM", 143],
])("a deployment that ends as %s after %s: %d", ([status, signal, code]) => {
  expect(exitCodeOfReport({ status, deployment: null, message: "", hint: null }, signal)).toBe(code);
});
