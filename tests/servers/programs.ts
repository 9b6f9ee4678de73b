/** Where the programs of a server come from: the machine, else Debian's packages unpacked into the cache. */
import { globSync, realpathSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { DebianPackages } from "./debian.ts";
import { cacheFolder } from "./places.ts";
import type { Packaged } from "./products/product.ts";
import { type Command, findFile, runAsServerUser } from "./run.ts";

/** Where programs are looked for, and where fetched ones are kept. */
export interface Machine {
  readonly searchPath: readonly string[];
  readonly cacheFolder: string;
  /** What dpkg has written down as installed. */
  readonly dpkgStatus: string;
}

/** What it takes to run programs that are not where they were built for. */
export interface Launch {
  /** What stands before the program on the command line. */
  readonly loader: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const AS_IT_IS: Launch = { loader: [], env: {} };

/** The programs of a server, by name. */
export class Programs {
  readonly version: string;
  readonly #files: ReadonlyMap<string, string>;
  readonly #launch: Launch;

  constructor(version: string, files: ReadonlyMap<string, string>, launch: Launch) {
    this.version = version;
    this.#files = files;
    this.#launch = launch;
  }

  file(name: string): string {
    const file = this.#files.get(name);
    if (file === undefined) throw new Error(`${name} is not among ${[...this.#files.keys()].join(", ")}`);
    return file;
  }

  command(name: string, args: readonly string[]): Command {
    return command(this.file(name), args, this.#launch);
  }
}

export function thisMachine(): Machine {
  const path = (process.env.PATH ?? "").split(delimiter).filter(isAbsolute);
  const searchPath = [...path, ...programFolders("/")];
  return { searchPath, cacheFolder: cacheFolder(), dpkgStatus: "/var/lib/dpkg/status" };
}

/**
 * The programs of a server. Fetching them takes a minute, once.
 *
 * @throws when there are none and none can be had; the message names the variable to set instead.
 */
export async function providePrograms(product: Packaged, machine: Machine = thisMachine()): Promise<Programs> {
  try {
    return (await findPrograms(product, machine.searchPath, AS_IT_IS)) ?? (await unpackPrograms(product, machine));
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim() : error;
    const { urlVariable } = product;
    const instead = urlVariable === undefined ? "" : `, or set ${urlVariable} to the URL of a server`;
    throw new Error(
      `There is no ${product.title} for the tests: ${product.programs[0]} is not on this machine, and could not be ` +
        `fetched. Install it${instead}. What fetching it ended with: ${reason}`,
    );
  }
}

async function unpackPrograms(product: Packaged, machine: Machine): Promise<Programs> {
  const packages = new DebianPackages(product, machine);
  const find = () => findPrograms(product, programFolders(packages.tree), packages.launch());
  const found = await find();
  if (found !== null) return found;
  return await packages.exclusively(async () => {
    // Another process may have been first.
    const meanwhile = await find();
    if (meanwhile !== null) return meanwhile;
    await packages.unpack();
    const unpacked = await find();
    if (unpacked === null) throw new Error(`What ${product.packages.join(" and ")} brought does not run here.`);
    return unpacked;
  });
}

/** The first server in some folders that runs and is that product, with the programs that belong to it. */
async function findPrograms(product: Packaged, folders: readonly string[], launch: Launch): Promise<Programs | null> {
  const [server, ...others] = product.programs;
  for (const folder of folders) {
    const found = findFile(server, [folder]);
    if (found === null) continue;
    // Its companions and its share/ are beside the file itself, not beside a link to it.
    const file = realpathSync(found);
    const version = product.parseVersion(await printedVersion(command(file, ["--version"], launch)));
    if (version === null) continue;
    const files = new Map([[server, file]]);
    for (const name of others) files.set(name, findFile(name, [dirname(file), ...folders]) ?? "");
    if (![...files.values()].includes("")) return new Programs(version, files, launch);
  }
  return null;
}

/** Nothing when it doesn't run, or may not be run by the user who is to run it. */
async function printedVersion(version: Command): Promise<string> {
  return await runAsServerUser(version, "/").catch(() => "");
}

function command(file: string, args: readonly string[], { loader, env }: Launch): Command {
  const [first = file, ...rest] = [...loader, file, ...args];
  return { file: first, args: rest, env };
}

/** Where a file system keeps programs, daemons included. The latest PostgreSQL comes first. */
function programFolders(root: string): string[] {
  const versions = globSync(join(root, "usr/lib/postgresql/*/bin"));
  versions.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  return [...["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin"].map((name) => join(root, name)), ...versions];
}
