import { shortId, type WebhookEvent } from "../../ledger/index.ts";
import { EXIT } from "../exit-codes.ts";
import type { GlobalOptions } from "../project.ts";
import { withLedgerForReading } from "../session.ts";
import { table } from "../table.ts";
import { printable, type Terminal } from "../terminal.ts";
import { bothTimes } from "../time.ts";
import { wholeNumber } from "../whole-number.ts";

/** What `fraisier webhooks` takes. */
export interface WebhooksOptions extends GlobalOptions {
  readonly number?: string;
}

/** The webhooks that were received, newest first, and what became of each. */
export async function webhooks(terminal: Terminal, options: WebhooksOptions): Promise<number> {
  const limit = wholeNumber(options.number ?? "20", "--number", 1);
  return withLedgerForReading(options, async (ledger) => {
    const received = (await ledger?.recentWebhooks(limit)) ?? [];
    if (terminal.json) terminal.printJson("webhooks", { webhooks: received.map(webhookJson) });
    else if (received.length === 0) terminal.say("No webhook was received yet.");
    else
      terminal.print(
        table(
          terminal,
          ["ID", "RECEIVED", "PROVIDER", "EVENT", "BRANCH", "COMMIT", "SENDER", "DEPLOYMENT"],
          received.map((webhook) => row(terminal, webhook, new Date())),
        ),
      );
    return EXIT.done;
  });
}

function row(terminal: Terminal, webhook: WebhookEvent, now: Date): string[] {
  const { id, receivedAt, provider, type, branch, commit, sender, processed, deploymentId } = webhook;
  return [
    shortId(id),
    bothTimes(receivedAt, now),
    ...[provider, type, branch ?? "", commit?.slice(0, 10) ?? "", sender ?? ""].map(printable),
    deploymentId === null ? terminal.style("dim", processed ? "none needed" : "none") : shortId(deploymentId),
  ];
}

function webhookJson(webhook: WebhookEvent): Record<string, unknown> {
  return { ...webhook, shortId: shortId(webhook.id) };
}
