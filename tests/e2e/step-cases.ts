/** The steps of a deployment, and how one is brought to be in each. */
import type { TestLedger } from "./ledgers.ts";
import { type AppVersion, type Running, type Sandbox, until } from "./sandbox.ts";

/** A git that waits, in the step that fetches, until it is told to go on. */
export const slowGit = (box: Sandbox): string => `#!/bin/sh
for word in "$@"; do case "$word" in fetch) ${box.holdLine("fetch")} ;; esac; done
PATH="\${PATH#*:}" exec git "$@"
`;

/** Keeps the rows that `update` touches to itself until the returned function is called. */
async function holdRows(box: Sandbox, update: string): Promise<() => Promise<void>> {
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const adapter = await box.openDatabase();
  const holding = adapter.transaction(async (tx) => {
    await tx.executeUpdate(update);
    held.resolve();
    await released.promise;
  });
  await Promise.race([held.promise, holding]);
  return async () => {
    released.resolve();
    await holding;
    await adapter.close();
  };
}

/** Keeps SQLite busy, in whoever records the end of a step, until he is killed and the returned function called. */
async function holdEndOf(box: Sandbox, step: string): Promise<() => Promise<void>> {
  await using adapter = await box.openDatabase();
  const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n";
  await adapter.executeQuery(
    `CREATE TRIGGER hold AFTER UPDATE ON tb_deployment_step WHEN NEW.name = '${step}' BEGIN ${endless}; END`,
  );
  return async () => {
    await using again = await box.openDatabase();
    await again.executeQuery("DROP TRIGGER hold");
  };
}

/** Whether a deployment is in the step `done`. */
async function isAtItsEnd(box: Sandbox): Promise<boolean> {
  await using adapter = await box.openDatabase();
  const running = "SELECT name FROM tb_deployment_step WHERE name = 'done' AND outcome = 'running'";
  return (await adapter.executeQuery(running)).length > 0;
}

type LetGo = () => unknown;

export interface StepCase {
  readonly step: string;
  /** What the version that serves does besides. */
  readonly app?: Partial<AppVersion>;
  /** The ledgers by which the deployment can be held there; else each that is tested thoroughly. */
  readonly on?: (ledger: TestLedger) => boolean;
  readonly settings?: (box: Sandbox) => Record<string, unknown>;
  /** Prepares that whoever is killed is killed in this very step. */
  readonly hold?: (box: Sandbox) => Promise<LetGo>;
  /** Starts a deployment and brings it into the step. @returns what lets it go on, once the signal is sent */
  readonly reach: (box: Sandbox, start: () => Running) => Promise<{ running: Running; letGo?: LetGo }>;
}

/** Starts a deployment that a command holds in its step. */
const reached =
  (name: string): StepCase["reach"] =>
  async (box, start) => {
    const running = start();
    await box.reached(name);
    return { running };
  };

/** Starts a deployment that tells of its step. */
const told =
  (name: string): StepCase["reach"] =>
  async (_box, start) => {
    const running = start();
    await running.until((event) => event.type === "step_started" && event.step === name);
    return { running };
  };

const onServers = ({ isSqlite, isThorough, name }: TestLedger) => !isSqlite && (isThorough || name === "PostgreSQL");

/** Each step, and how a deployment is brought to be in it. */
export const STEPS: readonly StepCase[] = [
  {
    step: "lock",
    on: onServers,
    async reach(box, start) {
      const letGo = await holdRows(box, "UPDATE tb_deployment_lease SET fencing_token = fencing_token");
      return { ...(await told("lock")(box, start)), letGo };
    },
  },
  {
    step: "fetch",
    settings: (box) => {
      box.wrapProgram("git", slowGit(box));
      return {};
    },
    reach: reached("fetch"),
  },
  { step: "build", settings: (box) => ({ build: [box.holdLine("build")] }), reach: reached("build") },
  { step: "migrate", settings: (box) => ({ migrate: box.holdLine("migrate") }), reach: reached("migrate") },
  {
    step: "activate",
    on: ({ isSqlite }) => isSqlite,
    hold: (box) => holdEndOf(box, "activate"),
    reach: told("activate"),
  },
  {
    step: "restart",
    settings: (box) => ({ service: { restart: box.holdLine("restart") }, health_check: undefined }),
    async reach(box, start) {
      const { running } = await reached("restart")(box, start);
      // The command that brings the good release back must not wait as well.
      return { running, letGo: () => box.letGo("restart") };
    },
  },
  {
    step: "restart (process)",
    app: { holdsStop: true },
    settings: () => ({ service: { start: [process.execPath, "server.mjs"], port: "auto", stop_timeout: 20 } }),
    async reach(box, start) {
      const { running } = await reached("stop")(box, start);
      return { running, letGo: () => box.letGo("stop") };
    },
  },
  {
    step: "health",
    on: () => true,
    settings: () => ({
      health_check: { url: "http://127.0.0.1:{port}/", retries: 50, interval: 0.1, stable_for: 1.5 },
    }),
    reach: told("health"),
  },
  {
    step: "done",
    on: onServers,
    settings: (box) => ({ build: [box.holdLine("build")] }),
    async reach(box, start) {
      const { running } = await reached("build")(box, start);
      const letGo = await holdRows(box, "UPDATE tb_fraise_state SET status = status");
      box.letGo("build");
      await until(() => isAtItsEnd(box), "the deployment to come to its end");
      return { running, letGo };
    },
  },
];
