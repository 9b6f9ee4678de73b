/** Writes the pages that are made from the code. Run it with: npm run docs */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PAGES } from "./docs/pages.ts";

for (const { path, text } of PAGES) {
  writeFileSync(join(import.meta.dirname, "..", path), text());
  console.log(`Wrote ${path}.`);
}
