/** A fresh process: opens one contender and takes its turns, told by a line of JSON each; answers each by another. */
import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
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

/** Whom a process opens, and where. */
export interface Assignment {
  readonly place: Place;
  readonly contender: Contender;
}

/** What it is told to do: a work for so long, or to stream so many rows. */
export type Turn =
  | { readonly work: Exclude<Work, "stream">; readonly milliseconds: number }
  | { readonly work: "stream"; readonly rows: number };

/** What it has done then; null where the contender has no streams. */
export interface Done {
  /** How often the work was done; of a stream, how many rows. */
  readonly count: number;
  readonly milliseconds: number;
  /** Time of the processor that this process needed, in microseconds. */
  readonly cpuMicroseconds: number;
  /** Bytes by which the process grew, of a stream. */
  readonly grownBytes?: number;
}

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
async function repeat(step: Step, callers: number, milliseconds: number, next: () => number): Promise<Done> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const end = started + milliseconds;
  let count = 0;
  const call = async () => {
    while (performance.now() < end) {
      const result = step(next());
      if (result instanceof Promise || isThenable(result)) await result;
      count++;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return doneSince(count, started, cpu);
}

function doneSince(count: number, started: number, before: NodeJS.CpuUsage): Done {
  const milliseconds = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  return { count, milliseconds, cpuMicroseconds: user + system };
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | undefined)?.then === "function";

async function stream({ stream }: Session, expected: number): Promise<Done | null> {
  if (stream === undefined) return null;
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const cpu = process.cpuUsage();
  const started = performance.now();
  let [rows, most] = [0, before];
  for await (const _row of stream()) {
    if (++rows % LOOK_EVERY === 0) most = Math.max(most, process.memoryUsage.rss());
  }
  const done = doneSince(rows, started, cpu);
  if (rows !== expected) throw new Error(`${rows} rows were streamed instead of ${expected}`);
  return { ...done, grownBytes: most - before };
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

const { place, contender } = JSON.parse(process.argv[2] as string) as Assignment;
const load = CONTENDERS[place.database][contender];
if (load === undefined) throw new Error(`${contender} does not know ${place.database}`);
const session = await (await load()).open(place);
await checkValues(session);
let n = 0;
for await (const line of createInterface(process.stdin)) {
  const turn = JSON.parse(line) as Turn;
  const done =
    turn.work === "stream"
      ? await stream(session, turn.rows)
      : await repeat(stepOf(turn.work, session), turn.work === "byKey32" ? CALLERS : 1, turn.milliseconds, () => n++);
  process.stdout.write(`${JSON.stringify(done)}\n`);
}
await session.close();
