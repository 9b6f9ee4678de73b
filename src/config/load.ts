import { dirname, join } from "node:path";
import { readEnvFile } from "./env-file.ts";
import { type FindOptions, findProjectFile } from "./find.ts";
import type { Unset, Variables } from "./interpolate.ts";
import type { Project } from "./model.ts";
import { type ParseOptions, parseProject } from "./parse.ts";
import { readText } from "./read-text.ts";

/** What a project is loaded with. */
export interface LoadOptions extends FindOptions {
  /**
   * What becomes of a `${VAR}` that is not set: "error" (the default), or "keep" to leave its text in place, for
   * commands that only read.
   */
  readonly unset?: Unset;
}

/**
 * Finds, reads and checks fraises.yaml. A `.env` file beside it adds variables; those of the real environment win.
 *
 * @throws ConfigError `config_not_found`, or `config_invalid` with every problem of the file.
 */
export function loadProject(options: LoadOptions): Project {
  const { text, ...parseOptions } = readProject(options);
  return parseProject(text, parseOptions);
}

/** The text of fraises.yaml, with what it is read with. @throws ConfigError */
export function readProject(options: LoadOptions): ParseOptions & { readonly text: string } {
  const { cwd, unset = "error" } = options;
  const file = findProjectFile(options);
  const text = readText(file, cwd);
  const beside = readEnvFile(join(dirname(file), ".env"), cwd, unset);
  return { text, file, env: { ...beside, ...definedOnly(options.env) }, unset, cwd };
}

function definedOnly(env: Variables): Variables {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}
