/** Real database servers for tests. */
import { type Product, products, type ServerKind, type Site } from "./products/index.ts";
import { type Programs, providePrograms } from "./programs.ts";
import { TestServer } from "./test-server.ts";

export type { ServerKind } from "./products/index.ts";
export type { TestServer } from "./test-server.ts";

export interface StartOptions {
  /** Settings by the server's own names, such as `{ max_connections: 5 }`. */
  readonly settings?: Site["settings"];
}

/** The programs of each kind; looked for once. */
const found = new Map<Product, Promise<Programs>>();

/**
 * Starts a server of the caller's own, to be killed, paused or spoilt. It ends with {@link TestServer.dispose}, at the
 * latest with this process. Tests that only need some server share one: see `sharedServer`.
 *
 * @throws when there is no such server here and none can be had; the message names the variable to set instead.
 */
export async function startServer(kind: ServerKind, options: StartOptions = {}): Promise<TestServer> {
  const product = products[kind];
  const programs = found.get(product) ?? providePrograms(product);
  found.set(product, programs);
  return await TestServer.create(product, await programs, options.settings);
}
