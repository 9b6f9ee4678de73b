import { FraisierError, maskUrl } from "../db/index.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { InterruptedError } from "./interrupt.ts";

/** What was given to a command and has to be given to the next one too, for it to mean the same database and migrations. */
export interface GivenOptions {
  readonly config?: string;
  readonly directory?: string;
  readonly table?: string;
  readonly timezone?: string;
  readonly db?: string | boolean;
}

const OF_PLACE = ["config", "directory", "table", "db"] as const;
/** The commands of `fraisier db`, each with what it takes of {@link GivenOptions}. */
const TAKEN: Readonly<Record<string, readonly (keyof GivenOptions)[]>> = {
  status: OF_PLACE,
  check: ["config", "db"],
  migrate: [...OF_PLACE, "timezone"],
  down: OF_PLACE,
  redo: OF_PLACE,
  baseline: OF_PLACE,
  repair: [...OF_PLACE, "timezone"],
};

/**
 * Completes every `fraisier db …` of a text by the options that were given, as a shell takes them. The lower layers, whose
 * hints name commands, know of no command line.
 */
export function completeCommands(text: string, given: GivenOptions): string {
  return text.replaceAll(/\bfraisier db ([a-z]+)/g, (command: string, name: string, position: number) => {
    const rest = text.slice(position);
    const words = (TAKEN[name] ?? []).flatMap((option) => {
      const value = given[option];
      const isElsewhere = option === "timezone" && rest.includes("--directory"); // the times of other tables have none
      if (typeof value !== "string" || rest.includes(`--${option}`) || isElsewhere) return [];
      return [`--${option}`, shellWord(option === "db" ? maskUrl(value) : value)];
    });
    return [command, ...words].join(" ");
  });
}

/** The same error, whose hint leads on from the command that was given these options. */
export function withCompleteHint(error: unknown, given: GivenOptions): unknown {
  if (!(error instanceof FraisierError)) return error;
  const hint = error.hint ?? usualHint(error);
  return hint === null ? error : Object.assign(error, { hint: completeCommands(hint, given) });
}

/** What to say where the error itself names no next step. */
function usualHint(error: unknown): string | null {
  if (error instanceof InterruptedError) return "That was before anything was changed.";
  if (exitCodeOf(error) !== EXIT.ledgerUnavailable) return null;
  return "See which database that is: fraisier db status; choose another: FRAISIER_DB_URL=sqlite:///path/to/file.db";
}

function shellWord(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
