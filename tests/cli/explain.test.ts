/** `fraisier explain`: every kind of error there is in the code, and advice that can be followed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exitCodeOf } from "../../src/cli/exit-codes.ts";
import { explanations } from "../../src/cli/explanations/index.ts";
import { buildProgram } from "../../src/cli/program.ts";
import { DATABASE_ERROR_KINDS, DatabaseError } from "../../src/db/index.ts";
import { TARGET_ERROR_KINDS } from "../../src/targets/index.ts";
import { document, emptyFolder, fraisier, ROOT } from "./support.ts";

const KINDS = new Set(explanations().map(({ kind }) => kind));

/** The kinds that the sources name: in the types of errors, and where one is made. */
function kindsInTheCode(): Set<string> {
  const folder = join(ROOT, "src");
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(folder, name), "utf8").replaceAll(/\/\*\*.*?\*\/|^ *\/\/.*$/gms, ""));
  const union = String.raw`((?:\s*\|?\s*"\w+")+)\s*;`;
  const patterns = [
    new RegExp(`type \\w*ErrorKind =${union}`, "g"),
    new RegExp(`declare readonly kind:${union}`, "g"),
    /new \w*Error\(\s*("\w+"),/g,
    /\bsuper\(\s*("\w+"),/g,
    /\bsuper\([^,;]*\? ("\w+" : "\w+"),/g,
    /const \{ kind = ("unexpected")/g,
  ];
  const found = sources.flatMap((source) =>
    patterns.flatMap((pattern) => [...source.matchAll(pattern)].flatMap(([, text = ""]) => text.match(/\w+/g) ?? [])),
  );
  return new Set([...found, ...Object.keys(DATABASE_ERROR_KINDS), ...Object.keys(TARGET_ERROR_KINDS)]);
}

describe("the explanations", () => {
  test("have every kind that exists in the code, and no other", () => {
    const existing = kindsInTheCode();
    expect(existing.size).toBeGreaterThan(70);
    expect([...existing].filter((kind) => !KINDS.has(kind))).toEqual([]);
    expect([...KINDS].filter((kind) => !existing.has(kind))).toEqual([]);
  });

  test("say what it means, what usually causes it, and a command that there is", () => {
    for (const { kind, meaning, causes, next } of explanations()) {
      expect([kind, meaning.length > 10, causes.length > 0]).toEqual([kind, true, true]);
      const [program, ...words] = next.split(" ");
      expect(program).toBe("fraisier");
      let command = buildProgram(() => {});
      for (const word of words.filter((each) => !each.startsWith("-")))
        command = command.commands.find((each) => each.name() === word) ?? command;
      for (const option of words.filter((each) => each.startsWith("--") && each !== "--help"))
        expect([kind, next, command.options.some(({ long }) => long === option)]).toEqual([kind, next, true]);
      expect([next, command.name()]).toEqual([
        next,
        command.parent === null ? "fraisier" : words.findLast((word) => word === command.name()),
      ]);
    }
  });

  test("have the exit code that the error ends a command with", () => {
    for (const { kind, area, exitCode } of explanations())
      if (area !== "database") expect([kind, exitCode]).toEqual([kind, exitCodeOf({ kind })]);
    expect(exitCodeOf(new DatabaseError("unknown", ""))).toBe(6);
    expect(
      explanations()
        .filter(({ area }) => area === "database")
        .every(({ exitCode }) => exitCode === 6),
    ).toBe(true);
  });
});

describe("fraisier explain", () => {
  test("needs nothing, and lists every kind", async () => {
    const env = { FRAISIER_CONFIG: "/nowhere", FRAISIER_DB_URL: "no:url" };
    const { exitCode, stdout } = await fraisier(emptyFolder(), ["explain"], env);
    expect(exitCode).toBe(0);
    const listed = stdout.trimEnd().split("\n").slice(1);
    expect(new Set(listed.map((line) => line.split(" ")[0]))).toEqual(KINDS);
  });

  test("one: its meaning, causes and next command; one that two parts report: each", async () => {
    const { stdout } = await fraisier(emptyFolder(), ["explain", "connection_lost"]);
    expect(stdout).toMatch(/^meaning +the connection broke while it was in use$/m);
    expect(stdout).toMatch(/^usual causes +– .*\n {14}– /m);
    expect(stdout).toMatch(/^next +fraisier db check$/m);
    expect(stdout).toMatch(/^exit code +6$/m);
    const { errors } = await document<{ errors: { kind: string; area: string }[] }>(
      emptyFolder(),
      "explain",
      "Unsupported",
    );
    expect(errors.map(({ kind, area }) => [kind, area])).toEqual([
      ["unsupported", "database"],
      ["unsupported", "target"],
    ]);
  });

  test("a misspelt one: exit 2 and what was meant", async () => {
    const { exitCode, stdout, stderr } = await fraisier(emptyFolder(), ["explain", "conection-lost"]);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain('Did you mean "fraisier explain connection_lost"?');
  });

  test("an error that a command ends with leads to it; a typing mistake does not", async () => {
    const unknown = await fraisier(emptyFolder(), ["show", "beef"]);
    expect(unknown.stderr).toContain("fraisier explain deployment_not_found");
    const mistyped = await fraisier(emptyFolder(), ["show"]);
    expect(mistyped.stderr).not.toContain("fraisier explain");
  });
});
