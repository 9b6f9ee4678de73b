import type { DayCount, FraiseState, Ledger } from "../../ledger/index.ts";
import { EXIT } from "../exit-codes.ts";
import type { GlobalOptions } from "../project.ts";
import { withLedgerForReading } from "../session.ts";
import { table } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { duration } from "../time.ts";
import { fraiseText } from "../view.ts";
import { wholeNumber } from "../whole-number.ts";

/** What `fraisier stats` takes. */
export interface StatsOptions extends GlobalOptions {
  readonly fraise?: string;
  readonly environment?: string;
  readonly days?: string;
}

/** How deployments ended. */
type Counts = Omit<DayCount, "day">;

/** One environment of one fraise, with the days on which something ended there. */
interface PlaceCounts {
  readonly state: FraiseState;
  readonly days: readonly DayCount[];
}

const DAY_MS = 86_400_000;
const HEAD = ["SUCCEEDED", "FAILED", "ROLLED BACK", "CANCELLED", "RATE", "MEAN TIME"];

/** How the deployments of the last days ended, by place and by day (UTC). */
export async function stats(terminal: Terminal, options: StatsOptions): Promise<number> {
  const days = wholeNumber(options.days ?? "30", "--days", 1);
  const since = new Date(Math.max(0, Date.now() - (days - 1) * DAY_MS)).toISOString().slice(0, 10);
  return withLedgerForReading(options, async (ledger) => {
    const places = ledger === null ? [] : await countPlaces(ledger, options, since);
    if (terminal.json) {
      terminal.printJson("stats", {
        firstDay: since,
        days,
        fraises: places.map(placeJson),
        byDay: byDay(places).map(countsJson),
      });
      return EXIT.done;
    }
    if (places.length === 0) {
      terminal.say(ledger === null ? "Nothing deployed yet." : `No deployment ended since ${since}.`);
      return EXIT.done;
    }
    const severalProjects = new Set(places.map(({ state }) => state.project)).size > 1;
    const placeRows = places.map(({ state, days }) => [
      fraiseText(state, severalProjects),
      state.environment,
      ...cells(days.reduce(add)),
    ]);
    const dayRows = byDay(places).map(({ day, ...counts }) => [day, ...cells(counts)]);
    terminal.print(terminal.style("bold", `${days === 1 ? "Today" : `The last ${days} days`}, since ${since} (UTC)`));
    terminal.print(table(terminal, ["FRAISE", "ENVIRONMENT", ...HEAD], placeRows));
    terminal.print(`\n${table(terminal, ["DAY", ...HEAD], dayRows)}`);
    return EXIT.done;
  });
}

/** The places that are meant and where something ended, in the order of their names. */
async function countPlaces(ledger: Ledger, filter: StatsOptions, since: string): Promise<PlaceCounts[]> {
  const [fraise, environment] = [filter.fraise?.normalize("NFC"), filter.environment?.normalize("NFC")];
  const states = (await ledger.listStates()).filter(
    (state) =>
      (fraise === undefined || state.fraise === fraise) &&
      (environment === undefined || state.environment === environment),
  );
  const counted = states.map(async (state) => ({ state, days: await ledger.dayCounts(state, since) }));
  return (await Promise.all(counted)).filter(({ days }) => days.length > 0);
}

/** The days of all places together, oldest first. */
function byDay(places: readonly PlaceCounts[]): DayCount[] {
  const days = new Map<string, DayCount>();
  for (const count of places.flatMap((place) => place.days)) {
    const known = days.get(count.day);
    days.set(count.day, known === undefined ? count : { ...add(known, count), day: count.day });
  }
  return [...days.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
}

function add<T extends Counts>(one: T, other: T): T {
  return {
    ...one,
    successes: one.successes + other.successes,
    failures: one.failures + other.failures,
    rollbacks: one.rollbacks + other.rollbacks,
    cancellations: one.cancellations + other.cancellations,
    totalSeconds: one.totalSeconds + other.totalSeconds,
  };
}

function cells(counts: Counts): string[] {
  const { successes, failures, rollbacks, cancellations } = counts;
  const { successRate, meanSeconds } = derived(counts);
  return [
    ...[successes, failures, rollbacks, cancellations].map(String),
    successRate === null ? "" : `${Math.round(successRate * 100)} %`,
    meanSeconds === null ? "" : duration(meanSeconds),
  ];
}

/** What follows from the counts. One that was cancelled says nothing of how well deployments succeed. */
function derived({ successes, failures, rollbacks, cancellations, totalSeconds }: Counts): {
  readonly successRate: number | null;
  readonly meanSeconds: number | null;
} {
  const judged = successes + failures + rollbacks;
  const all = judged + cancellations;
  return {
    successRate: judged === 0 ? null : successes / judged,
    meanSeconds: all === 0 ? null : totalSeconds / all,
  };
}

const countsJson = <T extends Counts>(counts: T): Record<string, unknown> => ({ ...counts, ...derived(counts) });

function placeJson({ state, days }: PlaceCounts): Record<string, unknown> {
  const { day: _, ...total } = days.reduce(add) as DayCount;
  return {
    project: state.project,
    fraise: state.fraise,
    environment: state.environment,
    job: state.job,
    total: countsJson(total),
    byDay: days.map(countsJson),
  };
}
