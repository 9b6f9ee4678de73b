/** The databases that are measured: a file, or a server that the run brings itself. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { askVersion, createDatabase, runSql } from "../../tests/servers/databases.ts";
import { guardFolder } from "../../tests/servers/guarded.ts";
import { temporaryFolder } from "../../tests/servers/places.ts";
import { products, type ServerKind } from "../../tests/servers/products/index.ts";
import { startServer } from "../../tests/servers/servers.ts";
import type { Database, Place } from "../adapter/work.ts";

/** What servers are given beside the settings of the tests: room for a million deployments. */
const SETTINGS: Readonly<Record<ServerKind, Readonly<Record<string, string | number>>>> = {
  postgresql: { shared_buffers: "512MB", max_wal_size: "4GB", maintenance_work_mem: "512MB" },
  mysql: { innodb_buffer_pool_size: "1G" },
  mariadb: { innodb_buffer_pool_size: "1G" },
};

/** A database server, or SQLite, for the time of a run. */
export interface Provider extends AsyncDisposable {
  readonly database: Database;
  readonly title: string;
  readonly version: string;
  /** An empty database. */
  create(): Promise<OpenPlace>;
}

/** An empty database, which goes away when it is disposed of. */
export interface OpenPlace extends Place, AsyncDisposable {
  /** Runs statements one after the other, past whatever is measured. */
  run(...statements: readonly string[]): Promise<void>;
}

export async function provide(database: Database): Promise<Provider> {
  if (database === "sqlite") return SQLITE;
  const { title, urlVariable } = products[database];
  const url = process.env[urlVariable];
  if (url) return onServer(database, { title, version: await askVersion({ kind: database, url }), url });
  const server = await startServer(database, { settings: SETTINGS[database] });
  const { version } = server;
  return onServer(database, { title, version, url: server.url, dispose: () => server.dispose() });
}

interface FoundServer {
  readonly title: string;
  readonly version: string;
  readonly url: string;
  /** Absent where it is somebody else's. */
  dispose?(): Promise<void>;
}

function onServer(kind: ServerKind, { title, version, url, dispose = async () => {} }: FoundServer): Provider {
  return {
    database: kind,
    title,
    version,
    async create() {
      const { drop, ...database } = await createDatabase({ kind, url });
      return {
        database: kind,
        url: database.url,
        async run(...statements) {
          await runSql({ kind, url: database.url }, ...statements);
        },
        [Symbol.asyncDispose]: drop,
      };
    },
    [Symbol.asyncDispose]: dispose,
  };
}

const SQLITE: Provider = {
  database: "sqlite",
  title: "SQLite",
  version: process.versions.sqlite ?? "",
  async create() {
    const folder = mkdtempSync(join(temporaryFolder(), "fraisier-bench-"));
    await guardFolder(folder);
    const file = join(folder, "bench.db");
    // The same log for all, and no commit that the system has not on its disk.
    const prepare = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -500000";
    return {
      database: "sqlite",
      url: `sqlite://${file}`,
      async run(...statements) {
        using database = new DatabaseSync(file);
        database.exec(prepare);
        database.function("reverse", (text) => [...String(text)].reverse().join(""));
        for (const statement of statements) database.exec(statement);
      },
      async [Symbol.asyncDispose]() {
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
  async [Symbol.asyncDispose]() {},
};
