/**
 * A process that migrates whatever it is told to: each line on its stdin is `<url> <directory>`, answered by `begun`, by
 * `at work` for each migration that it begins, and then by a line with what came of it, `applied <names>` or
 * `failed <message>`.
 */
import { createInterface } from "node:readline";
import { createAdapterFromUrl, runMigrations } from "../../../src/db/index.ts";

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  const [url = "", directory = ""] = line.split(" ");
  try {
    await using adapter = await createAdapterFromUrl(url);
    await adapter.connect();
    process.stdout.write("begun\n");
    const onStarted = () => process.stdout.write("at work\n");
    const { applied } = await runMigrations(adapter, { directory, onStarted });
    process.stdout.write(`applied ${applied.join(" ")}\n`);
  } catch (error) {
    process.stdout.write(`failed ${String(error).replaceAll("\n", " ")}\n`);
  }
}
