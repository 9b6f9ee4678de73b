import { DatabaseError, type DatabaseErrorDetails, type DatabaseErrorKind, DriverErrorSummary } from "../errors.ts";
import { LOST_HINT } from "../network-errors.ts";
import { type FailedStatement, repeatsValue } from "../repeated-values.ts";
import { instantText } from "./types.ts";

/** What the server says of an error, as `mysql2` hands it out. */
export interface MysqlServerError extends Error {
  /** The number's name, e.g. `ER_DUP_ENTRY`, when the driver knows it. */
  readonly code: string | undefined;
  readonly errno: number;
  readonly sqlState: string;
  readonly sqlMessage: string;
}

export function isServerError(error: unknown): error is MysqlServerError {
  return (
    error instanceof Error &&
    typeof (error as { errno?: unknown }).errno === "number" &&
    typeof (error as { sqlMessage?: unknown }).sqlMessage === "string"
  );
}

/** One error number: its kind, and whether the server's text is free of values. */
interface Known {
  readonly kind: DatabaseErrorKind;
  readonly text?: boolean;
  readonly hint?: string;
}

const known = (kind: DatabaseErrorKind, hint?: string): Known => ({ kind, text: true, ...(hint && { hint }) });
/** The server's text repeats a value. */
const silent = (kind: DatabaseErrorKind): Known => ({ kind });

const CHECK_LOGIN = "Check user and password of the URL; special characters in it are percent-encoded.";
const NEW_PASSWORD = "The password has expired: ALTER USER … IDENTIFIED BY a new one.";
const UNLOCK = "Let an administrator run ALTER USER … ACCOUNT UNLOCK.";
const GRANT = "Grant the right to the user of the URL.";

/**
 * By number, since several numbers share an SQLSTATE: https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
 * and, from 1900 to 4200 where they differ, https://mariadb.com/kb/en/mariadb-error-code-reference/
 */
const BY_NUMBER: Readonly<Record<number, Known>> = {
  1022: silent("unique_violation"),
  1062: silent("unique_violation"),
  1169: silent("unique_violation"),
  1586: silent("unique_violation"),
  1761: silent("unique_violation"), // in a table that refers to the one that changes
  1762: silent("unique_violation"),
  1859: silent("unique_violation"),
  1216: known("foreign_key_violation"),
  1217: known("foreign_key_violation"),
  1451: known("foreign_key_violation"),
  1452: known("foreign_key_violation"),
  3730: known("foreign_key_violation"), // DROP of a table that others refer to
  1048: known("not_null_violation"),
  1138: known("not_null_violation"),
  1263: known("not_null_violation"),
  1364: known("not_null_violation"),
  3819: known("check_violation"),
  4025: known("check_violation"), // MariaDB
  1369: known("check_violation"), // WITH CHECK OPTION of a view
  1644: silent("check_violation"), // SIGNAL in a trigger
  1213: known("deadlock"),
  1020: known("serialization_failure"), // MariaDB: the record has changed since the snapshot
  3101: known("serialization_failure"), // by its replication group
  1205: known("lock_timeout"),
  3572: known("lock_timeout"), // NOWAIT
  1317: known("cancelled"),
  3024: known("statement_timeout"),
  1969: known("statement_timeout"), // MariaDB
  1792: known("read_only"),
  1290: known("unsupported"), // an option of the server forbids it
  1836: known("read_only"),
  1874: known("read_only"), // innodb_read_only
  1064: known("syntax_error"),
  1052: known("syntax_error"),
  1058: known("syntax_error"),
  1065: known("syntax_error"),
  1136: known("syntax_error"),
  1140: known("syntax_error"),
  1055: known("syntax_error"),
  1146: known("undefined_table"),
  1051: known("undefined_table"),
  1109: known("undefined_table"),
  1007: known("unknown"), // what is to be made exists already
  1050: known("unknown"),
  1060: known("unknown"),
  1061: known("unknown"),
  1054: known("undefined_column"),
  1264: silent("out_of_range"),
  1265: silent("out_of_range"),
  1292: silent("out_of_range"),
  1366: silent("out_of_range"),
  1406: silent("out_of_range"),
  1690: silent("out_of_range"),
  1411: silent("out_of_range"),
  3140: silent("out_of_range"), // invalid JSON
  1153: known("out_of_range", "Send less at a time, or raise the server's max_allowed_packet."),
  1210: known("parameter_mismatch"),
  1235: known("unsupported"),
  1295: known("unsupported"),
  1701: known("unsupported"), // TRUNCATE of a table that others refer to
  1148: known("unsupported"), // LOAD DATA LOCAL
  3948: known("unsupported"),
  1305: known("unsupported"), // no such function or savepoint
  1390: known("unsupported"), // more than 65 535 placeholders
  1370: known("unsupported", GRANT),
  1142: known("unsupported", GRANT),
  1143: known("unsupported", GRANT),
  1227: known("unsupported", GRANT),
  1021: known("disk_full"),
  1114: known("disk_full"),
  1040: known("too_many_connections", "Lower pool.max, or raise the server's max_connections."),
  1203: known("too_many_connections", "Lower pool.max, or raise the user's max_user_connections."),
  1226: known("too_many_connections", "Lower pool.max, or raise the user's limits."),
  1045: known("authentication_failed", CHECK_LOGIN),
  1044: known("authentication_failed", GRANT),
  1698: known("authentication_failed", CHECK_LOGIN),
  1251: known("authentication_failed", "Give the user a kind of password that the driver knows."),
  1524: known("authentication_failed", "Give the user a kind of password that the server has."),
  1820: known("authentication_failed", NEW_PASSWORD),
  1862: known("authentication_failed", NEW_PASSWORD),
  3118: known("authentication_failed", UNLOCK),
  4151: known("authentication_failed", UNLOCK), // MariaDB
  3159: known("tls_failed", "Add sslmode=require to the URL."),
  1130: known("authentication_failed", "Allow this machine for the user of the URL."),
  1129: known("connection_refused", "Too many attempts have failed; the server's administrator can FLUSH HOSTS."),
  1049: known("connection_refused", "Create the database, or name another one in the URL."),
  1053: known("connection_lost"),
  1152: known("connection_lost"),
  1158: known("connection_lost"),
  1159: known("connection_lost"),
  1160: known("connection_lost"),
  1161: known("connection_lost"),
  1184: known("connection_lost"),
  1927: known("connection_lost"), // MariaDB: the connection was killed
  4031: known("connection_lost"),
  1047: known("connection_refused"), // Galera: the node is not ready
};

/** By the class of the SQLSTATE: what is wrong in a statement, whose names and pieces the text repeats. */
const OTHERS: Readonly<Record<string, Known>> = {
  "42": known("syntax_error"),
  "08": known("connection_lost"),
  "40": known("serialization_failure"),
  "22": silent("out_of_range"),
};

const UNKNOWN_DATABASE = 1049;
const OPTION_FORBIDS = 1290;
/** MariaDB: a column of a type that there is not. */
const UNKNOWN_TYPE = 4161;
const SYSTEM_FAILURES = new Set([3, 14, 20, 1026, 1030]);

/** Whether the server ends the connection after this error. */
export function isHangingUp({ errno, sqlState }: MysqlServerError): boolean {
  return sqlState.startsWith("08") || BY_NUMBER[errno]?.kind === "connection_lost";
}

/**
 * Turns what the server reported into an error of the project's vocabulary.
 *
 * @param serverVersion as the server greets with it
 */
export function translateServerError(
  error: MysqlServerError,
  exposeValues: boolean,
  failed: FailedStatement = { sql: "", values: [] },
  serverVersion = "",
): DatabaseError {
  const { kind, text: isFree, hint } = knownBy(error, serverVersion);
  const isRepeating = isFree && repeatsValue(error.sqlMessage, "'", asSent(failed));
  const text = isFree && !isRepeating ? error.sqlMessage : undefined;
  const what = text ?? WITHOUT_TEXT[kind] ?? "The server refused the statement; its text may hold values";
  const name = nameOf(error, serverVersion);
  const code = name === null ? String(error.errno) : `${error.errno}, ${name}`;
  // Before its greeting nobody knows which of the two it is.
  const product = serverVersion === "" ? "Server" : isMariadb(serverVersion) ? "MariaDB" : "MySQL";
  return new DatabaseError(kind, `${product}: ${what.replace(/\.$/, "")} (${code}).`, {
    ...(!isRepeating && namesOf(error)),
    // A database that does not exist is not there the next time either.
    ...(error.errno === UNKNOWN_DATABASE && { retryable: false }),
    hint:
      hint ??
      (kind === "connection_lost" ? LOST_HINT : undefined) ??
      (text === undefined ? "Make the adapter with exposeValues: true to see the server's own text." : undefined),
    cause: exposeValues ? error : new DriverErrorSummary(name ?? code, text),
  });
}

/** The name of an error; null where the driver, which knows MySQL's alone, has none or has that of another error. */
function nameOf({ code, errno }: MysqlServerError, serverVersion: string): string | null {
  const isOwn = isMariadb(serverVersion) && ((errno >= 1900 && errno < 3000) || errno >= 4000);
  return isOwn || code === undefined ? null : code;
}

const isMariadb = (serverVersion: string): boolean => serverVersion.includes("MariaDB");

function knownBy({ errno, sqlState, sqlMessage }: MysqlServerError, serverVersion: string): Known {
  // Another error of MySQL has the same number.
  if (errno === UNKNOWN_TYPE && isMariadb(serverVersion)) return known("syntax_error");
  // One number for many an option; --read-only, --super-read-only and --innodb-read-only make the server read only.
  if (errno === OPTION_FORBIDS && /--[\w-]*read[-_]only/.test(sqlMessage)) return known("read_only");
  // One number for whatever a storage engine or the operating system reports: 28 is ENOSPC.
  if (SYSTEM_FAILURES.has(errno) && /\b(?:errno:?|Errcode:|error) 28\b/.test(sqlMessage)) return known("disk_full");
  return BY_NUMBER[errno] ?? OTHERS[sqlState.slice(0, 2)] ?? silent("unknown");
}

const WITHOUT_TEXT: Partial<Record<DatabaseErrorKind, string>> = {
  unique_violation: "A row with the same unique value exists already",
  out_of_range: "A value does not fit its type",
  check_violation: "A trigger refused the change",
};

const NAME = "`((?:[^`]|``)*)`";
const FOREIGN_KEY = new RegExp(`\\((?:${NAME}\\.)?${NAME}, CONSTRAINT ${NAME} FOREIGN KEY \\(([^)]*)\\)`);
const CHECK = new RegExp(`^(?:Check constraint '(.*)' is violated|CONSTRAINT ${NAME} failed for ${NAME}\\.${NAME})`);

/** The names that the server writes into its texts, the only place where it tells them. */
function namesOf({ errno, sqlMessage }: MysqlServerError): DatabaseErrorDetails {
  if (errno === 1062 || errno === 1586) {
    const key = / for key '([^']*)'$/.exec(sqlMessage)?.[1]?.split(".");
    return { constraint: key?.at(-1), ...(key?.length === 2 && { table: key[0] }) };
  }
  if (errno === 1451 || errno === 1452) {
    const [, , table, constraint, columns] = FOREIGN_KEY.exec(sqlMessage) ?? [];
    return { table, constraint, columns: columns?.split(", ").map((column) => column.replace(/^`(.*)`$/, "$1")) };
  }
  if (errno === 3819 || errno === 4025) {
    const found = CHECK.exec(sqlMessage);
    // MariaDB says `table.column` for a check of a column.
    return { constraint: found?.[1] ?? found?.[2]?.split(".").at(-1), table: found?.[4] };
  }
  const column = /^(?:Column|Field|Unknown column) '([^']*)'/.exec(sqlMessage)?.[1]?.split(".").at(-1);
  const table = /^(?:Table|Unknown table) '([^']*)'/.exec(sqlMessage)?.[1]?.split(".").at(-1);
  return { table, columns: column === undefined ? undefined : [column] };
}

/** With instants as the text that they were sent as, which the server quotes. */
function asSent({ sql, values }: FailedStatement): FailedStatement {
  return { sql, values: values.map((value) => (value instanceof Date ? instantText(value) : value)) };
}
