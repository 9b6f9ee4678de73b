import type { FraiserDatabaseAdapter } from "./adapter.ts";
import { type DatabaseConfig, loadDatabaseConfig } from "./config.ts";
import type { DatabaseConfigSources } from "./config-sources.ts";
import { adapterOf } from "./factory.ts";

/** Those that this process has, by what they were made of. */
const adapters = new Map<string, Promise<FraiserDatabaseAdapter>>();

/**
 * The connected adapter of a database, one for the whole process: who asks for the same gets the same, also when several
 * ask at once, so that there is one pool. Whoever is the last to need it closes it, for all; after its `close()` the
 * next call makes another. An open one that idles does not keep the process alive.
 *
 * @param config what {@link loadDatabaseConfig} chose; or what to choose by, which goes before the environment of the
 *   process. Default: the environment alone.
 * @throws DatabaseConfigError, DatabaseError
 */
export async function getDatabaseAdapter(
  config: DatabaseConfig | NonNullable<DatabaseConfigSources["options"]> = {},
): Promise<FraiserDatabaseAdapter> {
  const chosen = "origins" in config ? config : loadDatabaseConfig({ options: config, env: process.env });
  return sharedAdapter(chosen, (adapter) => adapter.connect());
}

/**
 * The same, connected in a way of the caller's own.
 *
 * @internal
 */
export async function sharedAdapter(
  config: DatabaseConfig,
  connect: (adapter: FraiserDatabaseAdapter) => Promise<void>,
): Promise<FraiserDatabaseAdapter> {
  const key = JSON.stringify([config.url, config.baseDirectory, config.options]);
  const known = adapters.get(key);
  if (known === undefined) {
    const made = connected(configuredAdapter(config), connect);
    adapters.set(key, made);
    made.catch(() => adapters.delete(key));
    return made;
  }
  const adapter = await known;
  if (!adapter.isClosed) {
    await connect(adapter);
    return adapter;
  }
  // Whoever notices first makes room for another.
  if (adapters.get(key) === known) adapters.delete(key);
  return sharedAdapter(config, connect);
}

/** An adapter of its own for a database. @throws DatabaseError */
export function configuredAdapter(
  { url, baseDirectory, options }: DatabaseConfig,
  more: { readonly readOnly?: boolean } = {},
): FraiserDatabaseAdapter {
  return adapterOf(url, { baseDirectory, ...options, ...more });
}

async function connected(
  adapter: FraiserDatabaseAdapter,
  connect: (adapter: FraiserDatabaseAdapter) => Promise<void>,
): Promise<FraiserDatabaseAdapter> {
  try {
    await connect(adapter);
    return adapter;
  } catch (error) {
    await adapter.close();
    throw error;
  }
}
