import { onTestFinished } from "vitest";
import { createAdapterFromUrl, type FraiserDatabaseAdapter } from "../../../src/db/index.ts";
import { createDatabase } from "../../servers/databases.ts";
import type { ServerKind } from "../../servers/products/product.ts";
import { sharedServer } from "../../servers/shared.ts";

export const KINDS: readonly ServerKind[] = ["mariadb", "mysql"];

/** An adapter of one connection, on an empty database that goes away with the test. */
export async function openEmpty(kind: ServerKind): Promise<FraiserDatabaseAdapter> {
  const database = await createDatabase(await sharedServer(kind));
  const adapter = await createAdapterFromUrl(database.url, { pool: { min: 1, max: 1 } });
  onTestFinished(async () => {
    await adapter.close();
    await database.drop();
  });
  return adapter;
}
