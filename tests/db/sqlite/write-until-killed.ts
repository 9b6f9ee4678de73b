/**
 * A process that never ends by itself. Arguments: the file, and "hang" to send "written" in the middle of a
 * transaction and stay there, or "commit" to commit a row in each of two tables again and again, sending their number.
 */
import { setTimeout as delay } from "node:timers/promises";
import { SqliteAdapter } from "../../../src/db/index.ts";

const [file = "", mode] = process.argv.slice(2);
const adapter = new SqliteAdapter(file);
if (mode === "hang") {
  await adapter.transaction(async (tx) => {
    await tx.executeUpdate("UPDATE debit SET filler = 'half done'");
    // More than SQLite keeps in memory: some of it is in the log before the commit.
    for (let n = 0; n < 5; n++) await tx.insert("credit", { filler: "x".repeat(1_000_000) });
    process.send?.("written");
    await delay(600_000);
  });
}
for (;;) {
  const id = await adapter.transaction(async (tx) => {
    const made = await tx.insert("debit", { filler: "x".repeat(3000) });
    await tx.insert("credit", { id: Number(made), filler: "x".repeat(3000) });
    return made;
  });
  process.send?.(Number(id));
  await delay(2);
}
