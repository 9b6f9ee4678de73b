import type { FraiserDatabaseAdapter } from "./adapter.ts";
import { type DatabaseConfig, loadDatabaseConfig } from "./config.ts";
import type { DatabaseConfigSources } from "./config-sources.ts";
import { adapterOf } from "./factory.ts";

/** Those that this process has, by what they were made of. */
const adapters = new Map<string, Promise<FraiserDatabaseAdapter>>();

/**
 * The connected adapter of a database, one for the whole process: who asks for the same gets the same, also when several
 * ask at once, so that there is one pool. After its `close()` the next call makes another.
 *
 * @param config what {@link loadDatabaseConfig} chose; or what to choose by, which goes before the environment of the
 *   process. Default: the environment alone.
 * @throws DatabaseConfigError, DatabaseError
 */
export async function getDatabaseAdapter(
  config: DatabaseConfig | NonNullable<DatabaseConfigSources["options"]> = {},
): Promise<FraiserDatabaseAdapter> {
  const chosen = "origins" in config ? config : loadDatabaseConfig({ options: config, env: process.env });
  const key = JSON.stringify([chosen.url, chosen.baseDirectory, chosen.options]);
  const known = adapters.get(key);
  if (known === undefined) {
    const made = connected(configuredAdapter(chosen));
    adapters.set(key, made);
    made.catch(() => adapters.delete(key));
    return made;
  }
  const adapter = await known;
  if (adapter.isConnected) return adapter;
  // It was closed; whoever notices first makes room for another.
  if (adapters.get(key) === known) adapters.delete(key);
  return getDatabaseAdapter(chosen);
}

/** An adapter of its own for a database. @throws DatabaseError */
export function configuredAdapter(
  { url, baseDirectory, options }: DatabaseConfig,
  more: { readonly readOnly?: boolean } = {},
): FraiserDatabaseAdapter {
  return adapterOf(url, { baseDirectory, ...options, ...more });
}

async function connected(adapter: FraiserDatabaseAdapter): Promise<FraiserDatabaseAdapter> {
  try {
    await adapter.connect();
    return adapter;
  } catch (error) {
    await adapter.close();
    throw error;
  }
}
