/** A way to a server that a test can disturb. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface TcpProxy {
  /** The server's URL, by way of the proxy. */
  readonly url: string;
  /** Breaks every connection that goes through it now. */
  cut(): void;
  /** The next request with this text reaches the server, but instead of its answer the connection breaks. */
  loseAnswerTo(text: string): void;
  /** A connection breaks instead of sending the next request with this text. */
  loseRequest(text: string): void;
  /** Does `action` before the next request with this text reaches the server; resolves when it is done. */
  before(text: string, action: () => Promise<void>): Promise<void>;
  /** From the next request with this text on, or from now on, nothing gets through, and nothing tells so. */
  fallSilent(text?: string): void;
  /** Ends the silence: what is sent from now on gets through. */
  heal(): void;
}

/** What happens to a request with a text. */
interface Fatal {
  readonly text: string;
  readonly what: "answer lost" | "request lost" | "silence" | "action";
  readonly action?: () => Promise<void>;
}

/** A proxy in front of the server of a URL, for the running test. */
export async function proxyTo(url: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(url);
  const ways = new Set<{ readonly near: Socket; readonly far: Socket }>();
  let fatal: Fatal | null = null;
  let isSilent = false;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    const way = { near, far };
    let isLosing = false;
    ways.add(way);
    const end = () => {
      ways.delete(way);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.setNoDelay(true).on("error", end).on("close", end);
    near.on("data", async (request) => {
      const met = fatal !== null && request.includes(fatal.text) ? fatal : null;
      if (met !== null) fatal = null;
      if (met?.what === "silence") isSilent = true;
      if (met?.what === "request lost") return end();
      if (met?.what === "answer lost") isLosing = true;
      await met?.action?.();
      if (!isSilent) far.write(request);
    });
    far.on("data", (answer) => {
      if (isLosing) end();
      else if (!isSilent) near.write(answer);
    });
  });
  const cut = () => {
    for (const { near, far } of ways) {
      near.destroy();
      far.destroy();
    }
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    cut();
    server.close();
    await once(server, "close");
  });
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  return {
    url: through.href,
    cut,
    loseAnswerTo(text) {
      fatal = { text, what: "answer lost" };
    },
    loseRequest(text) {
      fatal = { text, what: "request lost" };
    },
    before(text, action) {
      return new Promise((resolve, reject) => {
        fatal = { text, what: "action", action: () => action().then(resolve, reject) };
      });
    },
    fallSilent(text) {
      if (text === undefined) isSilent = true;
      else fatal = { text, what: "silence" };
    },
    heal() {
      isSilent = false;
    },
  };
}
