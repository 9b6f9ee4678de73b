import type { Clock } from "../clock.ts";
import type { Dialect } from "../dialect.ts";
import type { Queryable } from "../types.ts";
import { MigrationError } from "./errors.ts";
import type { MigrationFile } from "./files.ts";
import { describeInterruption, forgetCommand, type InterruptedMigration } from "./interruption.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import type { MigrationStep } from "./plan.ts";
import { statementsOf } from "./statements.ts";

/** What was begun, statement by statement, and is not done: as the journal has it, and as people may change that. */
export class Interruptions {
  readonly #journal: Journal;
  readonly #dialect: Dialect;
  readonly #clock: Clock;

  constructor(journal: Journal, dialect: Dialect, clock: Clock) {
    this.#journal = journal;
    this.#dialect = dialect;
    this.#clock = clock;
  }

  /** @throws MigrationError `migration_missing` or `migration_edited` when the file is not what was begun */
  async describe(database: Queryable, files: readonly MigrationFile[]): Promise<InterruptedMigration[]> {
    const entries = await this.#journal.read(database);
    const found: InterruptedMigration[] = [];
    for (const first of entries.filter(({ version }, index) => entries[index - 1]?.version !== version)) {
      const own = entries.filter(({ version }) => version === first.version);
      const file = fileOfEntry(files, first);
      const statements = statementsOf(file, first.direction, this.#dialect);
      found.push(await describeInterruption(database, this.#dialect, file, statements, own));
    }
    return found;
  }

  /** @throws MigrationError when something was begun other than the first of these steps, which would finish it */
  async assertNoOther(
    database: Queryable,
    files: readonly MigrationFile[],
    [first]: readonly MigrationStep[],
  ): Promise<void> {
    for (const entry of await this.#journal.read(database)) {
      const { version, direction } = entry;
      if (first?.file.version === version && first.direction === direction) return;
      const { name } = fileOfEntry(files, entry);
      throw new MigrationError(
        "migration_interrupted",
        `The migration ${name} (${direction}) was begun and is not done; it comes before everything else.`,
        { hint: direction === "up" ? "Finish it: fraisier db migrate" : "Finish it: fraisier db down" },
      );
    }
  }

  /** Notes what became of a statement in doubt. @throws MigrationError `migration_unknown` */
  async settle(database: Queryable, version: number, position: number, outcome: "done" | "undone"): Promise<void> {
    const entries = await this.#journal.read(database);
    const entry = entries.find((one) => one.version === version && one.position === position);
    if (entry === undefined || entry.finished_at !== null) {
      throw new MigrationError(
        "migration_unknown",
        `Statement ${position} of the migration ${version} is not one that was begun and not finished.`,
        { hint: "See what is: fraisier db repair" },
      );
    }
    if (outcome === "done") await this.#journal.finish(database, entry, new Date(this.#clock.now()));
    else await this.#journal.forget(database, entry);
  }

  /** Forgets a migration that was begun. @returns its name @throws MigrationError `migration_unknown` */
  async forget(database: Queryable, version: number): Promise<string> {
    const entry = (await this.#journal.read(database)).find((one) => one.version === version);
    if (entry === undefined) {
      throw new MigrationError("migration_unknown", `The migration ${version} was not begun, or is done.`, {
        hint: "See what was begun: fraisier db repair",
      });
    }
    await this.#journal.clear(database, version);
    return entry.name;
  }
}

function fileOfEntry(files: readonly MigrationFile[], { version, name, direction }: JournalEntry): MigrationFile {
  const file = files.find((candidate) => candidate.version === version);
  if (file !== undefined) return file;
  throw new MigrationError(
    "migration_missing",
    `The migration ${name} (${direction}) was begun and is not done, but its file ${name}.sql is gone.`,
    { hint: `Bring the file back from version control. Or ${forgetCommand(version)}` },
  );
}
