import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, onTestFinished, test } from "vitest";
import { createAdapterFromUrl, DATABASE_ERROR_KINDS } from "../../src/db/index.ts";
import { emptyFolder } from "../cli/support.ts";
import { DATABASES } from "../contract/support/databases.ts";
import { fenced, ROOT, read, section } from "./documents.ts";

const GUIDE = read("docs/database.md");

/** The examples are one program. */
const PROGRAM = fenced(GUIDE, "js").join("\n");

/** What the program is said to print: the comment behind each console.log. */
const PRINTED = [...PROGRAM.matchAll(/^\s*console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = ""]) => text);

describe.each(DATABASES)("the guide's program on $name", (database) => {
  test("prints what it says", async () => {
    const folder = emptyFolder("guide");
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(ROOT, join(folder, "node_modules", "fraisier"));
    writeFileSync(join(folder, "guide.mjs"), PROGRAM);
    const env = { DATABASE_URL: await database.createUrl(onTestFinished) };
    const { stdout, stderr } = await execa(process.execPath, ["guide.mjs"], { cwd: folder, env });
    expect(stderr).toBe("");
    expect(PRINTED.length).toBeGreaterThan(8);
    expect(stdout.split("\n")).toEqual(PRINTED);
  });

  test("the pool's defaults are those of the table", async () => {
    const adapter = await createAdapterFromUrl(await database.createUrl(onTestFinished));
    onTestFinished(() => adapter.close());
    const { minConnections, maxConnections } = adapter.poolMetrics();
    const column = { sqlite: 2, postgresql: 3, mysql: 4 }[database.type];
    const cell = (option: string) => new RegExp(`^\\| \`${option}\` .*$`, "m").exec(GUIDE)?.[0].split("|")[column];
    expect(Number(cell("max"))).toBe(maxConnections);
    // SQLite's readers and its writer are counted together, and there is always a writer.
    expect(minConnections - Number(cell("min"))).toBe(database.type === "sqlite" ? 1 : 0);
  });
});

test("the table of kinds is the vocabulary", () => {
  const rows = [...section(GUIDE, "Errors").matchAll(/^\| `(\w+)` \| (.*) \| (yes|no) \|$/gm)].map(
    ([, kind, meaning, retryable]) => [kind, { meaning, retryable: retryable === "yes" }],
  );
  expect(Object.fromEntries(rows)).toEqual(DATABASE_ERROR_KINDS);
});

test("the readme leads to it", () => {
  expect(read("README.md")).toContain("(docs/database.md)");
});
