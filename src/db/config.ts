import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { FraiserDatabaseAdapter } from "./adapter.ts";
import { DEFAULT_ORIGIN, sizesOf } from "./config-sizes.ts";
import { DatabaseConfigError, type DatabaseConfigSources, type Layer, layersOf } from "./config-sources.ts";
import { DatabaseError } from "./errors.ts";
import { adapterOf, databaseTypeOfName } from "./factory.ts";
import { maskUrl } from "./server-url.ts";
import { DatabaseType } from "./types.ts";

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
  /** Where each of these was said, for people: `FRAISIER_DB_URL`, `fraises.yaml:12:8`, `the default`. */
  readonly origins: { readonly type: string; readonly url: string } & {
    readonly [name in "poolMin" | "poolMax" | "acquireTimeout" | "statementTimeout"]?: string;
  };
}

/** The database of a project that says nothing about it. */
export const DEFAULT_DATABASE_URL = "sqlite://./fraisier.db";

/**
 * Chooses the database: what is said in code or on the command line goes before the environment, that before `.env`, that
 * before a file, that before the default. Opens nothing, and reads nothing but the file of `FRAISIER_DB_URL_FILE` and
 * what the URL names (`sslrootcert`).
 *
 * @throws DatabaseConfigError for a URL that no adapter takes, for what contradicts itself or is no number, naming the
 * places
 */
export function loadDatabaseConfig(sources: DatabaseConfigSources = {}): DatabaseConfig {
  const layers = layersOf(sources);
  const place = locationOf(layers) ?? {
    url: DEFAULT_DATABASE_URL,
    origin: DEFAULT_ORIGIN,
    baseDirectory: resolve(sources.directory ?? sources.workingDirectory ?? process.cwd()),
    layer: layers.length,
  };
  const { type, poolDefaults } = tryOut(place).dialect;
  const typeOrigin = checkType(layers, place, type);
  const { options, origins } = sizesOf(layers, poolDefaults);
  const { url, baseDirectory } = place;
  return { type, url, baseDirectory, options, origins: { type: typeOrigin, url: place.origin, ...origins } };
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

/** An adapter that is only made, so that what it refuses is refused here, with the place. */
function tryOut({ url, origin, baseDirectory }: Location): FraiserDatabaseAdapter {
  if (url.trim() === "")
    throw new DatabaseConfigError(`${origin} is empty.`, `Give the URL of a database, e.g. ${DEFAULT_DATABASE_URL}.`);
  try {
    return adapterOf(url, { baseDirectory });
  } catch (cause) {
    if (!(cause instanceof DatabaseError)) throw cause;
    throw new DatabaseConfigError(`${origin}: ${cause.message}`, cause.hint, cause);
  }
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
