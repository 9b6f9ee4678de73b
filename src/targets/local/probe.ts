import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { HealthCheck } from "../../config/index.ts";
import type { Clock } from "../../db/index.ts";
import type { Probe } from "../target.ts";
import { maskUrls } from "./git-source.ts";

/** How much of a body a probe shows, in characters. */
const EXCERPT = 500;
/** How much of a body is searched for the expected text, in characters. */
const SEARCHED = 1024 * 1024;

/**
 * Looks at the running application once. Redirects are not followed, and the connection is given up afterwards.
 *
 * @param url what to fetch; the port is filled in.
 * @throws the signal's reason when it aborts; nothing else.
 */
export async function probeOnce(url: string, check: HealthCheck, clock: Clock, signal: AbortSignal): Promise<Probe> {
  signal.throwIfAborted();
  const start = clock.monotonic();
  const at = new Date(clock.now()).toISOString();
  const controller = new AbortController();
  const timer = clock.startTimer(() => controller.abort(), check.timeout * 1000);
  let answer: Answer;
  try {
    answer = await ask(url, check, AbortSignal.any([signal, controller.signal]));
  } catch (error) {
    signal.throwIfAborted();
    const reason = controller.signal.aborted ? `no whole answer within ${check.timeout} s` : explain(error);
    answer = { status: null, redirect: null, body: null, reason };
  } finally {
    timer.cancel();
    // Whatever is left of the answer is not read, and no connection waits to hold up the old process's end.
    controller.abort();
  }
  const latencyMs = Math.round(clock.monotonic() - start);
  return { at, url: maskUrls(url), ok: answer.reason === null, ...answer, latencyMs };
}

type Answer = Pick<Probe, "status" | "redirect" | "body" | "reason">;

async function ask(url: string, check: HealthCheck, signal: AbortSignal): Promise<Answer> {
  const response = await request(url, signal);
  const { statusCode: status = 0, headers } = response;
  const expected = check.expectStatus.includes(status);
  const body = await readStart(response, expected ? check.expectBody : null);
  const { location } = headers;
  const redirect = status >= 300 && status < 400 && location !== undefined ? maskUrls(location) : null;
  let reason: string | null = null;
  if (!expected) {
    const to = redirect === null ? "" : ` (a redirect to ${redirect}, which is not followed)`;
    reason = `it answered ${status}${to} instead of ${check.expectStatus.join(" or ")}`;
  } else if (check.expectBody !== null && !body.includes(check.expectBody)) {
    reason = `its answer (${status}) does not contain the expected text`;
  }
  return { status, redirect, body: body.slice(0, EXCERPT), reason };
}

/** Not by `fetch`, which alone takes the process 30 MB. @returns once the head of the answer is there */
async function request(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  // Loaded when it is needed: most commands ask nobody.
  const { request: send } = await import(new URL(url).protocol === "https:" ? "node:https" : "node:http");
  // Without an agent each connection ends with its answer.
  const sent = send(url, { agent: false, signal, headers: { accept: "*/*", "user-agent": "fraisier" } });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

/** Reads no more of the body than is needed: its excerpt, and as far as the expected text. */
async function readStart(response: IncomingMessage, expectBody: string | null): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response as AsyncIterable<Buffer>) {
    text += decoder.decode(bytes, { stream: true });
    const found = expectBody === null || text.includes(expectBody);
    if (text.length >= (found ? EXCERPT : SEARCHED)) break;
  }
  return text;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there (connection refused)",
  ECONNRESET: "the connection was broken off",
  ENOTFOUND: "its host name is not known",
  EAI_AGAIN: "its host name could not be looked up",
  EHOSTUNREACH: "its host can't be reached",
};

function explain(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error && error.message !== "" ? error.message : code;
  return REASONS[code] ?? maskUrls(`it could not be asked: ${message}`);
}
