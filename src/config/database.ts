import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { DatabaseSettings } from "../db/index.ts";
import { compose } from "./compose.ts";
import { readEnvFile } from "./env-file.ts";
import { type FindOptions, findProjectFile, PROJECT_FILE } from "./find.ts";
import type { Variables } from "./interpolate.ts";
import { invalid, shownWithout } from "./parse.ts";
import { ConfigError, type Draft } from "./problems.ts";
import { readText } from "./read-text.ts";
import { displayPath } from "./render.ts";
import { databaseSecret } from "./secrets.ts";
import { shapeFaults } from "./shape.ts";
import { SourceText } from "./source.ts";
import { nodeAt, scalarAt, type TreeNode } from "./tree.ts";

/** What the files of a project say about the database in which Fraisier remembers. */
export interface DatabaseFiles {
  /** The absolute path of fraises.yaml; null where there is none. */
  readonly project: string | null;
  /** The folder of fraises.yaml; the working folder where there is none. */
  readonly directory: string;
  /** The variables of `.env`. */
  readonly dotenv: Variables;
  /** What `database:` says, with the folder of its file; null when it says nothing. */
  readonly file: { readonly settings: DatabaseSettings; readonly directory: string } | null;
}

/** Another file in which older projects have `database:`; the rest of it is not looked at. */
const CONFIG_FILE = "config.yaml";

/** Where each setting stands below `database:`. */
export const DATABASE_KEYS: Readonly<Record<keyof DatabaseSettings, readonly string[]>> = {
  type: ["type"],
  url: ["url"],
  urlFile: ["url_file"],
  path: ["path"],
  poolMin: ["pool", "min"],
  poolMax: ["pool", "max"],
  acquireTimeout: ["pool", "acquire_timeout"],
  statementTimeout: ["statement_timeout"],
};

/**
 * Reads `database:` from fraises.yaml, or from a config.yaml beside it, and the variables of `.env`. What else is wrong
 * with fraises.yaml is no matter here.
 *
 * @throws ConfigError for a named file that does not exist, and for what is wrong with `database:`
 */
export function readDatabaseFiles(options: FindOptions): DatabaseFiles {
  const project = findProject(options);
  const directory = project === null ? resolve(options.cwd) : dirname(project);
  const dotenv = readEnvFile(join(directory, ".env"), options.cwd, "keep");
  const env = { ...dotenv, ...options.env };
  const files = [...(project === null ? [] : [project]), join(directory, CONFIG_FILE)].filter(isFile);
  const said = files.flatMap((file) => {
    const settings = settingsIn(file, options.cwd, env);
    return settings === null ? [] : [{ settings, directory: dirname(file), file }];
  });
  const [first, second] = said;
  if (first === undefined) return { project, directory, dotenv, file: null };
  if (second !== undefined) throw saidTwice(first.file, second.file);
  return { project, directory, dotenv, file: { settings: first.settings, directory: first.directory } };
}

function findProject(options: FindOptions): string | null {
  try {
    return findProjectFile(options);
  } catch (error) {
    const isNamed = options.config !== undefined || Boolean(options.env.FRAISIER_CONFIG);
    if (isNamed || (error as { kind?: unknown }).kind !== "config_not_found") throw error;
    return null;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** @returns null when the file has no `database:` */
function settingsIn(file: string, cwd: string, env: Variables): DatabaseSettings | null {
  const text = readText(file, cwd);
  if (!/\bdatabase\b/.test(text)) return null;
  const source = new SourceText(file, text);
  const { root, syntax, values, brokenAt } = compose(source, { env, unset: "error" });
  const isBroken = brokenAt !== null && /^["']?database["']?\s*:/m.test(text);
  if (isBroken || (root === undefined && brokenAt !== null)) throw invalid(source, syntax, [], { cwd }, brokenAt);
  if (root === undefined || nodeAt(root, "database") === undefined) return null;
  const secret = databaseSecret(root);
  const written = secret?.origin === "literal" ? [secret.text] : [];
  const { unknownKeys, wrongValues } = shapeFaults(root, shownWithout(written), false);
  const isMeant = ({ path }: Draft) => path[0] === "database";
  const drafts = [...values, ...unknownKeys, ...wrongValues].filter(isMeant);
  if (drafts.length > 0) throw invalid(source, drafts, written, { cwd }, brokenAt);
  return settingsOf(root, (offset) => `${displayPath(file, cwd)}:${source.placeOf(offset)}`);
}

function settingsOf(root: TreeNode, placeOf: (offset: number) => string): DatabaseSettings {
  const said = Object.entries(DATABASE_KEYS).flatMap(([name, keys]) => {
    const node = scalarAt(root, "database", ...keys);
    return node === undefined ? [] : [[name, { text: node.text, place: placeOf(node.start) }]];
  });
  return Object.fromEntries(said) as DatabaseSettings;
}

function saidTwice(first: string, second: string): ConfigError {
  return new ConfigError("config_invalid", `Both ${first} and ${second} have "database:".`, {
    hint: `Keep it in ${PROJECT_FILE}, and take it out of the other.`,
  });
}
