import { DatabaseError } from "../errors.ts";
import type { MigrationSupport } from "../migrations/support.ts";
import type { Queryable } from "../types.ts";
import { holdExclusively } from "./exclusive-file.ts";

/** The files that this process holds, and how each is freed: a second attempt from within would free the first. */
const held = new Map<string, () => void>();

/** The file of the database; null when it is in memory. */
async function databaseFile(session: Queryable): Promise<string | null> {
  const [main] = await session.executeQuery<{ file: string }>(
    "SELECT file FROM pragma_database_list WHERE name = 'main'",
  );
  return main?.file || null;
}

/** A file beside the database, since a lock of the database itself would keep the statements out as well. */
async function lockFile(session: Queryable, table: string): Promise<string | null> {
  const file = await databaseFile(session);
  return file === null ? null : `${file}-${table}.lock`;
}

export const sqliteMigrations: MigrationSupport = {
  lock: {
    async tryAcquire(session, table) {
      const file = await lockFile(session, table);
      if (file === null) return true; // a database in memory is this process's alone
      if (held.has(file)) return false;
      const holding = holdExclusively(file, 0);
      if (holding.outcome !== "held") return false;
      held.set(file, () => holding.release());
      return true;
    },
    tryAcquireInTransaction: null,
    async release(session, table) {
      const file = await lockFile(session, table);
      if (file === null) return;
      held.get(file)?.();
      held.delete(file);
    },
    async holder(session, table, within) {
      // A transaction is kept out by whoever else writes.
      if (within === "transaction") return `a process that is writing to ${await databaseFile(session)}`;
      return `the process that has ${await lockFile(session, table)} open`;
    },
  },
  locksByTransaction: true,
  sessionVerbs: new Set(["PRAGMA", "ATTACH", "DETACH"]),
  nonTransactionalTables: null,
  // Only VACUUM gets here, which may be repeated.
  readCatalogue: async () => ({ text: "", remedy: null }),
  hasObject: async () => null,
  refusesInTransaction: (error) =>
    error instanceof DatabaseError && error.message.includes("from within a transaction"),
};
