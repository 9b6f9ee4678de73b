import type { MigrationErrorKind } from "../../db/index.ts";
import type { Explained } from "./explanation.ts";

/** What migrations report. */
export const MIGRATION_EXPLANATIONS: Readonly<Record<MigrationErrorKind, Explained>> = {
  migration_unreadable: {
    meaning: "the folder or a file of the migrations cannot be read, or is not written as one",
    causes: ["a wrong --directory", "a file name that is not NNN_name.sql", "a misspelt -- migrate:up"],
    next: "fraisier db status",
  },
  migration_duplicate: {
    meaning: "two files have the same version",
    causes: ["two branches each added a migration with that number"],
    next: "fraisier db status",
  },
  migration_edited: {
    meaning: "a file was changed after it had been applied",
    causes: ["somebody edited it instead of adding a new one", "a merge changed it"],
    next: "fraisier db status",
  },
  migration_missing: {
    meaning: "the database has a migration whose file is not there",
    causes: ["the file was deleted or renamed", "another branch had applied it to this database"],
    next: "fraisier db status",
  },
  migration_out_of_order: {
    meaning: "a migration that is not applied is older than one that is",
    causes: ["a branch with an older number was merged later"],
    next: "fraisier db status",
  },
  migration_failed: {
    meaning: "a statement of a migration failed",
    causes: ["a mistake in its SQL", "the data do not fit what it demands", "a lock that was not free in time"],
    next: "fraisier db status",
  },
  migration_irreversible: {
    meaning: "a migration has no part that takes it back",
    causes: ["its file has no -- migrate:down"],
    next: "fraisier db down --dry-run",
  },
  migration_unknown: {
    meaning: "there is no migration with that version, or it is not in the state that is asked for",
    causes: ["a misspelt version", "it is applied already, or not yet"],
    next: "fraisier db status",
  },
  migration_locked: {
    meaning: "another run of migrations is at work on the same database",
    causes: ["somebody else, or another machine, migrates just now", "a long migration"],
    next: "fraisier db status",
  },
  migration_interrupted: {
    meaning: "a migration was begun and is not done",
    causes: ["its process was killed", "the connection broke", "a statement of it failed where DDL is not undone"],
    next: "fraisier db repair",
  },
  migration_in_doubt: {
    meaning: "a process died during a statement of which nobody can tell whether it had its effect",
    causes: ["kill -9 or a power cut during a migration on MySQL or MariaDB"],
    next: "fraisier db repair",
  },
  schema_newer: {
    meaning: "the database was migrated by a newer version",
    causes: ["another machine has a newer fraisier", "fraisier was downgraded here"],
    next: "fraisier version",
  },
};
