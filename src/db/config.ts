import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseDuration } from "./duration.ts";
import { FraisierError } from "./errors.ts";
import { databaseTypeOfName, databaseTypeOfUrl } from "./factory.ts";
import { maskUrl } from "./server-url.ts";
import { DatabaseType } from "./types.ts";

/** What can be said about a database, with the variable of the environment that says it. */
export const DATABASE_VARIABLES = {
  type: "FRAISIER_DB_TYPE",
  url: "FRAISIER_DB_URL",
  urlFile: "FRAISIER_DB_URL_FILE",
  path: "FRAISIER_DB_PATH",
  poolMin: "FRAISIER_DB_POOL_MIN",
  poolMax: "FRAISIER_DB_POOL_MAX",
  acquireTimeout: "FRAISIER_DB_ACQUIRE_TIMEOUT",
  statementTimeout: "FRAISIER_DB_STATEMENT_TIMEOUT",
} as const;

/** The name of something that can be said about a database. */
export type DatabaseSetting = keyof typeof DATABASE_VARIABLES;

/** What a source says, with the place in it: `fraises.yaml:12`. */
export type DatabaseSettings = {
  readonly [name in DatabaseSetting]?: { readonly text: string; readonly place: string };
};

type Variables = Readonly<Record<string, string | undefined>>;

/** Which database is used, and how. */
export interface DatabaseConfig {
  readonly type: DatabaseType;
  readonly url: string;
  /** What a relative path in the URL is relative to. */
  readonly baseDirectory: string;
  /** What the adapter is made with. */
  readonly options: {
    readonly pool: { readonly min?: number; readonly max?: number; readonly acquireTimeoutMs?: number };
    readonly statementTimeoutMs?: number;
  };
  /** Where each of these was said, for people: `FRAISIER_DB_URL`, `fraises.yaml:12`, `the default`. */
  readonly origins: { readonly type: string; readonly url: string } & {
    readonly [name in "poolMin" | "poolMax" | "acquireTimeout" | "statementTimeout"]?: string;
  };
}

/** What {@link loadDatabaseConfig} chooses from, highest first. */
export interface DatabaseConfigSources {
  /** What the caller says; times in seconds, or with a unit: `500ms`, `2m`. */
  readonly options?: { readonly [name in DatabaseSetting]?: string | number };
  /** Default: nothing, not the environment of the process. */
  readonly env?: Variables;
  /** The variables of the `.env` file beside fraises.yaml. */
  readonly dotenv?: Variables;
  /** What `database:` says in fraises.yaml or config.yaml. */
  readonly file?: { readonly settings: DatabaseSettings; readonly directory: string } | null;
  /** The folder of the default database, and of what `.env` says: that of fraises.yaml. Default: the working folder. */
  readonly directory?: string;
  readonly workingDirectory?: string;
}

/** The database of a project that says nothing about it. */
export const DEFAULT_DATABASE_URL = "sqlite://./fraisier.db";

/** What was said about the database cannot be. */
export class DatabaseConfigError extends FraisierError {
  override readonly name: string = "DatabaseConfigError";
  declare readonly kind: "config_invalid";

  constructor(message: string, hint: string, cause?: unknown) {
    super("config_invalid", message, { hint, cause });
  }
}

/** One source. */
interface Layer {
  readonly settings: DatabaseSettings;
  readonly baseDirectory: string;
}

/**
 * Chooses the database: what is said in code or on the command line goes before the environment, that before `.env`, that
 * before a file, that before the default. Opens nothing, and reads nothing but the file of `FRAISIER_DB_URL_FILE`.
 *
 * @throws DatabaseConfigError for what contradicts itself or is no number, naming the places; DatabaseError `unsupported`
 * for a URL of no known database
 */
export function loadDatabaseConfig(sources: DatabaseConfigSources = {}): DatabaseConfig {
  const layers = layersOf(sources);
  const place = locationOf(layers) ?? {
    url: DEFAULT_DATABASE_URL,
    origin: "the default",
    baseDirectory: resolve(sources.directory ?? sources.workingDirectory ?? process.cwd()),
    layer: layers.length,
  };
  const type = databaseTypeOfUrl(place.url);
  const typeOrigin = checkType(layers, place, type);
  const { options, origins } = sizesOf(layers);
  const { url, baseDirectory } = place;
  return { type, url, baseDirectory, options, origins: { type: typeOrigin, url: place.origin, ...origins } };
}

function layersOf({ options = {}, env = {}, dotenv = {}, file, ...folders }: DatabaseConfigSources): Layer[] {
  const workingDirectory = resolve(folders.workingDirectory ?? process.cwd());
  const directory = resolve(folders.directory ?? workingDirectory);
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, { text: String(value), place: `the option ${name}` }]],
  );
  return [
    { settings: Object.fromEntries(given) as DatabaseSettings, baseDirectory: workingDirectory },
    { settings: variablesOf(env, ""), baseDirectory: workingDirectory },
    { settings: variablesOf(dotenv, " in .env"), baseDirectory: directory },
    { settings: file?.settings ?? {}, baseDirectory: file?.directory ?? directory },
  ];
}

/** An empty variable says nothing. */
function variablesOf(variables: Variables, where: string): DatabaseSettings {
  const said = Object.entries(DATABASE_VARIABLES).flatMap(([name, variable]) => {
    const text = variables[variable];
    return text ? [[name, { text, place: `${variable}${where}` }]] : [];
  });
  return Object.fromEntries(said) as DatabaseSettings;
}

/** Where the database is. */
interface Location {
  readonly url: string;
  readonly origin: string;
  readonly baseDirectory: string;
  /** The number of the source that said it. */
  readonly layer: number;
}

function locationOf(layers: readonly Layer[]): Location | null {
  for (const [layer, { settings, baseDirectory }] of layers.entries()) {
    const said = (["url", "urlFile", "path"] as const).flatMap((name) => {
      const setting = settings[name];
      return setting === undefined ? [] : [{ name, ...setting }];
    });
    const [first, second] = said;
    if (first === undefined) continue;
    if (second !== undefined)
      throw new DatabaseConfigError(
        `Both ${first.place} and ${second.place} say where the database is.`,
        "Keep one of them.",
      );
    const { name, text, place } = first;
    const url = {
      url: () => text,
      urlFile: () => urlIn(resolve(baseDirectory, text), place),
      path: () => urlOfPath(text),
    };
    return { url: url[name](), origin: place, baseDirectory, layer };
  }
  return null;
}

/** A secret that is mounted as a file. */
function urlIn(file: string, place: string): string {
  let url: string;
  try {
    url = readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new DatabaseConfigError(
      `${place} names ${file}, which cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      "Give the path of a file that holds the URL alone, and that this user may read.",
      cause,
    );
  }
  if (url !== "" && !/\s/.test(url)) return url;
  throw new DatabaseConfigError(
    `${place} names ${file}, which ${url === "" ? "is empty" : "holds more than a URL"}.`,
    "Write the URL of the database into it, and nothing else.",
  );
}

function urlOfPath(path: string): string {
  if (path === ":memory:") return "sqlite::memory:";
  const encoded = path.replace(/[%?#]/g, encodeURIComponent);
  return `sqlite://${/^(\/|\.\.?\/|~\/)/.test(encoded) ? "" : "./"}${encoded}`;
}

/** @returns where the type was said; what is said below the URL's own source does not count any more */
function checkType(layers: readonly Layer[], { url, origin, layer }: Location, type: DatabaseType): string {
  const said = layers.slice(0, layer + 1).find(({ settings }) => settings.type !== undefined)?.settings.type;
  if (said === undefined) return origin;
  const wanted = databaseTypeOfName(said.text);
  if (wanted === null)
    throw new DatabaseConfigError(
      `${said.place} is "${said.text}", and there is no such database.`,
      "It takes sqlite, postgresql or mysql (mariadb is the same); without it the URL decides.",
    );
  if (wanted === type) return said.place;
  const example = wanted === DatabaseType.SQLITE ? DEFAULT_DATABASE_URL : `${wanted}://user@host/database`;
  if (layer === layers.length)
    throw new DatabaseConfigError(
      `${said.place} is ${said.text}, but nothing says where that database is.`,
      `Say it, e.g.: FRAISIER_DB_URL=${example}`,
    );
  throw new DatabaseConfigError(
    `${said.place} is ${said.text}, but ${origin}, ${maskUrl(url)}, is for ${type}.`,
    `Give the URL of such a database, e.g. ${example}, or leave the type out.`,
  );
}

function sizesOf(
  layers: readonly Layer[],
): Pick<DatabaseConfig, "options"> & { origins: Omit<DatabaseConfig["origins"], "type" | "url"> } {
  const said = (name: DatabaseSetting) => layers.find(({ settings }) => settings[name] !== undefined)?.settings[name];
  const read = <T>(name: DatabaseSetting, parse: (text: string) => T | null, wanted: string) => {
    const setting = said(name);
    if (setting === undefined) return undefined;
    const value = parse(setting.text);
    if (value !== null) return { value, place: setting.place };
    throw new DatabaseConfigError(`${setting.place} is "${setting.text}".`, `It takes ${wanted}.`);
  };
  const count = (least: number) => (text: string) =>
    /^\d{1,6}$/.test(text) && Number(text) >= least ? Number(text) : null;
  const milliseconds = (text: string) => {
    const seconds = parseDuration(text);
    return seconds === null ? null : Math.round(seconds * 1000);
  };
  const aTime = 'seconds, or a number with a unit: 10, 1.5, "500ms", "2m"';
  const min = read("poolMin", count(0), "a whole number, 0 or more");
  const max = read("poolMax", count(1), "a whole number, 1 or more");
  const acquireTimeout = read("acquireTimeout", milliseconds, aTime);
  const statementTimeout = read("statementTimeout", (text) => milliseconds(text) || null, `a time above 0: ${aTime}`);
  if (min !== undefined && max !== undefined && min.value > max.value)
    throw new DatabaseConfigError(
      `${min.place} is ${min.value}, which is more than the ${max.value} of ${max.place}.`,
      "Raise the maximum, or lower the minimum.",
    );
  return {
    options: {
      pool: {
        ...(min && { min: min.value }),
        ...(max && { max: max.value }),
        ...(acquireTimeout && { acquireTimeoutMs: acquireTimeout.value }),
      },
      ...(statementTimeout && { statementTimeoutMs: statementTimeout.value }),
    },
    origins: {
      ...(min && { poolMin: min.place }),
      ...(max && { poolMax: max.place }),
      ...(acquireTimeout && { acquireTimeout: acquireTimeout.place }),
      ...(statementTimeout && { statementTimeout: statementTimeout.place }),
    },
  };
}
