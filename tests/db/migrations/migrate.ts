/**
 * A process that migrates: `node migrate.ts <url> <directory> <each|all>`. Says `ready`, begins when it is told to by
 * whatever comes on its stdin, and says for each migration that it applied its name.
 */
import { once } from "node:events";
import { createAdapterFromUrl, runMigrations } from "../../../src/db/index.ts";

const [url = "", directory = "", mode = ""] = process.argv.slice(2);
process.stdout.write("ready\n");
await once(process.stdin, "data");
await using adapter = await createAdapterFromUrl(url);
const { applied } = await runMigrations(adapter, {
  directory,
  transaction: mode === "all" ? "all" : "each",
  onApplied: (name) => process.stdout.write(`applied ${name}\n`),
});
process.stdout.write(`done ${applied.join(" ")}\n`);
process.stdin.destroy();
