import { describe, expect, onTestFinished, test } from "vitest";
import { DatabaseError, getDatabaseAdapter, loadDatabaseConfig } from "../../src/db/index.ts";
import { DATABASES } from "../support/databases.ts";

describe.each(DATABASES)("the adapter of a process ($name)", (database) => {
  test("is one, and connected, also for two who ask first at the same time; another after it was closed", async () => {
    const url = await database.createUrl();
    const [first, second] = await Promise.all([getDatabaseAdapter({ url }), getDatabaseAdapter({ url })]);
    onTestFinished(() => first.close());
    expect(second).toBe(first);
    expect(first.isConnected).toBe(true);
    const { minConnections } = first.poolMetrics();
    expect(first.poolMetrics().openedTotal).toBe(minConnections);
    expect(await getDatabaseAdapter(loadDatabaseConfig({ options: { url } }))).toBe(first);
    expect(await getDatabaseAdapter({ url, poolMax: 3 })).not.toBe(first);
    await (await getDatabaseAdapter({ url, poolMax: 3 })).close();

    await first.close();
    const [third, fourth] = await Promise.all([getDatabaseAdapter({ url }), getDatabaseAdapter({ url })]);
    onTestFinished(() => third.close());
    expect([third === first, fourth === third, third.isConnected]).toEqual([false, true, true]);
  });

  test("has the sizes and times that were chosen", async () => {
    const url = await database.createUrl();
    const adapter = await getDatabaseAdapter({ url, poolMin: 1, poolMax: 1, statementTimeout: "80ms" });
    onTestFinished(() => adapter.close());
    const { maxConnections } = adapter.poolMetrics();
    expect(maxConnections).toBe(1);
    if (database.server === null) return; // an SQLite statement runs to its end
    const slow = { sqlite: "", postgresql: "SELECT pg_sleep(5)", mysql: "SELECT SLEEP(5)" }[database.type];
    await expect(adapter.executeQuery(slow)).rejects.toMatchObject({ kind: "statement_timeout" });
    await expect(adapter.transaction((tx) => tx.executeQuery(slow))).rejects.toMatchObject({
      kind: "statement_timeout",
    });
    const short = slow.replace("5", "0.2");
    await adapter.executeQuery(short, [], { timeoutMs: Number.POSITIVE_INFINITY });
    await adapter.transaction((tx) => tx.executeQuery(short, [], { timeoutMs: 5000 }));
  });

  test("that cannot be connected is an error for all who asked, and is tried anew", async () => {
    const url = {
      sqlite: "sqlite:///dev/null/a.db",
      postgresql: "postgresql://a@127.0.0.1:1/a",
      mysql: "mysql://a@127.0.0.1:1/a",
    }[database.type];
    const asked = await Promise.allSettled([getDatabaseAdapter({ url }), getDatabaseAdapter({ url })]);
    expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(getDatabaseAdapter({ url })).rejects.toBeInstanceOf(DatabaseError);
  });
});
