import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { runs, waitFor } from "../targets/support/wait.ts";
import { answers } from "./answers.ts";
import { createDatabase, runSql } from "./databases.ts";
import { products } from "./products/index.ts";
import { type ServerKind, startServer, type TestServer } from "./servers.ts";
import { ownServer } from "./shared.ts";

const KINDS: readonly ServerKind[] = ["postgresql", "mariadb", "mysql"];

/** Two of each kind at once. */
const pairs = await Promise.all(
  KINDS.map(async (kind) => {
    const small = ownServer(kind, { settings: { max_connections: 17 } });
    return [kind, await ownServer(kind), await small] as const;
  }),
);

const isAnswering = ({ kind, port }: TestServer) => answers(port, products[kind].protocol);

/** Commits a row; how to read it. */
async function writeRow(server: TestServer): Promise<() => Promise<unknown>> {
  const database = await createDatabase(server);
  await runSql(database, "CREATE TABLE kept (n INT)", "INSERT INTO kept VALUES (42)");
  return async () => (await runSql(database, "SELECT n FROM kept"))[0]?.n;
}

/** Keeps a process of the server busy with a statement; how that one ends. */
async function keepBusy(server: TestServer): Promise<{ readonly outcome: Promise<unknown> }> {
  const [sleep, sessions] =
    server.kind === "postgresql"
      ? ["SELECT pg_sleep(60)", "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"]
      : ["SELECT sleep(60)", "SELECT 1 FROM information_schema.processlist WHERE info = 'SELECT sleep(60)'"];
  const outcome = runSql(server, sleep).catch((error: unknown) => error);
  await waitFor("a sleeping session", async () => (await runSql(server, sessions)).length > 0);
  return { outcome };
}

/** As proc(5) has it: `T` for stopped. */
function stateOf(pid: number): string | undefined {
  return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
}

async function connectionLimit(server: TestServer): Promise<number> {
  const sql = server.kind === "postgresql" ? "SHOW max_connections" : "SELECT @@max_connections AS max_connections";
  return Number((await runSql(server, sql))[0]?.max_connections);
}

describe.each(pairs)("%s", (kind, server, other) => {
  test("answers with the version that it was started for", async () => {
    const [row] = await runSql(server, "SELECT version() AS version");
    expect(server.version).toMatch(/^\d+\.\d+/);
    expect(row?.version).toContain(server.version);
    expect(/mariadb/i.test(String(row?.version))).toBe(kind === "mariadb");
  });

  test("asks for the password", async () => {
    const url = new URL(server.url);
    for (const password of ["wrong", ""]) {
      url.password = password;
      await expect(runSql({ kind, url: url.href }, "SELECT 1")).rejects.toThrow(/password/);
    }
  });

  test("offers a Unix socket", async () => {
    const url = new URL(server.url);
    url.port = "";
    url.searchParams.set(kind === "postgresql" ? "host" : "socketPath", server.socket);
    if (kind === "postgresql") url.searchParams.set("port", String(server.port));
    const [row] = await runSql({ kind, url: url.href }, "SELECT 1 AS n");
    expect(Number(row?.n)).toBe(1);
  });

  test("does not live in UTC", async () => {
    const sql =
      kind === "postgresql"
        ? "SELECT localtime(0)::text AS local, (now() AT TIME ZONE 'UTC')::time(0)::text AS utc"
        : "SELECT now() AS local, utc_timestamp() AS utc";
    const [row] = await runSql(server, sql);
    expect(row?.local).not.toEqual(row?.utc);
  });

  test("is killed whatever it is doing, and lives again with everything that was committed", async () => {
    const read = await writeRow(server);
    const { outcome } = await keepBusy(server);
    const { processes, port } = server;
    await server.kill();
    expect(processes.filter(runs)).toEqual([]);
    expect(await isAnswering(server)).toBe(false);
    expect(await outcome).toBeInstanceOf(Error);

    await server.start();
    expect(server.port).toBe(port);
    expect(await read()).toBe(42);
  });

  test("stands still while it is paused, and goes on", async () => {
    await server.pause();
    expect(await isAnswering(server)).toBe(false);
    expect(new Set(server.processes.map(stateOf))).toEqual(new Set(["T"]));
    server.resume();
    expect(await isAnswering(server)).toBe(true);
  });

  test("stops, paused or not, and starts again with its data", async () => {
    const read = await writeRow(server);
    await server.pause();
    await server.stop();
    await server.stop();
    expect(server.processes).toEqual([]);
    await server.start();
    expect(await read()).toBe(42);
  });

  test("is not started while it runs", async () => {
    await expect(server.start()).rejects.toThrow("runs already");
    expect(await isAnswering(server)).toBe(true);
  });

  test("has its own settings beside another one of its kind", async () => {
    expect(other.port).not.toBe(server.port);
    expect([await connectionLimit(server), await connectionLimit(other)]).toEqual([300, 17]);
  });

  test("leaves nothing behind, and the other one alone", async () => {
    const { folder, processes } = other;
    expect(processes.some(runs)).toBe(true);
    await other.dispose();
    await other.dispose();
    expect(processes.filter(runs)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    expect(await isAnswering(server)).toBe(true);
  });
});

test("a server that can't start tells why, and leaves nothing behind", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fraisier-failing-"));
  chmodSync(folder, 0o755);
  vi.stubEnv("TMPDIR", folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  const settings = { wal_level: "nonsense" };
  await expect(startServer("postgresql", { settings })).rejects.toThrow(
    /PostgreSQL \d\S* ended while it started:\n.*invalid value for parameter "wal_level": "nonsense"/s,
  );
  expect(readdirSync(folder)).toEqual([]);
});
