/**
 * What fraises.yaml says, after interpolation, inheritance and validation: what the layers above work with.
 * Durations are in seconds, as in the file.
 */

/** A command: a string is a shell line (`/bin/sh -e -c`), a list is an argument vector run without a shell. */
export type Command = string | readonly [string, ...string[]];

export const FRAISE_TYPES = ["api", "etl", "scheduled", "backup"] as const;
/** The kind of a fraise. Only `api` can be deployed as yet. */
export type FraiseType = (typeof FRAISE_TYPES)[number];

/** How the answer of a running application is judged. */
export interface HealthCheck {
  /** The URL to fetch; `{port}` stands for the service's port. */
  readonly url: string;
  /** Seconds that one probe may take. Default 5. */
  readonly timeout: number;
  /** How often a probe that failed is repeated before the check fails. Default 10. */
  readonly retries: number;
  /** Seconds between two probes. Default 1. */
  readonly interval: number;
  /** Status codes that are healthy. Default [200]. A redirect is never followed. */
  readonly expectStatus: readonly number[];
  /** Text that the body must contain; null when any body will do. */
  readonly expectBody: string | null;
  /** Seconds that the application must stay healthy after the first good probe. Default 1. */
  readonly stableFor: number;
}

/** How a new release comes to serve. */
export type Service =
  | {
      /** Fraisier starts, stops and restarts the process itself. */
      readonly kind: "process";
      readonly start: Command;
      /** `auto`: Fraisier picks a free port once and keeps it. null: the process gets no `PORT`. */
      readonly port: "auto" | number | null;
      /** Seconds between SIGTERM and SIGKILL. Default 10. */
      readonly stopTimeout: number;
    }
  | {
      /** Something else (systemd, say) runs the process; Fraisier only gives the command. */
      readonly kind: "command";
      readonly restart: Command;
      readonly port: number | null;
    };

/** A part of a scheduled or ETL fraise. */
export interface Job {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** One environment of a fraise, with what it inherits from the fraise filled in. */
export interface Environment {
  /** Its key under `environments:`. */
  readonly key: string;
  /** `name:`, the name people know it by (a host name, say); the key when absent. */
  readonly name: string;
  readonly branch: string | null;
  /** A URL or path that git understands; relative paths are already absolute. */
  readonly gitRepo: string | null;
  /** Absolute folder that holds `releases/`, `shared/` and `current`. */
  readonly appPath: string | null;
  readonly systemdService: string | null;
  readonly scriptPath: string | null;
  /** Kept as it stands, for the types that use it. */
  readonly database: unknown;
  readonly jobs: ReadonlyMap<string, Job>;
  readonly build: readonly Command[];
  readonly migrate: readonly Command[];
  readonly migrateDown: readonly Command[];
  readonly service: Service | null;
  readonly healthCheck: HealthCheck | null;
  /** How many releases are kept on disk. Default 5. */
  readonly keepReleases: number;
  /** Paths linked from `shared/` into each release. One that ends in `/` is a folder. */
  readonly shared: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Seconds that each single command of a step may take. Default 900. */
  readonly timeout: number;
}

/** A service that can be deployed. */
export interface Fraise {
  readonly name: string;
  readonly type: FraiseType;
  readonly description: string;
  readonly environments: ReadonlyMap<string, Environment>;
}

/** A whole fraises.yaml. */
export interface Project {
  /** Absolute path of the file. */
  readonly file: string;
  /** The folder of the file: what relative paths in it are relative to. */
  readonly directory: string;
  /** `name:`; empty when the file has none. */
  readonly name: string;
  readonly fraises: ReadonlyMap<string, Fraise>;
  /** Every text that must never be shown: the values that came in by `${VAR}`, and what `secrets:` names. */
  readonly secretValues: readonly string[];
}
