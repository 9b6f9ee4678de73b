/** Whoever isn't root has the same servers, and needs no more right than to run programs and to write into a folder. */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { cacheFolder, serverUser } from "./places.ts";
import { products } from "./products/index.ts";
import { providePrograms } from "./programs.ts";
import { Clone } from "./support/clone.ts";

const kinds = ["postgresql", "mariadb", "mysql"] as const;
// Fetching them is another test's business.
for (const kind of kinds) await providePrograms(products[kind]);

test("servers run in another user's clone, and as that user", async () => {
  const clone = new Clone();
  const output = await clone.run("use-servers.ts", kinds, { XDG_CACHE_HOME: dirname(cacheFolder()) });
  const uid = serverUser()?.uid ?? process.getuid?.();
  expect(output.split("\n").sort()).toEqual([...kinds].sort().map((kind) => `${kind} of user ${uid}`));
  expect(readdirSync(join(clone.folder, "tmp"))).toEqual([]);
});
