import { MigrationError } from "./errors.ts";
import type { MigrationFile } from "./files.ts";
import type { AppliedMigration } from "./history.ts";

/** @throws MigrationError when what was applied is not what the files say, or a pending file comes before an applied one */
export function assertConsistent(files: readonly MigrationFile[], applied: readonly AppliedMigration[]): void {
  const newest = files.at(-1)?.version ?? 0;
  for (const row of applied) {
    const file = files.find((candidate) => candidate.version === row.version);
    if (file === undefined && row.version > newest) {
      throw new MigrationError(
        "schema_newer",
        `The database has the migration ${row.name}, which this version does not know.`,
        { hint: "Use the version of the program that applied it, or a newer one." },
      );
    }
    if (file === undefined)
      throw new MigrationError("migration_missing", `The migration ${row.name} was applied, but its file is gone.`, {
        hint: "Bring the file back from version control.",
      });
    if (file.checksum !== row.checksum) {
      throw new MigrationError(
        "migration_edited",
        `${file.path} was changed after it had been applied on ${row.applied_at.toISOString()}.`,
        {
          hint: "Restore the file and put the change into a new migration.",
        },
      );
    }
  }
  const highest = applied.at(-1)?.version ?? 0;
  const late = files.find((file) => file.version < highest && !applied.some((row) => row.version === file.version));
  if (late) {
    throw new MigrationError("migration_out_of_order", `${late.path} is not applied, but later ones are.`, {
      hint: "Give it the next free number.",
    });
  }
}
