import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { cacheFolder } from "./places.ts";
import { products } from "./products/index.ts";
import { type Machine, providePrograms } from "./programs.ts";

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "fraisier-programs-")));
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

/** A machine that has nothing but the programs in some folders. */
function machine(...names: readonly string[]): Machine {
  const searchPath = names.map((name) => join(folder, name));
  return { searchPath, cacheFolder: join(folder, "cache"), dpkgStatus: "/var/lib/dpkg/status" };
}

/** A program that says which version it is. */
function program(path: string, version: string, mode = 0o755): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "${version}"\n`);
  chmodSync(file, mode);
}

describe.each(Object.values(products))("$title", (product) => {
  test("that can't be had is an error that names the variable to set", async () => {
    const refusal = providePrograms(product, machine());
    await expect(refusal).rejects.toThrow(`There is no ${product.title} for the tests`);
    await expect(refusal).rejects.toThrow(`set ${product.urlVariable} to the URL of a server`);
    await expect(refusal).rejects.toThrow("There is no apt-get here");
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("a server's own words tell its version, and which server it is", () => {
  const words = [
    "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)",
    "mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)",
    "/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))",
    "mysqld: command not found",
  ];
  const versions = (kind: keyof typeof products) => words.map((text) => products[kind].parseVersion(text));
  expect(versions("postgresql")).toEqual(["15.20", null, null, null]);
  expect(versions("mariadb")).toEqual([null, "10.11.19", null, null]);
  expect(versions("mysql")).toEqual([null, null, "9.7.4", null]);
});

test("the first server that runs, is the one asked for and is complete is taken", async () => {
  program("closed/postgres", "postgres (PostgreSQL) 13.1", 0o600);
  program("closed/initdb", "");
  program("other/postgres", "Postgres.app 14");
  program("other/initdb", "");
  program("complete/postgres", "postgres (PostgreSQL) 16.3");
  program("complete/initdb", "");
  program("later/postgres", "postgres (PostgreSQL) 17.5");
  const programs = await providePrograms(
    products.postgresql,
    machine("missing", "closed", "other", "complete", "later"),
  );
  expect(programs.version).toBe("16.3");
  expect(programs.file("postgres")).toBe(join(folder, "complete", "postgres"));
  expect(programs.file("initdb")).toBe(join(folder, "complete", "initdb"));
});

test("a server without the programs that go with it is none", async () => {
  program("alone/postgres", "postgres (PostgreSQL) 16.3");
  await expect(providePrograms(products.postgresql, machine("alone"))).rejects.toThrow("There is no PostgreSQL");
});

test("MariaDB under MySQL's name is no MySQL", async () => {
  program("programs/mysqld", "mysqld  Ver 10.11.19-MariaDB for debian-linux-gnu on x86_64");
  await expect(providePrograms(products.mysql, machine("programs"))).rejects.toThrow("There is no MySQL for the tests");
});

test("programs are kept where whoever runs the servers can reach them", () => {
  vi.stubEnv("XDG_CACHE_HOME", folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  expect(cacheFolder()).toBe(join(folder, "fraisier-tests"));
  chmodSync(folder, 0o700);
  const isRoot = process.getuid?.() === 0;
  expect(cacheFolder()).toBe(join(isRoot ? "/var/cache" : folder, "fraisier-tests"));
});
