import type { MigrationOptions } from "../../../db/index.ts";
import type { AdoptionOptions } from "../../../ledger/index.ts";
import { createActivity } from "../../activity.ts";
import { printable, type Terminal } from "../../terminal.ts";
import { duration } from "../../time.ts";

/** Shows on stderr how migrations go on. */
export interface MigrationProgress {
  readonly hooks: Pick<MigrationOptions, "onWaiting" | "onStarted" | "onStatement" | "onApplied"> &
    Pick<AdoptionOptions, "onAdopting">;
  /** Ends a moving line. */
  close(): void;
}

/** Milliseconds from one count of rows to the next: where a line moves, and where each is one of its own. */
const COUNT_EVERY_MS = { moving: 100, still: 1000 };

/** @param terminal with `--json` it stays silent */
export function createMigrationProgress(terminal: Terminal): MigrationProgress {
  if (terminal.json) return { hooks: {}, close: () => {} };
  const activity = createActivity(terminal);
  const label = (name: string, direction: "up" | "down") => `${direction === "down" ? "undo: " : ""}${printable(name)}`;
  let current = "";
  let countedAt = performance.now();
  return {
    hooks: {
      onWaiting: (holder) => {
        activity.say(`  Waiting for another run of migrations: ${printable(holder ?? "its holder is not known")}`);
        activity.show("waiting for it");
      },
      onStarted: (name, direction) => {
        current = label(name, direction);
        if (activity.isMoving) activity.show(current);
        else activity.say(`  … ${current}`);
      },
      onStatement: (_name, number, total) => {
        if (number < total) activity.show(`${current} (${number} of ${total} statements done)`);
      },
      onAdopting: (rows, total) => {
        const now = performance.now();
        if (rows < total && now - countedAt < COUNT_EVERY_MS[activity.isMoving ? "moving" : "still"]) return;
        countedAt = now;
        const text = `taking over what the Python Fraisier remembered (${rows} of ${total} rows done)`;
        if (activity.isMoving) activity.show(text);
        else activity.say(`  … ${text}`);
      },
      onApplied: (name, durationMs, direction) => {
        activity.hide();
        const mark = terminal.styleMessage("green", "✓");
        activity.say(`  ${mark} ${label(name, direction)}  ${duration(durationMs / 1000)}`);
      },
    },
    close: () => activity.hide(),
  };
}
