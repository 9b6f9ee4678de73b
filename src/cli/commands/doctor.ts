import { createActivity } from "../activity.ts";
import { checkLine } from "../check-line.ts";
import { examineDatabase } from "../doctor/database.ts";
import type { Finding } from "../doctor/finding.ts";
import { examineMachine } from "../doctor/machine.ts";
import { examinePlaces } from "../doctor/places.ts";
import { examineProject } from "../doctor/project.ts";
import { EXIT } from "../exit-codes.ts";
import type { GlobalOptions } from "../project.ts";
import type { Terminal } from "../terminal.ts";
import { wholeNumber } from "../whole-number.ts";

/** What `fraisier doctor` takes. */
export interface DoctorOptions extends GlobalOptions {
  readonly timeout?: string;
}

/** Looks at all that a deployment needs, and says what to do where something is wrong. Changes nothing. */
export async function doctor(terminal: Terminal, options: DoctorOptions): Promise<number> {
  const deadlineMs = 1000 * wholeNumber(options.timeout ?? "20", "--timeout", 1);
  const activity = createActivity(terminal);
  if (!terminal.json) activity.show("looking at all that a deployment needs");
  const findings = await examine(options, deadlineMs).finally(() => activity.hide());
  const failed = findings.filter(({ outcome }) => outcome === "failed");
  const exitCode = failed[0]?.exitCode ?? EXIT.done;
  if (terminal.json) {
    terminal.printJson("doctor", { ok: failed.length === 0, checks: findings });
    return exitCode;
  }
  for (const [subject, own] of Map.groupBy(findings, (finding) => finding.subject)) {
    terminal.print(terminal.style("bold", subject));
    terminal.print(own.map((finding) => checkLine(terminal, finding)).join("\n"));
  }
  const kinds = [...new Set(failed.map(({ kind }) => kind))];
  if (failed.length > 0)
    terminal.say(
      `${failed.length === 1 ? "1 thing is" : `${failed.length} things are`} wrong. More about it: ${kinds.map((kind) => `fraisier explain ${kind}`).join("; ")}`,
    );
  return exitCode;
}

/** Everything at once, within the deadline. */
async function examine(options: GlobalOptions, deadlineMs: number): Promise<Finding[]> {
  const signal = AbortSignal.timeout(deadlineMs);
  const { findings, project } = examineProject(options);
  const [machine, database, places] = await Promise.all([
    examineMachine(signal),
    examineDatabase(options, deadlineMs),
    project === null ? [] : examinePlaces(project, signal),
  ]);
  return [...machine, ...findings, ...database, ...places];
}
