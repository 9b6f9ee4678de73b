import { DatabaseError, type DatabaseErrorDetails, type DatabaseErrorKind, DriverErrorSummary } from "../errors.ts";

/** An error of `node:sqlite`: its `errcode` is SQLite's extended result code (https://sqlite.org/rescode.html). */
export interface SqliteDriverError extends Error {
  readonly code: "ERR_SQLITE_ERROR";
  errcode: number;
}

export function isSqliteError(error: unknown): error is SqliteDriverError {
  return error instanceof Error && (error as { code?: unknown }).code === "ERR_SQLITE_ERROR";
}

/**
 * Whether trying it again may help: somebody else has the file locked, or changed the schema while the statement was
 * prepared, and again while it was prepared anew (https://sqlite.org/rescode.html#schema). Nothing has run by then.
 */
export function isBusy(error: unknown): boolean {
  if (!isSqliteError(error) || error.errcode === BUSY_SNAPSHOT) return false;
  return error.errcode === SCHEMA_CHANGED || (error.errcode & 0xff) === 5;
}

const BUSY_SNAPSHOT = 517;
const SCHEMA_CHANGED = 17;
const CONSTRAINT_TRIGGER = 1811;

/** The codes that decide by themselves, extended ones first; exported for the test that provokes each. `text`: whether SQLite's own text is free of values. */
export const BY_CODE: Record<
  number,
  {
    readonly name: string;
    readonly kind: DatabaseErrorKind;
    readonly what: string;
    readonly text?: boolean;
    readonly hint?: string;
  }
> = {
  275: {
    name: "SQLITE_CONSTRAINT_CHECK",
    kind: "check_violation",
    what: "A value breaks a CHECK of the table",
    text: true,
  },
  787: {
    name: "SQLITE_CONSTRAINT_FOREIGNKEY",
    kind: "foreign_key_violation",
    what: "A referenced row is missing, or the row is still referenced",
    text: true,
  },
  1299: {
    name: "SQLITE_CONSTRAINT_NOTNULL",
    kind: "not_null_violation",
    what: "A column that must have a value got none",
    text: true,
  },
  1555: {
    name: "SQLITE_CONSTRAINT_PRIMARYKEY",
    kind: "unique_violation",
    what: "A row with this key exists already",
    text: true,
  },
  1811: { name: "SQLITE_CONSTRAINT_TRIGGER", kind: "check_violation", what: "A trigger refused the change" },
  2067: {
    name: "SQLITE_CONSTRAINT_UNIQUE",
    kind: "unique_violation",
    what: "A row with the same unique value exists already",
    text: true,
  },
  2579: {
    name: "SQLITE_CONSTRAINT_ROWID",
    kind: "unique_violation",
    what: "A row with this rowid exists already",
    text: true,
  },
  3091: {
    name: "SQLITE_CONSTRAINT_DATATYPE",
    kind: "out_of_range",
    what: "A value does not fit the type of its STRICT column",
    text: true,
  },
  517: {
    name: "SQLITE_BUSY_SNAPSHOT",
    kind: "serialization_failure",
    what: "The database changed after this transaction had read from it",
    text: true,
  },
  17: {
    name: "SQLITE_SCHEMA",
    kind: "busy",
    what: "Another process was changing the schema for the whole time allowed",
    text: true,
    hint: "Try again, or give timeoutMs more time.",
  },
  5: {
    name: "SQLITE_BUSY",
    kind: "busy",
    what: "Another process was writing to the database for the whole time allowed",
    hint: "Try again, or give timeoutMs more time.",
  },
  6: { name: "SQLITE_LOCKED", kind: "busy", what: "A table is locked by another statement of this process" },
  7: { name: "SQLITE_NOMEM", kind: "unknown", what: "SQLite ran out of memory" },
  8: {
    name: "SQLITE_READONLY",
    kind: "read_only",
    what: "The database can only be read",
    hint: "Check the permissions of the file and its folder, and that the URL does not say mode=ro.",
  },
  1544: {
    name: "SQLITE_READONLY_DIRECTORY",
    kind: "read_only",
    what: "SQLite cannot make its log beside the database, which even reading needs",
    hint: "Let this user write to the folder, or keep the database open in a process that may.",
  },
  10: {
    name: "SQLITE_IOERR",
    kind: "unknown",
    what: "The operating system failed to read or write the database",
    text: true,
  },
  11: {
    name: "SQLITE_CORRUPT",
    kind: "unsupported",
    what: "The database file is damaged",
    hint: "Restore it from a backup, or try: sqlite3 FILE .recover",
  },
  13: {
    name: "SQLITE_FULL",
    kind: "disk_full",
    what: "No space is left where the database is",
    hint: "Free some space and run it again; nothing was written.",
  },
  14: {
    name: "SQLITE_CANTOPEN",
    kind: "connection_refused",
    what: "The database file could not be opened",
    hint: "Check that the file and its folder exist and that you may read and write them.",
  },
  15: { name: "SQLITE_PROTOCOL", kind: "busy", what: "The locks of the database could not be agreed on" },
  18: { name: "SQLITE_TOOBIG", kind: "out_of_range", what: "A text or a blob is larger than SQLite allows" },
  19: { name: "SQLITE_CONSTRAINT", kind: "check_violation", what: "A constraint refuses the change" },
  20: { name: "SQLITE_MISMATCH", kind: "out_of_range", what: "A value does not fit the type of its column" },
  25: { name: "SQLITE_RANGE", kind: "parameter_mismatch", what: "The statement has no such parameter" },
  26: { name: "SQLITE_NOTADB", kind: "unsupported", what: "The file is not an SQLite database" },
};

/** Code 1 says nothing by itself; these texts of SQLite hold names and pieces of the statement, never parameters. */
export const BY_MESSAGE: readonly (readonly [RegExp, DatabaseErrorKind])[] = [
  [/^near ".*": syntax error$/s, "syntax_error"],
  [/^unrecognized token: /, "syntax_error"],
  [/^incomplete input$/, "syntax_error"],
  [/^\d+ values for \d+ columns$/, "syntax_error"],
  [/ has \d+ columns? but \d+ values? were supplied$/, "syntax_error"],
  [/^ambiguous column name: /, "syntax_error"],
  [/^misuse of (?:aggregate|window function)/, "syntax_error"],
  [/^aggregate functions are not allowed in /, "syntax_error"],
  [/^row value misused$/, "syntax_error"],
  [/ (?:ORDER|GROUP) BY term out of range /, "syntax_error"],
  [/^all VALUES must have the same number of terms$/, "syntax_error"],
  [/ do not have the same number of result columns$/, "syntax_error"],
  [/^sub-select returns \d+ columns? - expected \d+$/, "syntax_error"],
  [/^wrong number of arguments to function /, "syntax_error"],
  [/^ON CONFLICT clause does not match any /, "unsupported"],
  [/^Expression tree is too large /, "unsupported"],
  [/^(?:Recursion limit|parser stack overflow)$/, "unsupported"],
  [/^at most \d+ tables in a join$/, "unsupported"],
  [/^too many (?:columns|terms|SQL variables|arguments|attached databases)\b/, "unsupported"],
  [/^LIKE or GLOB pattern too complex$/, "unsupported"],
  [/^no such function: /, "unsupported"],
  [/^no such module: /, "unsupported"],
  [/^cannot modify .* because it is a view$/, "unsupported"],
  [/^cannot (?:start|commit|rollback)\b/, "unsupported"],
  [/^cannot VACUUM /, "unsupported"],
  [/^cannot (?:INSERT into|UPDATE) generated column /, "unsupported"],
  [/^cannot (?:add|drop) (?:a |.* )?column\b/i, "unsupported"],
  [/^error in (?:table|view|index|trigger) .* after (?:drop column|rename)\b/, "unsupported"],
  [/^table .* may not be (?:modified|dropped|altered)$/, "unsupported"],
  [/^use DROP (?:TABLE|VIEW) to delete /, "unsupported"],
  [/^no such (?:savepoint|collation sequence|database): /, "unsupported"],
  [/^no such (?:table|view|index|trigger): /, "undefined_table"],
  [/^no such column: /, "undefined_column"],
  [/ has no column named /, "undefined_column"],
  [/^integer overflow$/, "out_of_range"],
  [/^malformed JSON$/, "out_of_range"],
  [/ already exists$/, "unknown"],
  [/^there is already another table or index with this name: /, "unknown"],
  [/^duplicate column name: /, "unknown"],
  [/^foreign key mismatch - /, "unknown"],
];

/** The statement that failed, and what it was given. */
export interface FailedStatement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** Turns an error of the driver into one of the vocabulary; other errors are returned as they are. */
export function translateError(error: unknown, exposeValues: boolean, failed?: FailedStatement): unknown {
  if (!isSqliteError(error)) return error;
  const generic =
    (error.errcode & 0xff) === 1 ? BY_MESSAGE.find(([pattern]) => pattern.test(error.message)) : undefined;
  if (generic && !namesParameter(error.message, failed))
    return databaseError(
      error,
      generic[1],
      "SQLITE_ERROR",
      `SQLite cannot run the statement: ${error.message}`,
      error.message,
      exposeValues,
      namesIn(error.message),
    );
  const isForeignKey = error.errcode === CONSTRAINT_TRIGGER && error.message === "FOREIGN KEY constraint failed";
  const entry = BY_CODE[isForeignKey ? 787 : error.errcode] ?? BY_CODE[error.errcode & 0xff];
  if (entry === undefined) {
    const message = `SQLite failed with code ${error.errcode}; its own text is withheld, since it may hold values.`;
    return databaseError(error, "unknown", `SQLITE_${error.errcode}`, message, undefined, exposeValues, {
      hint: "Make the adapter with exposeValues: true to see the text as the error's cause.",
    });
  }
  const text = entry.text ? error.message : undefined;
  return databaseError(error, entry.kind, entry.name, `${entry.what}${text ? ` (${text})` : ""}.`, text, exposeValues, {
    ...constraintNames(entry.text ? error.message : ""),
    hint: entry.hint,
  });
}

/** FTS5 takes a parameter for a query of its own, and names pieces of it in SQLite's words. */
function namesParameter(text: string, failed: FailedStatement | undefined): boolean {
  const name = /: (.+)$/s.exec(text)?.[1];
  if (name === undefined || failed === undefined || failed.sql.includes(name)) return false;
  return failed.values.some((value) => typeof value === "string" && value.includes(name));
}

function databaseError(
  error: Error,
  kind: DatabaseErrorKind,
  code: string,
  message: string,
  text: string | undefined,
  exposeValues: boolean,
  details: DatabaseErrorDetails = {},
): DatabaseError {
  return new DatabaseError(kind, message, {
    ...details,
    cause: exposeValues ? error : new DriverErrorSummary(code, text),
  });
}

/** "UNIQUE constraint failed: users.email, users.site" names columns; "CHECK constraint failed: name" a constraint. */
function constraintNames(message: string): DatabaseErrorDetails {
  const check = /^CHECK constraint failed: (.*)$/s.exec(message);
  if (check) return { constraint: check[1] };
  const index = /^UNIQUE constraint failed: index '(.*)'$/s.exec(message);
  if (index) return { constraint: index[1] };
  const failed = /^(?:UNIQUE|NOT NULL) constraint failed: (.*)$/s.exec(message);
  if (!failed?.[1]) return {};
  const pairs = failed[1].split(", ").map((name) => name.split("."));
  return { table: pairs[0]?.[0], columns: pairs.map((pair) => pair.slice(1).join(".")) };
}

function namesIn(message: string): DatabaseErrorDetails {
  const table = /^no such (?:table|view): (?:main\.)?(.*)$/.exec(message)?.[1];
  const column =
    /^no such column: (?:.*\.)?"?(.*?)"?$/.exec(message)?.[1] ?? / has no column named (.*)$/.exec(message)?.[1];
  return {
    table: table ?? /^table (.*) has no column named /.exec(message)?.[1],
    columns: column === undefined ? undefined : [column],
  };
}
