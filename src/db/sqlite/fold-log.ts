import { statSync } from "node:fs";
import { SqliteDatabase } from "./database.ts";
import { realFile } from "./file.ts";

/**
 * Writes what only the write-ahead log holds into the file and so removes the log, unless somebody else has the file
 * open. SQLite does so when the last connection closes, but only where that one may write; the last of an adapter is a
 * reader whenever its writer went before. Never throws: what stays in the log is no less safe there.
 *
 * @param readOnly whether the file is to stay as it is: then only a log with nothing in it is removed
 */
export function foldLog(path: string, readOnly: boolean): void {
  const size = statSync(`${realFile(path)}-wal`, { throwIfNoEntry: false })?.size;
  if (size === undefined || (readOnly && size > 0)) return;
  try {
    const database = new SqliteDatabase({ path, readOnly: false, isImmutable: false, exposeValues: false });
    try {
      database.execute("PRAGMA schema_version"); // it does not know of a log before its first look
    } finally {
      database.close();
    }
  } catch {
    // Locked by somebody else, who closes later, or not this process's to write.
  }
}
