import { readDatabaseFiles } from "../config/index.ts";
import { type Ledger, type LedgerPlace, openLedger } from "../ledger/index.ts";
import type { GlobalOptions } from "./project.ts";

/**
 * Where the ledger is, by `--db`, the environment, `.env` and the files of the project. Commands that read history work also with
 * a broken fraises.yaml. @throws ConfigError
 */
export function databasePlace(options: GlobalOptions): LedgerPlace {
  const { env } = process;
  const files = readDatabaseFiles({ cwd: process.cwd(), config: options.config, env });
  return { ...files, env, ...(options.db !== undefined && { options: databaseOption(options.db) }) };
}

/** What `--db` says. */
export function databaseOption(url: string): NonNullable<LedgerPlace["options"]> {
  return { url: { text: url, place: "--db" } };
}

/** Runs `work` with the ledger as it is; with null when nothing was ever written. Creates nothing. @throws ConfigError, DatabaseError */
export async function withLedgerForReading<T>(
  options: GlobalOptions,
  work: (ledger: Ledger | null) => Promise<T>,
): Promise<T> {
  const opened = await openLedger({ ...databasePlace(options), mode: "read" });
  try {
    return await work(opened?.ledger ?? null);
  } finally {
    await opened?.close();
  }
}

/** Runs `work` with a ledger that can be written; sets up an empty database. @throws ConfigError, DatabaseError, LedgerSchemaError */
export async function withLedgerForWriting<T>(
  options: GlobalOptions,
  work: (ledger: Ledger) => Promise<T>,
): Promise<T> {
  const opened = await openLedger({ ...databasePlace(options), mode: "write" });
  try {
    return await work(opened.ledger);
  } finally {
    await opened.close();
  }
}
