import type { ServerIdentity } from "../adapter.ts";
import type { Bounds, Connection } from "../connection.ts";
import type { Dialect } from "../dialect.ts";
import { ServerAdapter, type ServerAdapterOptions, type ServerConnectionOptions } from "../server-adapter.ts";
import { DatabaseType } from "../types.ts";
import { PostgresConnection } from "./connection.ts";
import { postgresDialect } from "./dialect.ts";

/** What a PostgreSQL adapter can be given. */
export type PostgresAdapterOptions = ServerAdapterOptions;

const URL_DEFAULTS = { port: 5432, socket: process.platform === "linux" ? "/var/run/postgresql" : "/tmp" };

/**
 * PostgreSQL, by the npm package `pg`, which is loaded at the first connection.
 *
 * @example const adapter = new PostgresAdapter("postgresql://shop@localhost/shop");
 * @throws DatabaseError `unsupported` when the URL cannot be read
 */
export class PostgresAdapter extends ServerAdapter {
  override readonly dialect: Dialect = postgresDialect;

  constructor(url: string, options: PostgresAdapterOptions = {}) {
    super(url, options, { url: URL_DEFAULTS, pool: postgresDialect.poolDefaults });
  }

  override databaseType(): DatabaseType {
    return DatabaseType.POSTGRESQL;
  }

  protected override open(options: ServerConnectionOptions): Promise<Connection> {
    return PostgresConnection.open(options);
  }

  protected override async identify(connection: Connection, bounds: Bounds): Promise<ServerIdentity> {
    const sql =
      "SELECT current_setting('server_version') AS version, pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS read_only";
    const { rows } = await connection.run({ sql, verb: "SELECT", parameterCount: 0, order: null }, [], {
      ...bounds,
      keep: true,
    });
    return {
      serverVersion: `PostgreSQL ${String(rows[0]?.version).split(" ", 1)[0]}`,
      role: rows[0]?.read_only === true ? "read_only" : "primary",
    };
  }
}
