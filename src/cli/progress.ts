import type { DeployEvent, DeployListener } from "../deploy/index.ts";
import { printable, type Terminal, visibleLength } from "./terminal.ts";
import { duration } from "./time.ts";

/** Shows a deployment as it happens: a moving line for a person, plain lines for a pipe, an event a line for `--json`. */
export interface Progress {
  readonly listener: DeployListener;
  /** Shows what is done outside the steps, for as long as it takes: a slow repository can make planning long. */
  waiting(label: string): void;
  /** Ends a moving line. */
  close(): void;
}

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const REDRAW_EVERY_MS = 100;
const SPEAK_AFTER_MS = 1000;

/** @param command names the schema of the JSON lines, e.g. `deploy` */
export function createProgress(terminal: Terminal, command: string): Progress {
  if (terminal.json)
    return {
      listener: (event) => terminal.printJson(command, event as unknown as Record<string, unknown>),
      waiting: () => {},
      close: () => {},
    };
  const line = terminal.isInteractive ? new MovingLine(terminal) : null;
  const say = (text: string): void => {
    if (line === null) terminal.say(text);
    else line.above(text);
  };
  let silence: NodeJS.Timeout | undefined;
  const waiting = (label: string): void => {
    clearTimeout(silence);
    if (line === null) silence = setTimeout(() => terminal.say(`  … ${label}`), SPEAK_AFTER_MS).unref();
    else line.show(label);
  };
  return {
    listener: (event) => {
      clearTimeout(silence);
      if (event.type === "step_started") line?.show(stepLabel(event));
      if (event.type === "step_finished") line?.hide();
      const text = describe(event, terminal, line !== null);
      if (text !== null) say(text);
      if (event.type === "deployment_finished") waiting("old releases go");
    },
    waiting,
    close: () => {
      clearTimeout(silence);
      line?.hide();
    },
  };
}

function describe(event: DeployEvent, terminal: Terminal, isMoving: boolean): string | null {
  const style = terminal.styleMessage;
  switch (event.type) {
    case "deployment_started":
      return style(
        "bold",
        event.kind === "deploy"
          ? `Deploying ${event.fraise} to ${event.environment}`
          : `Rolling back ${event.fraise} in ${event.environment}`,
      );
    case "step_started":
      return isMoving ? null : `  … ${stepLabel(event)}`;
    case "output":
      return event.text
        .split("\n")
        .map((text) => style("dim", `    │ ${printable(text)}`))
        .join("\n");
    case "probe":
      return event.probe.ok ? null : style("yellow", `    │ probe: ${printable(event.probe.reason ?? "not healthy")}`);
    case "step_finished": {
      const mark = {
        success: style("green", "✓"),
        skipped: style("dim", "–"),
        failed: style("red", "✗"),
        cancelled: style("yellow", "✗"),
      }[event.outcome];
      const message = event.message === null ? "" : `  ${style("dim", printable(event.message))}`;
      return `  ${mark} ${stepLabel(event).padEnd(13)} ${duration(event.seconds).padStart(6)}${message}`;
    }
    case "warning":
      return style("yellow", `  ! ${printable(event.message)}`);
    case "recovered":
      return style(
        "yellow",
        `  ! Cleared up after an earlier deployment whose process is gone${event.step === null ? "" : ` (it had reached ${event.step})`}: it is now marked abandoned.`,
      );
    case "deployment_finished":
      return null; // the command itself says how it ended
    default:
      return event satisfies never;
  }
}

const stepLabel = ({ step, direction }: { readonly step: string; readonly direction: "do" | "undo" }): string =>
  direction === "undo" ? `undo: ${step}` : step;

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
