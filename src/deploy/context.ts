import type { Environment, Fraise, Project } from "../config/index.ts";
import type { Clock } from "../db/index.ts";
import type { Holder, Identity, Ledger } from "../ledger/index.ts";
import type { Target } from "../targets/index.ts";
import type { DeployListener } from "./events.ts";
import type { Masker } from "./masker.ts";

/** What every part of a deployment works with. */
export interface DeployContext {
  readonly identity: Identity;
  readonly fraise: Fraise;
  readonly environment: Environment;
  readonly target: Target;
  readonly ledger: Ledger;
  readonly runner: Holder;
  /** Whether a process noted in the ledger still runs; "unknown" for one on another machine. */
  readonly isAlive: (holder: Holder) => boolean | "unknown";
  readonly clock: Clock;
  readonly mask: Masker;
  readonly listener: DeployListener;
  /** Aborted when the user wants the deployment to end. */
  readonly signal: AbortSignal;
}

/** What the ledger knows an environment of a fraise by. */
export function identityOf(project: Project, fraise: Fraise, environment: Environment): Identity {
  return { project: project.name, fraise: fraise.name, environment: environment.key, job: null };
}

/** The name of the lease that guards one environment on one place. */
export function leaseName(identity: Identity, targetId: string): string {
  return `${[identity.project, identity.fraise, identity.environment].map(encodeURIComponent).join("/")}@${targetId}`;
}
