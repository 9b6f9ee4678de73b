import { FraisierError, type FraisierErrorDetails } from "../db/index.ts";
import type { Terminal } from "./terminal.ts";

/** Ctrl-C or its like. Where a command ends with it without a hint, nothing had been changed. */
export class InterruptedError extends FraisierError {
  override readonly name: string = "InterruptedError";

  constructor(signal: NodeJS.Signals, details: FraisierErrorDetails = {}) {
    super(signal === "SIGTERM" ? "terminated" : "interrupted", `Interrupted by ${signal}.`, details);
  }
}

/** What Ctrl-C and SIGTERM do while a command runs. */
export interface Interrupts {
  readonly signal: AbortSignal;
  /** The signal that came; null when none did. */
  readonly received: NodeJS.Signals | null;
  /** Gives the signals their usual meaning back. */
  dispose(): void;
}

/** What the person is told who presses Ctrl-C once, and again. */
export interface InterruptTexts {
  readonly first: string;
  readonly again: string;
}

const UNDOING: InterruptTexts = {
  first: "ending the running step and undoing what was done …",
  again: "Still undoing what was done; please wait, so that nothing is left half-way.",
};

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an abort, so that the command can undo what it did. Further ones only
 * say that this is going on.
 */
export function catchInterrupts(terminal: Terminal, texts: InterruptTexts = UNDOING): Interrupts {
  const controller = new AbortController();
  let received: NodeJS.Signals | null = null;
  const handle = (name: NodeJS.Signals) => {
    if (received !== null) {
      terminal.say(texts.again);
      return;
    }
    received = name;
    terminal.say(`\n${name === "SIGINT" ? "Interrupted" : `${name} received`}: ${texts.first}`);
    controller.abort(new InterruptedError(name));
  };
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of names) process.on(name, handle);
  return {
    signal: controller.signal,
    get received() {
      return received;
    },
    dispose() {
      for (const name of names) process.removeListener(name, handle);
    },
  };
}
