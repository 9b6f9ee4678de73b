import type { Contender, Database, Work } from "../adapter/work.ts";
import type { Machine } from "./machine.ts";
import type { Summary } from "./statistics.ts";

/** How often a contender did a work in a second. */
export interface Measurement extends Summary {
  readonly database: Database;
  readonly work: Work;
  readonly contender: Contender;
  /** One for each round. */
  readonly values: readonly number[];
  /** Time of the processor that the contender's process needed for one work (of a stream: for a row), in microseconds. */
  readonly cpuMicroseconds: number;
}

/** How many times as fast Fraisier is as something else, in the same run. */
export interface Ratio {
  /** The same from run to run. */
  readonly id: string;
  readonly value: number;
  /** What is promised; null where nothing is. */
  readonly atLeast: number | null;
}

/** A figure that has a bound of its own. */
export interface Limit {
  readonly id: string;
  readonly value: number;
  readonly unit: "MB" | "ms" | "µs" | "×";
  readonly atMost: number;
}

/** How long the ledger took to answer one kind of question. */
export interface LedgerTime {
  readonly database: Database;
  readonly question: string;
  /** How many deployments there were. */
  readonly deployments: number;
  readonly calls: number;
  /** In milliseconds. */
  readonly p50: number;
  readonly p95: number;
  /** The single question whose median was the longest. */
  readonly slowest: { readonly name: string; readonly ms: number };
}

/** How long a command took, in milliseconds. */
export interface CommandTime extends Summary {
  readonly command: string;
}

/** `bench/results.json`. */
export interface Results {
  readonly schema: "fraisier.bench/1";
  readonly takenAt: string;
  readonly machine: Machine;
  /** What was compared, with its version. */
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, number>>;
  readonly measurements: readonly Measurement[];
  readonly ledger: readonly LedgerTime[];
  readonly commands: readonly CommandTime[];
  readonly ratios: readonly Ratio[];
  readonly limits: readonly Limit[];
}

/** What one part of a run adds to the results. */
export interface Findings {
  readonly measurements?: readonly Measurement[];
  readonly ledger?: readonly LedgerTime[];
  readonly commands?: readonly CommandTime[];
  readonly ratios?: readonly Ratio[];
  readonly limits?: readonly Limit[];
  readonly versions?: Readonly<Record<string, string>>;
}
