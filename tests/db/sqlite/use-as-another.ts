/** A process that opens databases as a user without rights. Arguments: their URLs. Sends what came of each. */
import { SqliteAdapter } from "../../../src/db/index.ts";
import { becomeNobody } from "./become-nobody.ts";
import { outcomeOf } from "./outcome.ts";

becomeNobody();
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
