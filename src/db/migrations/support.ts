import type { Queryable } from "../types.ts";

/** A lock that one runner of migrations has and others poll for. The death of its holder frees it. */
export interface RunnerLock {
  /** Never waits. @returns whether this session has it now */
  tryAcquire(session: Queryable, table: string): Promise<boolean>;
  /** The same, until the end of the running transaction; null where sessions are always one's own. */
  readonly tryAcquireInTransaction: ((tx: Queryable, table: string) => Promise<boolean>) | null;
  release(session: Queryable, table: string): Promise<void>;
  /** Who has it, for people to read; null when that can't be told. @param within what the lock is wanted for */
  holder(session: Queryable, table: string, within: "session" | "transaction"): Promise<string | null>;
}

/** What the catalogue says of some objects. */
export interface CatalogueExtract {
  /** Whatever a statement changes of these objects changes this text. */
  readonly text: string;
  /** What has to be done by hand before a statement can be run again, e.g. dropping an index that was not finished. */
  readonly remedy: string | null;
}

/** Something that the catalogue knows by its name. */
export interface CatalogueObject {
  /** A table may be a view. */
  readonly kind: "table" | "column" | "index" | "constraint" | "trigger" | "routine" | "event" | "database";
  /** The schema it is in, the MySQL term for which is database; null: the session's own. */
  readonly schema: string | null;
  /** The table it belongs to; null when it belongs to none, or its name alone tells which it is. */
  readonly table: string | null;
  readonly name: string;
}

/** What the runner of migrations has to know of a database. */
export interface MigrationSupport {
  readonly lock: RunnerLock;
  /** Whether a transaction that writes keeps all other writers out, so that most runs need no {@link lock}. */
  readonly locksByTransaction: boolean;
  /** Statements that change the session alone: run again whenever a run goes on in a new one. */
  readonly sessionVerbs: ReadonlySet<string>;
  /** Reads what is known of the objects whose names are among `words`. */
  readCatalogue(session: Queryable, words: readonly string[]): Promise<CatalogueExtract>;
  /** Whether there is such an object; null when the catalogue does not tell of this kind. */
  hasObject(session: Queryable, object: CatalogueObject): Promise<boolean | null>;
  /** The tables whose changes a rollback does not take back, e.g. of MyISAM. */
  readonly nonTransactionalTables: string | null;
  /** Whether this is how the server refuses a statement that no transaction may hold; it did nothing then. */
  refusesInTransaction(error: unknown): boolean;
}
