import { expect, test } from "vitest";
import { continuationOf } from "../../src/cli/commands/db/continuation.ts";
import { completeCommands, withCompleteHint } from "../../src/cli/hints.ts";
import { DatabaseError } from "../../src/db/index.ts";

const own = { directory: "db/migrations", table: "applied" };

test.each([
  ["Apply them: fraisier db migrate", own, "Apply them: fraisier db migrate --directory db/migrations --table applied"],
  [
    "See fraisier db repair --migration 2 --done, or --undone.",
    own,
    "See fraisier db repair --directory db/migrations --table applied --migration 2 --done, or --undone.",
  ],
  [
    "fraisier db redo; fraisier db check",
    { config: "b.yaml" },
    "fraisier db redo --config b.yaml; fraisier db check --config b.yaml",
  ],
  ["fraisier db status", { timezone: "UTC" }, "fraisier db status"],
  ["fraisier db migrate", { timezone: "UTC" }, "fraisier db migrate --timezone UTC"],
  ["fraisier db migrate --directory <folder>", { timezone: "UTC" }, "fraisier db migrate --directory <folder>"],
  ["fraisier db migrate --timezone Europe/Paris", { timezone: "Pari" }, "fraisier db migrate --timezone Europe/Paris"],
  ["fraisier db migrate", { directory: "it's mine" }, "fraisier db migrate --directory 'it'\\''s mine'"],
  ["fraisier db migrate", { directory: "" }, "fraisier db migrate --directory ''"],
  ["fraisier db new create_users", own, "fraisier db new create_users"],
  ["fraisier status, or the fraisier database", own, "fraisier status, or the fraisier database"],
])("%s, given %j: %s", (text, given, completed) => {
  expect(completeCommands(text, given)).toBe(completed);
});

test("an error without a hint gets the usual one, completed too; what is no error of fraisier's stays as it is", () => {
  const error = withCompleteHint(new DatabaseError("connection_refused", "…"), { config: "b.yaml" });
  expect(error).toMatchObject({ hint: expect.stringContaining("fraisier db status --config b.yaml;") });
  const other = new TypeError("…");
  expect(withCompleteHint(other, {})).toBe(other);
  expect(other).not.toHaveProperty("hint");
});

test.each([
  [{ kind: "up" }, [], "fraisier db migrate"],
  [{ kind: "up", to: 2 }, [], "fraisier db migrate --to 2"],
  [{ kind: "down" }, [], "fraisier db down --steps 1 --yes"],
  [{ kind: "down", steps: 3 }, ["009_c"], "fraisier db down --steps 2 --yes"],
  [{ kind: "down", steps: 1 }, ["009_c"], "fraisier db status"],
  [{ kind: "down", to: 0 }, ["009_c"], "fraisier db down --to 0 --yes"],
  [{ kind: "redo" }, [], "fraisier db redo --yes"],
  [{ kind: "redo" }, ["009_c"], "fraisier db migrate --to 9"],
] as const)("what is left of %j after %j was taken back: %s", (command, takenBack, left) => {
  expect(continuationOf(command, takenBack, true)).toBe(left);
});
