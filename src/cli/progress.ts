import type { DeployEvent, DeployListener } from "../deploy/index.ts";
import { createActivity } from "./activity.ts";
import { printable, type Terminal } from "./terminal.ts";
import { duration } from "./time.ts";

/** Shows a deployment as it happens: a moving line for a person, plain lines for a pipe, an event a line for `--json`. */
export interface Progress {
  readonly listener: DeployListener;
  /** Shows what is done outside the steps, for as long as it takes: a slow repository can make planning long. */
  waiting(label: string): void;
  /** Ends a moving line. */
  close(): void;
}

/** @param command names the schema of the JSON lines, e.g. `deploy` */
export function createProgress(terminal: Terminal, command: string): Progress {
  if (terminal.json)
    return {
      listener: (event) => terminal.printJson(command, event as unknown as Record<string, unknown>),
      waiting: () => {},
      close: () => {},
    };
  const activity = createActivity(terminal);
  return {
    listener: (event) => {
      activity.rest();
      if (event.type === "step_started") activity.step(stepLabel(event));
      if (event.type === "step_finished") activity.hide();
      const text = describe(event, terminal, activity.isMoving);
      if (text !== null) activity.say(text);
      if (event.type === "deployment_finished") activity.show("old releases go");
    },
    waiting: activity.show,
    close: activity.hide,
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
