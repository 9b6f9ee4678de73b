import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { type AdapterOptions, type ConnectionPools, FraiserDatabaseAdapter, type ServerIdentity } from "../adapter.ts";
import type { BlockingAccess } from "../blocking.ts";
import type { Bounds, Connection, RawResult } from "../connection.ts";
import { connectionPool } from "../connection-pool.ts";
import type { Dialect } from "../dialect.ts";
import { DatabaseError } from "../errors.ts";
import type { Pool } from "../pool.ts";
import { poolOptions } from "../pool-options.ts";
import type { PoolOptions } from "../pool-types.ts";
import { type AdapterOrigin, DatabaseType } from "../types.ts";
import { BlockingSqliteConnection } from "./blocking-connection.ts";
import { SqliteConnection, type SqliteConnectionOptions } from "./connection.ts";
import { sqliteDialect } from "./dialect.ts";
import { prepareFile, realFile } from "./file.ts";
import { foldLog } from "./fold-log.ts";
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

/**
 * SQLite, embedded: one connection that writes and several that read, in WAL mode. `:memory:` is one connection.
 *
 * @example const adapter = new SqliteAdapter("./app.db");
 * @throws DatabaseError `unsupported` when the URL cannot be read
 */
export class SqliteAdapter extends FraiserDatabaseAdapter {
  override readonly dialect: Dialect = sqliteDialect;
  readonly #url: string;
  readonly #location: SqliteLocation;
  readonly #options: SqliteAdapterOptions;
  readonly #pool: PoolOptions;

  constructor(urlOrPath: string, options: SqliteAdapterOptions = {}) {
    super(options);
    const location = parseSqliteUrl(urlOrPath, options.baseDirectory);
    this.#location = { ...location, readOnly: location.readOnly || (options.readOnly ?? false) };
    this.#url = urlOrPath;
    // The working folder may be another one by the time that somebody asks for its origin.
    this.#options = { ...options, baseDirectory: options.baseDirectory ?? process.cwd() };
    this.#pool = poolOptions(sqliteDialect.poolDefaults, options.pool);
  }

  override databaseType(): DatabaseType {
    return DatabaseType.SQLITE;
  }

  override get origin(): AdapterOrigin {
    const { path } = this.#location;
    return {
      url: this.#url,
      options: this.#options,
      database: path === ":memory:" ? null : `sqlite:${realFile(path)}`,
    };
  }

  override async close(): Promise<void> {
    const wasUsed = this.isConnected;
    await super.close();
    if (wasUsed) this.#foldLog();
  }

  protected override createPools(): ConnectionPools {
    const { writers, readers, writersReadOnly } = this.#poolPlan();
    const writerPool = this.#makePool(writers, writersReadOnly);
    return { writers: writerPool, readers: readers === null ? writerPool : this.#makePool(readers, true, writerPool) };
  }

  override blockingAccess(): BlockingAccess {
    const { writers, readers, writersReadOnly } = this.#poolPlan();
    const source = (options: PoolOptions, readOnly: boolean) => ({
      options,
      open: () => this.#openNaming(readOnly, (how) => new BlockingSqliteConnection(how)),
    });
    return {
      writers: source(writers, writersReadOnly),
      readers: readers === null ? null : source(readers, true),
      identify: (connection) => this.#identity(connection.run(VERSION_QUERY, [], { keep: true })),
      closed: () => this.#foldLog(),
    };
  }

  /** `readers` is null where the writers read too. */
  #poolPlan(): {
    readonly writers: PoolOptions;
    readonly readers: PoolOptions | null;
    readonly writersReadOnly: boolean;
  } {
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
      return { writers: single, readers: null, writersReadOnly: readOnly };
    }
    if (readOnly || this.#pool.max === 1) return { writers: this.#pool, readers: null, writersReadOnly: readOnly };
    const readerCount = this.#pool.max - 1;
    return {
      writers: { ...this.#pool, min: 1, max: 1 },
      readers: { ...this.#pool, min: Math.min(this.#pool.min, readerCount), max: readerCount },
      writersReadOnly: false,
    };
  }

  protected override async identify(connection: Connection, bounds: Bounds): Promise<ServerIdentity> {
    return this.#identity(await connection.run(VERSION_QUERY, [], { ...bounds, keep: true }));
  }

  #identity({ rows }: RawResult): ServerIdentity {
    return { serverVersion: `SQLite ${rows[0]?.version}`, role: this.#location.readOnly ? "read_only" : "primary" };
  }

  /** When every connection is closed. */
  #foldLog(): void {
    const { path, readOnly } = this.#location;
    if (path !== ":memory:") foldLog(path, readOnly);
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
      return this.#openNaming(readOnly, (how) => SqliteConnection.open(how));
    };
    return connectionPool(open, options, this.clock);
  }

  /** Opens a connection; a failure names the file. */
  #openNaming<C>(readOnly: boolean, open: (how: SqliteConnectionOptions) => C): C {
    const { path, synchronous, isImmutable } = this.#location;
    const isMemory = path === ":memory:";
    if (!isMemory) prepareFile(path, readOnly);
    // The first look at the file comes before anything is written: what is no database stays as it is.
    const pragmas =
      readOnly || isMemory
        ? ["PRAGMA schema_version"]
        : ["PRAGMA schema_version", "PRAGMA journal_mode = WAL", `PRAGMA synchronous = ${synchronous}`];
    const failed = (error: unknown) => {
      throw isMemory ? error : namingFile(error, path);
    };
    try {
      const opening = open({
        path,
        readOnly,
        isImmutable,
        pragmas,
        busyTimeoutMs: this.#options.busyTimeoutMs ?? 10_000,
        exposeValues: this.#options.exposeValues ?? false,
        clock: this.clock,
      });
      return opening instanceof Promise ? (opening.catch(failed) as C) : opening;
    } catch (error) {
      return failed(error);
    }
  }
}

const VERSION_QUERY = { sql: "SELECT sqlite_version() AS version", verb: "SELECT", parameterCount: 0, order: null };

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
