/** Servers that all test files of a run share, started when the first of them asks. */
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { askVersion, type ServerAddress } from "./databases.ts";
import { guardFolder } from "./guarded.ts";
import { products, type ServerKind } from "./products/index.ts";
import { startServer, type TestServer } from "./servers.ts";

/** A server that somebody else uses, too: it must not be stopped, and nothing in it may be expected to be the only one. */
export interface SharedServer {
  readonly kind: ServerKind;
  readonly version: string;
  /** The administrator's URL. */
  readonly url: string;
}

type Tested = Pick<SharedServer, "kind" | "version">;
type Request = { readonly share: ServerKind } | { readonly tested: Tested };
type Answer = { readonly server: SharedServer | null } | { readonly error: string };

/** In the process that runs the tests: starts the shared servers, and knows what has been tested. */
export class ServerService {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "fraisier-servers-"));
  readonly #listener: Server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  readonly #shared = new Map<ServerKind, Promise<SharedServer>>();
  readonly #own: TestServer[] = [];
  readonly #tested = new Set<string>();

  /** Where it listens: a Unix socket in a folder that is closed to other users. */
  get path(): string {
    return join(this.#folder, "socket");
  }

  async open(): Promise<void> {
    await guardFolder(this.#folder);
    this.#listener.listen(this.path);
    await once(this.#listener, "listening");
  }

  async close(): Promise<void> {
    this.#listener.close();
    await Promise.allSettled(this.#shared.values());
    await Promise.all(this.#own.map((server) => server.dispose()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Which servers were tested, as `MariaDB 10.11.19, MySQL 9.7.4`. */
  summary(): string {
    return [...this.#tested].sort().join(", ") || "none";
  }

  async #serve(socket: Socket): Promise<void> {
    // A test that was killed while it waited.
    socket.on("error", () => {});
    let answer: Answer;
    try {
      answer = { server: await this.#carryOut((await json(socket)) as Request) };
    } catch (error) {
      answer = { error: messageOf(error) };
    }
    socket.end(JSON.stringify(answer));
  }

  async #carryOut(request: Request): Promise<SharedServer | null> {
    if ("tested" in request) {
      this.#note(request.tested);
      return null;
    }
    const { share: kind } = request;
    const server = this.#shared.get(kind) ?? this.#provide(kind);
    this.#shared.set(kind, server);
    this.#note(await server);
    return await server;
  }

  async #provide(kind: ServerKind): Promise<SharedServer> {
    const { urlVariable } = products[kind];
    const url = process.env[urlVariable];
    if (url) return { kind, url, version: await versionOf({ kind, url }, urlVariable) };
    const server = await startServer(kind);
    this.#own.push(server);
    return { kind, url: server.url, version: server.version };
  }

  #note({ kind, version }: Tested): void {
    this.#tested.add(`${products[kind].title} ${version}`);
  }
}

/** @throws when what the variable names is no such server. */
async function versionOf(server: ServerAddress, urlVariable: string): Promise<string> {
  try {
    return await askVersion(server);
  } catch (error) {
    throw new Error(`${urlVariable}: ${messageOf(error)}`);
  }
}

/** Asks the service. */
export async function requestServer(path: string, kind: ServerKind): Promise<SharedServer> {
  const server = await send(path, { share: kind });
  if (server === null) throw new Error("the service did not understand");
  return server;
}

/** Tells the service that a server was tested which it has not started. */
export async function reportTested(path: string, { kind, version }: Tested): Promise<void> {
  await send(path, { tested: { kind, version } });
}

async function send(path: string, request: Request): Promise<SharedServer | null> {
  const socket = connect(path);
  socket.end(JSON.stringify(request));
  const answer = (await json(socket)) as Answer;
  if ("error" in answer) throw new Error(answer.error);
  return answer.server;
}

function messageOf(error: unknown): string {
  // A refused connection to a name with several addresses has its messages inside.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return first instanceof Error ? first.message : String(first);
}
