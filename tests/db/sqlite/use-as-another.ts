/** A process that opens databases as a user without rights: `nobody` when root starts it. Arguments: their URLs. */
import { SqliteAdapter } from "../../../src/db/index.ts";
import { outcomeOf } from "./outcome.ts";

if (process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(65_534);
  process.setuid?.(65_534);
}
const outcomes = [];
for (const url of process.argv.slice(2)) {
  await using adapter = new SqliteAdapter(url);
  outcomes.push({
    open: await outcomeOf(adapter.connect()),
    read: await outcomeOf(adapter.executeQuery("SELECT count(*) FROM item")),
    write: await outcomeOf(adapter.insert("item", {})),
  });
}
process.send?.(outcomes);
process.disconnect();
