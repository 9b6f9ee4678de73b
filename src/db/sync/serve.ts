import { SyncMessagePort } from "sync-message-port";
import type { LastWords, ServingData } from "./channel.ts";

/**
 * Answers every question that comes to this thread, until the one to close.
 *
 * @param open makes what gives the answers, which never throws
 */
export async function serve<Question extends { readonly ask: string }>(
  { port }: ServingData,
  open: () => Promise<(question: Question) => Promise<{ readonly say: string }>>,
): Promise<void> {
  const questions = new SyncMessagePort(port);
  // The caller waits, or asks next, and has to hear of it. Not the error's text, which may hold values.
  process.on("uncaughtExceptionMonitor", (error: NodeJS.ErrnoException) => {
    questions.postMessage({ say: "ended", why: `${error?.name} ${error?.code ?? ""}`.trim() } satisfies LastWords);
  });
  const answer = await open();
  questions.on("message", async (question: Question) => {
    questions.postMessage(await answer(question));
    if (question.ask === "close") process.exit();
  });
}
