/** A deployment as ordered steps, each with its inverse. */
export type { DeploymentReport } from "./conclude.ts";
export { type DeployContext, identityOf, leaseName } from "./context.ts";
export { type DeployRequest, deploy } from "./deploy.ts";
export { DeployError, type DeployErrorKind } from "./errors.ts";
export type { DeployEvent, DeployListener } from "./events.ts";
export { describeHolder, isLockedError } from "./lock.ts";
export { createMasker, type Masker, maskValue } from "./masker.ts";
export { assertDeployable, type DeploymentPlan, type PlannedStep, planDeployment } from "./plan.ts";
export { type RollbackRequest, rollback } from "./rollback.ts";
export { currentRunner, isHolderAlive } from "./runner.ts";
