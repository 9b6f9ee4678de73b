import { rollback as runRollback } from "../../deploy/index.ts";
import { deployContext } from "../deploy-context.ts";
import { exitCodeOfReport } from "../exit-codes.ts";
import { catchInterrupts } from "../interrupt.ts";
import { createProgress } from "../progress.ts";
import { findPlace, type GlobalOptions, openProject } from "../project.ts";
import { sayReport } from "../report.ts";
import { withLedgerForWriting } from "../session.ts";
import type { Terminal } from "../terminal.ts";

/** Brings an earlier release into service again. */
export async function rollback(
  terminal: Terminal,
  fraiseName: string,
  environmentKey: string,
  options: GlobalOptions & { readonly to?: string },
): Promise<number> {
  const project = openProject(options, "deploy");
  const place = findPlace(project, fraiseName, environmentKey);
  const interrupts = catchInterrupts(terminal);
  const progress = createProgress(terminal, "rollback");
  try {
    return await withLedgerForWriting(options, async (ledger) => {
      progress.waiting("plan");
      const report = await runRollback(deployContext(place, ledger, progress.listener, interrupts), {
        to: options.to ?? null,
      });
      progress.close();
      sayReport(terminal, "rollback", place, report);
      return exitCodeOfReport(report, interrupts.received);
    });
  } finally {
    progress.close();
    interrupts.dispose();
  }
}
