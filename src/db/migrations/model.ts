import type { Clock } from "../clock.ts";
import type { DatabaseType } from "../types.ts";
import type { MigrationFile } from "./files.ts";
import type { AppliedMigration } from "./history.ts";
import type { Direction, JournalEntry } from "./journal.ts";

/** What {@link runMigrations} needs to know. */
export interface MigrationOptions {
  /** The folder that holds one folder of migrations for each database type. */
  readonly directory: string;
  /** The table that says what is applied. Default `tb_schema_migration`; a second set of migrations in the same database needs another. */
  readonly table?: string;
  /** Who is noted as having applied them. Default: the user of the process. */
  readonly appliedBy?: string;
  readonly clock?: Clock;
  /**
   * `each` file is a transaction of its own, or `all` of a run together: then nobody ever sees half of it noted as
   * applied. Default `each`.
   */
  readonly transaction?: "each" | "all";
  /** Milliseconds to wait for another runner. Default 300 000. */
  readonly lockTimeoutMs?: number;
  /** Aborting it ends the run; what it was doing is finished or taken back by the next one. */
  readonly signal?: AbortSignal;
  /** Called once when another runner has to be waited for; its name when that can be told. */
  readonly onWaiting?: (holder: string | null) => void;
  /** Called before a migration begins. */
  readonly onStarted?: (name: string, direction: Direction) => void;
  /** Called after each statement of a migration. */
  readonly onStatement?: (name: string, number: number, total: number) => void;
  /** Called for each migration once it is applied, or taken back, for good. */
  readonly onApplied?: (name: string, durationMs: number, direction: Direction) => void;
}

/** What a run did; names are file names without `.sql`. */
export interface MigrationResult {
  readonly databaseType: DatabaseType;
  /** What this call applied, in order. */
  readonly applied: string[];
  /** What this call took back, in order. */
  readonly reverted: string[];
  /** What is still to be applied. */
  readonly pending: string[];
}

/** Which migrations the database has and lacks. */
export interface MigrationStatus {
  readonly databaseType: DatabaseType;
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly MigrationFile[];
  /** Migrations of the database that the folder does not know: it was made by a newer version. */
  readonly unknown: readonly AppliedMigration[];
  /** Applied ones whose file is gone, although later ones are there. */
  readonly missing: readonly AppliedMigration[];
  /** Applied ones whose file was changed since. */
  readonly edited: readonly AppliedMigration[];
  /** What was begun, statement by statement, and is not done. */
  readonly interrupted: readonly JournalEntry[];
}

/** What a run would do. */
export interface PlannedMigration {
  readonly name: string;
  readonly direction: Direction;
  /** Whether its statements are one transaction. */
  readonly isTransactional: boolean;
  /** The statements, byte for byte as they would be sent. */
  readonly statements: readonly string[];
}

/** What is to be done: to apply what is pending, up to a version; to take back the last ones, or all after a version; to do the last one again. */
export type MigrationCommand =
  | { readonly kind: "up"; readonly to?: number }
  | { readonly kind: "down"; readonly steps?: number; readonly to?: number }
  | { readonly kind: "redo" };
