import { DatabaseError, type DatabaseErrorDetails, type DatabaseErrorKind, DriverErrorSummary } from "../errors.ts";
import { LOST_HINT } from "../network-errors.ts";
import { type FailedStatement, repeatsValue } from "../repeated-values.ts";

/** What the server says of an error: https://www.postgresql.org/docs/current/protocol-error-fields.html */
export interface PostgresServerError extends Error {
  /** The SQLSTATE, five characters. */
  readonly code: string;
  readonly severity: string;
  readonly detail?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  /** The function of the server that reports it. */
  readonly routine?: string;
}

const FOREIGN_KEY = "23503";

/** Reports what a function or a trigger raises, in whatever words, and with whatever code, its author chose. */
const RAISE = "exec_stmt_raise";

export function isServerError(error: unknown): error is PostgresServerError {
  return error instanceof Error && typeof (error as { severity?: unknown }).severity === "string";
}

/** SQLSTATEs whose meaning has a kind: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const KINDS: Readonly<Record<string, DatabaseErrorKind>> = {
  "23505": "unique_violation",
  "23P01": "unique_violation", // exclusion constraint
  "23503": "foreign_key_violation",
  "23001": "foreign_key_violation", // ON DELETE RESTRICT
  "23502": "not_null_violation",
  "23514": "check_violation",
  "23000": "check_violation",
  "44000": "check_violation", // WITH CHECK OPTION of a view
  P0001: "check_violation", // RAISE in a trigger
  "40P01": "deadlock",
  "40001": "serialization_failure",
  "40003": "commit_outcome_unknown", // statement_completion_unknown
  "55P03": "lock_timeout",
  "57014": "cancelled",
  "25006": "read_only",
  "25P02": "transaction_ended",
  "25P03": "connection_lost", // idle_in_transaction_session_timeout
  "25P04": "statement_timeout", // transaction_timeout
  "25001": "unsupported", // in no transaction
  "42601": "syntax_error",
  "42804": "syntax_error",
  "42702": "syntax_error",
  "42803": "syntax_error",
  "42P02": "parameter_mismatch",
  "42P18": "parameter_mismatch", // indeterminate_datatype
  "42P01": "undefined_table",
  "42703": "undefined_column",
  "42701": "unknown", // what is to be made exists already
  "42710": "unknown",
  "42723": "unknown",
  "42P06": "unknown",
  "42P07": "unknown",
  "42883": "unsupported",
  "0A000": "unsupported",
  "42501": "unsupported",
  "08P01": "parameter_mismatch",
  "53100": "disk_full",
  "53300": "too_many_connections",
  "28000": "authentication_failed",
  "28P01": "authentication_failed",
  "3D000": "connection_refused",
  "57P01": "connection_lost",
  "57P02": "connection_lost",
  "57P03": "connection_refused",
  "57P04": "connection_lost", // the database was dropped
  "57P05": "connection_lost",
};

/** Class 22 is "data exception"; its texts repeat the value. */
const KINDS_OF_CLASS: Readonly<Record<string, DatabaseErrorKind>> = {
  "22": "out_of_range",
  "08": "connection_lost",
  "40": "serialization_failure",
  "42": "syntax_error",
};

/** Classes whose texts hold names, or pieces of the statement, but no values. */
const CLASSES_WITH_TEXT = new Set(["08", "0A", "23", "25", "28", "2B", "3D", "40", "42", "44", "53", "55", "57"]);

const HINTS: Readonly<Partial<Record<string, string>>> = {
  "25P02": "Throw the first error on, or run what may fail in tx.transaction().",
  "28000": "Check the user in the URL, and the server's pg_hba.conf.",
  "28P01": "Check user and password of the URL; special characters in it are percent-encoded.",
  "3D000": "Create the database, or name another one in the URL.",
  "42501": "Grant the right to the user of the URL.",
  "53300": "Lower pool.max, or raise the server's max_connections.",
  "57P03": "Wait until the server has started; the same call works then.",
};

/** Turns what the server reported into an error of the project's vocabulary. */
export function translateServerError(
  error: PostgresServerError,
  exposeValues: boolean,
  failed: FailedStatement = { sql: "", values: [] },
): DatabaseError {
  const { code } = error;
  const kind = kindOf(error);
  const isFree =
    CLASSES_WITH_TEXT.has(categoryOf(error)) && error.routine !== RAISE && !repeatsValue(error.message, '"', failed);
  const text = isFree ? error.message : undefined;
  const what =
    text ??
    (kind === "out_of_range"
      ? "A value does not fit its type."
      : "The server refused the statement; its text may hold values.");
  return new DatabaseError(kind, `PostgreSQL: ${what} (${code})`, {
    ...namesOf(error, text ?? ""),
    // A database that does not exist is not there the next time either.
    ...(code === "3D000" && { retryable: false }),
    hint:
      HINTS[code] ??
      (kind === "connection_lost" ? LOST_HINT : undefined) ??
      (text === undefined ? "Make the adapter with exposeValues: true to see the server's own text." : undefined),
    cause: exposeValues ? error : new DriverErrorSummary(code, text),
  });
}

const categoryOf = ({ code }: PostgresServerError): string => code.slice(0, 2);

function kindOf(error: PostgresServerError): DatabaseErrorKind {
  if (isNoConflictKey(error)) return "unsupported";
  // One code for whoever asked, and for statement_timeout; a server that speaks another language tells no difference.
  if (error.code === "57014" && /statement timeout/.test(error.message)) return "statement_timeout";
  return KINDS[error.code] ?? KINDS_OF_CLASS[categoryOf(error)] ?? "unknown";
}

/** "there is no unique or exclusion constraint matching the ON CONFLICT specification" */
function isNoConflictKey({ code, message }: PostgresServerError): boolean {
  return code === "42P10" && message.includes("ON CONFLICT");
}

function namesOf(error: PostgresServerError, text: string): DatabaseErrorDetails {
  const missing = /^relation "(.*)" does not exist$/.exec(text)?.[1];
  const column = /^column "?(.*?)"?(?: of relation "(.*)")? does not exist$/.exec(text);
  // The key of a row that is still referred to is not the key of the table that refers to it, which is the one named.
  const isOfOther = error.code === FOREIGN_KEY && !/ is not present in table /.test(error.detail ?? "");
  const key = isOfOther ? undefined : /^Key \((.*?)\)=\(/.exec(error.detail ?? "")?.[1];
  const columns = error.column !== undefined ? [error.column] : key !== undefined ? splitNames(key) : undefined;
  const columnName = error.code === "42703" ? column?.[1]?.split(".").at(-1) : undefined;
  return {
    table: error.table ?? (error.code === "42P01" ? missing : column?.[2]),
    columns: columns ?? (columnName === undefined ? undefined : [columnName]),
    constraint: error.constraint,
  };
}

const splitNames = (names: string): string[] => names.split(", ").map((name) => name.replace(/^"(.*)"$/, "$1"));
