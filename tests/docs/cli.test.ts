/** docs/cli.md: every example, run as it stands. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { COMMANDS, emptyFolder, fraisier } from "../cli/support.ts";
import { Sandbox } from "../e2e/sandbox.ts";
import { commands, fenced, read } from "./documents.ts";

const PAGE = read("docs/cli.md");
const EXAMPLES = fenced(PAGE, "sh").flatMap(commands);
/** tests/cli/demo.test.ts runs it. */
const RUN_ELSEWHERE = "fraisier demo";
/** What stands in the examples for the id of a deployment. */
const AN_ID = "5e0c91d4";

let box: Sandbox;
beforeAll(async () => {
  box = await Sandbox.create({
    build: ["echo compiling"],
    health_check: { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 0 },
  });
  for (const page of ["one", "two"]) {
    await box.commit({ page });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode, stderr).toBe(0);
  }
  await box.commit({ page: "three" });
  await box.git("tag", "v1.4.2", "HEAD~1");
});
afterAll(() => box[Symbol.asyncDispose]());

/** A deployment that can be gone back to. */
async function idOfAnother(): Promise<string> {
  const found = (await box.history()).find(
    ({ kind, status, releaseId }) => kind === "deploy" && status === "success" && releaseId !== box.current(),
  );
  return found?.shortId ?? "none";
}

test("every command has a section with an example", () => {
  expect([...PAGE.matchAll(/^### fraisier (.*)$/gm)].map(([, name]) => name)).toHaveLength(COMMANDS.length);
  for (const command of COMMANDS) {
    const [, section = ""] = PAGE.split(`\n### fraisier ${command}\n`);
    expect(fenced(section.split("\n### ")[0] ?? "", "sh").flatMap(commands)[0]).toMatch(`fraisier ${command}`);
  }
});

test.for(EXAMPLES.filter((line) => line !== RUN_ELSEWHERE))("%s", async (line) => {
  const words = line
    .replace(AN_ID, line.includes(AN_ID) ? await idOfAnother() : "")
    .split(" ")
    .slice(1);
  const inOwnFolder = /^fraisier (init|db (migrate|down|redo|baseline|repair|new))/.test(line);
  const folder = inOwnFolder ? emptyFolder("example") : box.folder;
  if (/db (down|redo)/.test(line)) await fraisier(folder, ["db", "migrate"]);
  if (/db baseline/.test(line)) {
    mkdirSync(join(folder, "migrations/sqlite"), { recursive: true });
    for (const number of [1, 2, 3])
      writeFileSync(join(folder, `migrations/sqlite/00${number}_step.sql`), "-- migrate:up\nSELECT 1;\n");
  }
  const env = line.includes("--directory") ? { FRAISIER_DB_URL: "sqlite://./own.db" } : {};
  const { exitCode, stdout, stderr } = await fraisier(folder, words, env);
  expect([line, exitCode], stderr).toEqual([line, EXIT.done]);
  if (words.includes("--json"))
    for (const document of words[0] === "deploy" ? stdout.trimEnd().split("\n") : [stdout])
      expect(JSON.parse(document)).toMatchObject({ schema: `fraisier.${words[0] === "db" ? "db-check" : words[0]}/1` });
  else expect(stdout + stderr).toMatch(/\w/);
});

test("the exit codes are those that there are", () => {
  const [, table = ""] = PAGE.split("## Exit codes");
  const codes = [...(table.split("## Commands")[0] ?? "").matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(EXIT));
});
