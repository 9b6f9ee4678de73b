import { mkdtempSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import {
  DatabaseType,
  DEFAULT_ORIGIN,
  FraisierError,
  loadDatabaseConfig,
  maskUrl,
  parseSqliteUrl,
} from "../../db/index.ts";
import { EXIT } from "../exit-codes.ts";
import { catchInterrupts, type Interrupts } from "../interrupt.ts";
import type { GlobalOptions } from "../project.ts";
import { databaseOption, databasePlace } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";
import { DEMO_VERSIONS, demoConfig, demoServer } from "./demo-application.ts";

/** What `fraisier demo` takes. */
export interface DemoOptions extends Omit<GlobalOptions, "db"> {
  /** A URL; true: what is configured. */
  readonly db?: string | true;
}

/**
 * Deploys a small application three times through the public command line (good, better, broken), and checks that
 * everything is as it says.
 *
 * @throws FraisierError `demo_failed` as soon as anything is not so
 */
export async function demo(terminal: Terminal, options: DemoOptions): Promise<number> {
  const database = databaseOf(options);
  const folder = makeFolder();
  // With --json the play is told on stderr, so that stdout holds the document alone.
  const told = terminal.json ? { ...terminal, print: terminal.say, style: terminal.styleMessage } : terminal;
  const interrupts = catchInterrupts(terminal);
  const stage = new Stage(told, folder, database, interrupts);
  told.print(`${told.style("bold", "Fraisier's demo")}: three deployments of a small HTTP application, in ${folder}`);
  try {
    await stage.makeRepository();
    await play(stage);
  } catch (error) {
    if (interrupts.received === null) throw error;
    throw new FraisierError(
      interrupts.received === "SIGTERM" ? "terminated" : "interrupted",
      "The demo was interrupted; the application's process is stopped.",
      { hint: `Remove what it made with: rm -r ${quoted(folder)}` },
    );
  } finally {
    await stage.stopService();
    interrupts.dispose();
  }
  if (terminal.json) terminal.printJson("demo", { folder, database: database && maskUrl(database) });
  told.print(`
The application's process is stopped. Everything is in ${folder}:
  repository/       the git repository with its three commits
  fraises.yaml      what is deployed, and how
  ${database === null ? "fraisier.db       what fraisier remembers\n  " : ""}app/              the releases, the log, and current → the one that served
${database === null ? "" : `What fraisier remembers is, and stays, in ${maskUrl(database)}, to be found again with FRAISIER_DB_URL.\n`}Look around with: cd ${quoted(folder)} && ${spokenProgram()} history
Remove it with:   rm -r ${quoted(folder)}`);
  return EXIT.done;
}

/** The URL of the database that is asked for; null for a file in the demo's folder. @throws UsageError, DatabaseError */
function databaseOf({ db }: DemoOptions): string | null {
  if (db === undefined) return null;
  const chosen = db === true ? databasePlace({}) : { options: databaseOption(db) };
  const { url, type, baseDirectory, origins } = loadDatabaseConfig(chosen);
  if (origins.url === DEFAULT_ORIGIN)
    throw new UsageError(
      "--db without a URL takes the database that is configured, and none is.",
      "For example: FRAISIER_DB_URL=postgresql://user@localhost/fraisier fraisier demo --db",
    );
  if (type === DatabaseType.SQLITE) {
    const { path } = parseSqliteUrl(url, baseDirectory);
    const [, query = ""] = /(\?.*)$/.exec(url) ?? [];
    return path === ":memory:" ? url : `sqlite://${path}${query}`; // the demo's commands run in another folder
  }
  return url;
}

function makeFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), "fraisier-demo-"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FraisierError("demo_failed", `No folder could be made in ${tmpdir()} (${code}).`, {
      hint: "Name another folder for temporary files: TMPDIR=/path fraisier demo",
    });
  }
}

async function play(stage: Stage): Promise<void> {
  const [good, better, broken] = DEMO_VERSIONS;
  stage.title("1. A first version is deployed");
  await stage.commit(good);
  await stage.fraisier(["deploy", "shop", "production"], EXIT.done);
  await stage.expectPage(good.page);

  stage.title("2. A better one");
  await stage.commit(better);
  await stage.fraisier(["deploy", "shop", "production"], EXIT.done);
  await stage.expectPage(better.page);

  stage.title("3. A broken one: the health check fails, and the better one serves again");
  await stage.commit(broken);
  await stage.fraisier(["deploy", "shop", "production"], EXIT.rolledBack);
  await stage.expectPage(better.page);

  stage.title("What is deployed?");
  await stage.fraisier(["status"], EXIT.done);
  stage.title("What happened?");
  await stage.fraisier(["history"], EXIT.done);
  stage.title("Why did the last one fail?");
  await stage.fraisier(["show", await stage.lastDeployment("rolled_back")], EXIT.done);
}

/** The folder in which the demo plays, and what is done there. */
class Stage {
  readonly #terminal: Terminal;
  readonly #folder: string;
  readonly #repository: string;
  readonly #database: string | null;
  readonly #interrupts: Interrupts;

  /** @param database the URL of another database than the file in the folder */
  constructor(terminal: Terminal, folder: string, database: string | null, interrupts: Interrupts) {
    this.#terminal = terminal;
    this.#folder = folder;
    this.#database = database;
    this.#interrupts = interrupts;
    this.#repository = join(folder, "repository");
  }

  title(text: string): void {
    this.#terminal.print(`\n${this.#terminal.style("bold", text)}`);
  }

  async makeRepository(): Promise<void> {
    writeFileSync(join(this.#folder, "fraises.yaml"), demoConfig(process.execPath));
    await mkdir(this.#repository);
    await this.#git(["init", "--quiet", "--initial-branch=main"]);
  }

  async commit(version: (typeof DEMO_VERSIONS)[number]): Promise<void> {
    writeFileSync(join(this.#repository, "server.mjs"), demoServer(version));
    await this.#git(["add", "server.mjs"]);
    await this.#git([
      "-c",
      "user.name=Demo",
      "-c",
      "user.email=demo@example.com",
      "-c",
      "commit.gpgsign=false",
      "commit",
      "--quiet",
      "--message",
      version.subject,
    ]);
    this.#terminal.print(this.#terminal.style("dim", `A commit is made: ${version.subject}`));
  }

  /** Prints a command, runs it as a user would, and holds it to its exit code. */
  async fraisier(args: readonly string[], expected: number): Promise<void> {
    this.#terminal.print(`${this.#terminal.style("cyan", "$")} fraisier ${args.join(" ")}`);
    const { exitCode } = await this.#run(args, ["inherit", this.#terminal.json ? 2 : "inherit", "inherit"]);
    if (exitCode !== expected)
      throw failed(`"fraisier ${args.join(" ")}" ended with ${exitCode} instead of ${expected}`);
    if (expected !== EXIT.done) this.#terminal.print(this.#terminal.style("dim", `(exit code ${exitCode})`));
  }

  /** Fetches the live page and holds it to what it should say. */
  async expectPage(expected: string): Promise<void> {
    const { service } = await this.#json<{ service: { port: number } | null }>(["status", "shop", "production"]);
    const url = `http://127.0.0.1:${service?.port}/`;
    const page = await fetch(url).then(
      async (answer) => (await answer.text()).trim(),
      () => "nothing",
    );
    this.#terminal.print(`${this.#terminal.style("cyan", "$")} curl ${url}\n${page}`);
    if (page !== expected) throw failed(`the page at ${url} says "${page}" instead of "${expected}"`);
  }

  async lastDeployment(status: string): Promise<string> {
    const { deployments } = await this.#json<{ deployments: { shortId: string; status: string }[] }>([
      "history",
      "--number",
      "1",
    ]);
    const [last] = deployments;
    if (last?.status !== status)
      throw failed(`the last deployment is ${last?.status ?? "not in the history"} instead of ${status}`);
    return last.shortId;
  }

  /** Ends the process that the demo left serving. */
  async stopService(): Promise<void> {
    const { createLocalTarget } = await import("../../targets/index.ts");
    const { systemClock } = await import("../../db/index.ts");
    const { findPlace, openProject } = await import("../project.ts");
    const project = openProject({ config: join(this.#folder, "fraises.yaml") }, "read");
    const { environment } = findPlace(project, "shop", "production");
    const { appPath, gitRepo, service, healthCheck, shared, env, timeout } = environment;
    const target = createLocalTarget(
      { appPath: appPath ?? "", gitRepo: gitRepo ?? "", service, healthCheck, shared, env, timeout },
      { clock: systemClock, env: process.env },
    );
    await target.stop({ signal: new AbortController().signal, onOutput: () => {} });
  }

  async #json<T>(args: readonly string[]): Promise<T> {
    const { stdout, exitCode } = await this.#run([...args, "--json"], ["ignore", "pipe", "inherit"]);
    if (exitCode !== EXIT.done) throw failed(`"fraisier ${args.join(" ")} --json" ended with ${exitCode}`);
    return JSON.parse(String(stdout)) as T;
  }

  /** Nothing around may lead the demo's commands to another configuration, database or repository. */
  async #run(args: readonly string[], stdio: Stdio) {
    const { signal } = this.#interrupts;
    signal.throwIfAborted();
    const child = execa(process.execPath, [program(), ...args], {
      cwd: this.#folder,
      env: {
        ...environmentWithout(/^(FRAISIER|GIT)_/),
        GIT_CONFIG_GLOBAL: "/dev/null",
        ...(this.#database !== null && { FRAISIER_DB_URL: this.#database }),
      },
      extendEnv: false,
      reject: false,
      stdio,
    });
    signal.addEventListener("abort", () => {
      const { received } = this.#interrupts;
      // A terminal sends Ctrl-C to all of its programs, so the command has it already.
      if (received !== null && !(received === "SIGINT" && process.stdin.isTTY)) child.kill(received);
    });
    const result = await child;
    signal.throwIfAborted();
    return result;
  }

  async #git(args: readonly string[]): Promise<void> {
    const { exitCode, stderr, message } = await execa("git", args, {
      cwd: this.#repository,
      // A home folder without .gitconfig: also a git too old for GIT_CONFIG_GLOBAL then has no hooks, templates or signing.
      env: {
        ...environmentWithout(/^(GIT_|XDG_CONFIG_HOME$)/),
        HOME: this.#folder,
        GIT_CONFIG_NOSYSTEM: "1",
      },
      extendEnv: false,
      reject: false,
    });
    if (exitCode !== 0) throw failed(`git ${args[0]} failed: ${stderr || message}`);
  }
}

type Stdio = ["inherit", "inherit" | 2, "inherit"] | ["ignore", "pipe", "inherit"];

function environmentWithout(names: RegExp): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !names.test(name));
  return Object.fromEntries(kept) as Record<string, string>;
}

/** A path as a shell takes it. */
const quoted = (path: string): string => (/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);

/** How the person calls this program: by its name where it is installed, by its files in a clone. */
const spokenProgram = (): string =>
  process.argv[1]?.endsWith("fraisier.js") ? `${quoted(process.execPath)} ${quoted(program())}` : "fraisier";

function failed(what: string): FraisierError {
  return new FraisierError("demo_failed", `The demo stops: ${what}.`, {
    hint: "Please report this with what is printed above.",
  });
}

/** The program that the user runs, seen from the sources and from `dist` alike. */
function program(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return process.argv[1]?.endsWith("fraisier.js") ? process.argv[1] : resolve(here, "../bin/fraisier.js");
}
