import type { ServerIdentity } from "../adapter.ts";
import type { Bounds, Connection } from "../connection.ts";
import type { Dialect } from "../dialect.ts";
import { ServerAdapter, type ServerAdapterOptions, type ServerConnectionOptions } from "../server-adapter.ts";
import { DatabaseType } from "../types.ts";
import { MysqlConnection } from "./connection.ts";
import { mysqlDialect } from "./dialect.ts";

/** What an adapter for MySQL or MariaDB can be given. */
export type MysqlAdapterOptions = ServerAdapterOptions;

const URL_DEFAULTS = { port: 3306, socket: null };

/**
 * MySQL and MariaDB, by the npm package `mysql2`, which is loaded at the first connection.
 *
 * @example const adapter = new MysqlAdapter("mysql://shop@localhost/shop");
 * @throws DatabaseError `unsupported` when the URL cannot be read
 */
export class MysqlAdapter extends ServerAdapter {
  override readonly dialect: Dialect = mysqlDialect;

  constructor(url: string, options: MysqlAdapterOptions = {}) {
    super(url, options, { url: URL_DEFAULTS, pool: mysqlDialect.poolDefaults });
  }

  override databaseType(): DatabaseType {
    return DatabaseType.MYSQL;
  }

  protected override open(options: ServerConnectionOptions): Promise<Connection> {
    return MysqlConnection.open(options);
  }

  protected override async identify(connection: Connection, bounds: Bounds): Promise<ServerIdentity> {
    const sql = "SELECT VERSION() AS version, @@read_only AS read_only";
    const { rows } = await connection.run({ sql, verb: "SELECT", parameterCount: 0, order: null }, [], {
      ...bounds,
      keep: true,
    });
    const [number = "", ...marks] = String(rows[0]?.version).split("-");
    return {
      serverVersion: `${marks.includes("MariaDB") ? "MariaDB" : "MySQL"} ${number}`,
      // MariaDB 12 has words where others have 0 and 1.
      role: [0, "0", "OFF"].includes(rows[0]?.read_only as string) ? "primary" : "read_only",
    };
  }
}
