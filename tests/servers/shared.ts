/** What test files call for a server. */
import { afterAll, inject, onTestFinished } from "vitest";
import { createDatabase, type TestDatabase } from "./databases.ts";
import type {} from "./global-setup.ts";
import { pgbouncer } from "./products/pgbouncer.ts";
import { providePrograms } from "./programs.ts";
import { type ServerKind, type StartOptions, startServer } from "./servers.ts";
import { reportTested, requestServer, type SharedServer } from "./service.ts";
import { TestServer } from "./test-server.ts";

/**
 * The server of a kind that all test files share. Ask at the top of a file, `const server = await sharedServer("mysql")`:
 * there no time limit of a test or hook applies, should its programs have to be fetched first.
 */
export function sharedServer(kind: ServerKind): Promise<SharedServer> {
  return requestServer(inject("serverService"), kind);
}

/** A server for this file alone, to be killed, paused or spoilt. Ask at the top of the file, with which it ends. */
export async function ownServer(kind: ServerKind, options: StartOptions = {}): Promise<TestServer> {
  const server = await startServer(kind, options);
  afterAll(() => server.dispose());
  await reportTested(inject("serverService"), server);
  return server;
}

/** A pooler in transaction mode before a server, for this file alone. Ask at the top of the file, with which it ends. */
export async function ownPooler(server: Pick<SharedServer, "url">): Promise<TestServer> {
  const product = pgbouncer(server.url);
  const pooler = await TestServer.create(product, await providePrograms(product));
  afterAll(() => pooler.dispose());
  return pooler;
}

/** An empty database on a server, for the running test, with which it goes away. */
export async function testDatabase(server: Pick<SharedServer, "kind" | "url">): Promise<TestDatabase> {
  const database = await createDatabase(server);
  onTestFinished(() => database.drop());
  return database;
}
