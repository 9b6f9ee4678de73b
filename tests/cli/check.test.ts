/** `fraisier db check`: what a person needs at three in the morning. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createAdapterFromUrl } from "../../src/db/index.ts";
import type { Check } from "../../src/ledger/index.ts";
import { createDatabase, runSql } from "../servers/databases.ts";
import type { ServerKind, TestServer } from "../servers/servers.ts";
import { ownServer } from "../servers/shared.ts";
import { DATABASES } from "../support/databases.ts";
import { emptyFolder, everythingIn, fraisier } from "./support.ts";

interface Document {
  readonly ok: boolean;
  readonly serverVersion: string | null;
  readonly role: string | null;
  readonly encryption: string | null;
  readonly latencyMs: { readonly min: number; readonly median: number; readonly max: number } | null;
  readonly applied: string[];
  readonly pending: string[];
  readonly clockDifferenceMs: number | null;
  readonly freeBytes: number | null;
  readonly pool: { readonly totalConnections: number; readonly maxConnections: number };
  readonly checks: Check[];
  readonly problem: { readonly kind: string; readonly message: string } | null;
}

async function check(url: string, ...args: string[]): Promise<[number, Document]> {
  const { exitCode, stdout, stderr } = await fraisier(emptyFolder(), ["db", "check", "--json", ...args], {
    FRAISIER_DB_URL: url,
  });
  expect(stderr).toBe("");
  return [exitCode ?? -1, JSON.parse(stdout) as Document];
}

const outcome = ({ checks }: Document, name: Check["name"]) => checks.find((one) => one.name === name)?.outcome;

describe.each(DATABASES)("db check ($name)", (database) => {
  test("looks at everything, changes nothing, and ends with 0", async () => {
    const url = await database.createUrl();
    const [empty, before] = await check(url);
    expect([empty, before.ok, before.applied]).toEqual([0, true, []]);
    const folder = emptyFolder();
    const env = { FRAISIER_DB_URL: url };
    expect((await fraisier(folder, ["db", "migrate"], env)).exitCode).toBe(0);
    const [exitCode, document] = await check(url);
    expect([exitCode, document.ok, document.problem], JSON.stringify(document.checks)).toEqual([0, true, null]);
    const names = { sqlite: /^SQLite 3\./, postgresql: /^PostgreSQL \d/, mysql: /^(MySQL|MariaDB) \d/ };
    expect(document.serverVersion).toMatch(names[database.type]);
    expect(document).toMatchObject({ role: "primary", pending: [] });
    expect(document.applied).toHaveLength(3);
    const { min = 0, median = 0, max = 0 } = document.latencyMs ?? {};
    expect([min > 0, min <= median, median <= max, max < 5000]).toEqual([true, true, true, true]);
    expect(document.pool.maxConnections).toBeGreaterThan(0);
    if (database.server === null) {
      expect(document.freeBytes).toBeGreaterThan(2 ** 20);
      expect(document.clockDifferenceMs).toBeNull();
    } else {
      expect(document.freeBytes).toBeNull();
      expect(Math.abs(document.clockDifferenceMs ?? Number.NaN)).toBeLessThan(2000); // it is this machine's own
    }
    const text = await fraisier(folder, ["db", "check"], env);
    for (const name of ["connection", "role", "latency", "schema"])
      expect(text.stdout).toMatch(new RegExp(`^✓ ${name} `, "m"));
    expect(text.stdout).toMatch(/^pool: \d+ to \d+ connections/m);
  });

  test("an outdated schema, and a newer one: 6, and the way out", async () => {
    const url = await database.createUrl();
    const folder = emptyFolder();
    await fraisier(folder, ["db", "migrate", "--to", "2"], { FRAISIER_DB_URL: url });
    const [outdated, document] = await check(url);
    expect([outdated, document.problem?.kind, document.pending.length]).toEqual([6, "schema_outdated", 1]);
    expect(document.checks.find(({ name }) => name === "schema")).toMatchObject({
      outcome: "failed",
      hint: expect.stringContaining("fraisier db migrate"),
    });
    await fraisier(folder, ["db", "migrate"], { FRAISIER_DB_URL: url });
    await using adapter = await createAdapterFromUrl(url);
    await adapter.executeUpdate("UPDATE tb_schema_migration SET version = 99, name = '099_later' WHERE version = 3");
    const [newer, after] = await check(url);
    expect([newer, after.problem?.kind]).toEqual([6, "schema_newer"]);
  });
});

test.each([
  ["nobody listens", "postgresql://ada:s3cret@127.0.0.1:1/shop", "connection_refused"],
  ["nobody listens", "mysql://ada:s3cret@127.0.0.1:1/shop", "connection_refused"],
])("%s at %s: 6, the cause, the remedy, and no password", async (_, url, kind) => {
  const [exitCode, document] = await check(url);
  expect([exitCode, document.ok, document.problem?.kind]).toEqual([6, false, kind]);
  expect(document.checks.find(({ name }) => name === "connection")).toMatchObject({
    outcome: "failed",
    hint: expect.stringMatching(/\.$/),
  });
  expect(JSON.stringify(document)).not.toContain("s3cret");
});

/** A certificate that nobody has signed but itself, with its key. */
function makeCertificate(): { readonly certificate: string; readonly key: string } {
  const folder = emptyFolder("tls");
  const [certificate, key] = [join(folder, "server.crt"), join(folder, "server.key")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const request = [
    "req",
    "-x509",
    "-subj",
    "/CN=localhost",
    "-days",
    "2",
    ...kind,
    "-keyout",
    key,
    "-out",
    certificate,
  ];
  execFileSync("openssl", request, { stdio: "ignore" });
  chmodSync(folder, 0o755);
  chmodSync(key, 0o644); // the server is another user's
  return { certificate, key };
}

/** A server that takes encrypted connections. MySQL makes what it needs for that by itself. */
async function startWithTls(kind: ServerKind): Promise<TestServer> {
  if (kind === "mysql") return ownServer(kind);
  const { certificate, key } = makeCertificate();
  if (kind === "mariadb") return ownServer(kind, { settings: { ssl_cert: certificate, ssl_key: key } });
  const server = await ownServer(kind);
  const { uid, gid } = statSync(server.folder);
  for (const file of [certificate, key]) {
    const copy = join(server.folder, "data", basename(file));
    copyFileSync(file, copy);
    chmodSync(copy, 0o600);
    chownSync(copy, uid, gid);
  }
  await runSql(server, "ALTER SYSTEM SET ssl = on");
  await server.stop();
  await server.start();
  return server;
}

test.each(["postgresql", "mariadb", "mysql"] as const)(
  "a %s: TLS is shown; what only allows reading, hangs, refuses the password or has no such database, is a failure",
  async (kind) => {
    const server = await startWithTls(kind);
    const { url, name } = await createDatabase(server);
    const [encrypted, { encryption, checks }] = await check(`${url}?sslmode=require`);
    expect([encrypted, encryption], JSON.stringify(checks)).toEqual([0, expect.stringMatching(/TLS/)]);
    const only =
      kind === "postgresql"
        ? `ALTER DATABASE ${name} SET default_transaction_read_only = on`
        : "SET GLOBAL read_only = 1";
    await runSql(server, only);
    const [closed, reading] = await check(url);
    expect([closed, reading.ok, reading.role, reading.problem?.kind]).toEqual([6, false, "read_only", "read_only"]);
    expect([outcome(reading, "role"), reading.encryption]).toEqual(["failed", null]);
    const wrong = new URL(url);
    wrong.password = "wr0ng-word";
    const [refused, without] = await check(wrong.href);
    expect([refused, without.problem?.kind]).toEqual([6, "authentication_failed"]);
    expect(JSON.stringify(without)).not.toContain("wr0ng-word");
    const missing = new URL(url);
    missing.pathname = "/nowhere";
    const before = performance.now();
    const [absent, nowhere] = await check(missing.href);
    const usual = performance.now() - before; // of it, most is the program's start
    expect([absent, outcome(nowhere, "connection")]).toEqual([6, "failed"]);

    await server.pause();
    onTestFinished(() => server.resume());
    const started = performance.now();
    const [exitCode, hung] = await check(url, "--timeout", "2");
    expect(performance.now() - started).toBeLessThan(2000 + 2 * usual);
    expect([exitCode, hung.problem?.kind]).toEqual([6, "connection_refused"]);
  },
  60_000,
);

test("a database that is not there yet is no failure, and is not made; a broken one is", async () => {
  const folder = emptyFolder();
  const fresh = await fraisier(folder, ["db", "check"]);
  expect(fresh.exitCode).toBe(0);
  expect(fresh.stdout).toContain("fraisier.db is not there yet");
  expect(everythingIn(folder)).toEqual([]);
  writeFileSync(join(folder, "fraisier.db"), "this is my diary, not a database");
  const broken = await fraisier(folder, ["db", "check"]);
  expect([broken.exitCode, broken.stdout]).toEqual([6, expect.stringMatching(/^✗ connection .*fraisier\.db/m)]);
  expect((await fraisier(folder, ["db", "check", "--timeout", "soon"])).exitCode).toBe(2);
  expect((await fraisier(folder, ["db", "check"], { FRAISIER_DB_TYPE: "oracle" })).exitCode).toBe(3);
});
