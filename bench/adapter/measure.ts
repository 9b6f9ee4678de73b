import { performance } from "node:perf_hooks";
import { ratiosOf } from "../measure/judge.ts";
import type { OpenPlace, Provider } from "../measure/places.ts";
import { type AnsweringProcess, freshProcess } from "../measure/processes.ts";
import type { Findings, Limit, Measurement } from "../measure/results.ts";
import { median, summarize } from "../measure/statistics.ts";
import { STREAM_GROWTH_MB } from "../measure/targets.ts";
import type { Options } from "../options.ts";
import { CONTENDERS } from "./contenders/index.ts";
import type { Assignment, Done, Turn } from "./perform.ts";
import { emptyingOf, schemaOf } from "./schema.ts";
import { type Contender, type Database, WORKS, type Work } from "./work.ts";

const PROCESS = new URL("perform.ts", import.meta.url);

/** Done one after the other in one process. A stream has a process of its own, since its memory is looked at. */
const TOGETHER = WORKS.filter((work) => work !== "stream");

/** Left out of a quick run: of the query builders, one is enough to see whether Fraisier has become slower. */
const LEFT_OUT: ReadonlySet<Contender> = new Set(["Knex", "Drizzle"]);

/**
 * How long one has its turn before the others have theirs: short beside the phases in which a shared machine is fast
 * and slow, so that they meet all alike.
 */
const SLICE_MS = 100;

/** Measures the adapter beside the others on one database: round by round, each contender in a fresh process. */
export async function measureAdapter(
  provider: Provider,
  options: Options,
  say: (text: string) => void,
): Promise<Findings> {
  const { database, title } = provider;
  const collected = new Collected(database);
  const known = Object.keys(CONTENDERS[database]) as Contender[];
  const contenders = options.quick ? known.filter((contender) => !LEFT_OUT.has(contender)) : known;
  {
    await using places = new AsyncDisposableStack();
    // One for each, so that what one writes is nothing that another has to read past.
    const seats: Seat[] = [];
    for (const contender of contenders) {
      const place = places.use(await provider.create());
      await place.run(...schemaOf(database, 1));
      seats.push({ contender, place });
    }
    for (let round = 1; round <= options.rounds; round++) {
      const started = performance.now();
      await playRound(beginningWith(round, seats), options, collected);
      say(`${title}: round ${round} of ${options.rounds}, ${seconds(started)}`);
    }
  }
  await using place = await provider.create();
  await place.run(...schemaOf(database, options.streamed));
  const started = performance.now();
  for (let round = 1; round <= options.streamRounds; round++) {
    // Promises are made for these two; the others are for information.
    const all = round === 1 && !options.quick;
    for (const contender of all ? contenders : (["bare", "fraisier"] as const)) {
      await using process = processOf({ contender, place });
      const done = await process.ask({ work: "stream", rows: options.streamed });
      if (done !== null) collected.add(contender, "stream", [done]);
    }
  }
  say(`${title}: ${options.streamed} rows streamed, ${seconds(started)}`);
  const measurements = collected.measurements();
  return { measurements, ratios: ratiosOf(measurements), limits: collected.growth() };
}

/** A contender and the place that it has to itself. */
interface Seat {
  readonly contender: Contender;
  readonly place: OpenPlace;
}

/** All of them do each work, slice by slice in turn. */
async function playRound(seats: readonly Seat[], options: Options, collected: Collected): Promise<void> {
  const slices = Math.ceil(options.measureMs / SLICE_MS);
  await using processes = new AsyncDisposableStack();
  const players: { seat: Seat; process: AnsweringProcess<Turn, Done | null>; done: Done[] }[] = [];
  for (const seat of seats) {
    await seat.place.run(...emptyingOf(seat.place.database));
    players.push({ seat, process: processes.use(processOf(seat)), done: [] });
  }
  for (const work of TOGETHER) {
    // All at once: there is nothing to measure yet, and V8 compiles what has run some ten thousand times.
    await Promise.all(players.map(({ process }) => process.ask({ work, milliseconds: options.warmUpMs })));
    for (let slice = 1; slice <= slices; slice++) {
      for (const { process, done } of beginningWith(slice, players))
        done.push((await process.ask({ work, milliseconds: options.measureMs / slices })) as Done);
    }
    for (const { seat, done } of players) collected.add(seat.contender, work, done.splice(0));
  }
}

function processOf({ contender, place: { database, url } }: Seat): AnsweringProcess<Turn, Done | null> {
  const assignment: Assignment = { place: { database, url }, contender };
  return freshProcess(PROCESS, assignment);
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

  /** @param turns what the contender has done of this work in one round */
  add(contender: Contender, work: Work, turns: readonly Done[]): void {
    const sum = (of: (turn: Done) => number) => turns.reduce((total, turn) => total + of(turn), 0);
    const count = sum((turn) => turn.count);
    const key = `${work} ${contender}`;
    const entry = this.#values.get(key) ?? { work, contender, values: [], cpuMicroseconds: [] };
    entry.values.push((count / sum((turn) => turn.milliseconds)) * 1000);
    entry.cpuMicroseconds.push(sum((turn) => turn.cpuMicroseconds) / count);
    this.#values.set(key, entry);
    if (contender === "fraisier")
      this.#grownBytes = Math.max(this.#grownBytes, ...turns.map(({ grownBytes }) => grownBytes ?? 0));
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
