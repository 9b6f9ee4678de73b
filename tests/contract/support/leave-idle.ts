/** A process that leaves an adapter open and idle, and prints how many connections it has. Its argument is the URL. */
import { createAdapterFromUrl } from "../../../src/db/index.ts";

const adapter = await createAdapterFromUrl(process.argv[2] ?? "");
await adapter.connect();
await adapter.transaction((tx) => tx.executeQuery("SELECT 1"));
process.stdout.write(String(adapter.poolMetrics().idleConnections));
