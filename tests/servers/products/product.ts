import type { Protocol } from "../answers.ts";
import type { Programs } from "../programs.ts";
import type { Command } from "../run.ts";

export type ServerKind = "postgresql" | "mariadb" | "mysql";

/** What one server is made of. */
export interface Site {
  /** All that it owns: `data/` (made by {@link Product.initialise}), `run/` for its socket, `tmp/`. */
  readonly folder: string;
  readonly programs: Programs;
  readonly port: number;
  /** The administrator's. */
  readonly password: string;
  /** Further settings, by the server's own names. */
  readonly settings: Readonly<Record<string, string | number>>;
}

/** Programs and where they come from. */
export interface Packaged {
  /** By which they are kept in the cache. */
  readonly kind: string;
  readonly title: string;
  /** The environment variable that may name a server to be used instead. */
  readonly urlVariable?: string;
  /** The programs that are needed: the one that tells the version first. */
  readonly programs: readonly [string, ...string[]];
  /** Debian's packages that bring the programs, and whether they are in Debian's release or only in its unstable suite. */
  readonly packages: readonly string[];
  readonly suite: "release" | "unstable";
  /** The version out of what `--version` prints; null when that is some other product. */
  parseVersion(text: string): string | null;
}

/** What differs from one kind of server to another. */
export interface Product extends Packaged {
  readonly kind: ServerKind;
  readonly urlVariable: string;
  readonly protocol: Protocol;
  /** Asks it to end in good order without waiting for its clients. */
  readonly stopSignal: NodeJS.Signals;

  /** Makes `data/`. `write` puts a file that the server can read into its folder, and returns its path. */
  initialise(site: Site, write: (name: string, text: string) => string): Command;
  /** Runs it. */
  serve(site: Site): Command;
  /** The administrator's URL. */
  url(site: Site): string;
  /** Where its Unix socket is, as its clients want it. */
  socket(site: Site): string;
}

/** Room for as many connections as tests may want to open at once. */
export const MAX_CONNECTIONS = 300;

/**
 * The servers' own time zone, an odd one, because a session that isn't set to UTC should be noticed. Hours and minutes
 * east of Greenwich.
 */
export const TIME_ZONE = "05:45";
