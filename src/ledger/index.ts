/** What is deployed where, who did it, what happened, and who is deploying now. */
export { type AdoptionOptions, type AdoptionReport, isPythonLedger, planAdoption } from "./adoption/adopt.ts";
export type { AdoptionPlan } from "./adoption/examine.ts";
export type { MergedFraise, MergeReport } from "./adoption/merge.ts";
export { isTimeZone } from "./adoption/time-zone.ts";
export { checkDatabase } from "./checkup.ts";
export type { Check, Checkup, Surroundings } from "./checkup-model.ts";
export type { DayCount } from "./counters.ts";
export {
  IllegalTransitionError,
  InvalidExpiryError,
  LeaseHeldError,
  LeaseLostError,
  LeaseNeededError,
  LedgerSchemaError,
  ServiceLockHeldError,
  StepNotRunningError,
  UnknownKeyError,
  UnknownTimeZoneError,
} from "./errors.ts";
export type { EventFilter } from "./events.ts";
export { type FreeSpace, freeSpace, LITTLE_SPACE, nearestFolder, spaceText } from "./free-space.ts";
export type { AcquiredLease, LeaseRequest } from "./lease.ts";
export { Ledger } from "./ledger.ts";
export type * from "./model.ts";
export { DEPLOYMENT_STATUSES, FRAISE_STATUSES } from "./model.ts";
export type { FraisierDb } from "./older/fraisier-db.ts";
export { getDb, type OlderPlace } from "./older/get-db.ts";
export type {
  DeploymentHistoryRow,
  DeploymentLockRow,
  DeploymentStats,
  FraiseStatusRow,
  IsoTime,
  WebhookEventRow,
} from "./older/rows.ts";
export {
  databaseConfig,
  getDatabase,
  getLedger,
  type LedgerPlace,
  type OpenedLedger,
  type OpenMode,
  openDatabase,
  openLedger,
} from "./open.ts";
export type { NewOutput, OutputFilter } from "./output.ts";
export { MOST_FOUND, type PlaceFilter } from "./queries.ts";
export {
  type LedgerMigrationOptions,
  type LedgerMigrationResult,
  ledgerMigrations,
  mergeDuplicates,
  migrationsDirectory,
  prepareSchema,
  refuseLedger,
  runMigrations,
  schemaStatus,
} from "./schema.ts";
export type { ServiceLock } from "./service-lock.ts";
export type { FinishedStep } from "./steps.ts";
export { shortId, uuid7 } from "./uuid7.ts";
export type { NewWebhookEvent, WebhookEvent } from "./webhooks.ts";
