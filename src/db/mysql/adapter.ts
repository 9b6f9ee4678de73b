import { type AdapterOptions, type ConnectionPools, FraiserDatabaseAdapter, type ServerIdentity } from "../adapter.ts";
import type { Connection } from "../connection.ts";
import { connectionPool } from "../connection-pool.ts";
import type { Dialect } from "../dialect.ts";
import { poolOptions } from "../pool-options.ts";
import type { PoolOptions } from "../pool-types.ts";
import { parseServerUrl, type ServerLocation } from "../server-url.ts";
import { DatabaseType } from "../types.ts";
import { MysqlConnection } from "./connection.ts";
import { mysqlDialect } from "./dialect.ts";

/** What an adapter for MySQL or MariaDB can be given. */
export interface MysqlAdapterOptions extends AdapterOptions {
  /** Instead of one in the URL; a function is called for each new connection, for passwords that expire. */
  readonly password?: string | (() => string | Promise<string>);
}

const POOL_DEFAULTS: PoolOptions = {
  min: 5,
  max: 20,
  acquireTimeoutMs: 10_000,
  idleTimeoutMs: 300_000,
  maxLifetimeMs: 1_800_000,
};

const DEFAULTS = { port: 3306, socket: null };

/**
 * MySQL and MariaDB, by the npm package `mysql2`, which is loaded at the first connection.
 *
 * @example const adapter = new MysqlAdapter("mysql://shop@localhost/shop");
 * @throws DatabaseError `unsupported` when the URL cannot be read
 */
export class MysqlAdapter extends FraiserDatabaseAdapter {
  override readonly dialect: Dialect = mysqlDialect;
  readonly #location: ServerLocation;
  readonly #options: MysqlAdapterOptions;
  readonly #pool: PoolOptions;

  constructor(url: string, options: MysqlAdapterOptions = {}) {
    super(options);
    this.#location = parseServerUrl(url, DEFAULTS);
    this.#options = options;
    this.#pool = poolOptions(POOL_DEFAULTS, options.pool);
  }

  override databaseType(): DatabaseType {
    return DatabaseType.MYSQL;
  }

  protected override createPools(): ConnectionPools {
    const pool = connectionPool(
      (onLost) =>
        MysqlConnection.open({
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
    const sql = "SELECT VERSION() AS version, @@read_only AS read_only";
    const { rows } = await connection.run({ sql, verb: "SELECT", parameterCount: 0, order: null }, [], { keep: true });
    const [number = "", ...marks] = String(rows[0]?.version).split("-");
    return {
      serverVersion: `${marks.includes("MariaDB") ? "MariaDB" : "MySQL"} ${number}`,
      // MariaDB 12 has words where others have 0 and 1.
      role: [0, "0", "OFF"].includes(rows[0]?.read_only as string) ? "primary" : "read_only",
    };
  }
}
