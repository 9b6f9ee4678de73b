import type { DeploymentReport } from "../deploy/index.ts";
import { shortId } from "../ledger/index.ts";
import type { Place } from "./project.ts";
import { printable, type Terminal } from "./terminal.ts";
import { duration } from "./time.ts";
import { deploymentJson } from "./view.ts";

/** Says how a deployment or rollback ended and what to look at next. With `--json`: a last line of type `result`. */
export function sayReport(
  terminal: Terminal,
  command: "deploy" | "rollback",
  { fraise, environment }: Place,
  report: DeploymentReport,
): void {
  const { status, deployment, message, hint } = report;
  if (terminal.json) {
    terminal.printJson(command, {
      type: "result",
      status,
      message,
      hint,
      deployment: deployment && deploymentJson(deployment),
    });
    return;
  }
  const what = `${fraise.name} ${environment.key}`;
  const style = terminal.styleMessage;
  if (status === "up_to_date") {
    terminal.say(style("green", `${what} is already up to date: ${message}.`));
  } else if (status === "success") {
    const time = deployment?.durationSeconds == null ? "" : ` in ${duration(deployment.durationSeconds)}`;
    terminal.say(
      style(
        "green",
        `${command === "deploy" ? "Deployed" : "Rolled back"} ${what}: ${deployment?.newVersion} is in service${time}.`,
      ),
    );
    if (typeof deployment?.details.port === "number") terminal.say(`It listens on port ${deployment.details.port}.`);
  } else {
    const outcome = status.replaceAll("_", " ");
    const told = message.startsWith(outcome) ? message : `${outcome}. ${message}`;
    const color = status === "rolled_back" || status === "cancelled" ? "yellow" : "red";
    terminal.say(style(color, `${what}: ${printable(told)}`));
  }
  if (hint !== null) terminal.say(printable(hint));
  if (deployment !== null && status !== "success" && status !== "up_to_date")
    terminal.say(`See what happened: fraisier show ${shortId(deployment.id)}`);
}
