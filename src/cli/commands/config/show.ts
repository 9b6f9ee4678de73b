import { listProject } from "../../../config/index.ts";
import { configuredAdapter, DEFAULT_ORIGIN, loadDatabaseConfig, maskUrl, poolOptions } from "../../../db/index.ts";
import { createMasker } from "../../../deploy/index.ts";
import type { LedgerPlace } from "../../../ledger/index.ts";
import { EXIT } from "../../exit-codes.ts";
import { type GlobalOptions, hasProject } from "../../project.ts";
import { databasePlace } from "../../session.ts";
import { table } from "../../table.ts";
import { printable, type Terminal } from "../../terminal.ts";

/** What `fraisier config show` takes. */
export interface ShowOptions extends GlobalOptions {
  readonly origin?: boolean;
}

/** A value that holds, and where it was said. */
interface Value {
  readonly key: string;
  readonly value: string;
  readonly origin: string;
}

/** Shows every value that holds, secrets masked; with `--origin` also where each was said. */
export async function configShow(terminal: Terminal, options: ShowOptions): Promise<number> {
  const find = { cwd: process.cwd(), config: options.config, env: process.env };
  const listing = hasProject(options) ? listProject(find) : null;
  const mask = createMasker(listing?.secretValues ?? []);
  const values = [
    ...databaseValues(databasePlace(options)),
    ...(listing?.values ?? [])
      .filter(({ key }) => !key.startsWith("database.")) // those that hold stand above
      .map((one) => ({ ...one, value: mask(one.value) })),
  ];
  if (terminal.json) {
    terminal.printJson("config-show", { file: listing?.file ?? null, values });
    return EXIT.done;
  }
  const head = options.origin ? ["KEY", "VALUE", "FROM"] : ["KEY", "VALUE"];
  const rows = values.map(({ key, value, origin }) => [key, value, origin].slice(0, head.length).map(printable));
  terminal.print(table(terminal, head, rows));
  return EXIT.done;
}

/** What holds for the database, from wherever it is said. */
function databaseValues(place: LedgerPlace): Value[] {
  const config = loadDatabaseConfig(place);
  const { type, url, options, origins } = config;
  const { min, max, acquireTimeoutMs } = poolOptions(configuredAdapter(config).dialect.poolDefaults, options.pool);
  const { statementTimeoutMs } = options;
  const seconds = (milliseconds: number) => `${milliseconds / 1000} s`;
  const value = (key: string, text: string, origin = DEFAULT_ORIGIN) => ({
    key: `database.${key}`,
    value: text,
    origin,
  });
  return [
    value("type", type, origins.type),
    value("url", maskUrl(url), origins.url),
    value("pool.min", String(min), origins.poolMin),
    value("pool.max", String(max), origins.poolMax),
    value("pool.acquire_timeout", seconds(acquireTimeoutMs), origins.acquireTimeout),
    value(
      "statement_timeout",
      statementTimeoutMs === undefined ? "none" : seconds(statementTimeoutMs),
      origins.statementTimeout,
    ),
  ];
}
