import { type AdapterOptions, type ConnectionPools, FraiserDatabaseAdapter, type ServerIdentity } from "../adapter.ts";
import type { Connection } from "../connection.ts";
import { connectionPool } from "../connection-pool.ts";
import type { Dialect } from "../dialect.ts";
import { poolOptions } from "../pool-options.ts";
import type { PoolOptions } from "../pool-types.ts";
import { parseServerUrl, type ServerLocation } from "../server-url.ts";
import { DatabaseType } from "../types.ts";
import { PostgresConnection } from "./connection.ts";
import { postgresDialect } from "./dialect.ts";

/** What a PostgreSQL adapter can be given. */
export interface PostgresAdapterOptions extends AdapterOptions {
  /** Instead of one in the URL; a function is called for each new connection, for passwords that expire. */
  readonly password?: string | (() => string | Promise<string>);
}

const POOL_DEFAULTS: PoolOptions = {
  min: 1,
  max: 10,
  acquireTimeoutMs: 10_000,
  idleTimeoutMs: 300_000,
  maxLifetimeMs: 1_800_000,
};

const DEFAULTS = { port: 5432, socket: process.platform === "linux" ? "/var/run/postgresql" : "/tmp" };

/**
 * PostgreSQL, by the npm package `pg`, which is loaded at the first connection.
 *
 * @example const adapter = new PostgresAdapter("postgresql://shop@localhost/shop");
 * @throws DatabaseError `unsupported` when the URL cannot be read
 */
export class PostgresAdapter extends FraiserDatabaseAdapter {
  override readonly dialect: Dialect = postgresDialect;
  readonly #location: ServerLocation;
  readonly #options: PostgresAdapterOptions;
  readonly #pool: PoolOptions;

  constructor(url: string, options: PostgresAdapterOptions = {}) {
    super(options);
    this.#location = parseServerUrl(url, DEFAULTS);
    this.#options = options;
    this.#pool = poolOptions(POOL_DEFAULTS, options.pool);
  }

  override databaseType(): DatabaseType {
    return DatabaseType.POSTGRESQL;
  }

  protected override createPools(): ConnectionPools {
    const pool = connectionPool(
      (onLost) =>
        PostgresConnection.open({
          location: this.#location,
          password: this.#options.password,
          connectTimeoutMs: this.#location.connectTimeoutMs ?? this.#pool.acquireTimeoutMs,
          exposeValues: this.#options.exposeValues ?? false,
          clock: this.clock,
          onLost,
        }),
      this.#pool,
      this.clock,
    );
    return { writers: pool, readers: pool };
  }

  protected override async identify(connection: Connection): Promise<ServerIdentity> {
    const sql =
      "SELECT current_setting('server_version') AS version, pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS read_only";
    const { rows } = await connection.run({ sql, verb: "SELECT", parameterCount: 0, order: null }, [], { keep: true });
    return {
      serverVersion: `PostgreSQL ${String(rows[0]?.version).split(" ", 1)[0]}`,
      role: rows[0]?.read_only === true ? "read_only" : "primary",
    };
  }
}
