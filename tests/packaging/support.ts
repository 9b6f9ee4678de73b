/** What the packaging tests share: running programs as a user's shell would, and the package as npm makes it. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, isAbsolute, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, expect } from "vitest";

export const ROOT: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Whether this is `npm run test:full`. */
export const IS_FULL: boolean = process.env.FRAISIER_TEST_SCALE === "1";

/** A folder of its own, with a space in its path, that goes away after the tests of the file. Not to be called within a test. */
export function temporaryFolder(name: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `fraisier ${name} `)));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function isInModules(folder: string): boolean {
  return folder.split(sep).includes("node_modules");
}

/** The folders of PATH that are the machine's own: npm and scripts/run.cjs put some of node_modules in front. */
export function machinePath(): string[] {
  return (process.env.PATH ?? "").split(delimiter).filter((folder) => isAbsolute(folder) && !isInModules(folder));
}

/** The environment of a shell, without what npm and Vitest add for their children. */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const added = /^(npm_|VITEST|NODE_(ENV|OPTIONS|.*COMPILE_CACHE)$|(INIT_CWD|TEST|DEV|PROD|MODE|SSR|BASE_URL)$)/;
  const kept = Object.entries(process.env).filter(([name]) => !added.test(name));
  return { ...(Object.fromEntries(kept) as Record<string, string>), PATH: machinePath().join(delimiter), ...extra };
}

/** PATH with the Node of these tests first. */
export function pathWithNode(): string {
  return [dirname(process.execPath), ...machinePath()].join(delimiter);
}

export interface RunOptions {
  readonly cwd: string;
  /** The whole environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: { readonly uid: number; readonly gid: number };
}

export interface RunResult {
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, without a terminal. Only a program that can't be started is an error. */
export async function run(program: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const result = await execa(program, args, {
    cwd: options.cwd,
    env: options.env ?? cleanEnvironment(),
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    stripFinalNewline: false,
    ...options.user,
  });
  if (result.exitCode === undefined && result.signal === undefined) throw result;
  const { exitCode = null, signal = null, stdout, stderr } = result;
  return { exitCode, signal, stdout, stderr };
}

export function runNode(args: readonly string[], options: RunOptions): Promise<RunResult> {
  return run(process.execPath, args, options);
}

/** The npm that runs these tests, else the machine's. */
function npmCli(): string {
  const candidates = [process.env.npm_execpath, ...machinePath().map((folder) => join(folder, "npm"))];
  const found = candidates
    .filter((file) => file !== undefined && existsSync(file))
    .map((file) => realpathSync(file ?? ""));
  const npm = found.find((file) => /^npm-cli\.c?js$/.test(basename(file)));
  if (npm === undefined) throw new Error("npm is needed, and it is not on PATH.");
  return npm;
}

/** Runs npm, which must succeed, as on a machine with neither network, cache, compiler nor any other program but Node. */
export async function npmOffline(folder: string, args: readonly string[], cwd: string): Promise<void> {
  const programs = join(folder, "programs");
  mkdirSync(programs, { recursive: true });
  if (!existsSync(join(programs, "node"))) symlinkSync(process.execPath, join(programs, "node"));
  const env = cleanEnvironment({
    PATH: programs,
    HOME: folder,
    npm_config_cache: join(folder, "cache"),
    npm_config_offline: "true",
    npm_config_registry: "http://127.0.0.1:9/",
    npm_config_update_notifier: "false",
  });
  await succeed(process.execPath, [npmCli(), ...args, "--ignore-scripts", "--loglevel=error"], { cwd, env });
}

/** Packs what has been built; the tarball's path. */
export async function pack(folder: string): Promise<string> {
  if (!existsSync(join(ROOT, "dist", "cli.js"))) throw new Error("There is no build to pack: run `npm run build`.");
  const destination = join(folder, "tarball");
  mkdirSync(destination);
  await npmOffline(folder, ["pack", "--pack-destination", destination], ROOT);
  const [tarball = ""] = readdirSync(destination);
  return join(destination, tarball);
}

/** Every file below a folder, as `a/b.c`. */
export function filesBelow(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  return files.map((file) => relative(folder, join(file.parentPath, file.name)).split(sep).join("/")).sort();
}

/** Runs a program that must succeed; its output. */
export async function succeed(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { exitCode, stdout, stderr } = await run(program, args, options);
  expect(exitCode, `${program} ${args.join(" ")}:\n${stderr}${stdout}`).toBe(0);
  return stdout;
}

/** A program that refuses to work says why in one sentence, and fails. */
export function expectOneSentence({ exitCode, stdout, stderr }: RunResult): void {
  expect(stderr).toMatch(/^fraisier: [^\n]+\.\n$/);
  expect(stderr).not.toMatch(/[.!?] +[A-Z]/);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
}
