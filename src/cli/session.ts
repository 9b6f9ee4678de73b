import {
  type Environment,
  type Fraise,
  findEnvironment,
  loadProject,
  type Project,
  readDatabaseFiles,
} from "../config/index.ts";
import { systemClock } from "../db/index.ts";
import {
  createMasker,
  currentRunner,
  type DeployContext,
  type DeployListener,
  identityOf,
  isHolderAlive,
} from "../deploy/index.ts";
import { type Ledger, type LedgerPlace, openLedger } from "../ledger/index.ts";
import { createLocalTarget, type Target } from "../targets/index.ts";
import type { Interrupts } from "./interrupt.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly color?: boolean;
  /** Of the commands that use a database: its URL. */
  readonly db?: string;
}

/** Reads fraises.yaml. `read` tolerates variables that are not set, for commands that only look. @throws ConfigError */
export function openProject(options: GlobalOptions, purpose: "read" | "deploy"): Project {
  return loadProject({
    cwd: process.cwd(),
    ...(options.config !== undefined && { config: options.config }),
    env: process.env,
    unset: purpose === "read" ? "keep" : "error",
  });
}

/**
 * Where the ledger is, by `--db`, the environment, `.env` and the files of the project. Commands that read history work also with
 * a broken fraises.yaml. @throws ConfigError
 */
export function databasePlace(options: GlobalOptions): LedgerPlace {
  const { env } = process;
  const files = readDatabaseFiles({ cwd: process.cwd(), config: options.config, env });
  return { ...files, env, ...(options.db !== undefined && { options: databaseOption(options.db) }) };
}

/** What `--db` says. */
export function databaseOption(url: string): NonNullable<LedgerPlace["options"]> {
  return { url: { text: url, place: "--db" } };
}

/** Whether there is a fraises.yaml. @throws ConfigError where a named one is missing */
export function hasProject(options: GlobalOptions): boolean {
  return readDatabaseFiles({ cwd: process.cwd(), config: options.config, env: process.env }).project !== null;
}

/** Runs `work` with the ledger as it is; with null when nothing was ever written. Creates nothing. @throws ConfigError, DatabaseError */
export async function withLedgerForReading<T>(
  options: GlobalOptions,
  work: (ledger: Ledger | null) => Promise<T>,
): Promise<T> {
  const opened = await openLedger({ ...databasePlace(options), mode: "read" });
  try {
    return await work(opened?.ledger ?? null);
  } finally {
    await opened?.close();
  }
}

/** Runs `work` with a ledger that can be written; sets up an empty database. @throws ConfigError, DatabaseError, LedgerSchemaError */
export async function withLedgerForWriting<T>(
  options: GlobalOptions,
  work: (ledger: Ledger) => Promise<T>,
): Promise<T> {
  const opened = await openLedger({ ...databasePlace(options), mode: "write" });
  try {
    return await work(opened.ledger);
  } finally {
    await opened.close();
  }
}

/** One environment of one fraise, as the command line names it. */
export interface Place {
  readonly project: Project;
  readonly fraise: Fraise;
  readonly environment: Environment;
}

/** @throws FraisierError `fraise_not_found`, `environment_not_found`, with what was probably meant */
export function findPlace(project: Project, fraiseName: string, environmentKey: string): Place {
  return { project, ...findEnvironment(project, fraiseName, environmentKey) };
}

/** The place on this machine where an environment of type `api` is deployed. */
export function targetOf({ environment }: Place): Target {
  const { appPath, gitRepo, service, healthCheck, shared, env, timeout } = environment;
  return createLocalTarget(
    { appPath: appPath ?? "", gitRepo: gitRepo ?? "", service, healthCheck, shared, env, timeout },
    { clock: systemClock, env: process.env },
  );
}

/** What `deploy/` works with, for this process. */
export function deployContext(
  place: Place,
  ledger: Ledger,
  listener: DeployListener,
  interrupts: Interrupts,
): DeployContext {
  const { project, fraise, environment } = place;
  const runner = currentRunner(process.env);
  return {
    identity: identityOf(project, fraise, environment),
    fraise,
    environment,
    target: targetOf(place),
    ledger,
    runner,
    isAlive: isHolderAlive,
    clock: systemClock,
    mask: createMasker(project.secretValues),
    listener,
    signal: interrupts.signal,
  };
}
