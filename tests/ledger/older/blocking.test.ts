/** How the older API blocks: its thread, its one instance, what it refuses. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { SqliteAdapter, SyncDatabaseWrapper } from "../../../src/db/index.ts";
import { getDb, LedgerSchemaError, ServiceLockHeldError } from "../../../src/ledger/index.ts";
import { sqlite, temporaryFolder } from "../databases.ts";
import { digest, pythonFile } from "../python-fraisier.ts";
import { failureOf, inMinutes, openDb } from "./support.ts";

const DAY_MS = 86_400_000;

describe("getDb()", () => {
  test("is one for a database, until it is closed", async () => {
    const url = await sqlite.create();
    const db = openDb(url);
    expect(openDb(url)).toBe(db);
    expect(openDb(url, "fruit")).not.toBe(db);
    expect(openDb(await sqlite.createEmpty())).not.toBe(db);
    const key = db.startDeployment("shop", "production");
    db.close();
    db.close();
    expect([db.isOpen, failureOf(() => db.getAllFraiseStates())]).toEqual([
      false,
      expect.objectContaining({ kind: "pool_closed", hint: "Call getDb() to open it anew." }),
    ]);
    const anew = openDb(url);
    expect(anew).not.toBe(db);
    expect(anew.getDeployment(key)).toMatchObject({ status: "in_progress" });
  });

  test("finds its database as every command does, from the folder and the environment", () => {
    const folder = temporaryFolder();
    using db = getDb({ directory: folder, env: {} });
    db.updateFraiseState("shop", "production", "v1");
    expect(existsSync(join(folder, "fraisier.db"))).toBe(true);
    using same = getDb({ directory: temporaryFolder(), env: { FRAISIER_DB_PATH: join(folder, "fraisier.db") } });
    expect(same.getFraiseState("shop", "production")).toMatchObject({ current_version: "v1" });
  });

  test("refuses a database that would be forgotten", () => {
    expect(failureOf(() => getDb({ options: { url: "sqlite::memory:" }, env: {} }))).toMatchObject({
      kind: "schema_in_memory",
    });
  });

  test("never migrates: a Python Fraisier's file stays as it is, and the error says what to do", () => {
    const file = pythonFile();
    const before = digest(file);
    const db = openDb(`sqlite://${file}`);
    for (const call of [() => db.getAllFraiseStates(), () => db.startDeployment("shop", "production")]) {
      const error = failureOf(call);
      expect(error).toBeInstanceOf(LedgerSchemaError);
      expect(error).toMatchObject({ kind: "schema_outdated", hint: expect.stringContaining("fraisier db migrate") });
    }
    expect(digest(file)).toBe(before);
  });

  test("reading makes nothing", () => {
    const folder = temporaryFolder();
    using db = getDb({ directory: folder, env: {} });
    expect([db.getAllFraiseStates(), db.getDeploymentLock("shop", "local")]).toEqual([[], null]);
    expect(existsSync(join(folder, "fraisier.db"))).toBe(false);
  });

  test("a ledger that cannot be written is an error, and nothing is noted", async () => {
    const url = await sqlite.create();
    await using adapter = new SqliteAdapter(url);
    await adapter.executeQuery(
      "CREATE TRIGGER full BEFORE INSERT ON tb_event BEGIN SELECT RAISE(ABORT, 'refused by the test'); END",
    );
    const db = openDb(url);
    expect(failureOf(() => db.startDeployment("shop", "production"))).toMatchObject({ name: "DatabaseError" });
    expect([db.getRecentDeployments(), db.getAllFraiseStates()]).toEqual([[], []]);
  });

  test("a lock is freed by the last holder of this process, or by the one that is named", async () => {
    const url = await sqlite.create();
    await using adapter = new SqliteAdapter(url);
    const db = openDb(url);
    expect(db.releaseDeploymentLock("shop", "local")).toBe(false);
    const former = db.acquireDeploymentLock("shop", "local", new Date(Date.now() + DAY_MS));
    const error = failureOf(() => db.acquireDeploymentLock("shop", "local", inMinutes(1)));
    expect(error).toBeInstanceOf(ServiceLockHeldError);
    expect(error).toMatchObject({ kind: "locked", message: expect.stringContaining(former) });
    await adapter.executeUpdate("UPDATE tb_deployment_lock SET expires_at = ?", [inMinutes(-1)]);
    const holder = db.acquireDeploymentLock("shop", "local", inMinutes(1));
    expect(holder).not.toBe(former);
    expect(db.releaseDeploymentLock("shop", "local", former)).toBe(false);
    expect(db.getDeploymentLock("shop", "local")).not.toBeNull();
    expect(db.releaseDeploymentLock("shop", "local")).toBe(true);
  });

  test("is refused inside a blocking transaction on the same database, and not on another", async () => {
    const url = await sqlite.create();
    const db = openDb(url);
    using wrapper = new SyncDatabaseWrapper(url);
    wrapper.transaction(() => {
      expect(failureOf(() => db.getAllFraiseStates())).toMatchObject({ kind: "adapter_in_transaction" });
    });
    using another = new SyncDatabaseWrapper(await sqlite.createEmpty());
    another.transaction(() => expect(db.getAllFraiseStates()).toEqual([]));
  });

  test("its thread does not keep the process alive, however that was started", async () => {
    const folder = temporaryFolder();
    const script = `
      import { getDb } from ${JSON.stringify(new URL("../../../src/ledger/index.ts", import.meta.url).href)};
      const place = { directory: ${JSON.stringify(folder)}, env: {} };
      const db = getDb(place);
      db.updateFraiseState("shop", "production", "v1");
      db.close();
      const anew = getDb(place);
      anew.updateFraiseState("shop", "production", "v2");
      console.log(anew.getFraiseState("shop", "production").current_version);`;
    const { stdout } = await execa(process.execPath, ["--input-type=module", "--eval", script], { timeout: 20_000 });
    expect(stdout).toBe("v2");
  });
});
