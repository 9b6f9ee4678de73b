/** A process with nothing but a transaction that runs statements at the same time, and prints what they gave. Its argument is the URL. */
import { createAdapterFromUrl } from "../../../src/db/index.ts";

const adapter = await createAdapterFromUrl(process.argv[2] ?? "");
const given = await adapter.transaction((tx) =>
  Promise.all(["SELECT 1 AS n", "SELECT 2 AS n", "SELECT 2 AS n"].map((sql) => tx.executeQuery(sql))),
);
process.stdout.write(JSON.stringify(given));
