import { existsSync, statSync } from "node:fs";
import { loadProject, NAME_PATTERN, type Project } from "../../config/index.ts";
import { DatabaseType, loadDatabaseConfig, parseSqliteUrl } from "../../db/index.ts";
import type { Deployment, Ledger, LedgerPlace } from "../../ledger/index.ts";
import { DEPLOYMENT_STATUSES, openLedger, shortId } from "../../ledger/index.ts";
import { databasePlace } from "../session.ts";
import { relativeTime } from "../time.ts";
import { fraiseText, versionText } from "../view.ts";
import type { Candidate } from "./complete.ts";
import { SHELLS } from "./scripts.ts";

/** What was typed of a command line, before the word to be completed. */
export interface Line {
  readonly command: string;
  readonly args: readonly string[];
  /** By the names that commander gives them. */
  readonly options: ReadonlyMap<string, string>;
}

/** How many deployments are offered, the newest first. */
const MOST_DEPLOYMENTS = 30;

/** Where the values of an argument or option come from, by its name, or by its command and name. */
export const NAME_SOURCES: Readonly<Record<string, (line: Line) => Promise<Candidate[]>>> = {
  fraise: fraises,
  environment: environments,
  deployment: (line) => deployments(line, () => true),
  // A rollback goes back to what was once in service.
  "rollback to": (line) => deployments(line, ({ healthyAt }) => healthyAt !== null),
  "logs step": steps,
  status: async () => DEPLOYMENT_STATUSES.map((value) => ({ value, description: "" })),
  shell: async () => SHELLS.map((value) => ({ value, description: "" })),
  error: async () => {
    const { explanations } = await import("../explanations/index.ts");
    return [...explanations()].map(({ kind, meaning }) => ({ value: kind, description: meaning }));
  },
};

async function fraises(line: Line): Promise<Candidate[]> {
  const project = declared(line);
  if (project !== null)
    return [...project.fraises.values()].map(({ name, description }) => ({ value: name, description }));
  return remembered(line, ({ fraise }) => fraise);
}

async function environments(line: Line): Promise<Candidate[]> {
  const fraise = line.args[0] ?? line.options.get("fraise");
  const project = declared(line);
  if (project === null)
    return remembered(line, (state) => (fraise === undefined || state.fraise === fraise ? state.environment : null));
  const meant = [...project.fraises.values()].filter(({ name }) => fraise === undefined || name === fraise);
  const found = new Map(meant.flatMap((each) => [...each.environments]));
  return [...found.values()].map(({ key, name }) => ({ value: key, description: name === key ? "" : name }));
}

/** The fraises.yaml that holds here; null where there is none, or a broken one. */
function declared(line: Line): Project | null {
  const config = line.options.get("config");
  try {
    return loadProject({
      cwd: process.cwd(),
      env: process.env,
      unset: "keep",
      ...(config !== undefined && { config }),
    });
  } catch {
    return null; // it is for the command itself to say what is wrong
  }
}

function remembered(
  line: Line,
  nameOf: (state: { readonly fraise: string; readonly environment: string }) => string | null,
): Promise<Candidate[]> {
  return withLedger(line, async (ledger) => {
    const names = new Set((await ledger.listStates()).map(nameOf).filter((name) => name !== null));
    // What was adopted may be called anything, and would have to be quoted for the shell.
    return [...names].filter((name) => NAME_PATTERN.test(name)).map((value) => ({ value, description: "" }));
  });
}

function deployments(line: Line, isMeant: (deployment: Deployment) => boolean): Promise<Candidate[]> {
  const [fraise, environment] = line.command === "rollback" ? line.args : [];
  return withLedger(line, async (ledger) => {
    const now = new Date();
    const found = await ledger.listDeployments({
      limit: MOST_DEPLOYMENTS,
      ...(fraise !== undefined && { fraise }),
      ...(environment !== undefined && { environment }),
    });
    return found.filter(isMeant).map((deployment) => ({
      value: shortId(deployment.id),
      description: [
        fraiseText(deployment, false),
        deployment.environment,
        versionText(deployment),
        deployment.status.replaceAll("_", " "),
        relativeTime(deployment.startedAt, now),
      ].join(" "),
    }));
  });
}

function steps(line: Line): Promise<Candidate[]> {
  return withLedger(line, async (ledger) => {
    const [deployment] = await ledger.findDeployments(line.args[0] ?? "");
    const found = deployment === undefined ? [] : await ledger.getSteps(deployment.id);
    return found.map(({ name, outcome }) => ({ value: name, description: outcome }));
  });
}

async function withLedger(line: Line, work: (ledger: Ledger) => Promise<Candidate[]>): Promise<Candidate[]> {
  const place = untouchedPlace(line.options.get("config"));
  const opened = place === null ? null : await openLedger({ ...place, mode: "read" });
  try {
    return opened === null ? [] : await work(opened.ledger);
  } finally {
    await opened?.close();
  }
}

/**
 * Where the ledger can be read without a trace. Beside an SQLite file even a reader makes a log and shared memory, unless
 * it is told that nobody writes; somebody who does has made both. null: neither holds, after a crash.
 */
function untouchedPlace(config: string | undefined): LedgerPlace | null {
  const place = databasePlace(config === undefined ? {} : { config });
  const { type, url, baseDirectory } = loadDatabaseConfig(place);
  if (type !== DatabaseType.SQLITE) return place;
  const { path } = parseSqliteUrl(url, baseDirectory);
  const isLogged = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  if (isLogged) return existsSync(`${path}-shm`) ? place : null;
  return { ...place, options: { url: `sqlite://${path.replace(/[%?#]/g, encodeURIComponent)}?immutable=1` } };
}
