import type { FraiserDatabaseAdapter } from "../../src/db/index.ts";

const built = (name: string): string => new URL(`../../dist/${name}.js`, import.meta.url).href;

/** The ledger on a database, as its users have it: built. */
export async function openLedger(url: string): Promise<import("../../src/ledger/index.ts").Ledger> {
  const { Ledger } = (await import(built("index"))) as typeof import("../../src/index.ts");
  const { createAdapterFromUrl } = (await import(built("db"))) as typeof import("../../src/db/index.ts");
  return new Ledger(await createAdapterFromUrl(url));
}

/** Sets an empty database up. */
export async function migrate(adapter: FraiserDatabaseAdapter): Promise<void> {
  const { runMigrations } = (await import(built("index"))) as typeof import("../../src/index.ts");
  await runMigrations(adapter, { transaction: "all" });
}
