import { DatabaseError, type DatabaseErrorDetails, type DatabaseErrorKind, DriverErrorSummary } from "../errors.ts";
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
  "40P01": "deadlock",
  "40001": "serialization_failure",
  "55P03": "lock_timeout",
  "57014": "cancelled",
  "25006": "read_only",
  "25P02": "transaction_ended",
  "42601": "syntax_error",
  "42804": "syntax_error",
  "42702": "syntax_error",
  "42803": "syntax_error",
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
  "57P05": "connection_lost",
};

/** Class 22 is "data exception"; its texts repeat the value. */
const KINDS_OF_CLASS: Readonly<Record<string, DatabaseErrorKind>> = {
  "22": "out_of_range",
  "08": "connection_lost",
  "42": "syntax_error",
};

/** Classes whose texts hold names, or pieces of the statement, but no values. */
const CLASSES_WITH_TEXT = new Set(["08", "0A", "23", "25", "28", "3D", "40", "42", "53", "55", "57"]);

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
  const category = code.slice(0, 2);
  const kind = isNoConflictKey(error) ? "unsupported" : (KINDS[code] ?? KINDS_OF_CLASS[category] ?? "unknown");
  const isFree =
    CLASSES_WITH_TEXT.has(category) && error.routine !== RAISE && !repeatsValue(error.message, '"', failed);
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
      (text === undefined ? "Make the adapter with exposeValues: true to see the server's own text." : undefined),
    cause: exposeValues ? error : new DriverErrorSummary(code, text),
  });
}

/** "there is no unique or exclusion constraint matching the ON CONFLICT specification" */
function isNoConflictKey({ code, message }: PostgresServerError): boolean {
  return code === "42P10" && message.includes("ON CONFLICT");
}

function namesOf(error: PostgresServerError, text: string): DatabaseErrorDetails {
  const missing = /^relation "(.*)" does not exist$/.exec(text)?.[1];
  const column = /^column "?(.*?)"?(?: of relation "(.*)")? does not exist$/.exec(text);
  const key = /^Key \((.*?)\)=\(/.exec(error.detail ?? "")?.[1];
  const columns = error.column !== undefined ? [error.column] : key !== undefined ? splitNames(key) : undefined;
  const columnName = error.code === "42703" ? column?.[1]?.split(".").at(-1) : undefined;
  return {
    table: error.table ?? (error.code === "42P01" ? missing : column?.[2]),
    columns: columns ?? (columnName === undefined ? undefined : [columnName]),
    constraint: error.constraint,
  };
}

const splitNames = (names: string): string[] => names.split(", ").map((name) => name.replace(/^"(.*)"$/, "$1"));
