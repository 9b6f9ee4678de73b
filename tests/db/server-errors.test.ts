import { describe, expect, test } from "vitest";
import { createAdapterFromUrl, DATABASE_ERROR_KINDS, type DatabaseErrorKind } from "../../src/db/index.ts";
import * as mysql from "../../src/db/mysql/errors.ts";
import * as postgresql from "../../src/db/postgresql/errors.ts";
import { createDatabase } from "../servers/databases.ts";
import { sharedServer } from "../servers/shared.ts";

/**
 * What a server reports only when its disk is full, its group falls apart or its administrator forbids something, which
 * no test can bring about on a server that others use. The errors are made up, with codes and texts of the servers' sources.
 */
type Report = readonly [code: number | string, text: string, kind: DatabaseErrorKind];

const MYSQL: readonly Report[] = [
  [3, `Error writing file '/tmp/MLfd=12' (OS errno 28 - No space left on device)`, "disk_full"],
  [3, `Error writing file '/tmp/MLfd=12' (Errcode: 28 "No space left on device")`, "disk_full"],
  [3, `Error writing file '/tmp/MLfd=12' (Errcode: 5 "Input/output error")`, "unknown"],
  [1021, "Disk full (/tmp); waiting for someone to free some space", "disk_full"],
  [1026, `Error writing file 'x' (errno: 28 "No space left on device")`, "disk_full"],
  [1030, `Got error 28 "No space left on device" from storage engine InnoDB`, "disk_full"],
  [1030, "Got error 168 - 'Unknown (generic) error from engine' from storage engine", "unknown"],
  [1040, "Too many connections", "too_many_connections"],
  [1053, "Server shutdown in progress", "connection_lost"],
  [
    1129,
    "Host 'x' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'",
    "connection_refused",
  ],
  [1213, "Deadlock found when trying to get lock; try restarting transaction", "deadlock"],
  [
    1290,
    "The MySQL server is running with the --super-read-only option so it cannot execute this statement",
    "read_only",
  ],
  [1290, "The MariaDB server is running with the --read-only option so it cannot execute this statement", "read_only"],
  [
    1290,
    "The MySQL server is running with the --skip-grant-tables option so it cannot execute this statement",
    "unsupported",
  ],
  [1836, "Running in read-only mode", "read_only"],
  [1862, "Your password has expired.", "authentication_failed"],
  [1927, "Connection was killed", "connection_lost"],
  [3101, "Plugin instructed the server to rollback the current transaction.", "serialization_failure"],
  [3159, "Connections using insecure transport are prohibited while --require_secure_transport=ON.", "tls_failed"],
  [4031, "The client was disconnected by the server because of inactivity.", "connection_lost"],
];

const POSTGRESQL: readonly Report[] = [
  ["25P03", "terminating connection due to idle-in-transaction timeout", "connection_lost"],
  ["25P04", "terminating connection due to transaction timeout", "statement_timeout"],
  ["28000", `no pg_hba.conf entry for host "::1", user "u", database "d", no encryption`, "authentication_failed"],
  ["40001", "could not serialize access due to concurrent update", "serialization_failure"],
  ["40003", "result is ambiguous", "commit_outcome_unknown"],
  ["53100", `could not extend file "base/1/2": No space left on device`, "disk_full"],
  ["53200", "out of memory", "unknown"],
  ["53300", "sorry, too many clients already", "too_many_connections"],
  ["57014", "canceling statement due to statement timeout", "statement_timeout"],
  ["57014", "canceling statement due to user request", "cancelled"],
  ["57P01", "terminating connection due to administrator command", "connection_lost"],
  ["57P02", "terminating connection because of crash of another server process", "connection_lost"],
  ["57P03", "the database system is starting up", "connection_refused"],
  ["57P04", "terminating connection due to conflict with recovery", "connection_lost"],
];

describe("a report of a server that no test can bring about", () => {
  test.each(MYSQL)("MySQL %i: %s is of the kind %s", (errno, text, kind) => {
    const driver = Object.assign(new Error(text), { code: "ER_X", errno, sqlState: "HY000", sqlMessage: text });
    const error = mysql.translateServerError(driver as mysql.MysqlServerError, false);
    expect(error).toMatchObject({ kind, retryable: DATABASE_ERROR_KINDS[kind].retryable });
  });

  test.each(POSTGRESQL)("PostgreSQL %s: %s is of the kind %s", (code, text, kind) => {
    const driver = Object.assign(new Error(text), { code, severity: "ERROR" });
    const error = postgresql.translateServerError(driver as unknown as postgresql.PostgresServerError, false);
    expect(error).toMatchObject({ kind, retryable: DATABASE_ERROR_KINDS[kind].retryable });
  });

  test.each([
    ["8.4.0", 4161, "(4161, ER_X)."],
    ["5.5.5-10.11.6-MariaDB-0+deb12u1", 4161, "(4161)."],
    ["5.5.5-10.11.6-MariaDB-0+deb12u1", 1969, "(1969)."],
    ["5.5.5-10.11.6-MariaDB-0+deb12u1", 1064, "(1064, ER_X)."],
  ])("of %s: %i has its name in the message where that is the server's own", (version, errno, end) => {
    const driver = Object.assign(new Error("so"), { code: "ER_X", errno, sqlState: "42000", sqlMessage: "so" });
    const { message, cause } = mysql.translateServerError(driver, false, undefined, version);
    expect(message).toBe(`${version.includes("MariaDB") ? "MariaDB" : "MySQL"}: so ${end}`);
    expect(cause).toMatchObject({ code: end.includes("ER_X") ? "ER_X" : String(errno) });
  });
});

test("MariaDB's own errors are not called by MySQL's names", async () => {
  await using database = await createDatabase(await sharedServer("mariadb"));
  await using adapter = await createAdapterFromUrl(database.url);
  await expect(adapter.executeQuery("CREATE TABLE t (a NOSUCHTYPE)")).rejects.toThrow(
    "MariaDB: Unknown data type: 'NOSUCHTYPE' (4161).",
  );
});
