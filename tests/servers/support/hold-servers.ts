/** Starts servers of the kinds it is given, says so, and then does as its first argument tells: `wait` or `end`. */
import { startServer } from "../servers.ts";

const [then, ...kinds] = process.argv.slice(2);
for (const kind of kinds) await startServer(kind as Parameters<typeof startServer>[0]);
process.stdout.write("started\n");
if (then === "wait") setInterval(() => {}, 60_000);
