import { MigrationError } from "./errors.ts";
import type { MigrationFile } from "./files.ts";
import type { AppliedMigration } from "./history.ts";
import type { Direction } from "./journal.ts";

/** A migration to be applied or taken back. */
export interface MigrationStep {
  readonly file: MigrationFile;
  readonly direction: Direction;
}

/** Everything that is pending, up to a version. */
export function planUp(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
  to?: number,
): MigrationStep[] {
  if (to !== undefined) {
    assertKnown(files, to);
    if (applied.some(({ version }) => version > to)) {
      throw new MigrationError("migration_unknown", `The database is past the version ${to} already.`, {
        hint: `Go back to it: fraisier db down --to ${to}`,
      });
    }
  }
  return files
    .filter(({ version }) => version <= (to ?? version) && !applied.some((row) => row.version === version))
    .map((file) => ({ file, direction: "up" }));
}

/** The last ones, newest first: so many, or all after a version (0: all there are). */
export function planDown(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
  { steps = 1, to }: { readonly steps?: number; readonly to?: number },
): MigrationStep[] {
  if (to !== undefined && to !== 0) assertKnown(files, to);
  const newestFirst = applied.toReversed();
  const undone = to === undefined ? newestFirst.slice(0, steps) : newestFirst.filter(({ version }) => version > to);
  return undone.map(({ version }) => ({ file: fileOf(files, version), direction: "down" }));
}

/** The last one, taken back and applied again. */
export function planRedo(files: readonly MigrationFile[], applied: readonly AppliedMigration[]): MigrationStep[] {
  const last = applied.at(-1);
  if (last === undefined)
    throw new MigrationError("migration_unknown", "No migration is applied that could be done again.", {
      hint: "Apply them first: fraisier db migrate",
    });
  const file = fileOf(files, last.version);
  return [
    { file, direction: "down" },
    { file, direction: "up" },
  ];
}

/** The files up to a version that are not noted as applied. */
export function planBaseline(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
  to: number,
): MigrationFile[] {
  assertKnown(files, to);
  return files.filter(({ version }) => version <= to && !applied.some((row) => row.version === version));
}

function assertKnown(files: readonly MigrationFile[], version: number): void {
  fileOf(files, version);
}

/** The file with a version. @throws MigrationError `migration_unknown` */
export function fileOf(files: readonly MigrationFile[], version: number): MigrationFile {
  const file = files.find((candidate) => candidate.version === version);
  if (file !== undefined) return file;
  throw new MigrationError("migration_unknown", `There is no migration with the version ${version}.`, {
    hint: `Give one of ${files.map((known) => known.version).join(", ")}.`,
  });
}
