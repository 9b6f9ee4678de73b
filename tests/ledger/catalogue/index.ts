import { onTestFinished } from "vitest";
import { createAdapterFromUrl, type DatabaseType, type FraiserDatabaseAdapter } from "../../../src/db/index.ts";
import type { TestDatabase } from "../databases.ts";
import type { Catalogue } from "./model.ts";
import { readMysql } from "./mysql.ts";
import { readPostgres } from "./postgresql.ts";
import { Rows } from "./rows.ts";
import { readSqlite } from "./sqlite.ts";

export type { Catalogue, Column, ForeignKey, Table, View } from "./model.ts";
export { keyOf, Rows } from "./rows.ts";

const READERS: Readonly<Record<DatabaseType, (adapter: FraiserDatabaseAdapter) => Promise<Catalogue>>> = {
  sqlite: readSqlite,
  postgresql: readPostgres,
  mysql: readMysql,
};

/** What the catalogue of a database says of the ledger's schema; the tables of the runner of migrations left out. */
export function readCatalogue(adapter: FraiserDatabaseAdapter): Promise<Catalogue> {
  return READERS[adapter.databaseType()](adapter);
}

export interface MigratedDatabase {
  readonly adapter: FraiserDatabaseAdapter;
  readonly catalogue: Catalogue;
  readonly rows: Rows;
}

/** An adapter that is closed with the test. */
export async function openAdapter(url: string): Promise<FraiserDatabaseAdapter> {
  const adapter = await createAdapterFromUrl(url);
  onTestFinished(() => adapter.close());
  return adapter;
}

/** A migrated database for the test, what its catalogue says, and who writes rows into it. */
export async function migrated(database: TestDatabase): Promise<MigratedDatabase> {
  const adapter = await openAdapter(await database.create());
  const catalogue = await readCatalogue(adapter);
  return { adapter, catalogue, rows: new Rows(adapter, catalogue) };
}
