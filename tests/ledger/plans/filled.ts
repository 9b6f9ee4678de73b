/** A ledger with a long history, which many tests look at and none changes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAdapterFromUrl, type FraiserDatabaseAdapter } from "../../../src/db/index.ts";
import { Ledger, runMigrations } from "../../../src/ledger/index.ts";
import { createDatabase } from "../../servers/databases.ts";
import type { ServerKind } from "../../servers/products/index.ts";
import { sharedServer } from "../../servers/shared.ts";
import { TABLES } from "../databases.ts";
import { writeHistory } from "./history.ts";
import { askForLists, askForTheRest, type ListQuestion, type Question } from "./questions.ts";

export interface FilledLedger {
  readonly adapter: FraiserDatabaseAdapter;
  /** With values that many deployments have, and with such as few have. */
  readonly lists: Readonly<Record<"common" | "rare", readonly ListQuestion[]>>;
  /** Everything else that the ledger is asked for. */
  readonly rest: readonly Question[];
  close(): Promise<void>;
}

/** @param kind - null for SQLite */
export async function fillLedger(kind: ServerKind | null, count: number): Promise<FilledLedger> {
  const { url, drop } = await createPlace(kind);
  const adapter = await createAdapterFromUrl(url);
  await runMigrations(adapter);
  const history = await writeHistory(adapter, count);
  const analyze = { postgresql: ["ANALYZE"], sqlite: [], mysql: TABLES.map((table) => `ANALYZE TABLE ${table}`) };
  for (const sql of analyze[adapter.databaseType()]) await adapter.executeQuery(sql, [], { prepare: false });
  const ledger = new Ledger(adapter);
  return {
    adapter,
    lists: {
      common: await askForLists(ledger, history, "common"),
      rare: await askForLists(ledger, history, "rare"),
    },
    rest: await askForTheRest(ledger, history),
    async close() {
      await adapter.close();
      await drop();
    },
  };
}

/** An empty database. */
async function createPlace(kind: ServerKind | null): Promise<{ url: string; drop: () => Promise<void> }> {
  if (kind !== null) return createDatabase(await sharedServer(kind));
  const folder = mkdtempSync(join(tmpdir(), "fraisier-ledger-"));
  return {
    url: `sqlite://${folder}/ledger.db?synchronous=off`,
    drop: async () => rmSync(folder, { recursive: true }),
  };
}
