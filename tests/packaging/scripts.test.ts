import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { cleanEnvironment, expectOneSentence, ROOT, type RunResult, run, runNode, temporaryFolder } from "./support.ts";

interface Versions {
  readonly node: string;
  readonly sqlite?: string;
}

interface Entry {
  readonly version?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, Entry>>;
}

const script: {
  isInstalled(lock: Lock, installed: Lock | null): boolean;
  isRecentEnough(versions: Versions): boolean;
} = createRequire(import.meta.url)("../../scripts/run.cjs");

const folder = temporaryFolder("scripts");

const TOOLS = { tsdown: "tsdown", vitest: "vitest", typescript: "tsc", "@biomejs/biome": "biome" };

/** Stands for every tool: notes how it was called, and does what FAKE_<TOOL> says. */
const FAKE_TOOL = `
const tool = require("node:path").basename(__filename, ".cjs");
const { FRAISIER_TEST_SCALE: scale = null, LOG } = process.env;
const note = (entry) => require("node:fs").appendFileSync(LOG, JSON.stringify(entry) + "\\n");
note({ tool, args: process.argv.slice(2), scale, cwd: process.cwd() });
const behaviour = process.env["FAKE_" + tool.toUpperCase()];
if (behaviour === "wait" || behaviour === "ignore") {
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {
    note({ tool, signal });
    if (behaviour === "ignore") return process.exit(0);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
  setInterval(() => {}, 1000);
  console.log("waiting");
} else {
  process.exitCode = Number(behaviour || 0);
}
`;

/** Stands for npm: notes its arguments and "installs" what package-lock.json names, or fails. */
const FAKE_NPM = `
const fs = require("node:fs");
fs.appendFileSync(process.env.LOG, JSON.stringify({ npm: process.argv.slice(2) }) + "\\n");
console.log("npm's output");
console.error("npm's errors");
if (process.env.FAKE_NPM) process.exit(Number(process.env.FAKE_NPM));
const { BRINGS } = process.env;
if (BRINGS && !fs.existsSync("node_modules/node")) {
  fs.cpSync(BRINGS, "node_modules/node/bin/node");
  fs.writeFileSync("node_modules/.package-lock.json", '{ "packages": {} }');
} else {
  fs.copyFileSync("package-lock.json", "node_modules/.package-lock.json");
}
`;

interface FakeProject {
  readonly root: string;
  readonly env: Record<string, string>;
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<RunResult>;
  /** What the tools noted since the last call. */
  log(): Record<string, unknown>[];
}

let count = 0;

/** A project with the real scripts/run.cjs, whose tools are fakes. */
function fakeProject(): FakeProject {
  const root = join(folder, `project ${++count}`);
  const write = (path: string, content: unknown) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
  };
  const lock: Lock = { packages: { "": {}, "node_modules/tsdown": { version: "1.0.0" } } };
  write("package.json", { bin: { fraisier: "bin/fraisier.cjs" } });
  write("package-lock.json", lock);
  write("node_modules/.package-lock.json", lock);
  write("bin/fraisier.cjs", FAKE_TOOL);
  write("src/index.ts", "");
  write("npm-cli.js", FAKE_NPM);
  for (const [name, tool] of Object.entries(TOOLS)) {
    write(`node_modules/${name}/package.json`, { bin: { [tool]: `bin/${tool}.cjs` } });
    write(`node_modules/${name}/bin/${tool}.cjs`, FAKE_TOOL);
  }
  mkdirSync(join(root, "scripts"));
  cpSync(join(ROOT, "scripts", "run.cjs"), join(root, "scripts", "run.cjs"));
  const log = join(root, "log");
  const env = cleanEnvironment({ LOG: log, npm_execpath: join(root, "npm-cli.js") });
  delete env.FRAISIER_TEST_SCALE;
  return {
    root,
    env,
    run: (args, extra = {}) =>
      runNode([join(root, "scripts", "run.cjs"), ...args], { cwd: folder, env: { ...env, ...extra } }),
    log() {
      if (!existsSync(log)) return [];
      const lines = readFileSync(log, "utf8").trim().split("\n");
      rmSync(log);
      return lines.map((line) => JSON.parse(line));
    },
  };
}

describe("tasks", () => {
  test.for<[task: string, steps: [tool: string, ...args: string[]][]]>([
    [
      "check",
      [
        ["tsc", "--noEmit"],
        ["biome", "check", ".", "a b", "--c"],
      ],
    ],
    ["format", [["biome", "check", "--write", ".", "a b", "--c"]]],
    ["build", [["tsdown", "--logLevel", "warn", "a b", "--c"]]],
    [
      "test",
      [
        ["tsdown", "--logLevel", "warn"],
        ["vitest", "run", "a b", "--c"],
      ],
    ],
    [
      "demo",
      [
        ["tsdown", "--logLevel", "warn"],
        ["fraisier", "demo", "a b", "--c"],
      ],
    ],
  ])("%s runs its steps in the project's folder, the last with the arguments given", async ([task, steps]) => {
    const project = fakeProject();
    expect(await project.run([task, "a b", "--c"])).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    expect(project.log()).toEqual(steps.map(([tool, ...args]) => ({ tool, args, scale: null, cwd: project.root })));
  });

  test("test:full asks for the full counts", async () => {
    const project = fakeProject();
    await project.run(["test:full"]);
    expect(project.log()).toMatchObject([{ tool: "tsdown" }, { tool: "vitest", args: ["run"], scale: "1" }]);
  });

  test.for(["", "toString", "deploy"])("%j is none of them", async (task) => {
    const result = await fakeProject().run([task]);
    expect(result).toMatchObject({ exitCode: 2, stdout: "" });
    expect(result.stderr).toMatch(/^Usage: .*check/);
  });

  test("a step that fails is the last, and its exit code is the task's", async () => {
    const project = fakeProject();
    expect(await project.run(["test"], { FAKE_TSDOWN: "3" })).toMatchObject({ exitCode: 3 });
    expect(project.log()).toMatchObject([{ tool: "tsdown" }]);
    expect(await project.run(["test"], { FAKE_VITEST: "4" })).toMatchObject({ exitCode: 4 });
  });

  test("every npm script goes through the table", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    for (const command of Object.values(scripts)) expect(command).toMatch(/^node scripts\/run\.cjs [\w:]+$/);
  });
});

describe("the demo's build", () => {
  async function tools(project: FakeProject): Promise<unknown[]> {
    await project.run(["demo"]);
    return project.log().map(({ tool }) => tool);
  }

  function change(project: FakeProject, path: string, time: string): void {
    mkdirSync(dirname(join(project.root, path)), { recursive: true });
    if (!existsSync(join(project.root, path))) writeFileSync(join(project.root, path), "");
    utimesSync(join(project.root, path), new Date(time), new Date(time));
  }

  test("is made when it is missing or older than what it is made from", async () => {
    const project = fakeProject();
    for (const path of ["package.json", "package-lock.json", "src/a/b.ts", "src/a", "src/index.ts", "src"]) {
      change(project, path, "2026-01-01");
    }
    expect(await tools(project)).toEqual(["tsdown", "fraisier"]);
    change(project, "dist/cli.js", "2026-01-02");
    expect(await tools(project)).toEqual(["fraisier"]);
    change(project, "src/a/b.ts", "2026-01-03");
    expect(await tools(project)).toEqual(["tsdown", "fraisier"]);
    change(project, "dist/cli.js", "2026-01-04");
    expect(await tools(project)).toEqual(["fraisier"]);
    rmSync(join(project.root, "src/a/b.ts"));
    expect(await tools(project)).toEqual(["tsdown", "fraisier"]);
  });
});

describe("signals", () => {
  async function start(project: FakeProject, behaviour: string): Promise<ChildProcess> {
    const env = { ...project.env, FAKE_TSDOWN: behaviour };
    const stdio = ["ignore", "pipe", "pipe"] as const;
    const child = spawn(process.execPath, ["scripts/run.cjs", "test"], { cwd: project.root, env, stdio: [...stdio] });
    if (child.stdout !== null) await once(child.stdout, "data");
    return child;
  }

  test.for<NodeJS.Signals>(["SIGINT", "SIGTERM"])(
    "%s reaches the step once, and ends the task as it ended the step",
    async (signal) => {
      const project = fakeProject();
      const child = await start(project, "wait");
      child.kill(signal);
      expect(await once(child, "close")).toEqual([null, signal]);
      expect(project.log()).toMatchObject([{ tool: "tsdown" }, { tool: "tsdown", signal }]);
    },
  );

  test("a step that ends well after a signal is the last one all the same", async () => {
    const project = fakeProject();
    const child = await start(project, "ignore");
    child.kill("SIGTERM");
    expect(await once(child, "close")).toEqual([143, null]);
    expect(project.log()).toMatchObject([{ tool: "tsdown" }, { tool: "tsdown", signal: "SIGTERM" }]);
  });
});

describe("dependencies", () => {
  test("are installed when they are missing, with one line about it, and then no more", async () => {
    const project = fakeProject();
    rmSync(join(project.root, "node_modules", ".package-lock.json"));
    const first = await project.run(["build"]);
    expect(first).toMatchObject({ exitCode: 0, stdout: "" });
    expect(first.stderr).toMatch(/^Installing [^\n]*done in \d+ s\n$/);
    expect(project.log()).toMatchObject([
      { npm: expect.arrayContaining(["ci", "--loglevel=error"]) },
      { tool: "tsdown" },
    ]);
    expect(await project.run(["build"])).toMatchObject({ exitCode: 0, stderr: "" });
    expect(project.log()).toMatchObject([{ tool: "tsdown" }]);
  });

  test("are installed again when one is gone", async () => {
    const project = fakeProject();
    rmSync(join(project.root, "node_modules", "tsdown"), { recursive: true });
    await project.run(["check"]);
    expect(project.log()).toMatchObject([{ npm: expect.arrayContaining(["ci"]) }, { tool: "tsc" }, { tool: "biome" }]);
  });

  test("that only one task needs are installed by it in a folder of their own, without their scripts", async () => {
    const project = fakeProject();
    const bench = join(project.root, "bench");
    mkdirSync(join(bench, "node_modules"), { recursive: true });
    writeFileSync(join(bench, "package-lock.json"), '{ "packages": {} }');
    writeFileSync(join(bench, "main.ts"), FAKE_TOOL);
    await project.run(["check"]);
    expect(project.log()).toMatchObject([{ tool: "tsc" }, { tool: "biome" }]);
    const steps = [{ tool: "tsdown" }, { tool: "tsc" }, { tool: "main.ts", args: ["--quick"], cwd: project.root }];
    expect((await project.run(["bench", "--quick"])).stderr).toMatch(
      /^Installing what only bench[^\n]*done in \d+ s\n$/,
    );
    expect(project.log()).toMatchObject([{ npm: expect.arrayContaining(["ci", "--ignore-scripts"]) }, ...steps]);
    expect(await project.run(["bench", "--quick"])).toMatchObject({ exitCode: 0, stderr: "" });
    expect(project.log()).toMatchObject(steps);
  });

  test("that can't be installed end the task, with what npm said", async () => {
    const project = fakeProject();
    rmSync(join(project.root, "node_modules", ".package-lock.json"));
    const result = await project.run(["build"], { FAKE_NPM: "9" });
    expect(result).toMatchObject({ exitCode: 9, stdout: "" });
    expect(result.stderr).toContain("npm's output");
    expect(result.stderr).toContain("npm's errors");
    expect(project.log()).toMatchObject([{ npm: expect.anything() }]);
  });

  const a: Entry = { version: "1.0.0", integrity: "sha512-a" };
  const { platform, arch } = process;
  const optionalFor = (system: string = platform): Entry => ({ optional: true, os: [system], cpu: [arch] });
  const locked = (packages: Record<string, Entry>, root: Entry = {}): Lock => ({ packages: { "": root, ...packages } });
  test.for<[what: string, expected: boolean, lock: Lock, installed: Lock | null]>([
    ["the same", true, locked({ "node_modules/a": a }), { packages: { "node_modules/a": a } }],
    ["nothing", false, locked({ "node_modules/a": a }), null],
    ["one too few", false, locked({ "node_modules/a": a }), { packages: {} }],
    ["one too many", true, locked({}), { packages: { "node_modules/a": a } }],
    [
      "another version",
      false,
      locked({ "node_modules/a": a }),
      { packages: { "node_modules/a": { ...a, version: "1.0.1" } } },
    ],
    [
      "other content",
      false,
      locked({ "node_modules/a": a }),
      { packages: { "node_modules/a": { ...a, integrity: "sha512-b" } } },
    ],
    [
      "content not noted",
      true,
      locked({ "node_modules/a": { version: "1.0.0" } }),
      { packages: { "node_modules/a": a } },
    ],
    [
      "no part of a package of another platform",
      true,
      locked({ "node_modules/a": { ...a, optional: true } }),
      { packages: {} },
    ],
    [
      "no package of another system",
      true,
      locked({ "node_modules/a": { ...a, ...optionalFor("aix") } }),
      { packages: {} },
    ],
    ["no package of this platform", false, locked({ "node_modules/a": { ...a, ...optionalFor() } }), { packages: {} }],
    [
      "no package of this system",
      false,
      locked({ "node_modules/a": { ...a, optional: true, os: ["!aix"] } }),
      { packages: {} },
    ],
    [
      "no package of other systems",
      true,
      locked({ "node_modules/a": { ...a, optional: true, os: [`!${platform}`] } }),
      { packages: {} },
    ],
    [
      "an optional one of our own missing",
      false,
      locked({ "node_modules/a": { ...a, optional: true } }, { optionalDependencies: { a: "1.0.0" } }),
      { packages: {} },
    ],
  ])("installed: %s (%s)", ([, expected, lock, installed]) => {
    expect(script.isInstalled(lock, installed)).toBe(expected);
  });

  test("are those of package-lock.json here", () => {
    const read = (path: string) => JSON.parse(readFileSync(join(ROOT, path), "utf8"));
    expect(script.isInstalled(read("package-lock.json"), read("node_modules/.package-lock.json"))).toBe(true);
  });
});

describe("the Node of the tasks", () => {
  test.for<[node: string, sqlite: string | undefined, expected: boolean]>([
    ["18.20.8", undefined, false],
    ["22.22.2", "3.51.3", false],
    ["22.22.3", "3.51.3", true],
    ["22.30.0", undefined, true],
    ["23.11.0", "3.51.3", false],
    ["24.14.0", "3.51.3", false],
    ["24.15.0", "3.51.2", false],
    ["24.15.0", "3.51.3", true],
    ["26.0.0", "3.53.0", true],
  ])("%s with SQLite %s is recent enough: %s", ([node, sqlite, expected]) => {
    expect(script.isRecentEnough(sqlite === undefined ? { node } : { node, sqlite })).toBe(expected);
  });

  /** A program called `node` that says it is of the given version, and then does what the real one does. */
  function fakeNode(file: string, version: string): void {
    mkdirSync(dirname(file), { recursive: true });
    const versions = JSON.stringify({ node: version, sqlite: "3.51.3" });
    const body = `#!/bin/sh\nif [ "$1" = -p ]; then echo '${versions}'; exit; fi\necho "on ${version}"\nexec "${process.execPath}" "$@"\n`;
    writeFileSync(file, body, { mode: 0o755 });
  }

  const asOldNode = join(folder, "old.cjs");
  writeFileSync(
    asOldNode,
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.8", sqlite: undefined } });`,
  );

  function runOnOldNode(project: FakeProject, path: string, extra: Record<string, string> = {}): Promise<RunResult> {
    const args = ["--require", asOldNode, join(project.root, "scripts", "run.cjs"), "build"];
    return run(process.execPath, args, { cwd: folder, env: { ...project.env, PATH: path, ...extra } });
  }

  test("is the development one if it is there and works", async () => {
    const project = fakeProject();
    fakeNode(join(project.root, "node_modules", "node", "bin", "node"), "24.21.0");
    expect(await runOnOldNode(project, "/usr/bin:/bin")).toMatchObject({
      exitCode: 0,
      stdout: "on 24.21.0\n",
      stderr: "",
    });
  });

  test("is another of the machine's otherwise", async () => {
    const project = fakeProject();
    fakeNode(join(project.root, "node_modules", "node", "bin", "node"), "24.1.0");
    fakeNode(join(project.root, "other", "node"), "22.23.0");
    const result = await runOnOldNode(project, `${join(project.root, "other")}:/bin`);
    expect(result).toMatchObject({ exitCode: 0, stdout: "on 22.23.0\n", stderr: "" });
  });

  test("installs again what npm left out on the old one, if it comes with the first installation", async () => {
    const project = fakeProject();
    rmSync(join(project.root, "node_modules", ".package-lock.json"));
    fakeNode(join(project.root, "new"), "24.21.0");
    const result = await runOnOldNode(project, "/usr/bin:/bin", { BRINGS: join(project.root, "new") });
    expect(result).toMatchObject({ exitCode: 0, stdout: "on 24.21.0\n" });
    const installation = { npm: expect.arrayContaining(["ci"]) };
    expect(project.log()).toMatchObject([installation, installation, { tool: "tsdown" }]);
  });

  test("is missed in one sentence", async () => {
    const project = fakeProject();
    const result = await runOnOldNode(project, join(project.root, "nowhere"));
    expectOneSentence(result);
    for (const part of ["Node.js 18.20.8", "22.22.3", "24.15", "npm rebuild node", "nodejs.org"]) {
      expect(result.stderr).toContain(part);
    }
    expect(project.log()).toEqual([]);
  });
});
