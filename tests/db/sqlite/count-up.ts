/**
 * A process that reads a counter and writes it back by one higher, each in a transaction, again and again. Arguments:
 * the file, and for how many milliseconds. Sends "ready", waits for a message, and sends how often it committed.
 */
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { SqliteAdapter } from "../../../src/db/index.ts";

const [file = "", milliseconds = ""] = process.argv.slice(2);
await using adapter = new SqliteAdapter(`sqlite://${file}?synchronous=off`);
await adapter.connect();
process.send?.("ready");
await once(process, "message");
const end = performance.now() + Number(milliseconds);
let commits = 0;
while (performance.now() < end) {
  await adapter.transaction(async (tx) => {
    const [row] = await tx.executeQuery<{ value: number }>("SELECT value FROM counter");
    await delay(3);
    await tx.executeUpdate("UPDATE counter SET value = ?", [(row?.value ?? 0) + 1]);
  });
  commits++;
  await delay(2); // as loops of commits should
}
process.send?.(commits);
process.disconnect();
