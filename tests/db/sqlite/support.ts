import { fork } from "node:child_process";
import { on } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { DatabaseError, SqliteAdapter, type SqliteAdapterOptions } from "../../../src/db/index.ts";

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "fraisier-sqlite-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The path of a database in a folder of its own; there is no file yet. */
export function temporaryFile(): string {
  return join(temporaryFolder(), "test.db");
}

/** An adapter that is closed with the test. */
export function openAdapter(urlOrPath: string, options: SqliteAdapterOptions = {}): SqliteAdapter {
  const adapter = new SqliteAdapter(urlOrPath, options);
  onTestFinished(() => adapter.close());
  return adapter;
}

/** An adapter of a database with one item in its one table. */
export async function openItems(urlOrPath: string = temporaryFile()): Promise<SqliteAdapter> {
  const adapter = openAdapter(urlOrPath);
  await adapter.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY, n BIGINT)");
  await adapter.executeUpdate("INSERT INTO item (id, n) VALUES (1, 1)");
  return adapter;
}

/** The error that `work` ends with; fails when it ends well. */
export async function failure(work: Promise<unknown>): Promise<DatabaseError> {
  const error = await work.then(
    (value) => expect.fail(`it should have failed, but came to ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DatabaseError);
  return error as DatabaseError;
}

/** A process of the test's own, that tells of itself by messages. */
export interface Child {
  readonly pid: number;
  /** The next message that it sends. @throws when it ended before */
  next<T>(): Promise<T>;
  send(message: string): void;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Starts a script of this folder as another process, which ends with the test at the latest. */
export function startChild(script: string, args: readonly string[] = [], shell?: string): Child {
  const path = join(import.meta.dirname, script);
  const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
  // Limits of the operating system are a shell's to set: it sets them and becomes the process.
  const process_ = shell
    ? fork("-c", [`${shell}; exec "$0" "$@"`, process.execPath, path, ...args], {
        execPath: "/bin/sh",
        execArgv: [],
        stdio: [...stdio],
      })
    : fork(path, args, { execArgv: [], stdio: [...stdio] });
  const { promise: ended, resolve } = Promise.withResolvers<number | NodeJS.Signals>();
  const gone = new AbortController();
  process_.once("exit", (code, signal) => {
    resolve(signal ?? code ?? -1);
    gone.abort(new Error(`${script} ended (${signal ?? code})`));
  });
  const messages = on(process_, "message", { signal: gone.signal });
  onTestFinished(async () => {
    process_.kill("SIGKILL");
    await ended;
  });
  return {
    pid: process_.pid as number,
    next: async <T>() => ((await messages.next()).value as [T])[0],
    send: (message) => process_.send(message),
    kill: (signal) => process_.kill(signal),
    ended,
  };
}

/** Runs a script of this folder to its end and returns the one message that it sends. */
export async function runChild<T>(script: string, args: readonly string[] = [], shell?: string): Promise<T> {
  const child = startChild(script, args, shell);
  const answer = await child.next<T>();
  expect(await child.ended).toBe(0);
  return answer;
}
