/** One database for many short tests that leave each other alone. */
import { afterAll, beforeAll } from "vitest";
import type { FraiserDatabaseAdapter } from "../../../src/db/index.ts";
import type { ContractDatabase } from "./databases.ts";
import { openAdapter } from "./opening.ts";

/** An adapter for all tests of the running `describe`, on a database that `prepare` has filled; to be called in them. */
export function shareAdapter(
  database: ContractDatabase,
  prepare: (adapter: FraiserDatabaseAdapter, url: string) => Promise<void>,
): () => FraiserDatabaseAdapter {
  const ends: (() => void | Promise<void>)[] = [];
  let adapter: FraiserDatabaseAdapter;
  beforeAll(async () => {
    const url = await database.createUrl((work) => ends.push(work));
    adapter = await openAdapter(url);
    await prepare(adapter, url);
  });
  afterAll(async () => {
    await adapter.close();
    for (const end of ends) await end();
  });
  return () => adapter;
}
