/** docs/from-python.md: its program, run as it stands on a file of the Python Fraisier, and its tables. */
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/index.ts";
import { FraisierDb } from "../../src/ledger/older/fraisier-db.ts";
import { COMMANDS, emptyFolder, PROGRAM as PROGRAM_FILE, userEnvironment } from "../cli/support.ts";
import { pythonFile } from "../ledger/python-fraisier.ts";
import { pathWithNode } from "../packaging/support.ts";
import { codeSpans, fenced, localLinks, ROOT, read, section } from "./documents.ts";

const GUIDE = read("docs/from-python.md");

/** The examples are one program. */
const PROGRAM = fenced(GUIDE, "js").join("\n");

test("the program prints what it says", async () => {
  const folder = emptyFolder("from-python");
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(ROOT, join(folder, "node_modules", "fraisier"));
  writeFileSync(join(folder, "guide.mjs"), PROGRAM);
  copyFileSync(pythonFile(), join(folder, "fraisier.db"));
  const options = { cwd: folder, env: userEnvironment(), extendEnv: false };
  const { stdout, stderr } = await execa(process.execPath, ["guide.mjs"], options);
  expect(stderr).toBe("");
  const printed = [...PROGRAM.matchAll(/^\s*console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
  expect(printed.length).toBeGreaterThan(5);
  expect(stdout.split("\n")).toEqual(printed);
});

test("its commands adopt the file", async () => {
  const place = "/opt/fraisier/fraisier.db";
  const [lines = ""] = fenced(GUIDE, "sh");
  expect(lines).toContain(place);
  const folder = emptyFolder("from-python");
  symlinkSync(PROGRAM_FILE, join(folder, "fraisier"));
  const file = pythonFile();
  const env = { ...userEnvironment(), PATH: [folder, pathWithNode()].join(":") };
  const run = async (script: string) => {
    const { stdout } = await execa("/bin/sh", ["-e", "-c", script], { cwd: folder, env, extendEnv: false });
    return stdout;
  };
  await run(lines.replace(place, file)); // what is written to that place would be another's
  expect(await run(`FRAISIER_DB_PATH=${file} fraisier history --fraise étl --environment production`)).toContain("étl");
});

test("the table of the API has every function, with the ledger's own", () => {
  const rows = [...section(GUIDE, "API").matchAll(/^\| `(\w+)\(.*?\)` \| `(\w+)` \| `(\w+)` \|$/gm)];
  const camelCase = (name: string) => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const functions = Object.getOwnPropertyNames(FraisierDb.prototype).filter(
    (name) => !["constructor", "close", "isOpen"].includes(name),
  );
  expect(functions).toHaveLength(15);
  expect(rows.map(([, , name]) => name)).toEqual(functions);
  for (const [, python = "", here, own = ""] of rows) {
    expect(camelCase(python)).toBe(here);
    expect(own in Ledger.prototype).toBe(true);
  }
});

test("the commands that it names are there", () => {
  const named = codeSpans(GUIDE).flatMap((text) => /^fraisier (db \w+|config \w+|\w+)/.exec(text)?.[1] ?? []);
  const gone = ["ship"];
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !COMMANDS.includes(name) && !gone.includes(name))).toEqual([]);
});

test("the readme leads to it", () => {
  expect(localLinks(read("README.md"))).toContain("docs/from-python.md");
});
