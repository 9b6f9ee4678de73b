import type { Project } from "../../config/index.ts";
import { describeHolder } from "../../deploy/index.ts";
import type { Ledger } from "../../ledger/index.ts";
import { shortId } from "../../ledger/index.ts";
import type { ServiceState } from "../../targets/index.ts";
import { EXIT } from "../exit-codes.ts";
import { isLeaseDead, leaseText, type Observation, observationJson, observe } from "../observation.ts";
import { findPlace, type GlobalOptions, openProject } from "../project.ts";
import { withLedgerForReading } from "../session.ts";
import { facts, table } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { bothTimes } from "../time.ts";
import { placeText } from "../view.ts";

/** What is deployed where, and who is deploying now; with a fraise and an environment, all that is known of that one. */
export async function status(
  terminal: Terminal,
  fraiseName: string | undefined,
  environmentKey: string | undefined,
  options: GlobalOptions,
): Promise<number> {
  const project = openProject(options, "read");
  return withLedgerForReading(options, async (ledger) => {
    if (fraiseName === undefined) return overview(terminal, project, await observeAll(project, ledger, undefined));
    if (environmentKey === undefined) {
      const places = await observeAll(project, ledger, fraiseName);
      return overview(terminal, project, places);
    }
    return detail(terminal, await observe(findPlace(project, fraiseName, environmentKey), ledger));
  });
}

async function observeAll(
  project: Project,
  ledger: Ledger | null,
  fraiseName: string | undefined,
): Promise<Observation[]> {
  const observations: Observation[] = [];
  const fraises =
    fraiseName === undefined
      ? [...project.fraises.values()]
      : [findPlace(project, fraiseName, firstEnvironment(project, fraiseName)).fraise];
  for (const fraise of fraises)
    for (const environment of fraise.environments.values())
      observations.push(await observe({ project, fraise, environment }, ledger));
  return observations;
}

/** Any environment will do: it is the name of the fraise that is looked up. */
function firstEnvironment(project: Project, fraiseName: string): string {
  return project.fraises.get(fraiseName)?.environments.keys().next().value ?? "";
}

function overview(terminal: Terminal, project: Project, observations: readonly Observation[]): number {
  const now = new Date();
  if (terminal.json) {
    terminal.printJson("status", { project: project.name, fraises: observations.map(observationJson) });
    return EXIT.done;
  }
  const rows = observations.map(({ place, state, lease }) => [
    place.fraise.name,
    place.environment.key,
    placeText(terminal, state),
    state?.currentVersion ?? "–",
    state?.lastDeployedAt ? bothTimes(state.lastDeployedAt, now) : "–",
    state?.lastDeployedBy ?? "–",
    lease === null ? "" : leaseText(terminal, lease, now),
  ]);
  terminal.print(table(terminal, ["FRAISE", "ENVIRONMENT", "STATUS", "VERSION", "DEPLOYED", "BY", ""], rows));
  return EXIT.done;
}

function detail(terminal: Terminal, observation: Observation): number {
  const { place, state, deployment, lease, service, currentRelease } = observation;
  const now = new Date();
  if (terminal.json) {
    terminal.printJson("status", observationJson(observation));
    return EXIT.done;
  }
  terminal.print(terminal.style("bold", `${place.fraise.name} ${place.environment.key}`));
  terminal.print(
    facts(terminal, [
      ["status", placeText(terminal, state)],
      ["version", state?.currentVersion],
      [
        "commit",
        deployment === null
          ? null
          : `${deployment.gitCommit ?? "unknown"}${deployment.commitSubject ? `  ${deployment.commitSubject}` : ""}`,
      ],
      ["branch", deployment?.gitBranch],
      [
        "deployed",
        state?.lastDeployedAt
          ? `${bothTimes(state.lastDeployedAt, now)} by ${state.lastDeployedBy ?? "somebody unknown"}`
          : null,
      ],
      [
        "deployment",
        deployment === null ? null : `${shortId(deployment.id)} (fraisier show ${shortId(deployment.id)})`,
      ],
      ["release", currentRelease],
      ["process", service === null ? null : serviceText(terminal, service)],
      ["address", service?.port == null ? null : `http://127.0.0.1:${service.port}/`],
      ["log", service?.logFile],
      [
        "history",
        state === null ? null : `${state.successfulDeployments} succeeded, ${state.failedDeployments} failed`,
      ],
      [
        "working now",
        lease === null
          ? null
          : `${describeHolder(lease.holder)}, since ${bothTimes(lease.acquiredAt, now)}${isLeaseDead(lease) ? "; that process is gone: the next deployment takes back what it did" : ""}`,
      ],
    ]),
  );
  return EXIT.done;
}

function serviceText(terminal: Terminal, { pid, running }: ServiceState): string | null {
  if (pid === null) return null;
  return running ? `${pid}, running` : terminal.style("red", `${pid}, not running`);
}
