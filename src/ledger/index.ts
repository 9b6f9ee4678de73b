/** What is deployed where, who did it, what happened, and who is deploying now. */
export type { DayCount } from "./counters.ts";
export {
  IllegalTransitionError,
  LeaseHeldError,
  LeaseLostError,
  LedgerSchemaError,
  StepNotRunningError,
} from "./errors.ts";
export type { EventFilter } from "./events.ts";
export type { AcquiredLease, LeaseRequest } from "./lease.ts";
export { Ledger } from "./ledger.ts";
export type * from "./model.ts";
export { DEPLOYMENT_STATUSES, FRAISE_STATUSES } from "./model.ts";
export {
  type DatabaseReport,
  getDatabase,
  getLedger,
  inspectDatabase,
  type LedgerPlace,
  migrateDatabase,
  type OpenedLedger,
  openLedger,
} from "./open.ts";
export type { NewOutput, OutputFilter } from "./output.ts";
export { MOST_FOUND, type PlaceFilter } from "./queries.ts";
export { migrationsDirectory, prepareSchema, runMigrations, schemaStatus } from "./schema.ts";
export type { ServiceLock } from "./service-lock.ts";
export type { FinishedStep } from "./steps.ts";
export { shortId, uuid7 } from "./uuid7.ts";
export type { NewWebhookEvent, WebhookEvent } from "./webhooks.ts";
