/**
 * A process that holds an SQLite file until it is told to free it. Arguments: the file, and "write" to lock out other
 * writers or "everything" to lock out readers too. Sends "held" and, before it ends, "freed".
 */
import { DatabaseSync } from "node:sqlite";

const [file = "", mode] = process.argv.slice(2);
const database = new DatabaseSync(file, { timeout: 5000 });
if (mode === "everything") database.exec("PRAGMA locking_mode = EXCLUSIVE");
database.exec("BEGIN IMMEDIATE; INSERT INTO item (name) VALUES ('of another process')");
process.once("message", () => {
  database.exec("COMMIT");
  database.close();
  process.send?.("freed", () => process.disconnect());
});
process.send?.("held");
