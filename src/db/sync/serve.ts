import { SyncMessagePort } from "sync-message-port";
import { createAdapterFromUrl } from "../factory.ts";
import type { ServingData } from "./channel.ts";
import type { Answer, Request } from "./protocol.ts";
import { ServedAdapter } from "./served-adapter.ts";

/** Answers every question that comes, until the one to close. */
export async function serve({ order, port }: ServingData): Promise<void> {
  const questions = new SyncMessagePort(port);
  // The caller waits, or asks next, and has to hear of it. Not the error's text, which may hold values.
  process.on("uncaughtExceptionMonitor", (error: NodeJS.ErrnoException) => {
    questions.postMessage({ say: "ended", why: `${error?.name} ${error?.code ?? ""}`.trim() } satisfies Answer);
  });
  const served = new ServedAdapter(await createAdapterFromUrl(order.url, order.options));
  questions.on("message", async (request: Request) => {
    const answer = await served.answer(request);
    questions.postMessage(answer);
    if (request.ask === "close") process.exit();
  });
}
