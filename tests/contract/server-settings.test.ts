/** Servers of their own, since a setting of the whole server is changed. SQLite has no server. */
import { describe, expect, onTestFinished, test } from "vitest";
import { createAdapterFromUrl, type FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { runSql } from "../servers/databases.ts";
import type { ServerKind } from "../servers/products/index.ts";
import { ownServer, testDatabase } from "../servers/shared.ts";
import { DATABASES } from "./support/databases.ts";
import { SAMPLES } from "./support/values.ts";

const MYSQL = {
  zones: ["+00:00", "-09:30", "+05:45", "+13:00"],
  setDefault: (zone: string) => [`SET GLOBAL time_zone = '${zone}'`],
  ask: "SELECT @@session.time_zone AS zone",
  readOnly: (isOn: boolean) => [`SET GLOBAL read_only = ${isOn ? 1 : 0}`],
};
const POSTGRESQL = {
  zones: ["UTC", "Pacific/Marquesas", "Asia/Kathmandu", "Pacific/Apia"],
  setDefault: (zone: string) => [`ALTER ROLE ALL SET timezone = '${zone}'`],
  ask: `SELECT current_setting('TimeZone') AS zone`,
  readOnly: (isOn: boolean) => [`ALTER ROLE ALL SET default_transaction_read_only = ${isOn}`],
};
const KINDS: readonly { kind: ServerKind; name: string; rules: typeof MYSQL }[] = [
  { kind: "postgresql", name: "PostgreSQL", rules: POSTGRESQL },
  { kind: "mariadb", name: "MariaDB", rules: MYSQL },
  { kind: "mysql", name: "MySQL", rules: MYSQL },
];
const SERVERS = await Promise.all(KINDS.map(async (each) => ({ ...each, server: await ownServer(each.kind) })));

describe.each(SERVERS)("a server with settings of its own ($name)", ({ name, rules, server }) => {
  const types = DATABASES.find((database) => database.name === name)?.types;

  async function setDefault(zone: string): Promise<void> {
    await runSql(server, ...rules.setDefault(zone));
    expect(await runSql(server, rules.ask)).toEqual([{ zone }]);
  }

  async function open(url: string): Promise<FraiserDatabaseAdapter> {
    const adapter = await createAdapterFromUrl(url);
    onTestFinished(() => adapter.close());
    return adapter;
  }

  const create = `CREATE TABLE t (id ${types?.countingKey}, instant ${types?.instant}, day ${types?.date},
    made ${types?.instant} DEFAULT CURRENT_TIMESTAMP(3))`;

  test.each(rules.zones)("gives instants and dates as they were written, in the time zone %s", async (zone) => {
    await setDefault(zone);
    const adapter = await open((await testDatabase(server)).url);
    await adapter.executeQuery(create);
    for (const { given } of SAMPLES.instant) await adapter.insert("t", { instant: given });
    for (const { given } of SAMPLES.date) await adapter.insert("t", { day: given });
    const rows = await adapter.executeQuery("SELECT instant, day FROM t ORDER BY id");
    expect(rows).toEqual([
      ...SAMPLES.instant.map(({ read }) => ({ instant: read, day: null })),
      ...SAMPLES.date.map(({ read }) => ({ instant: null, day: read })),
    ]);
  });

  test.each(rules.zones)("has the same now in the time zone %s", async (zone) => {
    await setDefault(zone);
    const adapter = await open((await testDatabase(server)).url);
    await adapter.executeQuery(create);
    const before = Date.now();
    await adapter.insert("t", {});
    const [row] = await adapter.executeQuery<{ made: Date }>("SELECT made FROM t");
    expect(Math.abs((row?.made.getTime() ?? 0) - before)).toBeLessThan(60_000);
    expect(await adapter.executeQuery("SELECT id FROM t WHERE made > ?", [new Date(before - 60_000)])).toEqual([
      { id: 1 },
    ]);
  });

  test("tells that it is read-only, and no longer when it is not", async () => {
    const { url } = await testDatabase(server);
    const role = async () => (await (await open(url)).checkHealth()).role;
    expect(await role()).toBe("primary");
    await runSql(server, ...rules.readOnly(true));
    try {
      expect(await role()).toBe("read_only");
    } finally {
      await runSql(
        server,
        ...(name === "PostgreSQL" ? ["SET default_transaction_read_only = off"] : []),
        ...rules.readOnly(false),
      );
    }
    expect(await role()).toBe("primary");
  });

  test("gives what was written while it had another time zone", async () => {
    const { url } = await testDatabase(server);
    const expected: unknown[] = [];
    for (const [n, zone] of rules.zones.entries()) {
      await setDefault(zone);
      const adapter = await open(url);
      if (n === 0) await adapter.executeQuery(create);
      await adapter.insert("t", { instant: new Date("2026-03-29T01:30:00.123Z"), day: "2026-03-29" });
      expected.push({ instant: new Date("2026-03-29T01:30:00.123Z"), day: "2026-03-29" });
      expect(await adapter.executeQuery("SELECT instant, day FROM t ORDER BY id"), zone).toEqual(expected);
    }
  });
});
