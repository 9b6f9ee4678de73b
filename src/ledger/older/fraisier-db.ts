import { hostname } from "node:os";
import {
  configuredAdapter,
  DatabaseConfigError,
  DatabaseError,
  type FraiserDatabaseAdapter,
  MigrationError,
  RemoteObject,
  refuseBlockingCall,
} from "../../db/index.ts";
import {
  IllegalTransitionError,
  InvalidExpiryError,
  LeaseNeededError,
  LedgerSchemaError,
  ServiceLockHeldError,
  UnknownKeyError,
} from "../errors.ts";
import type { FraiseStatus } from "../model.ts";
import { uuid7 } from "../uuid7.ts";
import type { OlderLedger, OlderOrder } from "./older-ledger.ts";
import type {
  DeploymentHistoryRow,
  DeploymentLockRow,
  DeploymentStats,
  FraiseStatusRow,
  WebhookEventRow,
} from "./rows.ts";

/** The file that the thread runs: the built one, for the sources too. */
const WORKER = new URL(
  import.meta.url.endsWith(".ts") ? "../../../dist/ledger-worker.js" : "./ledger-worker.js",
  import.meta.url,
);

/** What its calls can fail with, beside the errors of the database. */
const ERRORS = {
  DatabaseConfigError,
  IllegalTransitionError,
  InvalidExpiryError,
  LeaseNeededError,
  LedgerSchemaError,
  MigrationError,
  ServiceLockHeldError,
  UnknownKeyError,
};

/**
 * The API of the Python Fraisier: blocking, with its arguments and the shapes of its rows, on today's ledger. Rows are called
 * by their internal keys (`pk_*`); times are ISO text of UTC, with `Z`. A worker thread does the work, for which the caller's
 * thread waits; new programs use the asynchronous {@link Ledger}.
 *
 * Every call throws DatabaseError when the database cannot be used, LedgerSchemaError when its schema is not this
 * version's (which is never changed silently; an empty database is set up by the first call that writes), and
 * DatabaseError `adapter_in_transaction` inside a transaction on the same database, where it could wait for itself for ever.
 *
 * @example
 * using db = getDb();
 * const deployment = db.startDeployment("shop", "production", "manual", "maria");
 * db.completeDeployment(deployment, true, "v2");
 * db.updateFraiseState("shop", "production", "v2");
 */
export class FraisierDb {
  readonly #remote: RemoteObject<OlderLedger>;
  /** Never connected: it tells which database it is. */
  readonly #adapter: FraiserDatabaseAdapter;
  /** Under which name each lock was taken last. */
  readonly #owners = new Map<string, string>();
  #isClosed = false;

  /** @internal Made by {@link getDb} alone. */
  constructor(order: OlderOrder) {
    this.#adapter = configuredAdapter(order.config);
    this.#remote = new RemoteObject<OlderLedger>({ name: "fraisier-ledger", entry: WORKER, order }, ERRORS);
  }

  /** What is known of an environment; null when nothing is. */
  getFraiseState(fraise: string, environment: string, job: string | null = null): FraiseStatusRow | null {
    return this.#reading().call("getFraiseState", fraise, environment, job);
  }

  /** Notes which version is in service, since now. */
  updateFraiseState(
    fraise: string,
    environment: string,
    version: string,
    status: FraiseStatus = "healthy",
    job: string | null = null,
    deployedBy: string | null = null,
  ): void {
    this.#writing().call("updateFraiseState", fraise, environment, version, status, job, deployedBy);
  }

  /** What is known of every environment, in the order of their names. */
  getAllFraiseStates(): FraiseStatusRow[] {
    return this.#reading().call("getAllFraiseStates");
  }

  /** Notes that a deployment begins. Its environment need not be known yet. @returns its key, `pk_deployment` */
  startDeployment(
    fraise: string,
    environment = "default",
    triggeredBy = "manual",
    triggeredByUser: string | null = null,
    gitBranch: string | null = null,
    gitCommit: string | null = null,
    oldVersion: string | null = null,
    job: string | null = null,
  ): number {
    const git = [gitBranch, gitCommit] as const;
    const who = [triggeredBy, triggeredByUser] as const;
    return this.#writing().call("startDeployment", fraise, environment, ...who, ...git, oldVersion, job);
  }

  /**
   * Notes how a deployment that is in progress ended. What the environment is from now on is said by {@link updateFraiseState}.
   *
   * @param details text of JSON
   * @throws UnknownKeyError; IllegalTransitionError when it has ended; LeaseNeededError for one that Fraisier itself makes
   */
  completeDeployment(
    deploymentId: number,
    success: boolean,
    newVersion: string | null = null,
    errorMessage: string | null = null,
    details: string | null = null,
  ): void {
    this.#writing().call("completeDeployment", deploymentId, success, newVersion, errorMessage, details);
  }

  /**
   * Notes that a deployment which is in progress, or had succeeded, was taken back.
   *
   * @throws UnknownKeyError; IllegalTransitionError for any other; LeaseNeededError for one that Fraisier itself makes
   */
  markDeploymentRolledBack(deploymentId: number): void {
    this.#writing().call("markDeploymentRolledBack", deploymentId);
  }

  /** A deployment; null when there is none with this key. */
  getDeployment(deploymentId: number): DeploymentHistoryRow | null {
    return this.#reading().call("getDeployment", deploymentId);
  }

  /** Deployments, newest first. */
  getRecentDeployments(
    limit = 20,
    fraise: string | null = null,
    environment: string | null = null,
  ): DeploymentHistoryRow[] {
    return this.#reading().call("getRecentDeployments", limit, fraise, environment);
  }

  /** How the deployments that ended today or in the days before (of UTC) ended. */
  getDeploymentStats(fraise: string | null = null, days = 30): DeploymentStats {
    return this.#reading().call("getDeploymentStats", fraise, days);
  }

  /** Notes a webhook that came in. @param payload text, of JSON as a rule @returns its key, `pk_webhook_event` */
  recordWebhookEvent(
    eventType: string,
    payload: string,
    branch: string | null = null,
    commitSha: string | null = null,
    sender: string | null = null,
    gitProvider = "unknown",
  ): number {
    return this.#writing().call("recordWebhookEvent", eventType, payload, branch, commitSha, sender, gitProvider);
  }

  /** Notes which deployment a webhook led to; it is processed then. @throws UnknownKeyError */
  linkWebhookToDeployment(webhookId: number, deploymentId: number): void {
    this.#writing().call("linkWebhookToDeployment", webhookId, deploymentId);
  }

  /** The webhooks received last, newest first. */
  getRecentWebhooks(limit = 20): WebhookEventRow[] {
    return this.#reading().call("getRecentWebhooks", limit);
  }

  /**
   * Takes a lock, until it is released or expires.
   *
   * @param expiresAt text without a zone is local time
   * @returns the name under which it was taken, for {@link releaseDeploymentLock}
   * @throws ServiceLockHeldError when it is somebody's; InvalidExpiryError
   */
  acquireDeploymentLock(service: string, provider: string, expiresAt: string | Date): string {
    const owner = `${hostname()}:${process.pid}:${uuid7(Date.now())}`;
    this.#writing().call("acquireDeploymentLock", service, provider, expiresAt, owner);
    this.#owners.set(JSON.stringify([service, provider]), owner);
    return owner;
  }

  /**
   * Frees a lock, if it is still this holder's: one that expired and was taken by somebody else since stays theirs.
   *
   * @param owner what {@link acquireDeploymentLock} returned. Default: what it returned last for this lock
   * @returns whether it was
   */
  releaseDeploymentLock(service: string, provider: string, owner?: string): boolean {
    const lock = JSON.stringify([service, provider]);
    const holder = owner ?? this.#owners.get(lock);
    const remote = this.#writing();
    if (holder === undefined) return false;
    const isFreed = remote.call("releaseDeploymentLock", service, provider, holder);
    if (this.#owners.get(lock) === holder) this.#owners.delete(lock);
    return isFreed;
  }

  /** A lock that is held; null when it is free or has expired. */
  getDeploymentLock(service: string, provider: string): DeploymentLockRow | null {
    return this.#reading().call("getDeploymentLock", service, provider);
  }

  /** False after {@link close}. */
  get isOpen(): boolean {
    return !this.#isClosed;
  }

  /** Closes the database and ends the thread; locks stay until they expire. The next {@link getDb} opens anew. Harmless twice. */
  close(): void {
    if (this.#isClosed) return;
    refuseBlockingCall(this.#adapter, "read");
    this.#isClosed = true;
    this.#remote.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #reading(): RemoteObject<OlderLedger> {
    return this.#admitted("read");
  }

  #writing(): RemoteObject<OlderLedger> {
    return this.#admitted("write");
  }

  #admitted(purpose: "read" | "write"): RemoteObject<OlderLedger> {
    if (this.#isClosed)
      throw new DatabaseError("pool_closed", "This FraisierDb is closed.", { hint: "Call getDb() to open it anew." });
    refuseBlockingCall(this.#adapter, purpose);
    return this.#remote;
  }
}
