/**
 * The four schemas of the ledger, held against each other by what the servers themselves say of them. What they do with
 * rows: schema-rows.test.ts, constraints.test.ts.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ledgerMigrations, migrationsDirectory } from "../../src/ledger/index.ts";
import { type Catalogue, keyOf, migrated, openAdapter, Rows, readCatalogue, type Table } from "./catalogue/index.ts";
import { DATABASES, sqlite, TABLES, type TestDatabase } from "./databases.ts";

const NAMES = ["001_create_deployment_tables", "002_create_deployment_indexes", "003_create_fraise_state_tables"];
const [reference, ...servers] = DATABASES.filter((database) => database !== sqlite) as [TestDatabase, TestDatabase];

/** Read once: they are looked at by many. */
const catalogues = new Map<TestDatabase, Promise<Catalogue>>();
function catalogueOf(database: TestDatabase): Promise<Catalogue> {
  const catalogue = catalogues.get(database) ?? migrated(database).then((made) => made.catalogue);
  catalogues.set(database, catalogue);
  return catalogue;
}

/** SQLite has one type for whole numbers. */
function asSqliteTellsIt({ tables, ...rest }: Catalogue): Catalogue {
  const columnsOf = ({ columns }: Table) =>
    columns.map((column) => (column.meaning === "bigint" ? { ...column, meaning: "integer" as const } : column));
  return {
    tables: Object.fromEntries(
      Object.entries(tables).map(([name, table]) => [name, { ...table, columns: columnsOf(table) }]),
    ),
    ...rest,
  };
}

/** What a catalogue says of the views, but for their texts, which each database writes in its own way. */
const viewsOf = ({ views }: Catalogue) =>
  Object.fromEntries(Object.entries(views).map(([name, { columns }]) => [name, columns]));

describe("the files", () => {
  const folders = readdirSync(migrationsDirectory());
  const textOf = (folder: string, name: string) =>
    readFileSync(join(migrationsDirectory(), folder, `${name}.sql`), "utf8").replaceAll(/^--.*\n/gm, "");

  test("are there for each type of database, of the same numbers and names", () => {
    expect(folders.sort()).toEqual(["mysql", "postgresql", "sqlite"]);
    for (const folder of folders)
      expect(readdirSync(join(migrationsDirectory(), folder)).sort(), folder).toEqual(
        NAMES.map((name) => `${name}.sql`),
      );
  });

  test.for(folders)("make the tables in one order, parents first (%s)", (folder) => {
    const made = [...textOf(folder, NAMES[0] as string).matchAll(/CREATE TABLE (\w+) \((.*?)\n\)/gs)];
    expect(made.map(([, table]) => table)).toEqual(TABLES);
    const later: string[] = [];
    for (const [index, [, table, body]] of made.entries())
      for (const [, parent] of body?.matchAll(/REFERENCES (\w+)/g) ?? [])
        if (!made.slice(0, index + 1).some(([, known]) => known === parent)) later.push(`${table} → ${parent}`);
    // A state knows its current deployment, which knows its state. Only SQLite lets a table be named before it is there.
    expect(later).toEqual(folder === "sqlite" ? ["tb_fraise_state → tb_deployment"] : []);
  });

  test("make views of one text, whatever the database", () => {
    const texts = folders.map((folder) => textOf(folder, NAMES[2] as string).replaceAll("SQL SECURITY INVOKER ", ""));
    for (const text of texts) expect(text).toBe(texts[0]);
  });
});

describe.each(servers)("$name and PostgreSQL", (database) => {
  test("have the same tables: columns, defaults, keys, checks and indexes", async () => {
    expect((await catalogueOf(database)).tables).toEqual((await catalogueOf(reference)).tables);
  });

  test("have the same views", async () => {
    expect(viewsOf(await catalogueOf(database))).toEqual(viewsOf(await catalogueOf(reference)));
  });
});

test.each(servers)(
  "views of $name have the rights of whoever asks, so that a dump is usable without who made them",
  async (database) => {
    const { adapter } = await migrated(database);
    const found = await adapter.executeQuery(
      "SELECT DISTINCT SECURITY_TYPE AS rights FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()",
    );
    expect(found).toEqual([{ rights: "INVOKER" }]);
  },
);

describe("SQLite and PostgreSQL", () => {
  test("have the same tables: columns, defaults, keys, checks and indexes", async () => {
    expect((await catalogueOf(sqlite)).tables).toEqual(asSqliteTellsIt(await catalogueOf(reference)).tables);
  });

  test("have the same views", async () => {
    expect(viewsOf(await catalogueOf(sqlite))).toEqual(viewsOf(await catalogueOf(reference)));
  });
});

describe.each(DATABASES)("the schema of $name", (database) => {
  test("has the tables that it should, and nothing beside tables and views", async () => {
    const { tables, views, others } = await catalogueOf(database);
    expect(Object.keys(tables).sort()).toEqual([...TABLES].sort());
    expect(Object.keys(views)).toEqual([
      "v_deployment",
      "v_deployment_history",
      "v_fraise_status",
      "v_webhook_event_history",
    ]);
    expect(others).toEqual([]);
  });

  test("never deletes a row because of another", async () => {
    const keys = Object.values((await catalogueOf(database)).tables).flatMap(({ foreignKeys }) => foreignKeys);
    expect(keys.length).toBeGreaterThanOrEqual(8);
    expect(keys.filter(({ onDelete }) => onDelete !== "refused")).toEqual([]);
  });

  test("refers to internal keys alone, by an index", async () => {
    for (const [name, { columns, foreignKeys, indexes, uniqueKeys }] of Object.entries(
      (await catalogueOf(database)).tables,
    )) {
      expect(foreignKeys.flatMap((key) => key.columns).sort(), name).toEqual(
        columns
          .map((column) => column.name)
          .filter((column) => column.startsWith("fk_"))
          .sort(),
      );
      for (const key of foreignKeys) {
        expect(key.referenced, name).toEqual([keyOf(key.table)]);
        const first = [...Object.values(indexes), ...uniqueKeys].map(([column]) => column);
        expect(first, name).toContain(key.columns[0]);
      }
    }
  });

  test("orders the rows of no view", async () => {
    for (const { definition } of Object.values((await catalogueOf(database)).views)) {
      expect(definition).toMatch(/\bFROM\b/i);
      expect(definition).not.toMatch(/\bORDER\s+BY\b/i);
    }
  });
});

describe.each(DATABASES)("migrations of $name that are taken back", (database) => {
  test("leave what was there before each of them, in the end nothing, and can be applied again", async () => {
    const adapter = await openAdapter(await database.createEmpty());
    const runner = await ledgerMigrations(adapter);
    const before: Catalogue[] = [];
    for (const version of NAMES.keys()) {
      before.push(await readCatalogue(adapter));
      await runner.up({ to: version + 1 });
    }
    const whole = await readCatalogue(adapter);
    expect(before[0]).toEqual({ tables: {}, views: {}, others: [] });
    expect(whole).toEqual(await catalogueOf(database));
    const rows = new Rows(adapter, whole);
    for (const catalogue of before.toReversed()) {
      await rows.insert("tb_webhook_event"); // not only when they are empty
      expect((await runner.down()).reverted).toHaveLength(1);
      expect(await readCatalogue(adapter)).toEqual(catalogue);
    }
    expect((await runner.up()).applied).toEqual(NAMES);
    expect(await readCatalogue(adapter)).toEqual(whole);
  });
});
