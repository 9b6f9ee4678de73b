/**
 * Fraisier as a library: the ledger of deployments, the configuration, and deployments themselves.
 *
 * @module fraisier
 */
export { ConfigError, findEnvironment, findProjectFile, loadProject, type Problem } from "./config/index.ts";
export type * from "./config/model.ts";
export { DatabaseError, type DatabaseErrorKind, FraiserDatabaseAdapter, FraisierError } from "./db/index.ts";
export * from "./deploy/index.ts";
export * from "./ledger/index.ts";
export { createLocalTarget, isProcessAlive, TargetError } from "./targets/index.ts";
export type * from "./targets/target.ts";
