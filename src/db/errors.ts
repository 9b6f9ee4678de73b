/**
 * Every kind of failure that the database layer distinguishes, with what it means and whether the same call may
 * succeed when it is simply made again.
 */
export const DATABASE_ERROR_KINDS = {
  unique_violation: { retryable: false, meaning: "a row with the same unique value exists already" },
  foreign_key_violation: { retryable: false, meaning: "a referenced row is missing, or a row is still referenced" },
  not_null_violation: { retryable: false, meaning: "a column that must have a value got none" },
  check_violation: { retryable: false, meaning: "a value breaks a rule of its table" },
  deadlock: { retryable: true, meaning: "two transactions waited for each other and this one was ended" },
  serialization_failure: { retryable: true, meaning: "a concurrent transaction changed what this one had read" },
  lock_timeout: { retryable: true, meaning: "a lock was not free within the time allowed" },
  statement_timeout: { retryable: false, meaning: "the statement ran longer than allowed" },
  cancelled: { retryable: false, meaning: "the caller cancelled the call" },
  acquire_timeout: { retryable: true, meaning: "no connection became free within the time allowed" },
  pool_closed: { retryable: false, meaning: "the adapter is closed" },
  connection_refused: { retryable: true, meaning: "nothing answers at the server's address" },
  connection_lost: { retryable: true, meaning: "the connection broke while it was in use" },
  authentication_failed: { retryable: false, meaning: "the server refused the user name or password" },
  tls_failed: { retryable: false, meaning: "no trusted encrypted connection could be made" },
  read_only: { retryable: false, meaning: "the database, or the transaction, only allows reading" },
  syntax_error: { retryable: false, meaning: "the database does not understand the statement" },
  undefined_table: { retryable: false, meaning: "the table does not exist" },
  undefined_column: { retryable: false, meaning: "the column does not exist" },
  out_of_range: { retryable: false, meaning: "a value does not fit its type" },
  too_many_connections: { retryable: true, meaning: "the server accepts no more connections" },
  disk_full: { retryable: false, meaning: "no space is left where the database keeps its data" },
  busy: { retryable: true, meaning: "another process was using the database for the whole time allowed" },
  commit_outcome_unknown: {
    retryable: false,
    meaning: "the answer to COMMIT was lost, so it may or may not have happened",
  },
  parameter_mismatch: { retryable: false, meaning: "the parameters do not fit the placeholders" },
  adapter_in_transaction: { retryable: false, meaning: "the adapter was used inside its own transaction" },
  transaction_ended: { retryable: false, meaning: "a transaction was used after its end" },
  unsupported: { retryable: false, meaning: "this database, or this version of it, cannot do that" },
  unknown: { retryable: false, meaning: "the database reported something that has no kind of its own" },
} as const;

/** A kind of failure of the database layer; see {@link DATABASE_ERROR_KINDS}. */
export type DatabaseErrorKind = keyof typeof DATABASE_ERROR_KINDS;

/** What every error of Fraisier can carry beside its message. */
export interface FraisierErrorDetails {
  /** The next thing to do or to type, one sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The root of every error that Fraisier throws on purpose. `kind` is a stable word for programs; `message` says what
 * happened, where and why; `hint` is the next step.
 */
export class FraisierError extends Error {
  override readonly name: string = "FraisierError";
  readonly kind: string;
  readonly hint: string | undefined;

  constructor(kind: string, message: string, details: FraisierErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.hint = details.hint;
  }
}

/** What a {@link DatabaseError} can tell beside its kind. */
export interface DatabaseErrorDetails extends FraisierErrorDetails {
  readonly table?: string | undefined;
  readonly columns?: readonly string[] | undefined;
  readonly constraint?: string | undefined;
  /** Overrides the kind's usual answer. */
  readonly retryable?: boolean | undefined;
}

/** Anything that went wrong between the caller and the database. Never carries parameters, row values or passwords. */
export class DatabaseError extends FraisierError {
  override readonly name: string = "DatabaseError";
  declare readonly kind: DatabaseErrorKind;
  /** Whether the same call may succeed when it is made again. */
  readonly retryable: boolean;
  readonly table: string | undefined;
  readonly columns: readonly string[] | undefined;
  readonly constraint: string | undefined;

  constructor(kind: DatabaseErrorKind, message: string, details: DatabaseErrorDetails = {}) {
    super(kind, message, details);
    this.retryable = details.retryable ?? DATABASE_ERROR_KINDS[kind].retryable;
    this.table = details.table;
    this.columns = details.columns;
    this.constraint = details.constraint;
  }
}

/**
 * What is kept of a driver's error as `cause`: its name and codes, and its text only where the text cannot hold a
 * value. The original is kept instead when the adapter was made with `exposeValues: true`.
 */
export class DriverErrorSummary extends Error {
  override readonly name: string = "DriverErrorSummary";
  /** The driver's or server's own code, e.g. `SQLITE_CONSTRAINT_UNIQUE`. */
  readonly code: string;

  constructor(code: string, text?: string) {
    super(text === undefined ? code : `${code}: ${text}`);
    this.code = code;
    this.stack = `${this.name}: ${this.message}`;
  }
}
