/** The databases in which the deployments of these tests are remembered. */
import { DATABASES, type TestDatabase } from "../ledger/databases.ts";
import { IS_FULL } from "../packaging/support.ts";
import { Sandbox } from "./sandbox.ts";

export interface TestLedger {
  readonly name: string;
  readonly isSqlite: boolean;
  /** Whether also that is tested on it which hardly depends on the database: on SQLite always, on a server in the full run. */
  readonly isThorough: boolean;
  /** A sandbox whose environment chooses this database, which is empty. */
  createSandbox(): Promise<Sandbox>;
}

/** Those that the end-to-end tests run on: every one in the full run, by default SQLite. */
export const LEDGERS: readonly TestLedger[] = ledgersOn("SQLite");

/** By default with a server: for the way of a deployment itself. The demo is played on three of them in every run. */
export const LEDGERS_WITH_SERVER: readonly TestLedger[] = ledgersOn("SQLite", "PostgreSQL");

function ledgersOn(...usual: readonly string[]): TestLedger[] {
  return DATABASES.filter(({ name }) => IS_FULL || usual.includes(name)).map((database) => {
    const isSqlite = database.name === "SQLite";
    return {
      name: database.name,
      isSqlite,
      isThorough: isSqlite || IS_FULL,
      async createSandbox() {
        const sandbox = await Sandbox.create();
        Object.assign(sandbox.env, isSqlite ? {} : await environmentOf(database));
        return sandbox;
      },
    };
  });
}

/** What a user sets to choose a database on a server. */
export async function environmentOf(database: TestDatabase): Promise<Record<string, string>> {
  return { FRAISIER_DB_TYPE: database.name.toLowerCase(), FRAISIER_DB_URL: await database.createEmpty() };
}
