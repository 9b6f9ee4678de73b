import { DEFAULT_DATABASE_URL, loadDatabaseConfig, maskUrl } from "../../db/index.ts";
import { inspectDatabase, migrateDatabase } from "../../ledger/index.ts";
import { EXIT } from "../exit-codes.ts";
import { type GlobalOptions, ledgerDirectory } from "../session.ts";
import { facts } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** Which database is used, and how its schema is. Creates nothing. */
export async function dbStatus(terminal: Terminal, options: GlobalOptions): Promise<number> {
  const directory = ledgerDirectory(options);
  const { url, type, baseDirectory } = loadDatabaseConfig({ env: process.env, directory });
  const origin = process.env.FRAISIER_DB_URL
    ? "FRAISIER_DB_URL"
    : `the default, ${DEFAULT_DATABASE_URL} in ${baseDirectory}`;
  const which = ["database", `${maskUrl(url)} (by ${origin})`] as const;
  const found = await inspectDatabase({ directory, env: process.env }).catch((error) => {
    if (!terminal.json) terminal.print(facts(terminal, [which])); // worth knowing above all when it can't be used
    throw error;
  });
  if (terminal.json) {
    terminal.printJson("db-status", { type, url: maskUrl(url), origin, ...found });
    return EXIT.done;
  }
  terminal.print(
    facts(terminal, [
      which,
      ["server", found.serverVersion],
      [
        "schema",
        found.exists
          ? schemaText(found.applied, found.pending, found.unknown)
          : "not set up yet; the first command that writes does that",
      ],
      ["applied", found.applied.join(", ")],
      ["pending", found.pending.join(", ")],
      ["unknown here", found.unknown.join(", ")],
    ]),
  );
  if (found.exists && found.pending.length > 0) terminal.say("Apply what is pending: fraisier db migrate");
  return EXIT.done;
}

function schemaText(applied: readonly string[], pending: readonly string[], unknown: readonly string[]): string {
  if (unknown.length > 0) return "newer than this version of fraisier";
  if (pending.length === 0) return "up to date";
  return applied.length === 0 ? "empty" : "outdated";
}

/** Brings the schema of the ledger up to date. */
export async function dbMigrate(terminal: Terminal, options: GlobalOptions): Promise<number> {
  const result = await migrateDatabase({ directory: ledgerDirectory(options), env: process.env });
  if (terminal.json) terminal.printJson("db-migrate", { ...result });
  else if (result.applied.length === 0) terminal.print("The schema is up to date; nothing was to be done.");
  else terminal.print(`Applied ${result.applied.join(", ")}.`);
  return EXIT.done;
}
