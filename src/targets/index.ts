/** Where fraises run. */
export { TARGET_ERROR_KINDS, TargetError, type TargetErrorDetails, type TargetErrorKind } from "./errors.ts";
export { assertGitVersion } from "./local/git-version.ts";
export { bootId, hostName, machineId } from "./local/machine.ts";
export { currentProcess, identifyProcess, isProcessAlive, type ProcessIdentity } from "./local/process-identity.ts";
export { createLocalTarget, type LocalTargetOptions } from "./local/target.ts";
export type * from "./target.ts";
