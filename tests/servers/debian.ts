/** Debian's packages, fetched and unpacked without installing anything: no step needs root or changes the machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PrivateApt } from "./apt.ts";
import type { Packaged } from "./products/product.ts";
import type { Launch, Machine } from "./programs.ts";
import { findFile, run } from "./run.ts";

/** The packages of one server. */
export class DebianPackages {
  /** Where they are unpacked, completely or not at all. */
  readonly tree: string;
  readonly #product: Packaged;
  readonly #machine: Machine;

  constructor(product: Packaged, machine: Machine) {
    const suite = product.suite === "release" ? releaseName() : product.suite;
    this.tree = join(machine.cacheFolder, `${product.title.toLowerCase()}-${suite}-${process.arch}`);
    this.#product = product;
    this.#machine = machine;
  }

  /** How what has been unpacked is run. */
  launch(): Launch {
    const folders = globSync(["usr/lib/*-linux-gnu*", "lib/*-linux-gnu*"].map((pattern) => join(this.tree, pattern)));
    const path = folders.join(":");
    if (this.#product.suite === "release") return { loader: [], env: { LD_LIBRARY_PATH: path } };
    // Programs of the unstable suite come with its C library, and that one needs its own loader.
    const [loader] = globSync(folders.map((folder) => join(folder, "ld-linux*.so.*")));
    return { loader: loader === undefined ? [] : [loader, "--library-path", path], env: {} };
  }

  /**
   * Does something while no other process does. Whoever dies meanwhile gives way.
   *
   * @throws before anything is touched, when there is no apt here to go on with.
   */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    for (const name of ["apt-get", "dpkg-deb"]) this.#program(name);
    mkdirSync(this.#machine.cacheFolder, { recursive: true });
    chmodSync(this.#machine.cacheFolder, 0o755);
    const lock = join(this.#machine.cacheFolder, "lock");
    // Held until cat has seen the end of its input.
    const holder = spawn(this.#program("flock"), [lock, "sh", "-c", "echo locked; exec cat"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = once(holder, "exit");
    const locked = await Promise.race([once(holder.stdout, "data").then(() => true), ended.then(() => false)]);
    if (!locked) throw new Error(`${lock} can't be locked.`);
    try {
      return await work();
    } finally {
      holder.stdin.end();
      await ended;
    }
  }

  /** Takes the place of what was unpacked before. To be called {@link exclusively}. */
  async unpack(): Promise<void> {
    const extract = this.#program("dpkg-deb");
    // What killed processes left behind.
    for (const folder of globSync(join(this.#machine.cacheFolder, "unpack-*"))) rmSync(folder, { recursive: true });
    const folder = mkdtempSync(join(this.#machine.cacheFolder, "unpack-"));
    try {
      const tree = join(folder, "tree");
      mkdirSync(tree);
      process.stderr.write(`Fetching ${this.#product.title} for the tests from Debian's packages, once ...\n`);
      for (const archive of await this.#download(folder)) await run(extract, ["--extract", archive, tree]);
      chmodSync(tree, 0o755);
      rmSync(this.tree, { recursive: true, force: true });
      renameSync(tree, this.tree);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async #download(folder: string): Promise<string[]> {
    const program = this.#program("apt-get");
    const open = this.#product.suite === "unstable" ? PrivateApt.forUnstable : PrivateApt.forRelease;
    const apt = await open(program, folder, this.#machine.dpkgStatus);
    return await apt.download(this.#product.packages);
  }

  #program(name: string): string {
    const file = findFile(name, this.#machine.searchPath);
    if (file === null) throw new Error(`There is no ${name} here.`);
    return file;
  }
}

/** What keeps programs of one release apart from those of another that shares the cache. */
function releaseName(): string {
  const text = readFileSync("/etc/os-release", "utf8");
  const [id, version] = ["ID", "VERSION_ID"].map((name) => new RegExp(`^${name}="?([^"\n]*)`, "m").exec(text)?.[1]);
  return `${id ?? "linux"}${version ?? ""}`;
}
