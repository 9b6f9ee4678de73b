/** A fresh process: opens one contender and measures what it is told to. Prints its figures as JSON. */
import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { CONTENDERS } from "./contenders/index.ts";
import {
  ACCOUNTS,
  CALLERS,
  type Contender,
  entryOf,
  type MaybePromise,
  type Place,
  READINGS,
  type Reading,
  readingOf,
  type Session,
  type Work,
} from "./work.ts";

/** What a process is told to do. */
export interface Assignment {
  readonly place: Place;
  readonly contender: Contender;
  readonly works: readonly Work[];
  /** Milliseconds that a work is done before it is measured, and that it is measured. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** How many rows are streamed. */
  readonly streamed: number;
}

/** How often a work was done. */
export interface Figure {
  /** Times a second; of a stream, rows a second. */
  readonly rate: number;
  /** Time of the processor that this process needed for one of them, in microseconds. */
  readonly cpuMicroseconds: number;
  /** Bytes by which the process grew, of a stream. */
  readonly grownBytes?: number;
}

/** Without a stream where the contender has none. */
export type Figures = Partial<Record<Work, Figure>>;

/** How many rows of a stream go by between two looks at the memory. */
const LOOK_EVERY = 5000;

type Step = (n: number) => MaybePromise<unknown>;

/** One operation of each work. `n` counts up from 0 and is never the same twice. */
function stepOf(work: Exclude<Work, "stream">, session: Session): Step {
  switch (work) {
    case "byKey":
    case "byKey32":
      // Neighbours would find one another's pages.
      return (n) => session.byKey(((n * 7919) % ACCOUNTS) + 1);
    case "insert":
      return (n) => session.insert(entryOf(n));
    case "read1000":
      return () => session.read();
    case "insert1000":
      return (n) => session.insertMany(Array.from({ length: READINGS }, (_, i) => readingOf(n * READINGS + i + 1)));
    case "transaction":
      return (n) => session.transact(entryOf(n));
    default:
      return work satisfies never;
  }
}

/** Does it again and again for so long, as `callers` at once. */
async function repeat(step: Step, callers: number, milliseconds: number, first: () => number): Promise<Figure> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const end = started + milliseconds;
  let count = 0;
  const call = async () => {
    while (performance.now() < end) {
      const result = step(first());
      if (result instanceof Promise || isThenable(result)) await result;
      count++;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return figureOf(count, started, cpu);
}

function figureOf(count: number, started: number, before: NodeJS.CpuUsage): Figure {
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { rate: count / seconds, cpuMicroseconds: (user + system) / count };
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | undefined)?.then === "function";

async function stream({ stream }: Session, expected: number): Promise<Figure | undefined> {
  if (stream === undefined) return undefined;
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const cpu = process.cpuUsage();
  const started = performance.now();
  let [rows, most] = [0, before];
  for await (const _row of stream()) {
    if (++rows % LOOK_EVERY === 0) most = Math.max(most, process.memoryUsage.rss());
  }
  const figure = figureOf(rows, started, cpu);
  if (rows !== expected) throw new Error(`${rows} rows were streamed instead of ${expected}`);
  return { ...figure, grownBytes: most - before };
}

/** Whoever returns other values than were written has had less to do. @throws Error */
async function checkValues(session: Session): Promise<void> {
  const rows = await session.read();
  for (const n of [1, READINGS]) {
    const found = rows.find((row) => (row as Reading).id === n) as Reading | undefined;
    // Whether what is 64 bits wide is a number, a bigint or text is up to the contender, so long as it is exact.
    const exact = (row: Reading | undefined) => row && { ...row, counter: String(row.counter) };
    assert.deepEqual(exact(found), exact(readingOf(n)));
  }
}

async function perform({ place, contender, works, warmUpMs, measureMs, streamed }: Assignment): Promise<Figures> {
  const load = CONTENDERS[place.database][contender];
  if (load === undefined) throw new Error(`${contender} does not know ${place.database}`);
  const session = await (await load()).open(place);
  const figures: { -readonly [W in keyof Figures]: Figures[W] } = {};
  let n = 0;
  const next = () => n++;
  await checkValues(session);
  for (const work of works) {
    if (work === "stream") {
      const figure = await stream(session, streamed);
      if (figure !== undefined) figures.stream = figure;
      continue;
    }
    const callers = work === "byKey32" ? CALLERS : 1;
    const step = stepOf(work, session);
    await repeat(step, callers, warmUpMs, next);
    figures[work] = await repeat(step, callers, measureMs, next);
  }
  await session.close();
  return figures;
}

const figures = await perform(JSON.parse(process.argv[2] as string) as Assignment);
process.stdout.write(JSON.stringify(figures));
