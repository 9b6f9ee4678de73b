import { type AdapterOptions, type ConnectionPools, FraiserDatabaseAdapter } from "./adapter.ts";
import { type Clock, LONGEST_TIMEOUT_MS } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { connectionPool } from "./connection-pool.ts";
import { poolOptions } from "./pool-options.ts";
import type { PoolOptions } from "./pool-types.ts";
import { parseServerUrl, type ServerDefaults, type ServerLocation } from "./server-url.ts";
import type { AdapterOrigin } from "./types.ts";

/** What an adapter of a database server can be given. */
export interface ServerAdapterOptions extends AdapterOptions {
  /** Instead of one in the URL; a function is called for each new connection, for passwords that expire. */
  readonly password?: string | (() => string | Promise<string>);
}

/** How a connection to a server is opened. */
export interface ServerConnectionOptions {
  readonly location: ServerLocation;
  readonly password: ServerAdapterOptions["password"];
  readonly connectTimeoutMs: number;
  readonly exposeValues: boolean;
  readonly clock: Clock;
  /** Called once, when the connection breaks or is ended by the server. */
  readonly onLost: (connection: Connection) => void;
}

/** What servers have in common: a URL, and one pool for reading and writing. */
export abstract class ServerAdapter extends FraiserDatabaseAdapter {
  readonly #url: string;
  readonly #location: ServerLocation;
  readonly #options: ServerAdapterOptions;
  readonly #pool: PoolOptions;

  protected constructor(
    url: string,
    options: ServerAdapterOptions,
    defaults: { readonly url: ServerDefaults; readonly pool: PoolOptions },
  ) {
    super(options);
    this.#url = url;
    this.#location = parseServerUrl(url, defaults.url);
    this.#options = options;
    this.#pool = poolOptions(defaults.pool, options.pool);
  }

  override get origin(): AdapterOrigin {
    const { host, port, socket, database } = this.#location;
    const place = JSON.stringify([this.databaseType(), socket ?? host, port, database]);
    return { url: this.#url, options: this.#options, database: place };
  }

  /** Opens one session. @throws DatabaseError */
  protected abstract open(options: ServerConnectionOptions): Promise<Connection>;

  protected override createPools(): ConnectionPools {
    const open = (onLost: (connection: Connection) => void) =>
      this.open({
        location: this.#location,
        password: this.#options.password,
        connectTimeoutMs: Math.min(this.#location.connectTimeoutMs ?? this.#pool.acquireTimeoutMs, LONGEST_TIMEOUT_MS),
        exposeValues: this.#options.exposeValues ?? false,
        clock: this.clock,
        onLost,
      });
    const pool = connectionPool(open, this.#pool, this.clock);
    return { writers: pool, readers: pool };
  }
}
