import type {
  IllegalTransitionError,
  InvalidExpiryError,
  LeaseHeldError,
  LeaseLostError,
  LeaseNeededError,
  LedgerSchemaError,
  StepNotRunningError,
  UnknownKeyError,
  UnknownTimeZoneError,
} from "../../ledger/index.ts";
import type { Explained } from "./explanation.ts";

/** That a deployment is not found is explained among what the command line reports. */
type LedgerErrorKind = Exclude<
  (
    | IllegalTransitionError
    | InvalidExpiryError
    | LeaseHeldError
    | LeaseLostError
    | LeaseNeededError
    | LedgerSchemaError
    | StepNotRunningError
    | UnknownKeyError
    | UnknownTimeZoneError
  )["kind"],
  "deployment_not_found"
>;

/** What the ledger reports. */
export const LEDGER_EXPLANATIONS: Readonly<Record<LedgerErrorKind, Explained>> = {
  locked: {
    meaning: "somebody else is deploying there",
    causes: ["a deployment of another person or CI run is going on", "a terminal that was forgotten"],
    next: "fraisier status-all",
  },
  lease_lost: {
    meaning: "somebody took the place over while this process did not show that it lives",
    causes: ["the machine slept, or the process was stopped", "the database was away for long"],
    next: "fraisier status-all",
  },
  illegal_transition: {
    meaning: "a deployment cannot go from the state it has to the one that was asked for",
    causes: ["another process has ended it meanwhile", "its row was changed by hand"],
    next: "fraisier history",
  },
  step_not_running: {
    meaning: "a step was to end that is not running",
    causes: ["another process has ended it meanwhile"],
    next: "fraisier history",
  },
  lease_needed: {
    meaning: "a deployment that Fraisier makes was to be changed by the older API, which holds no lease",
    causes: ["the id is that of a deployment of fraisier deploy, not of startDeployment()"],
    next: "fraisier status",
  },
  invalid_expiry: {
    meaning: "a lock of the older API was to end at a moment that is none, or is over already",
    causes: ["a time without a zone was meant in another one", "the text is no ISO time"],
    next: "fraisier explain invalid_expiry",
  },
  webhook_not_found: {
    meaning: "the ledger has no webhook event with this number",
    causes: ["it is of another database", "it is misspelt"],
    next: "fraisier webhooks",
  },
  schema_outdated: {
    meaning: "the database was set up by an older version",
    causes: ["fraisier was updated"],
    next: "fraisier db migrate",
  },
  schema_newer: {
    meaning: "the database was set up by a newer version",
    causes: ["another machine has a newer fraisier", "fraisier was downgraded here"],
    next: "fraisier version",
  },
  schema_foreign: {
    meaning: "the database has tables with Fraisier's names that are not Fraisier's",
    causes: ["the URL names the database of another program", "tables were changed by hand"],
    next: "fraisier db status",
  },
  schema_in_memory: {
    meaning: "the database would be forgotten with the process",
    causes: ["the URL is that of an SQLite database in memory"],
    next: "fraisier config show --origin",
  },
  schema_duplicates: {
    meaning: "a file of the Python Fraisier has several states of what today is one fraise",
    causes: ["its unique key did nothing where a job had no name"],
    next: "fraisier db migrate --dry-run",
  },
  schema_invalid_rows: {
    meaning: "a file of the Python Fraisier has rows that today's tables cannot hold",
    causes: ["rows were written or changed by hand", "a process died half-way"],
    next: "fraisier db migrate --dry-run",
  },
  timezone_unknown: {
    meaning: "a time zone has no such name",
    causes: ["it is misspelt; the names are those of the IANA list, such as Europe/Paris"],
    next: "fraisier db migrate --help",
  },
};
