/**
 * A process that reads a database that it may not open, gets the right, and reads it again while its own transaction
 * writes. Argument: the file, in a folder of mode 0500. Sends the outcome of each reading.
 */
import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import { SqliteAdapter } from "../../../src/db/index.ts";
import { becomeNobody } from "./become-nobody.ts";
import { outcomeOf } from "./outcome.ts";

const [file = ""] = process.argv.slice(2);
becomeNobody();
await using adapter = new SqliteAdapter(file);
const read = () => outcomeOf(adapter.executeQuery("SELECT count(*) FROM item", [], { timeoutMs: 500 }));
const refused = await read();
chmodSync(dirname(file), 0o700);
const { promise: done, resolve: finish } = Promise.withResolvers<void>();
const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
const writing = adapter.transaction(async (tx) => {
  await tx.insert("item", {});
  begin();
  await done;
});
await begun;
const allowed = await read();
finish();
await writing;
process.send?.({ refused, allowed });
process.disconnect();
