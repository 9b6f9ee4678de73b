import { statSync } from "node:fs";
import { DatabaseError, type FraiserDatabaseAdapter, SqliteAdapter } from "../../db/index.ts";
import { sqliteFileOf } from "./shape.ts";

/**
 * Looks at a database without changing a byte of it. Connecting in order to write turns an SQLite file to write-ahead
 * logging, so one that is not connected yet is read through a connection that cannot write.
 *
 * @throws DatabaseError, and whatever `work` throws
 */
export async function look<T>(
  adapter: FraiserDatabaseAdapter,
  work: (database: FraiserDatabaseAdapter) => Promise<T>,
): Promise<T> {
  const file = sqliteFileOf(adapter);
  if (file === null || adapter.isConnected || isEmpty(file)) return work(adapter);
  await using reader = new SqliteAdapter(file, { readOnly: true });
  try {
    await reader.connect();
  } catch (error) {
    // Whoever wrote it last died on the way: what is half there can only be taken back by writing.
    if (error instanceof DatabaseError && error.kind === "read_only") return work(adapter);
    throw error;
  }
  return await work(reader);
}

/**
 * Connects, unless that would change a file, which may not be the ledger's: then it is only proven to be a database, and
 * the adapter connects at its first use.
 *
 * @throws DatabaseError
 */
export async function connectUnchanged(adapter: FraiserDatabaseAdapter): Promise<void> {
  const file = sqliteFileOf(adapter);
  const isChanged = file !== null && !isEmpty(file) && !(await look(adapter, hasLog));
  if (!isChanged) await adapter.connect();
}

async function hasLog(database: FraiserDatabaseAdapter): Promise<boolean> {
  const [row] = await database.executeQuery<{ journal_mode: string }>("PRAGMA journal_mode");
  return row?.journal_mode === "wal";
}

function isEmpty(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined || found.size === 0;
}
