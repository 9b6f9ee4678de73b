import type { DatabaseConfig } from "../../db/index.ts";
import { databaseConfig, type LedgerPlace, withFiles } from "../open.ts";
import { FraisierDb } from "./fraisier-db.ts";

/** Where {@link getDb} finds its ledger, and whose rows it is about. */
export interface OlderPlace extends Partial<LedgerPlace> {
  /** The `name:` of fraises.yaml under which Fraisier itself deploys. Default: none, as with the Python Fraisier. */
  readonly project?: string;
}

/** Those that this process has, by what they were made of. */
const known = new Map<string, FraisierDb>();

/**
 * The older, blocking API on the ledger that the options, the environment and the folder choose: one for the whole process, so that
 * who asks for the same gets the same. Opens nothing yet, and never migrates: the first call that writes sets an empty
 * database up, and an older schema is refused.
 *
 * @throws DatabaseConfigError; LedgerSchemaError `schema_in_memory` for a database that would be forgotten
 */
export function getDb({ project = "", ...place }: OlderPlace = {}): FraisierDb {
  const config = oneConnection(databaseConfig(withFiles(place)));
  const key = JSON.stringify([config.url, config.baseDirectory, config.options, project]);
  const found = known.get(key);
  if (found?.isOpen) return found;
  const made = new FraisierDb({ config, project });
  known.set(key, made);
  return made;
}

/** Calls come one after the other, so that one connection is enough to begin with. */
function oneConnection(config: DatabaseConfig): DatabaseConfig {
  const { pool, ...options } = config.options;
  return { ...config, options: { ...options, pool: { min: 1, ...pool } } };
}
