/** Fetching the programs of all servers, which takes a minute and a network. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Clone } from "./support/clone.ts";

/** The C library: it can't be replaced while the machine's own loader loads it. */
const KEPT = /^Package: (libc6|libgcc-s1|gcc-\d+-base|libcrypt1)$/m;

test("who isn't root gets all servers onto a machine that has none of them", { timeout: 600_000 }, async () => {
  const clone = new Clone();
  const tools = join(clone.folder, "tools");
  mkdirSync(tools);
  for (const name of ["apt-get", "dpkg-deb", "flock"]) symlinkSync(join("/usr/bin", name), join(tools, name));
  const status = join(clone.folder, "status");
  const packages = readFileSync("/var/lib/dpkg/status", "utf8").split(/\n{2,}/);
  writeFileSync(status, `${packages.filter((entry) => KEPT.test(entry)).join("\n\n")}\n`);
  const cache = clone.mkdir("cache");

  const output = await clone.run("provide-programs.ts", [tools, status, cache]);
  const files = output.split("\n").map((line) => line.split(" from ") as [string, string]);
  expect(files.map(([kind]) => kind)).toEqual(["postgresql", "mariadb", "mysql"]);
  for (const [kind, file] of files) expect(file.startsWith(join(cache, `${kind}-`)), file).toBe(true);
  expect(readdirSync(cache)).toHaveLength(4);
  expect(existsSync(join(cache, "lock"))).toBe(true);
});
