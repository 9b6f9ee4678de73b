import { checkEnv, checkNames } from "./check-names.ts";
import { checkAppPaths, checkMigrations, checkRequired, checkShared } from "./check-places.ts";
import { checkBranchMapping, checkSecrets } from "./check-references.ts";
import { checkHealth, checkService } from "./check-service.ts";
import type { Check } from "./facts.ts";

/** Checks that look at one place only, so that they hold even when the file is broken further down. */
export const LOCAL_CHECKS: readonly Check[] = [checkNames, checkEnv, checkShared];

/** Checks of what one key demands of others. */
export const CROSS_CHECKS: readonly Check[] = [
  checkRequired,
  checkService,
  checkHealth,
  checkMigrations,
  checkAppPaths,
  checkBranchMapping,
  checkSecrets,
];
