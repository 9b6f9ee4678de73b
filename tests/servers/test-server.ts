import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chownSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { answers } from "./answers.ts";
import { guardFolder } from "./guarded.ts";
import { serverUser, temporaryFolder } from "./places.ts";
import { pickPort } from "./ports.ts";
import { killProcessesIn, pauseProcessesIn, processesIn, removeServer, resumeProcessesIn } from "./processes.ts";
import type { Product, ServerKind, Site } from "./products/index.ts";
import type { Programs } from "./programs.ts";
import { ENVIRONMENT, runAsServerUser } from "./run.ts";

/** How long a server may take to start or to end in good order, in milliseconds. */
const PATIENCE_MS = 60_000;
const POLL_MS = 10;

/** A server of a test's own, with nobody else's data in it. */
export class TestServer {
  readonly #product: Product;
  readonly #site: Site;
  #process: ChildProcess | null = null;
  /** Fulfilled when the process has ended, and its port is free. */
  #end: Promise<unknown> = Promise.resolve();

  private constructor(product: Product, site: Site) {
    this.#product = product;
    this.#site = site;
  }

  /** Makes a server and starts it. */
  static async create(product: Product, programs: Programs, settings: Site["settings"] = {}): Promise<TestServer> {
    const folder = makeFolder(product.kind);
    await guardFolder(folder);
    try {
      const password = randomBytes(12).toString("hex");
      const server = new TestServer(product, { folder, programs, port: await pickPort(), password, settings });
      await runAsServerUser(
        product.initialise(server.#site, (name, text) => writeOwn(join(folder, name), text)),
        folder,
      );
      await server.start();
      return server;
    } catch (error) {
      await removeServer(folder);
      throw error;
    }
  }

  get kind(): ServerKind {
    return this.#product.kind;
  }

  get version(): string {
    return this.#site.programs.version;
  }

  /** Holds all that it owns: `data/`, `run/`, `tmp/`, `log`. */
  get folder(): string {
    return this.#site.folder;
  }

  get port(): number {
    return this.#site.port;
  }

  /** The administrator's URL, with a password made up for this server. */
  get url(): string {
    return this.#product.url(this.#site);
  }

  /** Where its Unix socket is: the folder for PostgreSQL, the file for the others, as their clients want it. */
  get socket(): string {
    return this.#product.socket(this.#site);
  }

  /** The processes that it has now. */
  get processes(): readonly number[] {
    return processesIn(this.folder);
  }

  /** Starts it again, on the same port and with the same data; returns when it takes connections. */
  async start(): Promise<void> {
    if (this.#isRunning) throw new Error(`${this.#product.title} runs already.`);
    this.#clearRemains();
    this.#spawn();
    const deadline = performance.now() + PATIENCE_MS;
    while (!(await answers(this.port, this.#product.protocol))) {
      if (!this.#isRunning) throw this.#failure("ended while it started");
      if (performance.now() > deadline) throw this.#failure("did not answer in time");
      await delay(POLL_MS);
    }
  }

  /** Ends it in good order, without waiting for its clients. */
  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    this.resume();
    this.#process?.kill(this.#product.stopSignal);
    const tooLate = delay(PATIENCE_MS, true, { ref: false });
    if (await Promise.race([this.#ending(), tooLate])) throw this.#failure("did not stop in time");
    await killProcessesIn(this.folder);
  }

  /** SIGKILL to each of its processes; returns when none is left. */
  async kill(): Promise<void> {
    await killProcessesIn(this.folder);
    await this.#ending();
  }

  /** Stops all of its processes in their tracks: connections stay open, and nothing answers. */
  async pause(): Promise<void> {
    await pauseProcessesIn(this.folder);
  }

  resume(): void {
    resumeProcessesIn(this.folder);
  }

  /** Ends it for good and removes its data. */
  async dispose(): Promise<void> {
    await removeServer(this.folder);
    await this.#ending();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  get #isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.#process ?? {};
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Waits for its end; false. */
  async #ending(): Promise<false> {
    this.#process?.ref();
    await this.#end;
    return false;
  }

  #spawn(): void {
    const { file, args, env } = this.#product.serve(this.#site);
    const { folder } = this;
    const log = openSync(this.#logFile, "a");
    this.#process = spawn(file, args, {
      cwd: folder,
      env: { ...ENVIRONMENT, HOME: folder, ...env },
      stdio: ["ignore", log, log],
      detached: true,
      ...serverUser(),
    });
    closeSync(log);
    // One that could not be started is over, too.
    this.#end = once(this.#process, "exit").catch(() => {});
    // A server that a test has forgotten is the guard's business.
    this.#process.unref();
  }

  /** Removes what a killed server leaves behind and would take for another one that runs. */
  #clearRemains(): void {
    const { folder } = this;
    rmSync(join(folder, "data", "postmaster.pid"), { force: true });
    rmSync(join(folder, "run"), { recursive: true, force: true });
    makeOwnFolder(join(folder, "run"));
  }

  get #logFile(): string {
    return join(this.folder, "log");
  }

  #failure(what: string): Error {
    const log = readFileSync(this.#logFile, "utf8").trimEnd().split("\n").slice(-20).join("\n");
    return new Error(`${this.#product.title} ${this.version} ${what}:\n${log}`);
  }
}

/** A folder for a server. */
function makeFolder(kind: ServerKind): string {
  const folder = mkdtempSync(join(temporaryFolder(), `fraisier-${kind}-`));
  giveAway(folder);
  makeOwnFolder(join(folder, "tmp"));
  return folder;
}

function makeOwnFolder(path: string): void {
  mkdirSync(path, { mode: 0o700 });
  giveAway(path);
}

function writeOwn(path: string, text: string): string {
  writeFileSync(path, text, { mode: 0o600 });
  giveAway(path);
  return path;
}

/** Makes the user who runs the servers the owner. */
function giveAway(path: string): void {
  const user = serverUser();
  if (user !== null) chownSync(path, user.uid, user.gid);
}
