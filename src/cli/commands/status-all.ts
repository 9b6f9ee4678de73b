import type { Project } from "../../config/index.ts";
import { createMasker, identityOf, type Masker } from "../../deploy/index.ts";
import type { FraiseState, Identity, Lease, Ledger } from "../../ledger/index.ts";
import { type Probe, type ServiceState, TargetError } from "../../targets/index.ts";
import { EXIT } from "../exit-codes.ts";
import { leaseJson, leaseText, type Observation, observe, serviceJson } from "../observation.ts";
import { type GlobalOptions, hasProject, openProject } from "../project.ts";
import { withLedgerForReading } from "../session.ts";
import { table } from "../table.ts";
import { printable, type Terminal } from "../terminal.ts";
import { bothTimes } from "../time.ts";
import { fraiseText, placeText } from "../view.ts";

/** What `fraisier status-all` takes. */
export interface StatusAllOptions extends GlobalOptions {
  readonly environment?: string;
}

/** One place, whether it is declared, remembered, or both. */
interface Entry extends Identity {
  readonly isDeclared: boolean;
  readonly state: FraiseState | null;
  readonly lease: Lease | null;
  readonly service: ServiceState | null;
  /** What it answered just now; null where it could not be asked. */
  readonly probe: Pick<Probe, "ok" | "status" | "latencyMs" | "reason"> | null;
}

/** How long all the services together may take to answer. */
const LOOK_MS = 10_000;

/** Every place that is declared or remembered, and whether what is deployed there answers. */
export async function statusAll(terminal: Terminal, options: StatusAllOptions): Promise<number> {
  const project = hasProject(options) ? openProject(options, "read") : null;
  const environment = options.environment?.normalize("NFC");
  const entries = await withLedgerForReading(options, async (ledger) => {
    const states = (await ledger?.listStates()) ?? [];
    const declared = project === null ? [] : await look(project, ledger);
    const remembered = states.filter((state) => !declared.some((entry) => isSame(entry, state)));
    return [...declared, ...remembered.map(entryOfState)].filter(
      (entry) => environment === undefined || entry.environment === environment,
    );
  });
  if (terminal.json) terminal.printJson("status-all", { fraises: entries.map(entryJson) });
  else if (entries.length === 0) terminal.say("Nothing is declared here, and nothing deployed yet.");
  else print(terminal, entries);
  return EXIT.done;
}

/** Looks at every declared place, at all of them at once. */
function look(project: Project, ledger: Ledger | null): Promise<Entry[]> {
  const signal = AbortSignal.timeout(LOOK_MS);
  const mask = createMasker(project.secretValues);
  const places = [...project.fraises.values()].flatMap((fraise) =>
    [...fraise.environments.values()].map((environment) => ({ project, fraise, environment })),
  );
  return Promise.all(
    places.map(async (place): Promise<Entry> => {
      const identity = identityOf(place.project, place.fraise, place.environment);
      try {
        const observation = await observe(place, ledger);
        const { state, lease, service } = observation;
        const probe = await ask(observation, signal);
        return { ...identity, isDeclared: true, state, lease, service, probe: masked(probe, mask) };
      } catch (error) {
        if (!(error instanceof TargetError)) throw error;
        // A place that cannot be looked at hides none of the others.
        const probe = { ok: false, status: null, latencyMs: 0, reason: error.message };
        const state = (await ledger?.getState(identity)) ?? null;
        return { ...identity, isDeclared: true, state, lease: null, service: null, probe };
      }
    }),
  );
}

const masked = (probe: Entry["probe"], mask: Masker): Entry["probe"] =>
  probe && { ...probe, reason: probe.reason && mask(probe.reason) };

/** Where nothing was deployed, whoever answers is somebody else. */
async function ask(
  { target, service, state, currentRelease }: Observation,
  signal: AbortSignal,
): Promise<Entry["probe"]> {
  if (target === null || (state === null && service === null && currentRelease === null)) return null;
  try {
    return await target.probe(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    return { ok: false, status: null, latencyMs: LOOK_MS, reason: `no whole answer within ${LOOK_MS / 1000} s` };
  }
}

const isSame = (one: Identity, other: Identity): boolean =>
  one.project === other.project &&
  one.fraise === other.fraise &&
  one.environment === other.environment &&
  one.job === other.job;

function entryOfState(state: FraiseState): Entry {
  const { project, fraise, environment, job } = state;
  return { project, fraise, environment, job, isDeclared: false, state, lease: null, service: null, probe: null };
}

function print(terminal: Terminal, entries: readonly Entry[]): void {
  const now = new Date();
  const severalProjects = new Set(entries.map(({ project }) => project)).size > 1;
  const rows = entries.map((entry) => {
    const { state, lease, isDeclared } = entry;
    return [
      fraiseText(entry, severalProjects),
      entry.environment,
      placeText(terminal, state),
      state?.currentVersion ?? "–",
      state?.lastDeployedAt ? bothTimes(state.lastDeployedAt, now) : "–",
      answerText(terminal, entry),
      lease !== null
        ? leaseText(terminal, lease, now)
        : isDeclared
          ? ""
          : terminal.style("dim", "not declared in this fraises.yaml"),
    ];
  });
  terminal.print(table(terminal, ["FRAISE", "ENVIRONMENT", "STATUS", "VERSION", "DEPLOYED", "ANSWERS", ""], rows));
}

/** What the look at the service found; without a health check, whether its process runs. */
function answerText(terminal: Terminal, { probe, service }: Entry): string {
  if (probe !== null)
    return probe.ok
      ? terminal.style("green", `yes, in ${Math.round(probe.latencyMs)} ms`)
      : terminal.style("red", `no: ${printable(probe.reason ?? "")}`);
  if (service === null || service.logFile === null) return "–"; // something else runs it
  return service.running ? "its process runs" : terminal.style("red", "its process is gone");
}

function entryJson({ isDeclared, state, lease, service, probe, ...identity }: Entry): Record<string, unknown> {
  return {
    ...identity,
    declared: isDeclared,
    status: state?.status ?? null,
    version: state?.currentVersion ?? null,
    lastDeployedAt: state?.lastDeployedAt ?? null,
    lastDeployedBy: state?.lastDeployedBy ?? null,
    successfulDeployments: state?.successfulDeployments ?? 0,
    failedDeployments: state?.failedDeployments ?? 0,
    service: service && serviceJson(service),
    answer: probe && { ok: probe.ok, status: probe.status, latencyMs: probe.latencyMs, reason: probe.reason },
    deploying: lease && leaseJson(lease),
  };
}
