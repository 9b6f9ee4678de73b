import { lstatSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Variables } from "./interpolate.ts";
import { ConfigError } from "./problems.ts";

/** The name that a project's file has. */
export const PROJECT_FILE = "fraises.yaml";

/** Where to look for a project's file. */
export interface FindOptions {
  /** The working folder. */
  readonly cwd: string;
  /** The path given on the command line, relative to `cwd`; goes before everything else. */
  readonly config?: string | undefined;
  /** The environment; `FRAISIER_CONFIG` in it goes before the search. An empty one counts as not set. */
  readonly env: Variables;
}

/**
 * Finds fraises.yaml: the path that is given, else `FRAISIER_CONFIG`, else upward from the working folder to the root
 * of the file system.
 *
 * @returns its absolute path. Something is there, but it need not be readable.
 * @throws ConfigError `config_not_found`
 */
export function findProjectFile(options: FindOptions): string {
  const given = options.config ?? (options.env.FRAISIER_CONFIG || undefined);
  if (given !== undefined) {
    const file = resolve(options.cwd, given);
    if (given !== "" && exists(file)) return file;
    const origin = options.config === undefined ? "FRAISIER_CONFIG" : "--config";
    const hint = `Check the path, or leave ${origin} out to search upward from the working folder.`;
    throw new ConfigError(
      "config_not_found",
      `${origin} names ${given === "" ? "no file" : file}, which does not exist`,
      { hint },
    );
  }
  const start = resolve(options.cwd);
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, PROJECT_FILE);
    if (exists(file)) return file;
    if (folder === dirname(folder)) break;
  }
  const other = ["fraises.yml", "fraise.yaml", "fraise.yml"].map((name) => join(start, name)).find(exists);
  const hint =
    other === undefined
      ? `Write one: fraisier init; or run this inside the project, or name the file with --config or FRAISIER_CONFIG.`
      : `There is ${other}: rename it to ${PROJECT_FILE}, or name it with --config.`;
  throw new ConfigError("config_not_found", `no ${PROJECT_FILE} in ${start} or any folder above it`, { hint });
}

/** Whether anything has that path, a link to nowhere included: it is for the reading to say what is wrong with it. */
function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
