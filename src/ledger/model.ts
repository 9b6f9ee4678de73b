/** The vocabulary of the ledger: what rows look like to the layers above. All instants are `Date`s in UTC. */

/** What a deployment is of. `project` is empty for a file without `name:`; `job` is null but for parts of a fraise. */
export interface Identity {
  readonly project: string;
  readonly fraise: string;
  readonly environment: string;
  readonly job: string | null;
}

export const DEPLOYMENT_STATUSES = [
  "pending",
  "in_progress",
  "success",
  "failed",
  "rolled_back",
  "rollback_failed",
  "cancelled",
  "abandoned",
  "superseded",
] as const;
export type DeploymentStatus = (typeof DEPLOYMENT_STATUSES)[number];

/** A status in which a deployment that was in progress can end. */
export type FinalStatus = "success" | "failed" | "cancelled" | "abandoned" | "rolled_back" | "rollback_failed";

export type DeploymentKind = "deploy" | "rollback";

export const FRAISE_STATUSES = ["healthy", "degraded", "down", "unknown"] as const;
export type FraiseStatus = (typeof FRAISE_STATUSES)[number];

export type StepOutcome = "running" | "success" | "failed" | "cancelled" | "abandoned" | "skipped";

/** A step forward, or the inverse of one. */
export type StepDirection = "do" | "undo";

/** A process that holds a lease or runs a deployment, precise enough to tell whether it still lives. */
export interface Holder {
  readonly host: string;
  /** `local:<machine id>` of the machine the process runs on. */
  readonly machine: string;
  /** Changes at every boot of that machine. */
  readonly bootId: string;
  readonly pid: number;
  /** The start time of the process as its machine tells it; opaque text. */
  readonly startTime: string;
  readonly user: string;
  /** The CI run that the process belongs to, e.g. a URL; null outside CI. */
  readonly ciRun: string | null;
}

/** The right to change one target, until it expires by the database's clock. */
export interface Lease {
  readonly target: string;
  /** Only grows; every write made under the lease is refused once a higher one exists. */
  readonly token: number;
  readonly holder: Holder;
  /** The deployment that is made under it. */
  readonly deploymentId: string | null;
  readonly acquiredAt: Date;
  readonly heartbeatAt: Date;
  readonly expiresAt: Date;
}

export interface FraiseState extends Identity {
  readonly id: string;
  readonly identifier: string;
  readonly currentVersion: string | null;
  readonly status: FraiseStatus;
  readonly lastDeployedAt: Date | null;
  readonly lastDeployedBy: string | null;
  readonly successfulDeployments: number;
  readonly failedDeployments: number;
  /** The deployment (of kind deploy or rollback) that put the current version in place. */
  readonly currentDeploymentId: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface Deployment extends Identity {
  readonly id: string;
  readonly identifier: string;
  readonly kind: DeploymentKind;
  readonly status: DeploymentStatus;
  readonly startedAt: Date;
  readonly completedAt: Date | null;
  readonly durationSeconds: number | null;
  readonly oldVersion: string | null;
  readonly newVersion: string | null;
  readonly triggeredBy: string | null;
  readonly triggeredByUser: string | null;
  readonly gitCommit: string | null;
  readonly gitBranch: string | null;
  readonly commitSubject: string | null;
  readonly errorMessage: string | null;
  /** `local:<machine id>`; null for rows of the Python Fraisier, and for what another program had recorded. */
  readonly target: string | null;
  readonly host: string | null;
  readonly releaseId: string | null;
  readonly releasePath: string | null;
  /** The release that served before; what an undo goes back to. */
  readonly previousReleaseId: string | null;
  /** When this deployment's release was first found healthy (or went into service unchecked); never reset. */
  readonly healthyAt: Date | null;
  /** The process that runs or ran it; null where there is no target. */
  readonly runner: Holder | null;
  /** For a rollback: the deployment it undoes. */
  readonly undoesDeploymentId: string | null;
  /** Whatever else is known: probes, last log lines, warnings, port. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface DeploymentStep {
  readonly order: number;
  readonly name: string;
  readonly direction: StepDirection;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly outcome: StepOutcome;
  /** Why it failed or was skipped, or what it found. */
  readonly message: string | null;
}

/** A piece of a step's output; a chunk holds whole lines. */
export interface OutputChunk {
  readonly step: number;
  readonly sequence: number;
  readonly at: Date;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

export interface LedgerEvent {
  readonly sequence: number;
  readonly at: Date;
  readonly kind: string;
  readonly subjectId: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a deployment's row is begun with. */
export interface NewDeployment extends Identity {
  readonly kind: DeploymentKind;
  readonly target: string;
  readonly host: string;
  readonly runner: Holder;
  readonly oldVersion: string | null;
  readonly newVersion: string | null;
  readonly gitCommit: string | null;
  readonly gitBranch: string | null;
  readonly triggeredBy: string;
  readonly triggeredByUser: string;
  /** For a rollback: the deployment it undoes. */
  readonly undoesDeploymentId?: string | null;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What the row of a deployment that another program makes is begun with. */
export interface RecordedDeployment extends Identity {
  readonly oldVersion: string | null;
  readonly gitCommit: string | null;
  readonly gitBranch: string | null;
  readonly triggeredBy: string;
  readonly triggeredByUser: string | null;
}

/** What becomes known while a deployment runs; absent keys are left as they are. */
export interface DeploymentChange {
  readonly oldVersion?: string | null;
  readonly newVersion?: string | null;
  readonly gitCommit?: string | null;
  readonly gitBranch?: string | null;
  readonly commitSubject?: string | null;
  readonly releaseId?: string | null;
  readonly releasePath?: string | null;
  readonly previousReleaseId?: string | null;
  readonly undoesDeploymentId?: string | null;
  /** Merged into what is there. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** How a deployment ended, with what that makes of its fraise; written as one transaction. */
export interface DeploymentEnd {
  readonly status: FinalStatus;
  /** Absent: what was said before. */
  readonly newVersion?: string | null;
  readonly errorMessage?: string | null;
  readonly details?: Readonly<Record<string, unknown>>;
  /**
   * What the fraise is now. Absent: as it was (a failure before the switch). `deployed`: this deployment's version is
   * the one in service from now on. Otherwise only the status changes (down, say).
   */
  readonly fraise?: { readonly status: FraiseStatus; readonly deployed?: boolean };
}

/** What a program says of an environment without a deployment that says so. */
export interface StatedState {
  readonly version: string;
  readonly status: FraiseStatus;
  readonly deployedBy: string | null;
}

/** Which deployments are asked for; newest first. */
export interface DeploymentFilter {
  readonly project?: string;
  readonly fraise?: string;
  readonly environment?: string;
  readonly target?: string;
  readonly status?: readonly DeploymentStatus[];
  readonly kind?: DeploymentKind;
  /** Started at or after. */
  readonly since?: Date;
  /** At most so many; default 20. */
  readonly limit?: number;
  /** Keyset paging: those after (older than) this deployment's id. */
  readonly after?: string;
}
