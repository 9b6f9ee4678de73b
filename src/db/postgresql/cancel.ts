import { connect } from "node:net";
import { GRACE_MS } from "../bounded.ts";
import type { ServerLocation } from "../server-url.ts";

const CANCEL_REQUEST_CODE = 80_877_102;

/**
 * Asks the server to end what a session is running, over a connection of its own, which needs neither a password nor
 * one of the server's slots: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 *
 * @returns once the server has passed the request on, or could not be reached: it never says whether it worked
 */
export function requestCancel(
  { host, port, socket }: ServerLocation,
  { processId, secretKey }: { readonly processId: number; readonly secretKey: number },
): Promise<void> {
  const message = Buffer.alloc(16);
  [16, CANCEL_REQUEST_CODE, processId, secretKey].forEach((word, index) => {
    message.writeInt32BE(word, index * 4);
  });
  return new Promise((resolve) => {
    const stream = socket === null ? connect(port, host ?? "127.0.0.1") : connect(`${socket}/.s.PGSQL.${port}`);
    stream.setTimeout(GRACE_MS, () => stream.destroy());
    stream.once("connect", () => stream.end(message));
    stream.once("error", () => stream.destroy());
    stream.once("close", () => resolve());
  });
}
