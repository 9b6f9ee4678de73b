import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { type AdapterOptions, type ConnectionPools, FraiserDatabaseAdapter, type ServerIdentity } from "../adapter.ts";
import type { Bounds, Connection } from "../connection.ts";
import { connectionPool } from "../connection-pool.ts";
import type { Dialect } from "../dialect.ts";
import { DatabaseError } from "../errors.ts";
import type { Pool } from "../pool.ts";
import { poolOptions } from "../pool-options.ts";
import type { PoolOptions } from "../pool-types.ts";
import { DatabaseType } from "../types.ts";
import { SqliteConnection } from "./connection.ts";
import { sqliteDialect } from "./dialect.ts";
import { prepareFile } from "./file.ts";
import { parseSqliteUrl, type SqliteLocation } from "./url.ts";

/** What an SQLite adapter can be given. */
export interface SqliteAdapterOptions extends AdapterOptions {
  /** Milliseconds to wait for a file that another process has locked. Default 10 000. */
  readonly busyTimeoutMs?: number;
  /** Opens for reading only, as `?mode=ro` does: nothing is made. Default false. */
  readonly readOnly?: boolean;
  /** What a relative path is relative to. Default: the working folder. */
  readonly baseDirectory?: string;
}

const POOL_DEFAULTS: PoolOptions = {
  min: 1,
  max: 5,
  acquireTimeoutMs: 10_000,
  idleTimeoutMs: 300_000,
  maxLifetimeMs: 1_800_000,
};

/**
 * SQLite, embedded: one connection that writes and several that read, in WAL mode. `:memory:` is one connection.
 *
 * @example const adapter = new SqliteAdapter("./app.db");
 * @throws DatabaseError `unsupported` when the URL cannot be read
 */
export class SqliteAdapter extends FraiserDatabaseAdapter {
  override readonly dialect: Dialect = sqliteDialect;
  readonly #location: SqliteLocation;
  readonly #options: SqliteAdapterOptions;
  readonly #pool: PoolOptions;

  constructor(urlOrPath: string, options: SqliteAdapterOptions = {}) {
    super(options);
    const location = parseSqliteUrl(urlOrPath, options.baseDirectory);
    this.#location = { ...location, readOnly: location.readOnly || (options.readOnly ?? false) };
    this.#options = options;
    this.#pool = poolOptions(POOL_DEFAULTS, options.pool);
  }

  override databaseType(): DatabaseType {
    return DatabaseType.SQLITE;
  }

  protected override createPools(): ConnectionPools {
    const { path, readOnly } = this.#location;
    if (path === ":memory:") {
      // Closing the connection would lose the data.
      const single = {
        ...this.#pool,
        min: 1,
        max: 1,
        idleTimeoutMs: Number.POSITIVE_INFINITY,
        maxLifetimeMs: Number.POSITIVE_INFINITY,
      };
      const pool = this.#makePool(single, readOnly);
      return { writers: pool, readers: pool };
    }
    if (readOnly || this.#pool.max === 1) {
      const pool = this.#makePool(this.#pool, readOnly);
      return { writers: pool, readers: pool };
    }
    const readerCount = this.#pool.max - 1;
    const readerPool = { ...this.#pool, min: Math.min(this.#pool.min, readerCount), max: readerCount };
    const writers = this.#makePool({ ...this.#pool, min: 1, max: 1 }, false);
    const readers = this.#makePool(readerPool, true, writers);
    return { writers, readers };
  }

  protected override async identify(connection: Connection, bounds: Bounds): Promise<ServerIdentity> {
    const statement = { sql: "SELECT sqlite_version() AS version", verb: "SELECT", parameterCount: 0, order: null };
    const { rows } = await connection.run(statement, [], { ...bounds, keep: true });
    return { serverVersion: `SQLite ${rows[0]?.version}`, role: this.#location.readOnly ? "read_only" : "primary" };
  }

  /** @param writers the pool whose connection sets the file up; a reader is opened only after that one */
  #makePool(options: PoolOptions, readOnly: boolean, writers?: Pool<Connection>): Pool<Connection> {
    let fileReady: Promise<void> | undefined;
    const open = async () => {
      fileReady ??= writers?.fill();
      await fileReady?.catch((error) => {
        fileReady = undefined;
        throw error;
      });
      return this.#open(readOnly);
    };
    return connectionPool(open, options, this.clock);
  }

  async #open(readOnly: boolean): Promise<Connection> {
    const { path, synchronous } = this.#location;
    const isMemory = path === ":memory:";
    if (!isMemory) prepareFile(path, readOnly);
    // The first look at the file comes before anything is written: what is no database stays as it is.
    const pragmas =
      readOnly || isMemory
        ? ["PRAGMA schema_version"]
        : ["PRAGMA schema_version", "PRAGMA journal_mode = WAL", `PRAGMA synchronous = ${synchronous}`];
    try {
      return await SqliteConnection.open({
        path,
        readOnly,
        pragmas,
        busyTimeoutMs: this.#options.busyTimeoutMs ?? 10_000,
        exposeValues: this.#options.exposeValues ?? false,
        clock: this.clock,
      });
    } catch (error) {
      throw isMemory ? error : namingFile(error, path);
    }
  }
}

/** Says which file could not be opened, and tells a full disk from other failures of the operating system. */
function namingFile(error: unknown, path: string): unknown {
  if (!(error instanceof DatabaseError)) return error;
  const { bavail, bsize } = statfsSync(dirname(path));
  if (error.kind === "unknown" && bavail * bsize < 65_536) {
    return new DatabaseError("disk_full", `No space is left where ${path} is.`, {
      hint: "Free some space and run it again; nothing was written.",
      cause: error.cause,
    });
  }
  return new DatabaseError(error.kind, `${path}: ${error.message}`, { hint: error.hint, cause: error.cause });
}
