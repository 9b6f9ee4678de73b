import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  DATABASE_ERROR_KINDS,
  DatabaseError,
  type DatabaseErrorKind,
  DriverErrorSummary,
  FraisierError,
  MigrationError,
} from "../../src/db/index.ts";

/** Which calls may simply be made again. Written out a second time: programs rely on it. */
const RETRYABLE: Record<DatabaseErrorKind, boolean> = {
  unique_violation: false,
  foreign_key_violation: false,
  not_null_violation: false,
  check_violation: false,
  deadlock: true,
  serialization_failure: true,
  lock_timeout: true,
  statement_timeout: false,
  cancelled: false,
  acquire_timeout: true,
  pool_closed: false,
  connection_refused: true,
  connection_lost: true,
  authentication_failed: false,
  tls_failed: false,
  read_only: false,
  syntax_error: false,
  undefined_table: false,
  undefined_column: false,
  out_of_range: false,
  too_many_connections: true,
  disk_full: false,
  busy: true,
  commit_outcome_unknown: false,
  parameter_mismatch: false,
  adapter_in_transaction: false,
  transaction_ended: false,
  unsupported: false,
  unknown: false,
};

describe("the vocabulary of errors", () => {
  test("is complete, and says of each kind whether the call may be made again", () => {
    expect(
      Object.fromEntries(Object.entries(DATABASE_ERROR_KINDS).map(([kind, { retryable }]) => [kind, retryable])),
    ).toEqual(RETRYABLE);
  });

  test("explains each kind in words of its own", () => {
    const meanings = Object.values(DATABASE_ERROR_KINDS).map(({ meaning }) => meaning);
    expect(new Set(meanings).size).toBe(meanings.length);
    for (const meaning of meanings) expect(meaning).toMatch(/^[a-z].+[^.]$/);
  });
});

describe("an error of the database", () => {
  test("is an Error with a kind, and knows what of the table it is about", () => {
    const details = { table: "users", columns: ["name"], constraint: "users_name_key", hint: "Take another name." };
    const error = new DatabaseError("unique_violation", "There is such a user.", details);
    expect(error).toBeInstanceOf(FraisierError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ kind: "unique_violation", retryable: false, ...details });
    expect(String(error)).toBe("DatabaseError: There is such a user.");
    expect(error.stack).toContain("errors.test.ts");
  });

  test("has no cause unless it was given one", () => {
    expect(Object.hasOwn(new DatabaseError("busy", "Busy."), "cause")).toBe(false);
    const cause = new Error("locked");
    expect(new DatabaseError("busy", "Busy.", { cause }).cause).toBe(cause);
  });

  test("may know better than its kind whether the call may be made again", () => {
    expect(new DatabaseError("unknown", "?").retryable).toBe(false);
    expect(new DatabaseError("unknown", "?", { retryable: true }).retryable).toBe(true);
    expect(new DatabaseError("deadlock", "?", { retryable: false }).retryable).toBe(false);
  });

  test("of migrations is none of a database", () => {
    const error = new MigrationError("migration_edited", "Changed.", { hint: "Restore it." });
    expect(error).toBeInstanceOf(FraisierError);
    expect(error).not.toBeInstanceOf(DatabaseError);
    expect(error).toMatchObject({ name: "MigrationError", kind: "migration_edited", hint: "Restore it." });
  });
});

describe("what is kept of a driver's error", () => {
  test("is its code, and its text only when that was found harmless", () => {
    expect(new DriverErrorSummary("23505")).toMatchObject({ code: "23505", message: "23505" });
    expect(new DriverErrorSummary("23505", "duplicate key")).toMatchObject({ message: "23505: duplicate key" });
  });

  test("does not show where in the driver it happened, however it is printed", () => {
    const summary = new DriverErrorSummary("23505");
    const error = new DatabaseError("unique_violation", "There is such a user.", { cause: summary });
    expect(summary.stack).toBe("DriverErrorSummary: 23505");
    expect(inspect(summary)).not.toContain("errors.test.ts");
    expect(inspect(error)).toContain("[cause]: [DriverErrorSummary: 23505] { code: '23505' }");
  });
});
