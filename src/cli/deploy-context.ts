import { systemClock } from "../db/index.ts";
import {
  createMasker,
  currentRunner,
  type DeployContext,
  type DeployListener,
  identityOf,
  isHolderAlive,
} from "../deploy/index.ts";
import type { Ledger } from "../ledger/index.ts";
import { createLocalTarget, type Target } from "../targets/index.ts";
import type { Interrupts } from "./interrupt.ts";
import type { Place } from "./project.ts";

/** The place on this machine where an environment of type `api` is deployed. */
export function targetOf({ environment }: Place): Target {
  const { appPath, gitRepo, service, healthCheck, shared, env, timeout } = environment;
  return createLocalTarget(
    { appPath: appPath ?? "", gitRepo: gitRepo ?? "", service, healthCheck, shared, env, timeout },
    { clock: systemClock, env: process.env },
  );
}

/** What `deploy/` works with, for this process. */
export function deployContext(
  place: Place,
  ledger: Ledger,
  listener: DeployListener,
  interrupts: Interrupts,
): DeployContext {
  const { project, fraise, environment } = place;
  const runner = currentRunner(process.env);
  return {
    identity: identityOf(project, fraise, environment),
    fraise,
    environment,
    target: targetOf(place),
    ledger,
    runner,
    isAlive: isHolderAlive,
    clock: systemClock,
    mask: createMasker(project.secretValues),
    listener,
    signal: interrupts.signal,
  };
}
