/** What the four schemas of the ledger do with rows; what each CHECK and each NOT NULL refuses: constraints.test.ts. */
import { describe, expect, test } from "vitest";
import type { Row } from "../../src/db/index.ts";
import { keyOf, migrated } from "./catalogue/index.ts";
import { DATABASES } from "./databases.ts";

/** What a row has that was given nothing but what it must have. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  "tb_fraise_state.project_name": "",
  "tb_fraise_state.job_key": "",
  "tb_fraise_state.status": "unknown",
  "tb_fraise_state.successful_deployments": 0,
  "tb_fraise_state.failed_deployments": 0,
  "tb_deployment.project_name": "",
  "tb_deployment.kind": "deploy",
  "tb_deployment_step.direction": "do",
  "tb_deployment_step.outcome": "running",
  "tb_deployment_stat.successes": 0,
  "tb_deployment_stat.failures": 0,
  "tb_deployment_stat.rollbacks": 0,
  "tb_deployment_stat.cancellations": 0,
  "tb_deployment_stat.total_seconds": 0,
  "tb_webhook_event.processed": false,
};

/** What makes a row one of something that is over, which alone has a time at which it ended. */
const OVER: Readonly<Record<string, Row>> = {
  tb_deployment: { status: "success" },
  tb_deployment_step: { outcome: "success" },
};

/** Columns that hold one of a few words. */
const VOCABULARY = ["kind", "status", "direction", "outcome", "stream"];

/** The texts that are unique, alone or with others. */
const EXACT_KEYS = [
  "tb_deployment.identifier",
  "tb_deployment_lease.target",
  "tb_deployment_lock.provider_name",
  "tb_deployment_lock.service_name",
  "tb_fraise_state.environment_name",
  "tb_fraise_state.fraise_name",
  "tb_fraise_state.identifier",
  "tb_fraise_state.job_name",
  "tb_fraise_state.project_name",
  "tb_webhook_event.identifier",
];

/** Texts that some collation or other takes for the same. */
const SIMILAR = ["étl", "e\u0301tl", "etl", "A", "a", "x", "x ", "x\t", "ß", "ss", "ﬁ", "fi", "10", "010", "～", "🍓"];
const BY_CODE_POINT = SIMILAR.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

describe.each(DATABASES)("what $name does with rows", (database) => {
  test("has the same defaults as the others", async () => {
    const { catalogue, rows } = await migrated(database);
    const found: Record<string, unknown> = {};
    for (const [table, { columns }] of Object.entries(catalogue.tables)) {
      const row = await rows.read(table, await rows.insert(table));
      for (const { name, hasDefault, isGenerated } of columns)
        if (hasDefault || isGenerated) found[`${table}.${name}`] = row[name];
    }
    expect(found).toEqual(DEFAULTS);
  });

  test("gives no key twice, also when the last row is gone", async () => {
    const { adapter, catalogue, rows } = await migrated(database);
    for (const table of Object.keys(catalogue.tables)) {
      const last = await rows.insert(table);
      await adapter.delete(table, last, { idColumn: keyOf(table) });
      expect(Number(await rows.insert(table)), table).toBeGreaterThan(Number(last));
    }
  });

  test("keeps every instant to the millisecond, in UTC", async () => {
    const { adapter, catalogue, rows } = await migrated(database);
    // Half an hour past midnight on the day on which Europe's clocks are changed, when they show another day.
    const at = new Date("2026-10-24T22:30:00.007Z");
    for (const [table, { columns }] of Object.entries(catalogue.tables)) {
      const instants = columns.filter(({ meaning }) => meaning === "instant").map(({ name }) => name);
      const key = await rows.insert(table, {
        ...OVER[table],
        ...Object.fromEntries(instants.map((name) => [name, at])),
      });
      const row = await rows.read(table, key);
      for (const name of instants) {
        expect(row[name], `${table}.${name}`).toEqual(at);
        const found = await adapter.executeQuery(`SELECT 1 AS found FROM ${table} WHERE ${name} = ?`, [at]);
        expect(found, `${table}.${name}`).toHaveLength(1);
      }
    }
  });

  test("keeps texts of any length that are no part of a key", async () => {
    const { catalogue, rows } = await migrated(database);
    const long = "é🍓 ".repeat(20_000);
    for (const [table, { columns, indexes, uniqueKeys }] of Object.entries(catalogue.tables)) {
      const limited = new Set([...Object.values(indexes), ...uniqueKeys].flat());
      for (const word of [...VOCABULARY, "job_name", "id_hex", "id_hex_reversed"]) limited.add(word);
      const texts = columns.filter(({ name, meaning }) => meaning === "text" && !limited.has(name));
      const key = await rows.insert(table, Object.fromEntries(texts.map(({ name }) => [name, long])));
      const row = await rows.read(table, key);
      for (const { name } of texts) expect(row[name] === long, `${table}.${name}`).toBe(true);
    }
  });

  test("tells keys apart exactly: accents, case, blanks at the end, the forms of Unicode", async () => {
    const { adapter, catalogue, rows } = await migrated(database);
    const tried: string[] = [];
    for (const [table, { columns, uniqueKeys }] of Object.entries(catalogue.tables)) {
      const isText = (name: string) => columns.some((column) => column.name === name && column.meaning === "text");
      for (const key of uniqueKeys) {
        const names = key.map((name) => (name === "job_key" ? "job_name" : name)).filter(isText);
        for (const name of names) {
          tried.push(`${table}.${name}`);
          const same = Object.fromEntries(names.map((other) => [other, `the same, but for ${name}`]));
          for (const text of SIMILAR) await rows.insert(table, { ...same, [name]: text });
          const ask = `SELECT ${name} AS text FROM ${table} WHERE ${name}`;
          for (const text of SIMILAR)
            expect(await adapter.executeQuery(`${ask} = ?`, [text]), name).toEqual([{ text }]);
          const marks = SIMILAR.map(() => "?").join(", ");
          const inOrder = await adapter.executeQuery(`${ask} IN (${marks}) ORDER BY ${name}`, SIMILAR);
          expect(inOrder, `${table}.${name}`).toEqual(BY_CODE_POINT.map((text) => ({ text })));
        }
      }
    }
    expect(tried.sort()).toEqual(EXACT_KEYS);
  });

  test("has an identity once, with a job and without one", async () => {
    const { rows } = await migrated(database);
    const same = { project_name: "", fraise_name: "shop", environment_name: "production" };
    for (const job of [null, "nightly"]) {
      await rows.insert("tb_fraise_state", { ...same, job_name: job });
      await expect(rows.insert("tb_fraise_state", { ...same, job_name: job }), String(job)).rejects.toMatchObject({
        kind: "unique_violation",
      });
    }
    await rows.insert("tb_fraise_state", { ...same, project_name: "bakery", job_name: null });
  });

  test("enforces every foreign key: no row without its parent, no parent gone before its rows", async () => {
    const { adapter, catalogue, rows } = await migrated(database);
    for (const [table, { foreignKeys }] of Object.entries(catalogue.tables))
      for (const { columns, table: parent } of foreignKeys) {
        const [name = ""] = columns;
        const rest = name === "fk_deployment_undone" ? { kind: "rollback" } : {};
        const place = `${table}.${name}`;
        await expect(rows.insert(table, { ...rest, [name]: 471_100 }), place).rejects.toMatchObject({
          kind: "foreign_key_violation",
        });
        const key = await rows.insert(parent);
        const child = await rows.insert(table, { ...rest, [name]: key });
        await expect(adapter.delete(parent, key, { idColumn: keyOf(parent) }), place).rejects.toMatchObject({
          kind: "foreign_key_violation",
        });
        expect(String((await rows.read(table, child))[name]), place).toBe(key);
      }
  });
});
