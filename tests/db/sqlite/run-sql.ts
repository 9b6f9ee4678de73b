/** A process that runs SQL on an SQLite file. Arguments: the file, the SQL. Sends "done". */
import { DatabaseSync } from "node:sqlite";

const [file = "", sql = ""] = process.argv.slice(2);
const database = new DatabaseSync(file, { timeout: 5000 });
database.exec(sql);
database.close();
process.send?.("done");
process.disconnect();
