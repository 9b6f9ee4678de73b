import type { Ledger, OutputChunk } from "../../ledger/index.ts";
import { EXIT } from "../exit-codes.ts";
import { findDeployment } from "../find-deployment.ts";
import type { GlobalOptions } from "../project.ts";
import { withLedgerForReading } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { printable } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** Shows what the steps of a deployment printed; with `--step`, of one of them. */
export async function logs(
  terminal: Terminal,
  id: string,
  options: GlobalOptions & { readonly step?: string },
): Promise<number> {
  return withLedgerForReading(options, async (ledger) => {
    const deployment = await findDeployment(ledger, id);
    const steps = new Map(
      ((await ledger?.getSteps(deployment.id)) ?? []).map((step) => [
        step.order,
        step.direction === "undo" ? `undo: ${step.name}` : step.name,
      ]),
    );
    if (options.step !== undefined && ![...steps.values()].includes(options.step)) {
      throw new UsageError(`The deployment has no step "${options.step}"; it has ${[...steps.values()].join(", ")}.`);
    }
    let printed = 0;
    const wanted = (chunk: OutputChunk) => options.step === undefined || steps.get(chunk.step) === options.step;
    if (terminal.json) {
      const chunks: unknown[] = [];
      for await (const chunk of chunksOf(ledger, deployment.id))
        if (wanted(chunk)) chunks.push({ ...chunk, step: steps.get(chunk.step) });
      terminal.printJson("logs", { deploymentId: deployment.id, output: chunks });
      return EXIT.done;
    }
    for await (const chunk of chunksOf(ledger, deployment.id)) {
      if (!wanted(chunk)) continue;
      printed++;
      for (const line of chunk.text.split("\n"))
        terminal.print(`${terminal.style("dim", `${steps.get(chunk.step)} │`)} ${printable(line)}`);
    }
    if (printed === 0) terminal.say("Its steps printed nothing.");
    return EXIT.done;
  });
}

async function* chunksOf(ledger: Ledger | null, deploymentId: string): AsyncIterable<OutputChunk> {
  let afterSequence = -1;
  for (;;) {
    const chunks = (await ledger?.getOutput(deploymentId, { afterSequence, limit: 500 })) ?? [];
    yield* chunks;
    const last = chunks.at(-1);
    if (last === undefined) return;
    afterSequence = last.sequence;
  }
}
