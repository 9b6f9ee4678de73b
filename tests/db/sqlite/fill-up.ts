/** A process that inserts into an SQLite file until that fails. Argument: the file. */
import { SqliteAdapter } from "../../../src/db/index.ts";
import { outcomeOf } from "./outcome.ts";

await using adapter = new SqliteAdapter(process.argv[2] ?? "");
let written = 0;
let outcome = null;
while (outcome === null) {
  outcome = await outcomeOf(adapter.insert("item", { filler: "x".repeat(1000) }));
  if (outcome === null) written++;
}
process.send?.({ written, outcome });
process.disconnect();
