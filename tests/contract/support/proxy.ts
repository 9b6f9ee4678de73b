/** A way to a server that a test can disturb. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface TcpProxy {
  /** The server's URL, by way of the proxy. */
  readonly url: string;
  /** Breaks every connection that goes through it now. */
  cut(): void;
  /** From now on a request with this text reaches the server, but instead of its answer the connection breaks. */
  loseAnswerTo(text: string): void;
}

/** A proxy in front of the server of a URL, for the running test. */
export async function proxyTo(url: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(url);
  const ways = new Set<{ readonly near: Socket; readonly far: Socket }>();
  let fatal: string | null = null;
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
    near.on("data", (request) => {
      isLosing ||= fatal !== null && request.includes(fatal);
      far.write(request);
    });
    far.on("data", (answer) => void (isLosing ? end() : near.write(answer)));
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
      fatal = text;
    },
  };
}
