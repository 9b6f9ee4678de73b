import { closeSync, openSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

/** What came of the attempt to hold a file; see {@link holdExclusively}. */
export type Holding =
  /** Held until `release`, or until this process is dead. */
  | { readonly outcome: "held"; release(): void }
  /** Another process has it now. */
  | { readonly outcome: "busy" }
  /** It is free, but a higher token was seen. */
  | { readonly outcome: "stale"; readonly seen: number };

const SQLITE_BUSY = 5;
/** SQLite's result code of a failed call, without its extension. */
function primaryCode(error: unknown): number | null {
  const isCode = error instanceof Error && "errcode" in error && typeof error.errcode === "number";
  return isCode ? Number(error.errcode) & 0xff : null;
}

/** Handles that are held: one that only a forgotten guard refers to would be freed with it, and the file with it. */
const held = new Set<DatabaseSync>();

/**
 * Takes a file for this process alone, and remembers the highest token it was taken with. The operating system frees it
 * when the process dies, however it dies; a stopped process (SIGSTOP) keeps it. Never waits.
 *
 * @param file an SQLite file of its own, created (mode 0600) when it is missing. While it is held, nothing in this
 * process may open and close it otherwise: POSIX drops all locks of a process on a file when it closes any descriptor of it.
 * @param token refused when it is lower than one seen before; the same again is fine.
 */
export function holdExclusively(file: string, token: number): Holding {
  createPrivately(file);
  const sqlite = process.getBuiltinModule("node:sqlite");
  const database = new sqlite.DatabaseSync(file);
  try {
    // In exclusive locking mode the lock of the first write stays until the handle is closed.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
    database.exec("CREATE TABLE IF NOT EXISTS guard (one INTEGER PRIMARY KEY CHECK (one = 1), token INTEGER NOT NULL)");
    const seen = Number(database.prepare("SELECT token FROM guard").get()?.token ?? 0);
    if (token < seen) {
      database.close();
      return { outcome: "stale", seen };
    }
    database
      .prepare("INSERT INTO guard VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET token = excluded.token")
      .run(token);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isOpen) database.close();
    if (primaryCode(error) === SQLITE_BUSY) return { outcome: "busy" };
    throw error;
  }
  held.add(database);
  return {
    outcome: "held",
    release() {
      if (held.delete(database)) database.close();
    },
  };
}

function createPrivately(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    // Not opened when it exists: closing it again would free it if this process has it.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
