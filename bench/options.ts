import { parseArgs } from "node:util";
import { DATABASES, type Database } from "./adapter/work.ts";

export const PARTS = ["adapter", "ledger", "command"] as const;
export type Part = (typeof PARTS)[number];

/** How much is measured, and for how long. */
export interface Options {
  /** Under a minute: fewer rounds and rows; reports, and compares with what a quick run has recorded. */
  readonly quick: boolean;
  /** Whether a quick run is what later ones are compared with. A whole run takes one for that by itself. */
  readonly record: boolean;
  readonly parts: readonly Part[];
  readonly databases: readonly Database[];
  /** How often each contender has its turn. */
  readonly rounds: number;
  /** How long all do a work at once before it is measured. */
  readonly warmUpMs: number;
  /** How long it is measured then, in slices that it takes in turn with the others. */
  readonly measureMs: number;
  readonly streamRounds: number;
  readonly streamed: number;
  /** How many deployments the ledger has when it is asked for the first and for the second time. */
  readonly deployments: readonly [few: number, many: number];
  /** How often each command is started. */
  readonly starts: number;
}

const FULL = {
  rounds: 4,
  warmUpMs: 12_000,
  measureMs: 500,
  streamRounds: 3,
  streamed: 1_000_000,
  few: 10_000,
  many: 1_000_000,
  starts: 15,
};

const QUICK: typeof FULL = {
  rounds: 1,
  warmUpMs: 20,
  measureMs: 40,
  streamRounds: 1,
  streamed: 20_000,
  few: 1000,
  many: 3000,
  starts: 3,
};

export const USAGE: string = `Usage: npm run bench -- [--quick [--record]] [--only adapter,ledger,command] [--databases ${DATABASES.join(",")}]
    [--rounds <count>] [--warm-up-ms <ms>] [--measure-ms <ms>]
    [--stream-rounds <count>] [--streamed <rows>] [--few <deployments>] [--many <deployments>] [--starts <count>]

Without any option it measures all, within some forty minutes, and writes bench/RESULTS.md, bench/results.json
and bench/quick.json, with which quick runs are compared; --record writes the last of them alone.
`;

/** @throws Error for an option or a value that is none */
export function parseOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      record: { type: "boolean", default: false },
      only: text,
      databases: text,
      rounds: text,
      "warm-up-ms": text,
      "measure-ms": text,
      "stream-rounds": text,
      streamed: text,
      few: text,
      many: text,
      starts: text,
    },
  });
  const usual = values.quick ? QUICK : FULL;
  if (values.record && !values.quick) throw new Error("--record goes with --quick; a whole run records by itself.");
  const number = (name: Exclude<keyof typeof values, "quick" | "record">, otherwise: number) => {
    const given = values[name];
    if (given === undefined) return otherwise;
    if (!/^[1-9]\d*$/.test(given)) throw new Error(`--${name} takes a whole number from 1, not "${given}".`);
    return Number(given);
  };
  return {
    quick: values.quick,
    record: values.record,
    parts: chosen("only", values.only, PARTS),
    databases: chosen("databases", values.databases, DATABASES),
    rounds: number("rounds", usual.rounds),
    warmUpMs: number("warm-up-ms", usual.warmUpMs),
    measureMs: number("measure-ms", usual.measureMs),
    streamRounds: number("stream-rounds", usual.streamRounds),
    streamed: number("streamed", usual.streamed),
    deployments: [number("few", usual.few), number("many", usual.many)],
    starts: number("starts", usual.starts),
  };
}

function chosen<T extends string>(option: string, given: string | undefined, all: readonly T[]): readonly T[] {
  if (given === undefined) return all;
  const names = given.split(",");
  const odd = names.find((name) => !(all as readonly string[]).includes(name));
  if (odd !== undefined) throw new Error(`--${option} knows ${all.join(", ")}, not "${odd}".`);
  return all.filter((name) => names.includes(name));
}
