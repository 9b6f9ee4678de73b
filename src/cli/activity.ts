import { type Terminal, visibleLength } from "./terminal.ts";
import { duration } from "./time.ts";

/** Shows that something is going on: a moving line for a person, a plain line after a second of silence for a pipe. */
export interface Activity {
  /** Whether there is a line that moves. */
  readonly isMoving: boolean;
  /** What is being done now, for as long as it takes. */
  show(label: string): void;
  /** The same, of something whose beginning was already told where nothing moves. */
  step(label: string): void;
  /** A line that stays, above the moving one. */
  say(text: string): void;
  /** Something happened: the silence begins anew with the next {@link show}. */
  rest(): void;
  /** Ends what {@link show} began. */
  hide(): void;
}

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const REDRAW_EVERY_MS = 100;
const SPEAK_AFTER_MS = 1000;

export function createActivity(terminal: Terminal): Activity {
  const line = terminal.isInteractive ? new MovingLine(terminal) : null;
  let silence: NodeJS.Timeout | undefined;
  const rest = () => clearTimeout(silence);
  return {
    isMoving: line !== null,
    show: (label) => {
      rest();
      if (line === null) silence = setTimeout(() => terminal.say(`  … ${label}`), SPEAK_AFTER_MS).unref();
      else line.show(label);
    },
    step: (label) => line?.show(label),
    say: (text) => {
      if (line === null) terminal.say(text);
      else line.above(text);
    },
    rest,
    hide: () => {
      rest();
      line?.hide();
    },
  };
}

/** A line at the bottom that turns while something runs; other lines go above it. */
class MovingLine {
  readonly #terminal: Terminal;
  #label: string | null = null;
  #since = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(label: string): void {
    this.#label = label;
    this.#since = performance.now();
    this.#timer ??= setInterval(() => this.#draw(), REDRAW_EVERY_MS).unref();
    this.#draw();
  }

  above(text: string): void {
    this.#erase();
    this.#terminal.say(text);
    this.#draw();
  }

  hide(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#label !== null) this.#erase();
    this.#label = null;
  }

  #draw(): void {
    if (this.#label === null) return;
    const elapsed = performance.now() - this.#since;
    const mark = SPINNER[Math.floor(elapsed / REDRAW_EVERY_MS) % SPINNER.length];
    const text = `  ${mark} ${this.#label}  ${duration(elapsed / 1000)}`;
    this.#terminal.write(
      `\r${visibleLength(text) < this.#terminal.columns ? text : text.slice(0, this.#terminal.columns - 1)}\u001b[K`,
    );
  }

  #erase(): void {
    this.#terminal.write("\r\u001b[K");
  }
}
