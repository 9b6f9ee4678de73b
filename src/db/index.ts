/**
 * One adapter over SQLite, PostgreSQL and MySQL/MariaDB.
 *
 * @module fraisier/db
 */
export { type AdapterOptions, FraiserDatabaseAdapter } from "./adapter.ts";
export { type Clock, sleep, systemClock, type Timer } from "./clock.ts";
export { type DatabaseConfig, DEFAULT_DATABASE_URL, loadDatabaseConfig } from "./config.ts";
export { DEFAULT_ORIGIN } from "./config-sizes.ts";
export {
  DATABASE_VARIABLES,
  DatabaseConfigError,
  type DatabaseConfigSources,
  type DatabaseSetting,
  type DatabaseSettings,
  type SaidSetting,
} from "./config-sources.ts";
export type { Dialect } from "./dialect.ts";
export { DURATION_PATTERN, parseDuration } from "./duration.ts";
export {
  DATABASE_ERROR_KINDS,
  DatabaseError,
  type DatabaseErrorDetails,
  type DatabaseErrorKind,
  DriverErrorSummary,
  FraisierError,
  type FraisierErrorDetails,
} from "./errors.ts";
export { type AnyAdapterOptions, createAdapterFromUrl, databaseTypeOfUrl } from "./factory.ts";
export { MigrationError, type MigrationErrorKind } from "./migrations/errors.ts";
export { type MigrationFile, readMigrations } from "./migrations/files.ts";
export type { AppliedMigration } from "./migrations/history.ts";
export type { Finding, InterruptedMigration } from "./migrations/interruption.ts";
export type { Direction, JournalEntry } from "./migrations/journal.ts";
export type {
  MigrationCommand,
  MigrationOptions,
  MigrationResult,
  MigrationStatus,
  PlannedMigration,
} from "./migrations/model.ts";
export { MigrationRunner, runMigrations } from "./migrations/runner.ts";
export type { CatalogueExtract, MigrationSupport, RunnerLock } from "./migrations/support.ts";
export { MysqlAdapter, type MysqlAdapterOptions } from "./mysql/adapter.ts";
export { poolOptions } from "./pool-options.ts";
export type { PoolMetrics, PoolOptions } from "./pool-types.ts";
export { PostgresAdapter, type PostgresAdapterOptions } from "./postgresql/adapter.ts";
export { maskUrl } from "./server-url.ts";
export { configuredAdapter, getDatabaseAdapter, sharedAdapter } from "./shared-adapters.ts";
export { SqliteAdapter, type SqliteAdapterOptions } from "./sqlite/adapter.ts";
export { type Holding, holdExclusively } from "./sqlite/exclusive-file.ts";
export { parseSqliteUrl, type SqliteLocation } from "./sqlite/url.ts";
export type { WorkerPlan } from "./sync/channel.ts";
export { refuseBlockingCall } from "./sync/deadlocks.ts";
export type {
  SyncKeyOptions,
  SyncStatementOptions,
  SyncTransactionOptions,
  SyncUpsertOptions,
} from "./sync/options.ts";
export { SyncQueryMethods } from "./sync/query-methods.ts";
export { RemoteObject } from "./sync/remote-object.ts";
export { type ServedObject, serveObject } from "./sync/served-object.ts";
export { SyncTransaction } from "./sync/transaction.ts";
export type { ErrorClasses } from "./sync/transferable-errors.ts";
export { SyncDatabaseWrapper } from "./sync/wrapper.ts";
export { Transaction } from "./transaction.ts";
export {
  DatabaseType,
  type HealthStatus,
  type IsolationLevel,
  type KeyOptions,
  type Queryable,
  type QueryResult,
  type Row,
  type StatementOptions,
  type TransactionOptions,
  type UpsertOptions,
} from "./types.ts";
export { ArrayValue, array, JsonValue, json } from "./values.ts";
