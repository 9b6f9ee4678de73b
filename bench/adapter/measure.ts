import { performance } from "node:perf_hooks";
import { ratiosOf } from "../measure/judge.ts";
import type { OpenPlace, Provider } from "../measure/places.ts";
import { inFreshProcess } from "../measure/processes.ts";
import type { Findings, Limit, Measurement } from "../measure/results.ts";
import { median, summarize } from "../measure/statistics.ts";
import { STREAM_GROWTH_MB } from "../measure/targets.ts";
import type { Options } from "../options.ts";
import { CONTENDERS } from "./contenders/index.ts";
import type { Assignment, Figures } from "./perform.ts";
import { emptyingOf, schemaOf } from "./schema.ts";
import { type Contender, type Database, WORKS, type Work } from "./work.ts";

const PROCESS = new URL("perform.ts", import.meta.url);

/** Done one after the other in one process. A stream has a process of its own, since its memory is looked at. */
const TOGETHER: readonly Work[] = WORKS.filter((work) => work !== "stream");
/** So short that most of it is one process waking another: done in more rounds. */
const BY_KEY: readonly Work[] = ["byKey", "byKey32"];

/** Left out of a quick run: of the query builders, one is enough to see whether Fraisier has become slower. */
const LEFT_OUT: ReadonlySet<Contender> = new Set(["Knex", "Drizzle"]);

/** Measures the adapter beside the others on one database: round by round, each contender in a fresh process. */
export async function measureAdapter(
  provider: Provider,
  options: Options,
  say: (text: string) => void,
): Promise<Findings> {
  const { database, title } = provider;
  await using place = await provider.create();
  await place.run(...schemaOf(database, options.streamed));
  const collected = new Collected(database);
  const known = Object.keys(CONTENDERS[database]) as Contender[];
  const contenders = options.quick ? known.filter((contender) => !LEFT_OUT.has(contender)) : known;
  const rounds = Math.max(options.rounds, options.keyRounds);
  for (let round = 1; round <= rounds; round++) {
    const started = performance.now();
    for (const contender of beginningWith(round, contenders)) {
      await place.run(...emptyingOf(database));
      collected.add(contender, await perform(place, contender, round <= options.rounds ? TOGETHER : BY_KEY, options));
    }
    say(`${title}: round ${round} of ${rounds}, ${seconds(started)}`);
  }
  const started = performance.now();
  for (let round = 1; round <= options.streamRounds; round++) {
    // Promises are made for these two; the others are for information.
    const all = round === 1 && !options.quick;
    for (const contender of all ? contenders : (["bare", "fraisier"] as const))
      collected.add(contender, await perform(place, contender, ["stream"], options));
  }
  say(`${title}: ${options.streamed} rows streamed, ${seconds(started)}`);
  const measurements = collected.measurements();
  return { measurements, ratios: ratiosOf(measurements), limits: collected.growth() };
}

function perform(place: OpenPlace, contender: Contender, works: readonly Work[], options: Options): Promise<Figures> {
  const { database, url } = place;
  const { warmUpMs, measureMs, streamed } = options;
  const assignment: Assignment = { place: { database, url }, contender, works, warmUpMs, measureMs, streamed };
  return inFreshProcess<Figures>(PROCESS, assignment);
}

/** Whoever comes first in one round is the last in the next: to come behind somebody may be better or worse. */
const beginningWith = <T>(round: number, all: readonly T[]): readonly T[] =>
  all.map((_, index) => all[(index + round - 1) % all.length] as T);

const seconds = (since: number): string => `${Math.round((performance.now() - since) / 100) / 10} s`;

/** The figures of all rounds. */
class Collected {
  readonly #database: Database;
  readonly #values = new Map<
    string,
    { work: Work; contender: Contender; values: number[]; cpuMicroseconds: number[] }
  >();
  #grownBytes = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  add(contender: Contender, figures: Figures): void {
    for (const work of WORKS) {
      const figure = figures[work];
      if (figure === undefined) continue;
      const key = `${work} ${contender}`;
      const entry = this.#values.get(key) ?? { work, contender, values: [], cpuMicroseconds: [] };
      entry.values.push(figure.rate);
      entry.cpuMicroseconds.push(figure.cpuMicroseconds);
      this.#values.set(key, entry);
    }
    if (contender === "fraisier") this.#grownBytes = Math.max(this.#grownBytes, figures.stream?.grownBytes ?? 0);
  }

  measurements(): Measurement[] {
    return [...this.#values.values()].map(({ work, contender, values, cpuMicroseconds }) => ({
      database: this.#database,
      work,
      contender,
      ...summarize(values),
      values,
      cpuMicroseconds: median(cpuMicroseconds),
    }));
  }

  /** By how much Fraisier's process grew at most while it streamed. */
  growth(): Limit[] {
    const value = this.#grownBytes / 2 ** 20;
    return [{ id: `${this.#database} memory of a stream`, value, unit: "MB", atMost: STREAM_GROWTH_MB }];
  }
}
