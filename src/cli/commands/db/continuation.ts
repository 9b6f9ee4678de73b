import type { MigrationCommand } from "../../../db/index.ts";

/**
 * The command that does what is left of one that was interrupted.
 *
 * @param takenBack the names of the migrations that it had taken back for good
 * @param isConfirmed whether it was given `--yes`
 */
export function continuationOf(command: MigrationCommand, takenBack: readonly string[], isConfirmed: boolean): string {
  const last = takenBack.at(-1);
  const yes = isConfirmed ? " --yes" : "";
  switch (command.kind) {
    case "up":
      return command.to === undefined ? "fraisier db migrate" : `fraisier db migrate --to ${command.to}`;
    case "down": {
      if (command.to !== undefined) return `fraisier db down --to ${command.to}${yes}`;
      const left = (command.steps ?? 1) - takenBack.length;
      return left === 0 ? "fraisier db status" : `fraisier db down --steps ${left}${yes}`;
    }
    case "redo":
      // Once it is taken back, the last one is another.
      return last === undefined ? `fraisier db redo${yes}` : `fraisier db migrate --to ${Number.parseInt(last, 10)}`;
    default:
      return command satisfies never;
  }
}
