/** A process that adopts a Python Fraisier's file and kills itself on the way. Arguments: the file, the moment, its number. */
import { SqliteAdapter } from "../../src/db/index.ts";
import { runMigrations } from "../../src/ledger/index.ts";

const [file = "", moment = "", number = ""] = process.argv.slice(2);
let count = 0;
const reach = (name: string) => () => {
  if (name === moment && ++count === Number(number)) process.kill(process.pid, "SIGKILL");
};

await using adapter = new SqliteAdapter(file);
await runMigrations(adapter, {
  timezone: "UTC",
  onStarted: reach("migration"),
  onStatement: reach("statement"),
  onAdopting: reach("row"),
  onApplied: reach("applied"),
});
