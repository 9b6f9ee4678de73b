/** The databases that everything is tested on, each with a way to get an empty one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { DatabaseType } from "../../src/db/index.ts";
import { IS_FULL } from "../packaging/support.ts";
import { createDatabase } from "../servers/databases.ts";
import type { ServerKind } from "../servers/products/index.ts";
import { sharedServer } from "../servers/shared.ts";

export interface EmptyDatabase {
  readonly name: string;
  readonly type: DatabaseType;
  /** null: it has no server. */
  readonly server: ServerKind | null;
  readonly hasTransactionalDdl: boolean;
  /** The URL of an empty database, which goes with the running test. */
  createUrl(): Promise<string>;
}

const sqlite: EmptyDatabase = {
  name: "SQLite",
  type: DatabaseType.SQLITE,
  server: null,
  hasTransactionalDdl: true,
  async createUrl() {
    const folder = mkdtempSync(join(tmpdir(), "fraisier-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return `sqlite://${join(folder, "test.db")}?synchronous=off`;
  },
};

async function onServer(kind: ServerKind, name: string): Promise<EmptyDatabase> {
  const server = await sharedServer(kind);
  return {
    name,
    type: kind === "postgresql" ? DatabaseType.POSTGRESQL : DatabaseType.MYSQL,
    server: kind,
    hasTransactionalDdl: kind === "postgresql",
    async createUrl() {
      const database = await createDatabase(server);
      onTestFinished(() => database.drop());
      return database.url;
    },
  };
}

export const DATABASES: readonly EmptyDatabase[] = [
  sqlite,
  ...(await Promise.all([
    onServer("postgresql", "PostgreSQL"),
    onServer("mariadb", "MariaDB"),
    onServer("mysql", "MySQL"),
  ])),
];

/** By default one where DDL is transactional and one where it isn't: for what takes many processes. */
export const USUAL_DATABASES: readonly EmptyDatabase[] = DATABASES.filter(
  ({ name }) => IS_FULL || name === "SQLite" || name === "MariaDB",
);
