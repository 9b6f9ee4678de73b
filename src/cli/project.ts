import {
  type Environment,
  type Fraise,
  findEnvironment,
  loadProject,
  type Project,
  readDatabaseFiles,
} from "../config/index.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly color?: boolean;
  /** Of the commands that use a database: its URL. */
  readonly db?: string;
}

/** Reads fraises.yaml. `read` tolerates variables that are not set, for commands that only look. @throws ConfigError */
export function openProject(options: GlobalOptions, purpose: "read" | "deploy"): Project {
  return loadProject({
    cwd: process.cwd(),
    ...(options.config !== undefined && { config: options.config }),
    env: process.env,
    unset: purpose === "read" ? "keep" : "error",
  });
}

/** Whether there is a fraises.yaml. @throws ConfigError where a named one is missing */
export function hasProject(options: GlobalOptions): boolean {
  return readDatabaseFiles({ cwd: process.cwd(), config: options.config, env: process.env }).project !== null;
}

/** One environment of one fraise, as the command line names it. */
export interface Place {
  readonly project: Project;
  readonly fraise: Fraise;
  readonly environment: Environment;
}

/** @throws FraisierError `fraise_not_found`, `environment_not_found`, with what was probably meant */
export function findPlace(project: Project, fraiseName: string, environmentKey: string): Place {
  return { project, ...findEnvironment(project, fraiseName, environmentKey) };
}
