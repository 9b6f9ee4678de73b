import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type MigrationOptions, type MigrationResult, runMigrations, SqliteAdapter } from "../../../src/db/index.ts";

/** Files of migrations: name without `.sql` → what `-- migrate:up` holds, or the whole file when it has that line. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A folder of migrations and an SQLite database beside it, which go with the test. */
export class Project {
  readonly directory: string = mkdtempSync(join(tmpdir(), "fraisier-migrations-"));
  readonly folder: string = join(this.directory, "sqlite");
  readonly url: string = `sqlite://${join(this.directory, "test.db")}?synchronous=off`;
  readonly adapter: SqliteAdapter = new SqliteAdapter(this.url);

  constructor(files: Files = {}) {
    mkdirSync(this.folder);
    this.write(files);
    onTestFinished(async () => {
      await this.adapter.close();
      rmSync(this.directory, { recursive: true });
    });
  }

  path(name: string): string {
    return join(this.folder, `${name}.sql`);
  }

  write(files: Files): void {
    for (const [name, content] of Object.entries(files)) {
      const isWhole = typeof content !== "string" || /^\ufeff?.*migrate/ims.test(content);
      writeFileSync(this.path(name), isWhole ? content : `-- migrate:up\n${content}`);
    }
  }

  remove(name: string): void {
    rmSync(this.path(name));
  }

  /** Brings the database to the newest schema. */
  migrate(options: Partial<MigrationOptions> = {}): Promise<MigrationResult> {
    return runMigrations(this.adapter, { directory: this.directory, ...options });
  }

  /** The tables that there are, but for that of the migrations themselves. */
  async tables(): Promise<unknown[]> {
    const rows = await this.adapter.executeQuery<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'tb_schema_migration' ORDER BY name",
    );
    return rows.map(({ name }) => name);
  }

  /** What the database says is applied. */
  async applied(): Promise<string[]> {
    const rows = await this.adapter.executeQuery<{ name: string }>(
      "SELECT name FROM tb_schema_migration ORDER BY version",
    );
    return rows.map(({ name }) => name);
  }
}
