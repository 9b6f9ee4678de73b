import { onTestFinished } from "vitest";
import { loadDatabaseConfig } from "../../../src/db/index.ts";
import { type FraisierDb, getDb } from "../../../src/ledger/index.ts";
import { OlderLedger } from "../../../src/ledger/older/older-ledger.ts";

/** The blocking API on a database, closed with the test. */
export function openDb(url: string, project?: string): FraisierDb {
  const db = getDb({ options: { url }, env: {}, ...(project !== undefined && { project }) });
  onTestFinished(() => db.close());
  return db;
}

/** What is behind the blocking API, without the thread: for what does not depend on that. */
export function openOlderLedger(url: string, project = ""): OlderLedger {
  const ledger = new OlderLedger({ config: loadDatabaseConfig({ options: { url } }), project });
  onTestFinished(() => ledger.close());
  return ledger;
}

/** What a blocking call fails with. */
export function failureOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

export const inMinutes = (minutes: number): Date => new Date(Date.now() + minutes * 60_000);
