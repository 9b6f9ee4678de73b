import { userInfo } from "node:os";
import { join } from "node:path";
import type { FraiserDatabaseAdapter } from "../adapter.ts";
import { type Clock, systemClock } from "../clock.ts";
import { DatabaseError } from "../errors.ts";
import { nativeStatement } from "../sql/placeholders.ts";
import { splitStatements } from "../sql/splitter.ts";
import type { Transaction } from "../transaction.ts";
import type { DatabaseType, Queryable } from "../types.ts";
import { MigrationError } from "./errors.ts";
import { type MigrationFile, readMigrations } from "./files.ts";

/** What {@link runMigrations} needs to know. */
export interface MigrationOptions {
  /** The folder that holds one folder of migrations for each database type. */
  readonly directory: string;
  /** Who is noted as having applied them. Default: the user of the process. */
  readonly appliedBy?: string;
  readonly clock?: Clock;
  /** `each` file is a transaction of its own, or `all` of a run together: then nobody ever sees half of it. Default `each`. */
  readonly transaction?: "each" | "all";
  /** Called for each migration once it is applied for good. */
  readonly onApplied?: (name: string, durationMs: number) => void;
}

/** What a run did; names are file names without `.sql`. */
export interface MigrationResult {
  readonly databaseType: DatabaseType;
  /** What this call applied, in order. */
  readonly applied: string[];
  /** What is still to be applied. */
  readonly pending: string[];
}

/** A row of `tb_schema_migration`. */
export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly applied_at: Date;
  readonly applied_by: string;
  readonly duration_ms: number;
}

/** Which migrations the database has and lacks. */
export interface MigrationStatus {
  readonly databaseType: DatabaseType;
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly MigrationFile[];
  /** Migrations of the database that the folder does not know: it was made by a newer version. */
  readonly unknown: readonly AppliedMigration[];
}

/**
 * Brings a database to the newest schema. A file and its row in `tb_schema_migration` are one transaction, so that
 * whoever is killed, and however many run at once, each is applied exactly once.
 *
 * @throws MigrationError, DatabaseError
 */
export function runMigrations(adapter: FraiserDatabaseAdapter, options: MigrationOptions): Promise<MigrationResult> {
  return new MigrationRunner(adapter, options).up();
}

/** Compares a database with a folder of migrations and applies what is missing. */
export class MigrationRunner {
  readonly #adapter: FraiserDatabaseAdapter;
  readonly #options: MigrationOptions;
  readonly #clock: Clock;

  constructor(adapter: FraiserDatabaseAdapter, options: MigrationOptions) {
    this.#adapter = adapter;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** What is applied and what is pending. Writes nothing. @throws MigrationError, DatabaseError */
  async status(): Promise<MigrationStatus> {
    const files = await this.#files();
    const applied = await readApplied(this.#adapter);
    const unknown = applied.filter((row) => !files.some((file) => file.version === row.version));
    const pending = files.filter((file) => !applied.some((row) => row.version === file.version));
    return { databaseType: this.#adapter.databaseType(), applied, pending, unknown };
  }

  /** Applies every pending migration. @throws MigrationError, DatabaseError */
  async up(): Promise<MigrationResult> {
    this.#assertTransactionalDdl();
    const files = await this.#files();
    assertConsistent(files, await readApplied(this.#adapter));
    const batches = this.#options.transaction === "all" ? [files] : files.map((file) => [file]);
    const applied: string[] = [];
    for (const batch of batches) {
      for (const { name, durationMs } of await this.#adapter.transaction((tx) => this.#apply(tx, batch))) {
        applied.push(name);
        this.#options.onApplied?.(name, durationMs);
      }
    }
    assertConsistent(files, await readApplied(this.#adapter));
    return { databaseType: this.#adapter.databaseType(), applied, pending: [] };
  }

  #files(): Promise<MigrationFile[]> {
    return readMigrations(join(this.#options.directory, this.#adapter.databaseType()));
  }

  /** @returns those that this call applied; somebody else may have applied the others meanwhile */
  async #apply(tx: Transaction, files: readonly MigrationFile[]): Promise<{ name: string; durationMs: number }[]> {
    const known = await readApplied(tx);
    const pending = files.filter((file) => !known.some((row) => row.version === file.version));
    if (pending.length > 0) await tx.executeQuery(createTable(this.#adapter.dialect.instantType));
    const applied: { name: string; durationMs: number }[] = [];
    for (const file of pending) applied.push({ name: file.name, durationMs: await this.#applyFile(tx, file) });
    return applied;
  }

  /** @returns how long it took, in milliseconds */
  async #applyFile(tx: Transaction, file: MigrationFile): Promise<number> {
    const started = this.#clock.monotonic();
    const { dialect } = this.#adapter;
    const statements = splitStatements(file.up, dialect.lexical);
    for (const { text, line } of statements) {
      const { verb } = nativeStatement(text, dialect);
      if (TRANSACTION_VERBS.has(verb)) throw failed(file, file.upLine + line - 1, transactionControl(verb));
    }
    for (const statement of statements) {
      await tx.executeQuery(statement.text, [], { placeholders: "native", prepare: false }).catch((cause) => {
        throw failed(file, file.upLine + statement.line - 1, cause);
      });
    }
    const duration = this.#clock.monotonic() - started;
    const row = {
      version: file.version,
      name: file.name,
      checksum: file.checksum,
      applied_at: new Date(this.#clock.now()),
      applied_by: this.#options.appliedBy ?? userName(),
      duration_ms: Math.round(duration),
    };
    await tx.insert("tb_schema_migration", row, { idColumn: "version" });
    return duration;
  }

  #assertTransactionalDdl(): void {
    if (this.#adapter.dialect.supportsTransactionalDdl) return;
    throw new DatabaseError("unsupported", "Migrations need a database whose DDL can be rolled back.");
  }
}

/** What would begin or end the transaction that a file is applied in, and so make half of it stay. */
const TRANSACTION_VERBS = new Set(["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"]);

function transactionControl(verb: string): DatabaseError {
  return new DatabaseError("unsupported", `${verb} has no place here, for the file is applied in a transaction.`);
}

function createTable(instantType: string): string {
  return `CREATE TABLE IF NOT EXISTS tb_schema_migration (
    version BIGINT NOT NULL PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    checksum CHAR(64) NOT NULL,
    applied_at ${instantType} NOT NULL,
    applied_by VARCHAR(255) NOT NULL,
    duration_ms INTEGER NOT NULL
  )`;
}

async function readApplied(database: Queryable): Promise<AppliedMigration[]> {
  try {
    return await database.executeQuery<AppliedMigration>(
      "SELECT version, name, checksum, applied_at, applied_by, duration_ms FROM tb_schema_migration ORDER BY version",
    );
  } catch (error) {
    if (error instanceof DatabaseError && error.kind === "undefined_table") return [];
    throw error;
  }
}

/** @throws MigrationError when what was applied is not what the files say, or a pending file comes before an applied one */
function assertConsistent(files: readonly MigrationFile[], applied: readonly AppliedMigration[]): void {
  const newest = files.at(-1)?.version ?? 0;
  for (const row of applied) {
    const file = files.find((candidate) => candidate.version === row.version);
    if (file === undefined && row.version > newest) {
      throw new MigrationError(
        "schema_newer",
        `The database has the migration ${row.name}, which this version does not know.`,
        { hint: "Use the version of the program that applied it, or a newer one." },
      );
    }
    if (file === undefined)
      throw new MigrationError("migration_missing", `The migration ${row.name} was applied, but its file is gone.`, {
        hint: "Bring the file back from version control.",
      });
    if (file.checksum !== row.checksum) {
      throw new MigrationError(
        "migration_edited",
        `${file.path} was changed after it had been applied on ${row.applied_at.toISOString()}.`,
        {
          hint: "Restore the file and put the change into a new migration.",
        },
      );
    }
  }
  const highest = applied.at(-1)?.version ?? 0;
  const late = files.find((file) => file.version < highest && !applied.some((row) => row.version === file.version));
  if (late) {
    throw new MigrationError("migration_out_of_order", `${late.path} is not applied, but later ones are.`, {
      hint: "Give it the next free number.",
    });
  }
}

function failed(file: MigrationFile, line: number, cause: unknown): MigrationError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MigrationError("migration_failed", `${file.path}:${line}: ${why} Nothing of this file was applied.`, {
    cause,
    hint: "Correct the statement and run it again.",
  });
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown"; // a user without an entry in the system's user database
  }
}
