import { describe, expect, onTestFinished, test } from "vitest";
import {
  type AnyAdapterOptions,
  createAdapterFromUrl,
  DATABASE_ERROR_KINDS,
  type DatabaseErrorDetails,
  type DatabaseErrorKind,
  type FraiserDatabaseAdapter,
} from "../../src/db/index.ts";
import { PASSWORD, provoked, VALUE } from "./support/canaries.ts";
import { type ContractDatabase, DATABASES } from "./support/databases.ts";
import { eventually, failure } from "./support/expect.ts";
import { faultsOf } from "./support/faults.ts";
import { PROVOCATIONS, schema } from "./support/provocations.ts";

const KINDS = Object.keys(DATABASE_ERROR_KINDS) as DatabaseErrorKind[];

describe.each(DATABASES)("the table of kinds ($name)", (database) => {
  test("has for each kind a way to provoke it, or the reason why it cannot happen there", () => {
    const { absent } = faultsOf(database);
    expect(Object.keys(PROVOCATIONS).sort()).toEqual([...KINDS].sort());
    for (const [kind, reason] of Object.entries(absent)) {
      expect(KINDS).toContain(kind);
      expect(reason, kind).toMatch(/^\w.{20,}/);
    }
  });
});

interface Scene {
  readonly url: string;
  readonly adapter: FraiserDatabaseAdapter;
  open(url: string, options?: AnyAdapterOptions): Promise<FraiserDatabaseAdapter>;
}

/** More ways to the same kinds: what the server calls otherwise means the same. */
interface Variant {
  readonly title: string;
  readonly kind: DatabaseErrorKind;
  readonly told?: Pick<DatabaseErrorDetails, "table" | "columns" | "constraint">;
  readonly by: (scene: Scene) => Promise<unknown>;
}

const inTransaction =
  (...statements: readonly string[]): Variant["by"] =>
  ({ adapter }) =>
    adapter.transaction(async (tx) => {
      for (const statement of statements) await tx.executeQuery(statement);
    });

const query =
  (text: string, ...params: readonly unknown[]): Variant["by"] =>
  ({ adapter }) =>
    adapter.executeQuery(text, params);

/** As somebody who is made for the test, with a password full of what a URL has other uses for. */
const logIn =
  (makeUser: (name: string) => readonly string[]): Variant["by"] =>
  async ({ adapter, url, open }) => {
    const name = `v${new URL(url).pathname.slice(-12)}`;
    for (const statement of makeUser(name)) await adapter.executeQuery(statement);
    onTestFinished(async () => {
      const last = await createAdapterFromUrl(url);
      await last.executeQuery(`DROP USER ${name}`);
      await last.close();
    });
    const theirs = new URL(url);
    theirs.username = name;
    theirs.password = encodeURIComponent(PASSWORD);
    await (await open(theirs.href)).connect();
  };

const everywhere = (database: ContractDatabase): readonly Variant[] => [
  {
    title: "a key that is there already",
    kind: "unique_violation",
    ...(database.tells.uniqueTable && { told: { table: "item" } }),
    by: query("INSERT INTO item (id, name, kind) VALUES (1, ?, ?)", `${VALUE} 3`, VALUE),
  },
  {
    title: "a second row of two columns that are unique together",
    kind: "unique_violation",
    ...(database.tells.uniqueColumns && { told: { table: "pair", columns: ["one", "two"] } }),
    by: async ({ adapter }) => {
      await adapter.insertMany("pair", [
        { one: 1, two: 2 },
        { one: 1, two: 3 },
      ]);
      await adapter.insert("pair", { one: 1, two: 2 });
    },
  },
  {
    title: "a value that a change makes the second of its kind",
    kind: "unique_violation",
    ...(database.tells.uniqueTable && { told: { table: "item" } }),
    by: ({ adapter }) => adapter.update("item", 2, { name: VALUE }),
  },
  {
    title: "a row that others refer to",
    kind: "foreign_key_violation",
    ...(database.tells.foreignKey && { told: { table: "part", constraint: "part_item" } }),
    by: ({ adapter }) => adapter.delete("item", 1),
  },
  {
    title: "a column without a value",
    kind: "not_null_violation",
    told: { columns: ["kind"] },
    by: query("INSERT INTO item (name) VALUES (?)", `${VALUE} 3`),
  },
  {
    title: "a change that breaks a rule",
    kind: "check_violation",
    told: { constraint: "positive" },
    by: ({ adapter }) => adapter.update("item", 1, { size: -1 }),
  },
  {
    title: "a trigger that refuses",
    kind: "check_violation",
    by: async ({ adapter }) => {
      for (const statement of faultsOf(database).refusingTrigger) await adapter.executeQuery(statement);
      await adapter.delete("item", 2);
    },
  },
];

const mysql: readonly Variant[] = [
  {
    title: "a view that does not let it through",
    kind: "check_violation",
    by: async ({ adapter }) => {
      await adapter.executeQuery("CREATE VIEW v_small AS SELECT * FROM item WHERE size < 5 WITH CHECK OPTION");
      await adapter.executeQuery("UPDATE v_small SET size = 9");
    },
  },
  {
    title: "a table that others refer to, emptied at once",
    kind: "unsupported",
    by: query("TRUNCATE TABLE item"),
  },
  {
    title: "a file that the server may not write",
    kind: "unsupported",
    by: query("SELECT name FROM item INTO OUTFILE '/nowhere/at/all'"),
  },
  {
    title: "more than the server takes at once",
    kind: "out_of_range",
    by: async ({ adapter }) => {
      const [row] = await adapter.executeQuery<{ most: number }>("SELECT @@max_allowed_packet AS most");
      await adapter.executeQuery("SELECT LENGTH(?) AS x", ["x".repeat(row?.most ?? 0)]);
    },
  },
  {
    title: "a lock that the server waited for in vain",
    kind: "lock_timeout",
    by: ({ adapter, url, open }) =>
      adapter.transaction(async (tx) => {
        await tx.update("item", 1, { size: 2 });
        const other = await open(url);
        await other.transaction(async (theirs) => {
          await theirs.executeQuery("SET innodb_lock_wait_timeout = 1");
          await theirs.update("item", 1, { size: 3 });
        });
      }),
  },
  {
    title: "a user that is locked",
    kind: "authentication_failed",
    by: logIn((name) => [
      `CREATE USER ${name} IDENTIFIED BY '${PASSWORD}' ACCOUNT LOCK`,
      `GRANT ALL ON *.* TO ${name}`,
    ]),
  },
];

const VARIANTS: Readonly<Record<string, readonly Variant[]>> = {
  SQLite: [
    {
      title: "a reference that is checked at COMMIT only",
      kind: "foreign_key_violation",
      by: inTransaction("PRAGMA defer_foreign_keys = ON", "INSERT INTO part (item) VALUES (4711)"),
    },
  ],
  PostgreSQL: [
    {
      title: "a reference that is checked at COMMIT only",
      kind: "foreign_key_violation",
      told: { table: "part", columns: ["item"], constraint: "part_item" },
      by: inTransaction(
        "ALTER TABLE part ALTER CONSTRAINT part_item DEFERRABLE INITIALLY DEFERRED",
        "INSERT INTO part (item) VALUES (4711)",
      ),
    },
    {
      title: "a view that does not let it through",
      kind: "check_violation",
      by: inTransaction(
        "CREATE VIEW v_small AS SELECT * FROM item WHERE size < 5 WITH CHECK OPTION",
        "UPDATE v_small SET size = 9",
      ),
    },
    {
      title: "what no transaction may hold",
      kind: "unsupported",
      by: inTransaction("VACUUM"),
    },
    {
      title: "a time limit of the server's",
      kind: "statement_timeout",
      by: inTransaction("SET LOCAL statement_timeout = 50", "SELECT pg_sleep(30)"),
    },
    {
      title: "somebody else's request to end it",
      kind: "cancelled",
      by: async ({ adapter, url, open }) => {
        const other = await open(url, { pool: { min: 0, max: 1 } });
        const running = failure(adapter.executeQuery("SELECT pg_sleep(30)"));
        await eventually(
          () =>
            other.executeQuery<{ found: boolean }>(
              "SELECT pg_cancel_backend(pid) AS found FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%sleep(30)' AND state = 'active'",
            ),
          (rows) => rows.length > 0,
        );
        throw await running;
      },
    },
    {
      title: "a lock that the server waited for in vain",
      kind: "lock_timeout",
      by: ({ adapter, url, open }) =>
        adapter.transaction(async (tx) => {
          await tx.update("item", 1, { size: 2 });
          const other = await open(url);
          await other.transaction(async (theirs) => {
            await theirs.executeQuery("SET LOCAL lock_timeout = 50");
            await theirs.update("item", 1, { size: 3 });
          });
        }),
    },
    {
      title: "a parameter that there is not",
      kind: "parameter_mismatch",
      by: ({ adapter }) => adapter.executeQuery("SELECT $2::text AS x", [VALUE], { placeholders: "native" }),
    },
    {
      title: "a user who may not log in",
      kind: "authentication_failed",
      by: logIn((name) => [`CREATE ROLE ${name} NOLOGIN PASSWORD '${PASSWORD}'`]),
    },
  ],
  MySQL: [
    ...mysql,
    {
      title: "a time limit of the server's",
      kind: "statement_timeout",
      by: inTransaction(
        "SET max_execution_time = 50",
        "SELECT COUNT(*) FROM information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c",
      ),
    },
  ],
  MariaDB: [
    ...mysql,
    {
      title: "a time limit of the server's",
      kind: "statement_timeout",
      by: inTransaction("SET max_statement_time = 0.05", "SELECT SLEEP(30)"),
    },
  ],
};

describe.each(DATABASES)("an error ($name) by", (database) => {
  async function setScene(): Promise<Scene> {
    const url = await database.createUrl(onTestFinished);
    const open: Scene["open"] = async (at, options) => {
      const adapter = await createAdapterFromUrl(at, options);
      onTestFinished(() => adapter.close());
      return adapter;
    };
    const adapter = await open(url, { pool: { min: 0 } });
    const pair = `CREATE TABLE pair (id ${database.types.countingKey}, one INTEGER, two INTEGER, UNIQUE (one, two))`;
    for (const statement of [...schema(database), pair]) await adapter.executeQuery(statement);
    return { url, adapter, open };
  }

  const variants = [...everywhere(database), ...(VARIANTS[database.name] ?? [])];
  test.each(variants)("$title is of the kind $kind", async ({ kind, told, by }) => {
    const scene = await setScene();
    const error = await provoked(by(scene));
    expect(error).toMatchObject({ kind, retryable: DATABASE_ERROR_KINDS[kind].retryable, ...told });
    // Those of the other table would be taken for this one's.
    if (kind === "foreign_key_violation") expect([["item"], undefined]).toContainEqual(error.columns);
    // What it leaves behind works.
    expect(await scene.adapter.executeQuery("SELECT id FROM item WHERE id = 1")).toEqual([{ id: 1 }]);
    expect(scene.adapter.poolMetrics()).toMatchObject({ activeConnections: 0, waitingRequests: 0 });
  });
});
