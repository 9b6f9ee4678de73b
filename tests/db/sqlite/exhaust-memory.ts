/** A process that asks SQLite for more memory than it may have. Sends the kibibytes that it had, and what came of it. */
import { readFileSync } from "node:fs";
import { SqliteAdapter } from "../../../src/db/index.ts";
import { outcomeOf } from "./outcome.ts";

await using adapter = new SqliteAdapter(":memory:");
await adapter.connect();
const kibibytes = Number(/VmSize:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
const outcome = await outcomeOf(adapter.executeQuery("SELECT length(zeroblob(900000000) || 'x') AS length"));
process.send?.({ kibibytes, outcome });
process.disconnect();
