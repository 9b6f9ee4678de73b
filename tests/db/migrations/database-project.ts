import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  createAdapterFromUrl,
  type DatabaseType,
  type FraiserDatabaseAdapter,
  type MigrationOptions,
  type MigrationResult,
  MigrationRunner,
  type Row,
} from "../../../src/db/index.ts";
import { DATABASES, type EmptyDatabase } from "../../support/databases.ts";

export { DATABASES };

/** What a file holds: for every database, or for each its own. */
export type Content = string | Readonly<Record<DatabaseType, string>>;

/** A folder of migrations for one database, and an empty one of those, which go with the test. */
export class DatabaseProject {
  readonly directory: string;
  readonly url: string;
  readonly adapter: FraiserDatabaseAdapter;
  readonly #type: DatabaseType;

  private constructor(directory: string, url: string, adapter: FraiserDatabaseAdapter) {
    this.directory = directory;
    this.url = url;
    this.adapter = adapter;
    this.#type = adapter.databaseType();
  }

  static async create(
    database: EmptyDatabase,
    files: Readonly<Record<string, Content>> = {},
  ): Promise<DatabaseProject> {
    const directory = mkdtempSync(join(tmpdir(), "fraisier-migrations-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    mkdirSync(join(directory, database.type));
    const url = await database.createUrl();
    const adapter = await createAdapterFromUrl(url);
    onTestFinished(() => adapter.close());
    const project = new DatabaseProject(directory, url, adapter);
    project.write(files);
    return project;
  }

  path(name: string): string {
    return join(this.directory, this.#type, `${name}.sql`);
  }

  /** What has no line `-- migrate:up` is all of it that section. */
  write(files: Readonly<Record<string, Content>>): void {
    for (const [name, content] of Object.entries(files)) {
      const text = typeof content === "string" ? content : content[this.#type];
      writeFileSync(this.path(name), text.includes("-- migrate:up") ? text : `-- migrate:up\n${text}`);
    }
  }

  remove(name: string): void {
    rmSync(this.path(name));
  }

  runner(options: Partial<MigrationOptions> = {}): MigrationRunner {
    return new MigrationRunner(this.adapter, { directory: this.directory, ...options });
  }

  up(options: Partial<MigrationOptions> = {}): Promise<MigrationResult> {
    return this.runner(options).up();
  }

  ask<R extends object = Row>(sql: string): Promise<R[]> {
    return this.adapter.executeQuery<R>(sql, [], { prepare: false });
  }

  /** The tables that there are, but for those of the migrations themselves. */
  async tables(): Promise<string[]> {
    const query = {
      sqlite: "SELECT name FROM sqlite_master WHERE type = 'table'",
      postgresql: "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
      mysql:
        "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'",
    }[this.#type];
    const names = (await this.ask<{ name: string }>(query)).map(({ name }) => name);
    return names.filter((name) => !/^(tb_schema_migration|sqlite_)/.test(name)).sort();
  }

  async applied(): Promise<string[]> {
    return (await this.runner().status()).applied.map(({ name }) => name);
  }
}
