import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { systemCode } from "./files.ts";

/** Ports that no system takes for outgoing connections, so that one that was picked once stays free between two starts. */
const PICK_FROM = 20_000;
const PICK_BELOW = 32_768;
const PICK_TRIES = 100;

/**
 * The addresses whose port must be free for a service to listen on this machine. Linux refuses a loopback address while
 * anything listens on all addresses; macOS allows both at once, so there both are tried.
 */
const ADDRESSES = process.platform === "linux" ? ["127.0.0.1", "::1"] : ["127.0.0.1", "0.0.0.0", "::1", "::"];

/** Whether nothing listens on a port of this machine. A port that this user may not open counts as free. */
export async function isPortFree(port: number): Promise<boolean> {
  for (const address of ADDRESSES) {
    if (!(await canListen(port, address))) return false;
  }
  return true;
}

/** Waits up to a second until a port is free: the system closes the sockets of a killed process a moment after its end. */
export async function becomesFree(port: number): Promise<boolean> {
  for (let tries = 0; tries < 20; tries++) {
    if (await isPortFree(port)) return true;
    await delay(50);
  }
  return false;
}

/** Picks a port that nothing listens on. */
export async function pickPort(): Promise<number> {
  for (let tries = 0; tries < PICK_TRIES; tries++) {
    const port = PICK_FROM + Math.floor(Math.random() * (PICK_BELOW - PICK_FROM));
    if (await isPortFree(port)) return port;
  }
  throw new Error(`no free port was found between ${PICK_FROM} and ${PICK_BELOW}`);
}

async function canListen(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, "listening");
    return true;
  } catch (error) {
    // Anything else (no IPv6 here, a port for root only) says nothing about somebody else listening.
    return systemCode(error) !== "EADDRINUSE";
  } finally {
    if (server.listening) {
      server.close();
      await once(server, "close");
    }
  }
}
