import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { COMMANDS, emptyFolder, fraisier, PROGRAM, userEnvironment } from "../cli/support.ts";
import { Sandbox } from "../e2e/sandbox.ts";
import { pathWithNode } from "../packaging/support.ts";
import { codeSpans, commands, fenced, ROOT, read, section } from "./documents.ts";

const README = read("README.md");

/** Commands that need more than this file has; other tests run them. */
const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  "npm run demo": "tests/packaging/clone.full.test.ts",
  "npm test": ".ci/run",
  "npm install --global fraisier": "tests/packaging/package.test.ts",
  "fraisier demo": "tests/cli/demo.test.ts",
};

/** Commands that the table only names, since a page of their own has their options, and tests of its own. */
const isTreatedElsewhere = (command: string): boolean => command.startsWith("db ") && !command.startsWith("db check");
const MIGRATIONS = read("docs/migrations.md");

/** A folder with a program `fraisier`, as a global installation puts one on PATH. */
function installed(): string {
  const folder = emptyFolder("bin");
  symlinkSync(PROGRAM, join(folder, "fraisier"));
  return [folder, pathWithNode()].join(":");
}

test("what other tests run is where it is said to be", () => {
  for (const [command, file] of Object.entries(RUN_ELSEWHERE)) {
    const words = command.replace("fraisier ", "").split(" ");
    for (const word of words.filter((each) => each !== "npm")) expect(read(file)).toContain(word);
  }
});

test("the two commands come first", () => {
  expect(fenced(section(README, "Two commands"), "sh").flatMap(commands)).toEqual(["npm run demo", "npm test"]);
});

test("the first steps can be taken as they are shown", async () => {
  const lines = fenced(section(README, "Using it"), "sh").flatMap(commands);
  const folder = emptyFolder("readme");
  const application = join(folder, "your-application");
  mkdirSync(application);
  const listen = `require("http").createServer((_, r) => r.end("ok")).listen(process.env.PORT, "127.0.0.1")`;
  writeFileSync(join(application, "server.js"), listen);
  writeFileSync(join(application, "Procfile"), "web: exec node server.js\n");
  const git = ["git init -q -b main", "git add .", "git -c user.name=T -c user.email=t@example.com commit -qm Open"];
  await execa("/bin/sh", ["-ec", git.join("\n")], { cwd: application });
  const own = lines.filter((line) => !(line in RUN_ELSEWHERE));
  expect(own.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
    "cd your-application",
    "fraisier init",
    "fraisier config",
    "fraisier deploy",
    "fraisier deploy",
  ]);
  // Only the place is another one: /srv is the machine's.
  const adjust = `sed -i.bak 's:"/srv/:"${folder}/srv/:' fraises.yaml`;
  const script = own.flatMap((line) => (line === "fraisier init" ? [line, adjust] : [line])).join("\n");
  const env = userEnvironment({ PATH: installed() });
  try {
    const { stdout, stderr } = await execa("/bin/sh", ["-ec", script], { cwd: folder, env, extendEnv: false });
    expect(stdout).toContain("is valid: 1 fraise in 1 environment");
    expect(stdout).toContain("nothing of it was");
    expect(stderr).toMatch(/^Deployed your-application production: [0-9a-f]{10} is in service/m);
  } finally {
    const status = await fraisier(application, ["status", "your-application", "production", "--json"]);
    const { service } = JSON.parse(status.stdout) as { service: { pid: number | null } | null };
    if (service?.pid) process.kill(-service.pid, "SIGKILL");
  }
});

describe("the example of fraises.yaml", () => {
  const [example = "", ...others] = fenced(README, "yaml");

  test("is valid, and what it takes from the environment is asked for by name and line", async () => {
    expect(others).toEqual([]);
    const folder = emptyFolder();
    writeFileSync(join(folder, "fraises.yaml"), example);
    const without = await fraisier(folder, ["config", "validate"]);
    expect(without.exitCode).toBe(3);
    const line = example.split("\n").findIndex((text) => text.includes("${API_KEY}")) + 1;
    expect(without.stderr).toMatch(new RegExp(`^fraises\\.yaml:${line}:\\d+: .*API_KEY`, "m"));
    const { exitCode, stderr } = await fraisier(folder, ["config", "validate"], { API_KEY: "k" });
    expect(exitCode, stderr).toBe(0);
  });
});

describe("the table of commands", () => {
  const usages = section(README, "Using it")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((line) => codeSpans(line.split(" | ")[0] ?? ""));
  let box: Sandbox;
  const names: Record<string, string> = {};
  beforeAll(async () => {
    box = await Sandbox.create({ build: ["echo compiling"] });
    for (const page of ["one", "two"]) {
      await box.commit({ page });
      const { exitCode, stderr } = await box.deploy();
      expect(exitCode, stderr).toBe(0);
    }
    const [, first] = await box.history();
    const id = first?.shortId ?? "";
    Object.assign(names, { fraise: "shop", env: "production", ref: "main", deployment: id, release: id });
    Object.assign(names, { count: "5", seconds: "5", days: "7", error: "locked", shell: "bash", zone: "UTC" });
  });
  afterAll(() => box[Symbol.asyncDispose]());

  test("has every command there is, and no other", () => {
    const words = usages.map((usage) => usage.replace(/ [<[-].*$/, "").replace("fraisier ", ""));
    expect([...words].sort()).toEqual([...COMMANDS].sort());
  });

  test.for(usages.map((usage) => [usage] as const))(
    "%s: does as it is written, with all its options",
    async ([usage]) => {
      const line = usage.replace(/[[\]]/g, "").replace(/<(\w+)>/g, (_, name: string) => names[name] ?? `no ${name}`);
      if (line in RUN_ELSEWHERE || line.startsWith("fraisier demo ")) return;
      if (isTreatedElsewhere(line.replace("fraisier ", ""))) {
        expect(MIGRATIONS).toContain(`fraisier ${line.split(" ").slice(1, 3).join(" ")}`);
        return;
      }
      const words = line.split(" ").slice(1);
      if (words[0] === "init") {
        expect((await fraisier(emptyFolder(), words)).exitCode).toBe(0);
        return;
      }
      const { exitCode, stderr } = await box.run(...words);
      expect(exitCode, stderr).toBe(0);
    },
  );

  test("leaves out no option that a command has, but those that all have", async () => {
    const everywhere = ["--help", "--json", "--config", "--no-color", "--db"];
    for (const command of COMMANDS) {
      const { stdout } = await fraisier(emptyFolder(), [...command.split(" "), "--help"]);
      const options = [...stdout.matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)/gm)].filter(
        ([, , long = ""]) => !everywhere.includes(long),
      );
      const usage = isTreatedElsewhere(command)
        ? MIGRATIONS
        : (usages.find((each) => each.replace("fraisier ", "").startsWith(command)) ?? "");
      for (const [, short = "none", long = "none"] of options)
        expect([command, long, usage.includes(long) || usage.includes(`[${short} `)]).toEqual([command, long, true]);
    }
    for (const option of ["--help", "--json", "--db <url>"])
      expect(codeSpans(section(README, "Using it"))).toContain(option);
  });
});

test("the exit codes are those that there are", () => {
  const [, sentence = ""] = /Exit codes: (.*?)\.\n/s.exec(README) ?? [];
  const codes = [...sentence.matchAll(/\b(\d+)\b/g)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(EXIT));
});

test("the versions of Node.js are those of the package", () => {
  const { engines } = JSON.parse(read("package.json")) as { engines: { node: string } };
  expect(section(README, "Using it")).toContain(`Node.js \`${engines.node}\``);
});

describe("the example of the adapter", () => {
  const folder = () => {
    const made = emptyFolder();
    mkdirSync(join(made, "node_modules"));
    symlinkSync(ROOT, join(made, "node_modules", "fraisier"));
    return made;
  };

  test("does what it shows", async () => {
    const [example = "", ...others] = fenced(README, "js");
    expect(others).toEqual([]);
    const cwd = folder();
    writeFileSync(join(cwd, "example.mjs"), example);
    const { stdout, stderr } = await execa(process.execPath, ["example.mjs"], { cwd });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^\[\s*\{\s*owner: 'Ada',\s*balance: 70\s*\}\s*\]$/);
    expect(existsSync(join(cwd, "app.db"))).toBe(true);
  });

  test("importing it loads no driver of a server", async () => {
    const script = `import { registerHooks } from "node:module";
      const loaded = [];
      registerHooks({ resolve(name, context, next) { loaded.push(name); return next(name, context); } });
      await import("fraisier/db");
      console.log(JSON.stringify(loaded));`;
    const { stdout } = await execa(process.execPath, ["--input-type=module", "--eval", script], { cwd: folder() });
    const loaded = JSON.parse(stdout) as string[];
    expect(loaded).toContain("fraisier/db");
    expect(loaded.filter((name) => /^(pg|mysql2)\b/.test(name))).toEqual([]);
  });
});
