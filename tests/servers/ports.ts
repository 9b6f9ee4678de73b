import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const LOWEST = 10_000;

/**
 * A free port of this machine, out of those that no outgoing connection is given: while a server is down, nobody else
 * gets its port, and no client that tries again and again connects to itself.
 */
export async function pickPort(): Promise<number> {
  const outgoing = Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s/)[0]);
  for (;;) {
    const port = outgoing > 2 * LOWEST ? LOWEST + Math.floor(Math.random() * (outgoing - LOWEST)) : 0;
    const listener = createServer().listen({ port, host: "127.0.0.1", exclusive: true });
    try {
      await once(listener, "listening");
    } catch {
      // Somebody has it.
      continue;
    }
    const address = listener.address();
    listener.close();
    await once(listener, "close");
    if (typeof address === "object" && address !== null) return address.port;
  }
}
