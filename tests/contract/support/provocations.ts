/** A way to provoke each kind of error, with a canary wherever a value can stand. */
import { onTestFinished } from "vitest";
import {
  type AnyAdapterOptions,
  createAdapterFromUrl,
  type DatabaseErrorKind,
  DatabaseType,
  type FraiserDatabaseAdapter,
  type IsolationLevel,
  type StatementOptions,
  type Transaction,
} from "../../../src/db/index.ts";
import { PASSWORD, VALUE } from "./canaries.ts";
import type { ContractDatabase } from "./databases.ts";
import { eventually } from "./expect.ts";
import { faultsOf } from "./faults.ts";
import { proxyTo } from "./proxy.ts";

/** Where an error is provoked: a database with {@link schema} and one row of each table. */
export interface Scene {
  readonly database: ContractDatabase;
  readonly url: string;
  readonly adapter: FraiserDatabaseAdapter;
  /** Another adapter, for the running test. */
  reopen(url: string, options?: AnyAdapterOptions): Promise<FraiserDatabaseAdapter>;
}

export function schema({ types }: ContractDatabase): readonly string[] {
  return [
    `CREATE TABLE item (id ${types.countingKey}, name ${types.keyText}, kind ${types.keyText} NOT NULL, size ${types.integer},
       CONSTRAINT item_name UNIQUE (name), CONSTRAINT positive CHECK (size > 0))`,
    `CREATE TABLE part (id ${types.countingKey}, item ${types.integer}, CONSTRAINT part_item FOREIGN KEY (item) REFERENCES item (id))`,
    `INSERT INTO item (name, kind, size) VALUES ('${VALUE}', '${VALUE}', 1), ('other', '${VALUE}', 1)`,
    "INSERT INTO part (item) VALUES (1)",
  ];
}

/** Ends with an error of its kind. */
type Provocation = (scene: Scene) => Promise<unknown>;

export const PROVOCATIONS: Readonly<Record<DatabaseErrorKind, Provocation>> = {
  unique_violation: ({ adapter }) => adapter.insert("item", { name: VALUE, kind: VALUE }),
  foreign_key_violation: ({ adapter }) => adapter.insert("part", { item: 4711 }),
  not_null_violation: ({ adapter }) => adapter.insert("item", { name: `${VALUE} 2`, kind: null }),
  check_violation: ({ adapter }) => adapter.insert("item", { name: `${VALUE} 2`, kind: VALUE, size: -4711 }),
  deadlock: ({ adapter }) => crossing(adapter, { first: rename, second: (tx, id) => rename(tx, 3 - id) }),
  serialization_failure: async ({ database, url, reopen }) => {
    // SQLite, too, begins a transaction without the writer's lock where all is one pool and it only reads.
    const adapter = await reopen(url, { pool: { min: 0, max: 1 } });
    const other = await reopen(url);
    const options = { isolation: "repeatable read", readOnly: database.type === DatabaseType.SQLITE } as const;
    await adapter.transaction(async (tx) => {
      for (const statement of faultsOf(database).strictSnapshot) await tx.executeQuery(statement);
      await tx.executeQuery("SELECT name FROM item");
      await rename(other, 1);
      await rename(tx, 1);
    }, options);
  },
  lock_timeout: ({ adapter }) =>
    beside(
      adapter,
      (tx) => rename(tx, 1),
      () => adapter.executeQuery("SELECT id FROM item WHERE name <> ? FOR UPDATE NOWAIT", [`${VALUE} 2`]),
    ),
  statement_timeout: ({ adapter, database }) => drain(adapter, faultsOf(database).endlessQuery, { timeoutMs: 50 }),
  cancelled: ({ adapter, database }) =>
    drain(adapter, faultsOf(database).endlessQuery, { signal: AbortSignal.timeout(50) }),
  acquire_timeout: async ({ url, reopen }) => {
    const adapter = await reopen(url, { pool: { min: 0, max: 1 } });
    await beside(
      adapter,
      (tx) => rename(tx, 1),
      () => adapter.executeQuery("SELECT id FROM item WHERE name = ?", [VALUE], { timeoutMs: 30 }),
    );
  },
  pool_closed: async ({ adapter }) => {
    await adapter.close();
    await rename(adapter, 1);
  },
  connection_refused: async ({ database, url, reopen }) =>
    (await reopen(await faultsOf(database).nowhere(withPassword(url)))).connect(),
  connection_lost: async ({ adapter, url, database, reopen }) => {
    const other = await reopen(url, { pool: { min: 0, max: 1 } });
    const sessions = () => other.executeQuery<{ id: number }>(database.sessionsQuery ?? "");
    await beside(
      adapter,
      (tx) => rename(tx, 1),
      async () => {
        for (const { id } of await sessions()) await other.executeQuery(database.endSession(id));
        await eventually(sessions, (left) => left.length === 0);
      },
      (tx) => rename(tx, 2),
    );
  },
  authentication_failed: async ({ url, reopen }) => (await reopen(withPassword(url))).connect(),
  tls_failed: async ({ url, reopen }) => (await reopen(`${withPassword(url)}?sslmode=verify-full`)).connect(),
  read_only: ({ adapter }) => adapter.transaction((tx) => rename(tx, 1), { readOnly: true }),
  syntax_error: ({ adapter }) => adapter.executeQuery("SELECT FROM WHERE name = ?", [VALUE]),
  undefined_table: ({ adapter }) => adapter.insert("itme", { name: VALUE }),
  undefined_column: ({ adapter }) => adapter.executeQuery("SELECT naem FROM item WHERE name = ?", [VALUE]),
  out_of_range: async ({ adapter, database }) => {
    await adapter.executeQuery(faultsOf(database).narrowTable);
    await adapter.insert("narrow", { id: 1, value: `${VALUE} ${VALUE}` });
  },
  too_many_connections: async ({ adapter, url, database, reopen }) => {
    const user = `u${new URL(url).pathname.slice(-12)}`;
    const [create, drop] = faultsOf(database).limitedUser(user, PASSWORD);
    for (const statement of create) await adapter.executeQuery(statement);
    onTestFinished(async () => {
      const last = await createAdapterFromUrl(url);
      for (const statement of drop) await last.executeQuery(statement);
      await last.close();
    });
    const limited = new URL(withPassword(url));
    limited.username = user;
    await (await reopen(limited.href, { pool: { min: 3, max: 3 } })).connect();
  },
  disk_full: ({ adapter, database }) =>
    adapter.transaction(async (tx) => {
      for (const statement of faultsOf(database).fillsUp) await tx.executeQuery(statement);
      for (let n = 0; n < 100; n++) await tx.executeUpdate("INSERT INTO small (value) VALUES (?)", [VALUE.repeat(70)]);
    }),
  busy: async ({ adapter, url, reopen }) => {
    const other = await reopen(url, { busyTimeoutMs: 30 });
    await beside(
      adapter,
      (tx) => rename(tx, 1),
      () => rename(other, 2),
    );
  },
  commit_outcome_unknown: async ({ url, reopen }) => {
    const proxy = await proxyTo(url);
    const adapter = await reopen(proxy.url);
    await adapter.transaction(async (tx) => {
      await rename(tx, 1);
      proxy.loseAnswerTo("COMMIT");
    });
  },
  parameter_mismatch: ({ adapter }) => adapter.executeQuery("SELECT id FROM item WHERE name = ?", [VALUE, VALUE]),
  adapter_in_transaction: ({ adapter }) => adapter.transaction(() => rename(adapter, 1)),
  transaction_ended: async ({ adapter }) => {
    const tx = await adapter.transaction(async (inner) => inner);
    await rename(tx, 1);
  },
  unsupported: ({ adapter }) => adapter.executeQuery("SELECT no_such_function(?) AS x", [VALUE]),
  unknown: ({ adapter }) => adapter.executeQuery("CREATE TABLE item (id INTEGER)"),
};

/** The same URL with a password that is wrong and full of what a URL has other uses for. */
function withPassword(url: string): string {
  const wrong = new URL(url);
  if (wrong.hostname !== "") wrong.password = encodeURIComponent(PASSWORD);
  return wrong.href;
}

function rename(on: Pick<Transaction, "executeUpdate">, id: number): Promise<number> {
  return on.executeUpdate("UPDATE item SET name = ? WHERE id = ?", [`${VALUE} ${id} renamed`, id]);
}

/** Does `work` while a transaction is open that began with `begin`, and then `end` in the transaction. */
async function beside(
  adapter: FraiserDatabaseAdapter,
  begin: (tx: Transaction) => Promise<unknown>,
  work: () => Promise<unknown>,
  end: (tx: Transaction) => Promise<unknown> = async () => {},
): Promise<void> {
  const begun = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const transaction = adapter.transaction(async (tx) => {
    await begin(tx);
    begun.resolve();
    await done.promise;
    await end(tx);
  });
  await Promise.race([begun.promise, transaction]);
  await Promise.all([work().finally(done.resolve), transaction]);
}

/** Two transactions that lock a row each, and then want a row that the other has locked or read. */
async function crossing(
  adapter: FraiserDatabaseAdapter,
  { isolation, first, second }: { isolation?: IsolationLevel; first: Step; second: Step },
): Promise<void> {
  const both = Promise.withResolvers<void>();
  let there = 0;
  const work = (id: number) =>
    adapter.transaction(
      async (tx) => {
        await first(tx, id);
        if (++there === 2) both.resolve();
        await both.promise;
        await second(tx, id);
      },
      isolation ? { isolation } : {},
    );
  const ends = await Promise.allSettled([work(1), work(2)]);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

type Step = (tx: Transaction, id: number) => Promise<unknown>;

async function drain(adapter: FraiserDatabaseAdapter, query: string, options: StatementOptions): Promise<void> {
  for await (const _ of adapter.stream(query, [VALUE], options));
}
