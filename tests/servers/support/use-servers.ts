/** Starts a server of each kind it is given, prints whom it runs as, and ends it. */
import { statSync } from "node:fs";
import { type ServerKind, startServer } from "../servers.ts";

async function use(kind: string): Promise<void> {
  const server = await startServer(kind as ServerKind);
  // Some of its processes come and go.
  const found = server.processes.map((pid) => statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid);
  const users = new Set(found.filter((uid) => uid !== undefined));
  process.stdout.write(`${kind} of user ${[...users].join()}\n`);
  await server.dispose();
}

await Promise.all(process.argv.slice(2).map(use));
