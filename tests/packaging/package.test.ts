import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import {
  cleanEnvironment,
  filesBelow,
  IS_FULL,
  npmOffline,
  pack,
  pathWithNode,
  ROOT,
  run,
  succeed,
  temporaryFolder,
} from "./support.ts";

const folder = temporaryFolder("package");
const prefix = join(folder, "prefix");
const installed = join(prefix, "lib", "node_modules", "fraisier");
const consumer = join(folder, "consumer");

const ALLOWED = [
  /^bin\/fraisier\.js$/,
  /^dist\/[\w-]+(\.d\.ts|\.js)$/,
  /^dist\/THIRD-PARTY-NOTICES\.txt$/,
  /^migrations\/(sqlite|postgresql|mysql)\/\d{3}_\w+\.sql$/,
  /^(README|CHANGELOG)\.md$/,
  /^LICENSE$/,
  /^package\.json$/,
];

function manifest() {
  return JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
}

function environment() {
  return cleanEnvironment({ PATH: pathWithNode(), HOME: folder });
}

function emptyFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

beforeAll(async () => {
  const tarball = await pack(folder);
  mkdirSync(consumer);
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  await npmOffline(folder, ["install", "--global", "--prefix", prefix, tarball], folder);
  await npmOffline(folder, ["install", tarball], consumer);
});

describe("the package", () => {
  test("holds what is needed to run, and nothing else", () => {
    const files = filesBelow(installed);
    expect(files.filter((file) => !ALLOWED.some((pattern) => pattern.test(file)))).toEqual([]);
    const needed = ["CHANGELOG.md", "LICENSE", "README.md", "dist/THIRD-PARTY-NOTICES.txt", "dist/cli.js"];
    expect(files).toEqual(expect.arrayContaining(needed));
  });

  test("holds every migration", () => {
    expect(filesBelow(join(installed, "migrations"))).toEqual(filesBelow(join(ROOT, "migrations")));
  });

  test("takes no more than 6 MB", () => {
    const sizes = filesBelow(installed).map((file) => statSync(join(installed, file)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(6_000_000);
  });

  test("depends on nothing and runs nothing when it is installed", () => {
    const { dependencies, peerDependencies, bundleDependencies, bundledDependencies, scripts, gypfile } = manifest();
    expect({ ...dependencies, ...peerDependencies }).toEqual({});
    expect([bundleDependencies, bundledDependencies, gypfile]).toEqual([undefined, undefined, undefined]);
    const hooks = ["preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare"];
    expect(hooks.filter((hook) => hook in scripts)).toEqual([]);
    expect(readdirSync(join(prefix, "lib", "node_modules"))).toEqual(["fraisier"]);
  });

  test("has every file that its exports and its bin name", () => {
    const { exports, bin } = manifest();
    const named = [...Object.values(exports).flatMap((entry) => Object.values(Object(entry))), ...Object.values(bin)];
    const paths = named
      .filter((path) => typeof path === "string" && path.length > 1)
      .map((path) => join(installed, String(path)));
    expect(paths.length).toBeGreaterThanOrEqual(5);
    for (const path of paths) expect(statSync(path).isFile(), path).toBe(true);
  });

  test("passes on the licences of what it bundles", () => {
    const notices = readFileSync(join(installed, "dist", "THIRD-PARTY-NOTICES.txt"), "utf8");
    for (const name of ["commander", "execa", "yaml", "zod"]) {
      const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8"));
      expect(notices).toMatch(new RegExp(`^${name} ${version.replaceAll(".", "\\.")} \\((MIT|ISC)\\)$`, "m"));
    }
    expect(notices).not.toMatch(/^(typescript|vitest|tsdown) /m);
  });
});

describe("installed globally, without network, compiler or install scripts", () => {
  test("tells its version", async () => {
    const program = join(prefix, "bin", "fraisier");
    const started = performance.now();
    const result = await run(program, ["--version"], { cwd: emptyFolder("version"), env: environment() });
    expect(result).toMatchObject({ exitCode: 0, stdout: `${manifest().version}\n`, stderr: "" });
    // On a busy machine any bound would be missed; only the full tests measure.
    if (IS_FULL) expect(performance.now() - started).toBeLessThan(500);
  });

  test("runs its demo in an empty folder", { timeout: 120_000 }, async () => {
    const program = join(prefix, "bin", "fraisier");
    const env = { ...environment(), TMPDIR: emptyFolder("temporary") }; // there it leaves what it played with
    await succeed(program, ["demo"], { cwd: emptyFolder("demo"), env });
  });
});

describe("installed in a project", () => {
  test("exports its two modules and its package.json, and no other file", async () => {
    const script = `
      const outcome = (name) => import(name, name.endsWith("json") ? { with: { type: "json" } } : undefined)
        .then((module) => Object.keys(module).length > 0, (error) => error.code);
      const names = ["fraisier", "fraisier/db", "fraisier/package.json", "fraisier/dist/cli.js"];
      console.log(JSON.stringify(await Promise.all(names.map(outcome))));`;
    const args = ["--input-type=module", "--eval", script];
    const result = await succeed(process.execPath, args, { cwd: consumer, env: environment() });
    expect(JSON.parse(result)).toEqual([true, true, true, "ERR_PACKAGE_PATH_NOT_EXPORTED"]);
  });

  test("has types that a strict project can compile", { timeout: 60_000 }, async () => {
    const program = `
      import * as fraisier from "fraisier";
      import { DatabaseType, type FraiserDatabaseAdapter } from "fraisier/db";
      export const modules: object[] = [fraisier];
      export const type: "sqlite" | "postgresql" | "mysql" = DatabaseType.SQLITE;
      export const adapter: FraiserDatabaseAdapter | null = null;
      // @ts-expect-error This fails as long as the types are known, and are not \`any\`.
      export const wrong: FraiserDatabaseAdapter = 1;`;
    const compilerOptions = {
      module: "nodenext",
      target: "es2022",
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
    };
    writeFileSync(join(consumer, "program.ts"), program);
    writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
    mkdirSync(join(consumer, "node_modules", "@types"), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", "@types", "node"), join(consumer, "node_modules", "@types", "node"));
    const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    await succeed(process.execPath, [compiler, "-p", "."], { cwd: consumer, env: environment() });
  });
});

describe("installed without its optional drivers", () => {
  test("works with SQLite, and says what the others need", async () => {
    const project = emptyFolder("without drivers");
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
    const [tarball = ""] = readdirSync(join(folder, "tarball"));
    await npmOffline(folder, ["install", "--omit=optional", join(folder, "tarball", tarball)], project);
    const script = `
      import { createAdapterFromUrl } from "fraisier/db";
      const urls = ["sqlite://./app.db", "postgresql://ada@localhost/app", "mysql://ada@localhost/app"];
      const outcomes = urls.map(async (url) => {
        const adapter = await createAdapterFromUrl(url);
        const asking = adapter.executeQuery("SELECT 1 AS one");
        return asking.then(([row]) => row.one, ({ hint }) => hint).finally(() => adapter.close());
      });
      console.log(JSON.stringify(await Promise.all(outcomes)));`;
    const args = ["--input-type=module", "--eval", script];
    const result = await succeed(process.execPath, args, { cwd: project, env: environment() });
    expect(JSON.parse(result)).toEqual([1, "Run: npm install pg", "Run: npm install mysql2"]);
  });
});
