import type { DeploymentFilter, Ledger } from "../../../src/ledger/index.ts";
import { holder, identity, newDeployment, TARGET } from "../support.ts";
import { type History, RARE, startOf } from "./history.ts";
import { recorded, type Sent } from "./recorder.ts";

/** Statements that a method of the ledger sends. */
export interface Question {
  /** The method, and of what it is asked. */
  readonly name: string;
  readonly sent: readonly Sent[];
}

/** Values for each filter of a list: such as many deployments have, and such as one has, or few. */
function filterValues(history: History): Record<"common" | "rare", Required<Omit<DeploymentFilter, "limit">>> {
  const { count } = history;
  return {
    common: {
      project: "",
      fraise: "fraise7",
      environment: "staging",
      target: TARGET,
      kind: "deploy",
      status: ["success", "failed"],
      since: startOf(Math.floor(count / 2)),
      after: history.middle,
    },
    rare: {
      project: RARE.project_name,
      fraise: RARE.fraise_name,
      environment: RARE.environment_name,
      target: RARE.target,
      kind: "rollback",
      status: ["pending", "in_progress", "superseded"],
      since: startOf(count - 30),
      after: history.rare,
    },
  };
}

/** A list of deployments with each combination of filters. */
export async function askForLists(
  ledger: Ledger,
  history: History,
  values: "common" | "rare",
): Promise<ListQuestion[]> {
  const all = filterValues(history)[values];
  const names = Object.keys(all) as (keyof typeof all)[];
  const questions: ListQuestion[] = [];
  for (let combination = 0; combination < 2 ** names.length; combination++) {
    const by = names.filter((_, index) => (combination & (2 ** index)) !== 0);
    const filter: DeploymentFilter = Object.fromEntries(by.map((name) => [name, all[name]]));
    const sent = await recorded(() => ledger.listDeployments(filter));
    questions.push({ name: `listDeployments by ${values} ${by.join(", ") || "nothing"}`, by, sent });
  }
  return questions;
}

export interface ListQuestion extends Question {
  readonly by: readonly (keyof DeploymentFilter)[];
}

/** Everything else that the ledger can be asked for or told, in an order in which each succeeds. */
export async function askForTheRest(ledger: Ledger, { middle, count }: History): Promise<Question[]> {
  const questions: Question[] = [];
  const ask = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    let answer: T | undefined;
    const sent = await recorded(async () => {
      answer = await work();
    });
    questions.push({ name, sent });
    return answer as T;
  };
  const place = { identity: identity({ fraise: "fraise7" }), target: TARGET };
  await ask("getDeployment", () => ledger.getDeployment(middle));
  await ask("findDeployments that begin like all", () => ledger.findDeployments(middle.slice(0, 4)));
  await ask("findDeployments by a short id", () => ledger.findDeployments(middle.slice(-8)));
  await ask("unfinishedDeployments", () => ledger.unfinishedDeployments(place));
  await ask("lastHealthy", () => ledger.lastHealthy(place));
  await ask("lastHealthy before another", () =>
    ledger.lastHealthy({ ...place, before: middle, excludeReleases: ["r7", "r27"] }),
  );
  await ask("findRelease", () => ledger.findRelease({ ...place, releaseId: "r107" }));
  await ask("healthyReleases", () => ledger.healthyReleases(place));
  await ask("getSteps", () => ledger.getSteps(middle));
  await ask("getOutput", () => ledger.getOutput(middle));
  await ask("getOutput that follows", () => ledger.getOutput(middle, { afterSequence: 1, limit: 500 }));
  const state = await ask("getState", () => ledger.getState(place.identity));
  await ask("listStates", () => ledger.listStates());
  await ask("listStates of a project", () => ledger.listStates(RARE.project_name));
  await ask("dayCounts", () => ledger.dayCounts({ id: state?.id ?? "" }, "2020-07-01"));
  await ask("events", () => ledger.events());
  await ask("events that follow", () => ledger.events({ afterSequence: count }));
  await ask("events of a deployment", () => ledger.events({ subjectId: middle }));
  await ask("events of a deployment that follow", () => ledger.events({ subjectId: middle, afterSequence: count }));
  await ask("recentWebhooks", () => ledger.recentWebhooks());

  await ask("readLease", () => ledger.readLease(TARGET));
  const request = { target: TARGET, holder: holder(), ttlMs: 600_000, isAlive: () => true };
  const { lease } = await ask("acquireLease", () => ledger.acquireLease(request));
  await ask("heartbeat", () => ledger.heartbeat(lease));
  const wanted = newDeployment({ fraise: "fraise7", kind: "rollback", undoesDeploymentId: middle });
  const { id } = await ask("createDeployment", () => ledger.createDeployment(wanted));
  const times = { startedAt: new Date(), endedAt: new Date() };
  await ask("recordStep", () => ledger.recordStep(id, { name: "fetch", ...times, outcome: "success", message: null }));
  await ask("beginDeployment", () => ledger.beginDeployment(lease, id));
  const change = { releaseId: "r1", undoesDeploymentId: middle, details: { port: 8080 } };
  await ask("changeDeployment", () => ledger.changeDeployment(lease, id, change));
  const { order } = await ask("startStep", () => ledger.startStep(lease, id, { name: "build", direction: "do" }));
  await ask("appendOutput", () =>
    ledger.appendOutput(lease, id, order, [{ stream: "stdout", text: "built\n", at: new Date() }]),
  );
  await ask("finishStep", () => ledger.finishStep(lease, id, order, "success"));
  await ledger.startStep(lease, id, { name: "switch", direction: "do" });
  await ask("endDeployment", () =>
    ledger.endDeployment(lease, id, { status: "success", fraise: { status: "healthy", deployed: true } }),
  );
  await ask("releaseLease", () => ledger.releaseLease(lease));
  for (const method of ["cancelPending", "abandonPending"] as const) {
    const pending = await ledger.createDeployment(newDeployment({ fraise: "fraise7" }));
    await ask(method, () => ledger[method](pending.id, "no more wanted"));
  }
  const older = { ...place.identity, oldVersion: null, gitCommit: null, gitBranch: null, triggeredBy: "manual" };
  const begin = () => ledger.recordDeployment({ ...older, triggeredByUser: null });
  const recordedId = (await ask("recordDeployment", begin)).id;
  await ask("endRecorded", () => ledger.endRecorded(recordedId, { status: "success", newVersion: "v2" }));
  await ask("setState", () => ledger.setState(place.identity, { version: "v2", status: "healthy", deployedBy: null }));
  await ask("markRolledBack", () => ledger.markRolledBack(recordedId));
  const call = { provider: "gitea", type: "push", branch: "main", commit: null, sender: null, payload: {} };
  const webhook = await ask("recordWebhookEvent", () => ledger.recordWebhookEvent(call));
  await ask("linkWebhookToDeployment", () => ledger.linkWebhookToDeployment(webhook, id));
  await ask("acquireServiceLock", () => ledger.acquireServiceLock("shop", "local", "maria", 60_000));
  await ask("readServiceLock", () => ledger.readServiceLock("shop", "local"));
  await ask("releaseServiceLock", () => ledger.releaseServiceLock("shop", "local", "maria"));
  return questions;
}
