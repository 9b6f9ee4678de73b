import type { DatabaseErrorKind } from "../../db/index.ts";
import type { Advice } from "./explanation.ts";

const OWN_CODE = "a mistake in the program that uses fraisier/db";
const CHECK = "fraisier db check";

/** What the database layer reports; it says itself what each kind means. */
export const DATABASE_ADVICE: Readonly<Record<DatabaseErrorKind, Advice>> = {
  unique_violation: { causes: ["two processes wrote the same thing at once", OWN_CODE], next: "fraisier history" },
  foreign_key_violation: { causes: ["a row was deleted by hand", OWN_CODE], next: CHECK },
  not_null_violation: { causes: ["the tables are not those of this version", OWN_CODE], next: "fraisier db status" },
  check_violation: { causes: ["a row was changed by hand", OWN_CODE], next: "fraisier db status" },
  deadlock: {
    causes: ["several deployments or programs write at once", "a long transaction of another program"],
    next: "fraisier status-all",
  },
  serialization_failure: { causes: ["several deployments or programs write at once"], next: "fraisier status-all" },
  lock_timeout: {
    causes: ["another program holds a transaction open", "a migration, or a backup that locks tables, is running"],
    next: CHECK,
  },
  statement_timeout: {
    causes: ["FRAISIER_DB_STATEMENT_TIMEOUT is too short", "the server is overloaded or hangs"],
    next: "fraisier db check --timeout 30",
  },
  cancelled: { causes: ["Ctrl-C", "the signal of the caller was aborted"], next: "fraisier status" },
  acquire_timeout: {
    causes: [
      "the server does not answer: it is down, or a firewall swallows the connection",
      "all connections of the pool are busy (FRAISIER_DB_POOL_MAX)",
    ],
    next: CHECK,
  },
  pool_closed: { causes: ["the adapter was used after close()", OWN_CODE], next: CHECK },
  connection_refused: {
    causes: [
      "the server is not running",
      "host or port of the URL is wrong",
      "the folder of the SQLite file is missing",
    ],
    next: CHECK,
  },
  connection_lost: {
    causes: ["the server was restarted or crashed", "a proxy or firewall cuts idle connections"],
    next: CHECK,
  },
  authentication_failed: {
    causes: ["user or password of the URL is wrong", "the server does not let this user in from this address"],
    next: "fraisier config show --origin",
  },
  tls_failed: {
    causes: ["the server's certificate is not trusted here, or is for another name", "the server offers no encryption"],
    next: CHECK,
  },
  read_only: {
    causes: ["the URL leads to a replica", "this user may not write the SQLite file or its folder"],
    next: CHECK,
  },
  syntax_error: { causes: ["a mistake in a migration", OWN_CODE], next: "fraisier db migrate --dry-run" },
  undefined_table: {
    causes: ["the migrations were not applied", "the database that the URL names does not exist"],
    next: "fraisier db status",
  },
  undefined_column: { causes: ["the tables are of another version", OWN_CODE], next: "fraisier db status" },
  out_of_range: { causes: ["a text or number is larger than its column", OWN_CODE], next: "fraisier db status" },
  too_many_connections: {
    causes: ["other programs use up the server's connections", "FRAISIER_DB_POOL_MAX is too high"],
    next: CHECK,
  },
  disk_full: {
    causes: ["the disk of the database is full", "a quota is used up"],
    next: "fraisier doctor",
  },
  busy: {
    causes: ["another process writes the SQLite file all the time", "a backup or an editor holds it open"],
    next: CHECK,
  },
  commit_outcome_unknown: {
    causes: ["the server or the network failed at the very moment of COMMIT"],
    next: "fraisier history",
  },
  parameter_mismatch: { causes: ["more or fewer values than placeholders", OWN_CODE], next: CHECK },
  adapter_in_transaction: { causes: ["the adapter was used where the transaction is meant", OWN_CODE], next: CHECK },
  transaction_ended: { causes: ["an await is missing inside the transaction", OWN_CODE], next: CHECK },
  unsupported: {
    causes: ["the URL is of a database that there is no adapter for", "the driver is not installed", "an old server"],
    next: CHECK,
  },
  unknown: { causes: ["the server reported something rare; its own code is in the message"], next: CHECK },
};
