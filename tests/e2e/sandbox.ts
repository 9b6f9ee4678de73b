import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { createAdapterFromUrl, type FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { ownershipOf, readPidFile } from "../../src/targets/local/pid-file.ts";

const PROGRAM = resolve(import.meta.dirname, "../../bin/fraisier.js");

/** What a commit of the test's application does. */
export interface AppVersion {
  readonly page: string;
  readonly status?: number;
  readonly location?: string;
  /** Ends by itself so long after it began to listen. */
  readonly crashAfterMs?: number;
  /** Never listens. */
  readonly mute?: boolean;
  /** When it is to stop it says that `stop` is reached, and stops only when that was let go. */
  readonly holdsStop?: boolean;
}

/** How a command ended. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An event line of `deploy --json`. */
export interface EventLine {
  readonly type: string;
  readonly step?: string;
  readonly direction?: string;
  readonly status?: string;
  readonly deploymentId?: string;
}

/** A started command that is still running. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the first event that fits. */
  until(matches: (event: EventLine) => boolean): Promise<EventLine>;
}

/**
 * A folder of its own with a git repository, a fraises.yaml and a database; the built command line runs in it as a
 * user would run it.
 */
export class Sandbox {
  readonly folder: string = realpathSync(mkdtempSync(join(tmpdir(), "fraisier-e2e-")));
  readonly repository: string = join(this.folder, "repository");
  readonly app: string = join(this.folder, "app");
  /** What goes into the environment of the commands. */
  env: Record<string, string> = {};

  static async create(settings: Readonly<Record<string, unknown>> = {}): Promise<Sandbox> {
    const sandbox = new Sandbox();
    mkdirSync(sandbox.repository);
    await sandbox.git("init", "--quiet", "--initial-branch=main");
    sandbox.configure(settings);
    return sandbox;
  }

  /** Writes fraises.yaml (JSON is YAML) with `settings` for the environment shop/production. */
  configure(settings: Readonly<Record<string, unknown>>): void {
    const production = {
      git_repo: "./repository",
      branch: "main",
      app_path: "./app",
      service: { start: [process.execPath, "server.mjs"], port: "auto", stop_timeout: 2 },
      health_check: { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 0.3, timeout: 2 },
      ...settings,
    };
    const file = {
      name: "e2e",
      fraises: {
        shop: { type: "api", environments: { production } },
        nightly: { type: "etl", environments: { production: {} } },
      },
    };
    writeFileSync(join(this.folder, "fraises.yaml"), JSON.stringify(file, null, 2));
  }

  async git(...args: string[]): Promise<string> {
    const identity = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false"];
    return (await execa("git", [...identity, ...args], { cwd: this.repository })).stdout;
  }

  /** Commits a version of the application, with further files. @returns the commit */
  async commit(version: AppVersion, files: Readonly<Record<string, string>> = {}): Promise<string> {
    writeFileSync(join(this.repository, "server.mjs"), serverText(version, this.folder));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.repository, name), text);
    await this.git("add", "--all");
    await this.git("commit", "--quiet", "--allow-empty", "--message", `Show ${version.page}`);
    return this.git("rev-parse", "HEAD");
  }

  async run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /** Runs a command that must end with 0 and returns its JSON document. */
  async json<T>(...args: string[]): Promise<T> {
    const { exitCode, stdout, stderr } = await this.run(...args, "--json");
    if (exitCode !== 0) throw new Error(`fraisier ${args.join(" ")} ended with ${exitCode}: ${stderr}${stdout}`);
    return JSON.parse(stdout) as T;
  }

  start(...args: string[]): Running {
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(FRAISIER_|NO_COLOR$)/.test(name)),
    );
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: this.folder,
      env: { ...inherited, ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr]: [string[], string[]] = [[], []];
    const events: EventLine[] = [];
    const waiting = new Set<() => void>();
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => {
      stdout.push(line);
      if (line.startsWith("{") && line.endsWith("}")) events.push(JSON.parse(line) as EventLine);
      for (const look of [...waiting]) look();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
    const ended = new Promise<Ended>((done) => {
      child.on("close", (code, signal) => {
        done({
          exitCode: code ?? (signal === "SIGKILL" ? 137 : -1),
          stdout: stdout.join("\n"),
          stderr: stderr.join(""),
        });
        for (const look of [...waiting]) look();
      });
    });
    const until = (matches: (event: EventLine) => boolean) =>
      new Promise<EventLine>((done, fail) => {
        const look = () => {
          const found = events.find(matches);
          if (found === undefined && child.exitCode === null && child.signalCode === null) return;
          waiting.delete(look);
          if (found) done(found);
          else fail(new Error(`the command ended before the event came:\n${stdout.join("\n")}\n${stderr.join("")}`));
        };
        waiting.add(look);
        look();
      });
    return { child, ended, until };
  }

  /** Deploys shop to production. */
  deploy(...options: string[]): Promise<Ended> {
    return this.run("deploy", "shop", "production", ...options);
  }

  /** What the live application answers; null when nothing does. */
  async page(): Promise<string | null> {
    const file = join(this.app, ".fraisier/service.json");
    if (!existsSync(file)) return null;
    const { port } = JSON.parse(readFileSync(file, "utf8")) as { port: number };
    try {
      return (await (await fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" })).text()).trim();
    } catch {
      return null; // nobody listens
    }
  }

  /** The database in which the deployments are remembered. */
  openDatabase(): Promise<FraiserDatabaseAdapter> {
    return createAdapterFromUrl(this.env.FRAISIER_DB_URL ?? `sqlite://${join(this.folder, "fraisier.db")}`);
  }

  /** Whether anything was ever written there. */
  async isLedgerSetUp(): Promise<boolean> {
    const { exists, applied } = await this.json<{ exists: boolean; applied: string[] }>("db", "status");
    return exists && (applied.length > 0 || !this.env.FRAISIER_DB_URL);
  }

  async history(): Promise<HistoryRow[]> {
    return (await this.json<{ deployments: HistoryRow[] }>("history", "--number", "1000")).deployments;
  }

  async show(id: string): Promise<Shown> {
    return this.json<Shown>("show", id);
  }

  async status(): Promise<StatusDocument> {
    return this.json<StatusDocument>("status", "shop", "production");
  }

  /** The release that `current` points to; null when there is none. */
  current(): string | null {
    try {
      return basename(readlinkSync(join(this.app, "current")));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
  }

  releases(): string[] {
    return existsSync(join(this.app, "releases")) ? readdirSync(join(this.app, "releases")).sort() : [];
  }

  /** Puts a program in front of the one of that name on the PATH. */
  wrapProgram(name: string, script: string): void {
    const folder = join(this.folder, "programs");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), script);
    chmodSync(join(folder, name), 0o755);
    this.env.PATH = `${folder}:${process.env.PATH}`;
  }

  /** A shell line that notes that it was reached and goes on only when {@link letGo} was called. */
  holdLine(name: string): string {
    return `touch '${this.folder}/reached-${name}'; while ! [ -e '${this.folder}/go-${name}' ]; do sleep 0.05; done`;
  }

  async reached(name: string): Promise<void> {
    await until(() => existsSync(join(this.folder, `reached-${name}`)), `the step ${name} to be reached`);
    rmSync(join(this.folder, `reached-${name}`));
  }

  letGo(name: string): void {
    writeFileSync(join(this.folder, `go-${name}`), "");
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  /** Ids of processes whose command line mentions this sandbox or run in it. */
  async processes(): Promise<number[]> {
    const { stdout } = await execa("ps", ["-eo", "pid=,args="]);
    const here = stdout.split("\n").filter((line) => line.includes(this.folder) && !line.includes("ps -eo"));
    return here.map((line) => Number.parseInt(line, 10)).filter((pid) => pid !== process.pid);
  }

  /** Ends what is still running and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    const started = await readPidFile(join(this.app, ".fraisier/service.pid"));
    if (started && ["running", "orphaned"].includes(ownershipOf(started))) killGroup(started.leader.pid);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A row of `history --json`. */
export interface HistoryRow {
  readonly id: string;
  readonly shortId: string;
  readonly kind: string;
  readonly status: string;
  readonly newVersion: string | null;
  readonly oldVersion: string | null;
  readonly gitCommit: string | null;
  readonly releaseId: string | null;
  readonly errorMessage: string | null;
  readonly details: Record<string, unknown>;
}

/** The document of `show --json`. */
export interface Shown {
  readonly deployment: HistoryRow;
  readonly steps: {
    readonly name: string;
    readonly direction: string;
    readonly outcome: string;
    readonly message: string | null;
  }[];
}

/** The document of `status <fraise> <environment> --json`. */
export interface StatusDocument {
  readonly status: string | null;
  readonly version: string | null;
  readonly successfulDeployments: number;
  readonly failedDeployments: number;
  readonly currentRelease: string | null;
  readonly service: { readonly pid: number | null; readonly running: boolean; readonly port: number | null } | null;
  readonly deploying: { readonly user: string; readonly pid: number } | null;
}

/** Whether a process is there and not just waiting to be buried. */
export function isRunning(pid: number | null | undefined): boolean {
  if (!pid) return false;
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function serverText(version: AppVersion, folder: string): string {
  const { page, status = 200, location, crashAfterMs, mute, holdsStop } = version;
  return `import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
const headers = ${JSON.stringify(location === undefined ? {} : { location })};
console.log("starting ${page}");
${
  mute
    ? "setInterval(() => {}, 1000);"
    : `createServer((request, response) => {
  response.writeHead(${status}, headers);
  response.end(${JSON.stringify(page)});
}).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"));`
}
${crashAfterMs === undefined ? "" : `setTimeout(() => { console.error("fatal: out of strawberries"); process.exit(3); }, ${crashAfterMs});`}
process.on("SIGTERM", () => {
  ${holdsStop ? `writeFileSync("${folder}/reached-stop", "");` : ""}
  setInterval(() => ${holdsStop ? `existsSync("${folder}/go-stop")` : "true"} && process.exit(0), 5);
});
`;
}

/** Waits until `condition` holds. @throws after 20 seconds, naming what was waited for */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
