import type { Command } from "commander";
import { type Define, group } from "../../define.ts";
import type { MigrationSetOptions } from "./migrations.ts";

const LOOK = "print the statements, and write nothing";
const ZONE = "the zone of a python fraisier's times, e.g. Europe/Paris (default: this machine's)";

/** `fraisier db …`: each command is loaded only when it is called for. */
export function defineDatabaseCommands(program: Command, define: Define): void {
  const db = group(program, "db", "look after the database that remembers the deployments, or one of your own");
  withSet(
    define(db, "status", "show which database is used, and which migrations it has", async (terminal, _args, options) =>
      (await import("./status.ts")).dbStatus(terminal, options),
    ),
  );
  define(
    db,
    "check",
    "say whether the database can be used, and what to do where it can't",
    async (terminal, _args, options) => (await import("./check.ts")).dbCheck(terminal, options),
  ).option("-t, --timeout <seconds>", "the limit for all of it", "10");
  withWaiting(
    withSet(
      define(
        db,
        "migrate",
        "apply the pending migrations; adopt a database of the python fraisier",
        async (terminal, _args, options) => (await import("./migrate.ts")).dbMigrate(terminal, options),
      ),
    ),
  )
    .option("-t, --to <version>", "up to this migration")
    .option("--timezone <zone>", ZONE)
    .option("-n, --dry-run", LOOK);
  withWaiting(
    withSet(
      define(db, "down", "take the last migration back", async (terminal, _args, options) =>
        (await import("./migrate.ts")).dbDown(terminal, options),
      ),
    ),
  )
    .option("-s, --steps <count>", "take so many back")
    .option("-t, --to <version>", "take back all that came after this migration; 0: all there are")
    .option("-n, --dry-run", LOOK)
    .option("-y, --yes", "do it, although what fraisier remembers is lost with its tables");
  withWaiting(
    withSet(
      define(db, "redo", "take the last migration back and apply it again", async (terminal, _args, options) =>
        (await import("./migrate.ts")).dbRedo(terminal, options),
      ),
    ),
  )
    .option("-n, --dry-run", LOOK)
    .option("-y, --yes", "do it, although what fraisier remembers is lost with its tables");
  withWaiting(
    withSet(
      define(
        db,
        "baseline <version>",
        "note the migrations up to a version as applied, without running them",
        async (terminal, [version = ""], options) =>
          (await import("./baseline.ts")).dbBaseline(terminal, version, options),
      ),
    ),
  );
  withWaiting(
    withSet(
      define(
        db,
        "repair",
        "say how an interrupted migration goes on; mend a database of the python fraisier",
        async (terminal, _args, options) => (await import("./repair.ts")).dbRepair(terminal, options),
      ),
    ),
  )
    .option("--migration <version>", "the migration of which --statement is one, or which is to be forgotten")
    .option("--statement <number>", "the statement of which you say what became of it")
    .option("--done", "that statement had its effect")
    .option("--undone", "that statement had no effect")
    .option("--forget", "forget that the migration was begun, when its file is gone; what it did stays")
    .option("--merge-duplicates", "keep one state of what a python fraisier's database says more than once")
    .option("--timezone <zone>", ZONE);
  define(db, "new <name>", "make the files of a new migration", async (terminal, [name = ""], options) =>
    (await import("./new.ts")).dbNew(terminal, name, options as MigrationSetOptions),
  ).option("-d, --directory <folder>", "the folder of your migrations", "migrations");
}

function withSet(command: Command): Command {
  return command
    .option(
      "-d, --directory <folder>",
      "migrations of your own instead of fraisier's, in the database that is configured",
    )
    .option("--table <name>", "the table that says which of yours are applied (default: tb_schema_migration)");
}

function withWaiting(command: Command): Command {
  return command.option("--lock-timeout <seconds>", "how long to wait for another run of migrations", "300");
}
