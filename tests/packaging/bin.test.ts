import { chownSync, copyFileSync, existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  cleanEnvironment,
  expectOneSentence,
  machinePath,
  ROOT,
  type RunResult,
  run,
  runNode,
  temporaryFolder,
} from "./support.ts";

const folder = temporaryFolder("bin");

/** A package with the real bin/fraisier.js and, unless it is null, a dist/cli.js of the test's own. */
function fakePackage(name: string, cli: string | null): string {
  const root = join(folder, name);
  mkdirSync(join(root, "bin"), { recursive: true });
  copyFileSync(join(ROOT, "bin", "fraisier.js"), join(root, "bin", "fraisier.js"));
  writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module" }));
  if (cli !== null) {
    mkdirSync(join(root, "dist"));
    writeFileSync(join(root, "dist", "cli.js"), cli);
  }
  return root;
}

/** Makes a Node believe that it is another one. */
const pretend = join(folder, "pretend.cjs");
writeFileSync(
  pretend,
  `const versions = { ...process.versions, ...JSON.parse(process.env.PRETEND) };
   if (versions.sqlite === null) delete versions.sqlite;
   Object.defineProperty(process, "versions", { value: Object.freeze(versions) });`,
);

const greeting = fakePackage("greeting", `export async function main() { console.log("started"); return 0; }`);

function startOn(versions: { node: string; sqlite?: string | null }): Promise<RunResult> {
  const env = cleanEnvironment({ PRETEND: JSON.stringify({ sqlite: "3.51.3", ...versions }), HOME: folder });
  return runNode(["--require", pretend, join(greeting, "bin", "fraisier.js")], { cwd: folder, env });
}

/** The Nodes on PATH that are too old. */
async function oldNodes(): Promise<[version: string, file: string][]> {
  const files = machinePath().map((directory) => join(directory, "node"));
  const real = new Set(files.filter((file) => existsSync(file)).map((file) => realpathSync(file)));
  const versions = [...real].map(async (file): Promise<[string, string]> => {
    const { stdout } = await run(file, ["--version"], { cwd: folder });
    return [stdout.trim(), file];
  });
  return (await Promise.all(versions)).filter(([version]) => Number.parseInt(version.slice(1), 10) < 22);
}

const foundNodes = await oldNodes();

describe("on a Node that is too old", () => {
  test.for(["10.24.1", "18.20.8", "22.22.2", "23.11.1", "24.14.9"])(
    "%s: says in one sentence what to do",
    async (node) => {
      const result = await startOn({ node });
      expectOneSentence(result);
      expect(result.stderr).toContain(`Node.js ${node}`);
      for (const part of ["22.22.3", "24.15", "nodejs.org", "nvm install"]) expect(result.stderr).toContain(part);
    },
  );

  test.for(["3.46.1", "3.50.9", "3.51.2"])("SQLite %s is too old as well", async (sqlite) => {
    const result = await startOn({ node: "24.21.0", sqlite });
    expectOneSentence(result);
    expect(result.stderr).toContain(`SQLite ${sqlite}`);
    expect(result.stderr).toContain("SQLite 3.51.3");
  });

  test.for(foundNodes)("%s, found on this machine: the same", async ([version, file]) => {
    const result = await run(file, [join(greeting, "bin", "fraisier.js")], { cwd: folder });
    expectOneSentence(result);
    expect(result.stderr).toContain(`Node.js ${version.slice(1)}`);
  });
});

describe("on a Node that is recent enough", () => {
  test.for([
    { node: "22.22.3" },
    { node: "22.23.0", sqlite: "3.52.0" },
    { node: "24.15.0" },
    { node: "24.15.0-nightly" },
    { node: "25.0.0", sqlite: "4.0.0" },
    { node: "24.21.0", sqlite: null },
  ])("$node with SQLite $sqlite: starts", async (versions) => {
    expect(await startOn(versions)).toMatchObject({ exitCode: 0, stdout: "started\n", stderr: "" });
  });

  test("passes the arguments on, and the exit code back, and lets the output out", async () => {
    const cli = `export async function main(argv) {
      process.stdout.write(argv.join("|") + "x".repeat(1_000_000));
      return 5;
    }`;
    const program = join(fakePackage("output", cli), "bin", "fraisier.js");
    const result = await runNode([program, "deploy", "a b", "--json"], { cwd: folder });
    expect({ ...result, stdout: result.stdout.length }).toMatchObject({
      exitCode: 5,
      stdout: "deploy|a b|--json".length + 1_000_000,
      stderr: "",
    });
    expect(result.stdout).toMatch(/^deploy\|a b\|--jsonx/);
  });

  test("silences the warning about node:sqlite and no other", async () => {
    const cli = `export async function main() {
      process.emitWarning("SQLite is an experimental feature and might change at any time", "ExperimentalWarning");
      process.emitWarning("Something is an experimental feature", "ExperimentalWarning");
      process.emitWarning("SQLite is old", "DeprecationWarning", "DEP1");
      process.emitWarning(new Error("A plain warning"));
      return 0;
    }`;
    const program = join(fakePackage("warnings", cli), "bin", "fraisier.js");
    const { stderr } = await runNode([program], { cwd: folder });
    const warnings = stderr.split("\n").filter((line) => line.startsWith("(node:"));
    expect(warnings).toEqual([
      expect.stringContaining("ExperimentalWarning: Something"),
      expect.stringContaining("DeprecationWarning: SQLite is old"),
      expect.stringContaining("Error: A plain warning"),
    ]);
  });

  test("says that a clone has to be built", async () => {
    const program = join(fakePackage("unbuilt", null), "bin", "fraisier.js");
    const result = await runNode([program], { cwd: folder });
    expectOneSentence(result);
    expect(result.stderr).toContain("npm run build");
  });

  test("does not hide that something else is missing", async () => {
    const program = join(fakePackage("broken", `import "./gone.js";`), "bin", "fraisier.js");
    const result = await runNode([program], { cwd: folder });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain("gone.js");
  });
});

describe("the compile cache", () => {
  async function cacheOf(home: string, extra: Record<string, string> = {}): Promise<string | undefined> {
    const cli = `import { getCompileCacheDir } from "node:module";
      export async function main() { console.log(getCompileCacheDir()); return 0; }`;
    const program = join(fakePackage(`cache of ${home}`, cli), "bin", "fraisier.js");
    mkdirSync(join(folder, home), { recursive: true });
    if (home === "foreign") chownSync(join(folder, home), 65534, 65534);
    const env = cleanEnvironment({ HOME: join(folder, home), ...extra });
    if (extra.XDG_CACHE_HOME === undefined) delete env.XDG_CACHE_HOME;
    const { stdout } = await runNode([program], { cwd: folder, env });
    return stdout.trim();
  }

  test("lies in the home folder, where nobody else can write", async () => {
    expect(await cacheOf("home")).toContain(join(folder, "home", ".cache", "fraisier", "compile"));
    expect(await cacheOf("other", { XDG_CACHE_HOME: join(folder, "xdg") })).toContain(join(folder, "xdg", "fraisier"));
  });

  // Only root can make a folder that belongs to somebody else.
  if (process.getuid?.() === 0) {
    test("is not used when the home folder is somebody else's", async () => {
      expect(await cacheOf("foreign")).toBe("undefined");
    });
  }
});
