/** What the tests of the command line share: running what was built, and ledgers with something in them. */
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished } from "vitest";
import {
  type Deployment,
  type DeploymentEnd,
  Ledger,
  type LedgerPlace,
  type NewDeployment,
  openLedger,
} from "../../src/ledger/index.ts";
import { holder, newDeployment, TARGET, WallClock } from "../ledger/support.ts";
import { cleanEnvironment, type RunResult, run } from "../packaging/support.ts";

export const ROOT: string = dirname(dirname(import.meta.dirname));
export const PROGRAM: string = join(ROOT, "bin", "fraisier.js");

/** Every command, as it is typed. */
export const COMMANDS: readonly string[] = [
  "list",
  "deploy",
  "rollback",
  "status",
  "status-all",
  "history",
  "show",
  "logs",
  "stats",
  "webhooks",
  "doctor",
  "init",
  "config validate",
  "config show",
  "config schema",
  "db status",
  "db check",
  "db migrate",
  "db down",
  "db redo",
  "db baseline",
  "db repair",
  "db new",
  "version",
  "explain",
  "completion",
  "demo",
];
/** An empty folder that goes with the test. */
export function emptyFolder(name = "cli"): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `fraisier-${name}-`)));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The environment of a user who has set nothing of Fraisier's. */
export function userEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const clean = Object.entries(cleanEnvironment()).filter(([name]) => !/^(FRAISIER_|GIT_|NO_COLOR$)/.test(name));
  return { ...Object.fromEntries(clean), ...extra };
}

/** Runs the built command line in a folder, without a terminal. */
export function fraisier(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  return run(process.execPath, [PROGRAM, ...args], { cwd, env: userEnvironment(env) });
}

/** Runs a command that must end well; its JSON document, without the schema, which must be the command's. */
export async function document<T>(cwd: string, ...args: string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await fraisier(cwd, [...args, "--json"]);
  expect(exitCode, stderr + stdout).toBe(0);
  expect(stderr).toBe("");
  const { schema, ...rest } = JSON.parse(stdout) as { schema: string };
  expect(schema).toMatch(/^fraisier\.[a-z-]+\/1$/);
  return rest as T;
}

/** Writes a fraises.yaml (JSON is YAML). @returns the folder */
export function project(file: object, folder: string = emptyFolder()): string {
  writeFileSync(join(folder, "fraises.yaml"), JSON.stringify(file, null, 2));
  return folder;
}

/** A project of two fraises that need nothing of this machine. */
export const FRUIT = {
  name: "fruit",
  fraises: {
    shop: {
      type: "api",
      description: "Sells fruit",
      git_repo: "./repository",
      environments: {
        production: { branch: "main", app_path: "./app" },
        staging: { branch: "next", app_path: "./staging" },
      },
    },
    nightly: { type: "etl", environments: { production: {} } },
  },
};

/** One deployment of a ledger that {@link remember} makes. */
export interface Remembered extends Partial<NewDeployment> {
  readonly at?: Date;
  /** What it printed, as the step `build`. */
  readonly output?: readonly string[];
  readonly subject?: string;
  /** null for one that is still in progress. Default: success. */
  readonly end?: DeploymentEnd | null;
}

/** Writes deployments into the ledger of a folder, in this order. */
export function remember(folder: string, ...deployments: readonly Remembered[]): Promise<Deployment[]> {
  return rememberIn({ directory: folder, env: {} }, ...deployments);
}

/** Writes deployments into a ledger, in this order. */
export async function rememberIn(place: LedgerPlace, ...deployments: readonly Remembered[]): Promise<Deployment[]> {
  const { ledger: opened, close } = await openLedger({ ...place, mode: "write" });
  const clock = new WallClock();
  const ledger = new Ledger(opened.adapter, { clock });
  const remembered: Deployment[] = [];
  try {
    for (const { at = new Date(clock.time + 60_000), output, subject, end, ...row } of deployments) {
      clock.time = at.getTime();
      const target = `${row.fraise ?? "shop"} on ${TARGET}`;
      const { lease } = await ledger.acquireLease({ target, holder: holder(), ttlMs: 60_000, isAlive: () => true });
      const { id } = await ledger.createDeployment(newDeployment({ project: "fruit", ...row }));
      await ledger.beginDeployment(lease, id);
      if (subject !== undefined) await ledger.changeDeployment(lease, id, { commitSubject: subject });
      const step = await ledger.startStep(lease, id, { name: "build", direction: "do" });
      const chunks = (output ?? []).map((text) => ({ stream: "stdout" as const, text, at }));
      if (chunks.length > 0) await ledger.appendOutput(lease, id, step.order, chunks);
      clock.advance(2500);
      if (end !== null) {
        await ledger.finishStep(lease, id, step.order, "success");
        await ledger.endDeployment(
          lease,
          id,
          end ?? { status: "success", fraise: { status: "healthy", deployed: true } },
        );
      }
      await ledger.releaseLease(lease);
      remembered.push((await ledger.getDeployment(id)) as Deployment);
    }
  } finally {
    await close();
  }
  return remembered;
}

/** Runs statements on the database file of a folder. */
export async function alter(folder: string, ...statements: readonly (readonly [string, unknown[]?])[]): Promise<void> {
  const { SqliteAdapter } = await import("../../src/db/index.ts");
  await using adapter = new SqliteAdapter(join(folder, "fraisier.db"));
  for (const [text, params] of statements) await adapter.executeQuery(text, params);
}

/** Every file and folder below a folder. */
export function everythingIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
}
