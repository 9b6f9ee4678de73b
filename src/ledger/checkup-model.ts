import { type Clock, type DatabaseType, type PoolMetrics, systemClock } from "../db/index.ts";
import { type FreeSpace, freeSpace } from "./free-space.ts";

/** What one look at the database came to. */
export interface Check {
  readonly name: "connection" | "role" | "encryption" | "latency" | "schema" | "clock" | "permissions" | "space";
  /** `warning`: it works, but somebody should know; `unknown`: it could not be looked at. */
  readonly outcome: "ok" | "warning" | "failed" | "unknown";
  /** What was found, for people. */
  readonly text: string;
  /** What to do about it; null where nothing is to be done. */
  readonly hint: string | null;
}

/** What `fraisier db check` tells. */
export interface Checkup {
  readonly type: DatabaseType;
  /** Its password masked. */
  readonly url: string;
  /** Where the URL was said. */
  readonly origin: string;
  readonly serverVersion: string | null;
  readonly role: "primary" | "read_only" | null;
  /** The cipher; null without one. */
  readonly encryption: string | null;
  /** Milliseconds of a few probes; null when none was answered. */
  readonly latencyMs: { readonly min: number; readonly median: number; readonly max: number } | null;
  readonly pending: readonly string[];
  readonly applied: readonly string[];
  /** The database's clock minus that of this machine, in milliseconds. */
  readonly clockDifferenceMs: number | null;
  /** Free bytes where the file of an SQLite database is. */
  readonly freeBytes: number | null;
  readonly pool: PoolMetrics;
  readonly checks: readonly Check[];
  /** Why it can't be used; null when it can. */
  readonly error: Error | null;
}

/** What the database is compared with. */
export interface Surroundings {
  readonly clock: Clock;
  freeSpace(folder: string): Promise<FreeSpace>;
}

/** The clock and the disks that there are. */
export const THIS_MACHINE: Surroundings = { clock: systemClock, freeSpace };
