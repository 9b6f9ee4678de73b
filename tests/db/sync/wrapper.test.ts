/** What is the blocking wrapper's own. That its results and errors are the adapter's is shown by the contract. */
import { execFile } from "node:child_process";
import { symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  createAdapterFromUrl,
  DatabaseError,
  parseSqliteUrl,
  SyncDatabaseWrapper,
  type SyncTransaction,
} from "../../../src/db/index.ts";
import { DATABASES } from "../../support/databases.ts";
import { waitUntil, workerCount } from "./support.ts";

describe.each(DATABASES)("a blocking wrapper ($name)", (database) => {
  async function open(): Promise<{ wrapper: SyncDatabaseWrapper; url: string }> {
    const url = await database.createUrl();
    const wrapper = new SyncDatabaseWrapper(url);
    onTestFinished(() => wrapper.close());
    wrapper.executeQuery("CREATE TABLE entry (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL)");
    return { wrapper, url };
  }
  const count = (on: SyncDatabaseWrapper | SyncTransaction) =>
    Number(on.executeQuery<{ n: number }>("SELECT COUNT(*) AS n FROM entry")[0]?.n);
  const add = (on: SyncDatabaseWrapper | SyncTransaction, id: number) => on.insert("entry", { id, name: `n${id}` });

  test("ends its worker when it is closed, twice without harm, and opens anew", async () => {
    await waitUntil(() => workerCount() === 0); // those of the tests before end by and by
    const { wrapper } = await open();
    expect(workerCount()).toBe(database.server === null ? 0 : 1);
    wrapper.close();
    wrapper.close();
    await waitUntil(() => workerCount() === 0);
    expect([wrapper.isConnected, wrapper.poolMetrics().totalConnections]).toEqual([false, 0]);
    expect(() => count(wrapper)).toThrow(expect.objectContaining({ kind: "pool_closed" }));
    wrapper.connect();
    expect([count(wrapper), wrapper.isConnected]).toEqual([0, true]);
  });

  test("leaves the adapter open that it was made of, on connections of its own", async () => {
    const { url } = await open();
    const adapter = await createAdapterFromUrl(url);
    onTestFinished(() => adapter.close());
    await adapter.connect();
    const { openedTotal } = adapter.poolMetrics();
    const wrapper = new SyncDatabaseWrapper(adapter);
    add(wrapper, 1);
    expect(await adapter.executeQuery("SELECT name FROM entry")).toEqual([{ name: "n1" }]);
    expect(wrapper.poolMetrics().openedTotal).toBeGreaterThan(0);
    wrapper.close();
    expect([adapter.isConnected, await adapter.healthCheck()]).toEqual([true, true]);
    expect(adapter.poolMetrics().openedTotal).toBeLessThanOrEqual(Math.max(openedTotal, 2));
  });

  test("refuses by name what would wait for itself for ever", async () => {
    const { wrapper, url } = await open();
    const other = new SyncDatabaseWrapper(url);
    onTestFinished(() => other.close());
    const refused = expect.objectContaining({ kind: "adapter_in_transaction" });
    wrapper.transaction((tx) => {
      add(tx, 1);
      for (const use of [() => count(wrapper), () => add(other, 2), () => wrapper.close(), () => wrapper.connect()])
        expect(use).toThrow(refused);
      expect(() => wrapper.transaction(() => 0)).toThrow(refused);
    });
    const adapter = await createAdapterFromUrl(url);
    onTestFinished(() => adapter.close());
    await adapter.transaction(async (tx) => {
      await tx.executeQuery("SELECT 1");
      expect(() => count(wrapper)).toThrow(refused);
    });
    expect([count(wrapper), count(other)]).toEqual([1, 1]);
  });

  test("says that it waited in vain beside an asynchronous transaction of its own thread, and why", async () => {
    class Impatient extends SyncDatabaseWrapper {
      protected override readonly besideTransactionMs = 300;
    }
    const { wrapper, url } = await open();
    add(wrapper, 1);
    const beside = new Impatient(url);
    onTestFinished(() => beside.close());
    beside.connect();
    const adapter = await createAdapterFromUrl(url);
    onTestFinished(() => adapter.close());
    const [begun, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    onTestFinished(() => mayEnd.resolve());
    const held = adapter.transaction(async (tx) => {
      await tx.update("entry", 1, { name: "held" });
      begun.resolve();
      await mayEnd.promise;
    });
    await begun.promise;
    const inVain = expect.objectContaining({
      kind: "adapter_in_transaction",
      message: expect.stringMatching(/waited \d\.\d s .*asynchronous transaction of the same thread/),
    });
    const change = (on: SyncDatabaseWrapper | SyncTransaction) => on.update("entry", 1, { name: "blocked" });
    expect(() => change(beside)).toThrow(inVain);
    expect(() => beside.transaction((tx) => change(tx))).toThrow(inVain);
    const failure = new DatabaseError("lock_timeout", "of the work's own making");
    const fail = () => {
      throw failure;
    };
    if (database.server !== null) {
      expect(() => beside.transaction(fail)).toThrow(failure);
      const asked = expect.objectContaining({ kind: "statement_timeout" });
      expect(() => beside.executeUpdate("UPDATE entry SET name = 'x'", [], { timeoutMs: 50 })).toThrow(asked);
      expect(count(beside)).toBe(1); // what waits for nothing is answered
    }
    mayEnd.resolve();
    await held;
    expect(change(beside)).toBe(true);
  });

  test("works inside a transaction on another database", async () => {
    const { wrapper } = await open();
    const { wrapper: other } = await open();
    wrapper.transaction((tx) => {
      add(tx, 1);
      other.transaction((inner) => add(inner, 2));
      expect(count(other)).toBe(1);
    });
    expect(count(wrapper)).toBe(1);
  });

  test("refuses a work that is asynchronous, and rolls it back", async () => {
    const { wrapper } = await open();
    const work = async (tx: SyncTransaction) => add(tx, 1);
    expect(() => wrapper.transaction(work)).toThrow(expect.objectContaining({ kind: "unsupported" }));
    expect(count(wrapper)).toBe(0);
  });

  test("commits, rolls back, and undoes to a savepoint as it is told", async () => {
    const { wrapper } = await open();
    const failure = new Error("no");
    expect(
      wrapper.transaction((tx) => {
        add(tx, 1);
        expect(() =>
          tx.transaction((inner) => {
            add(inner, 2);
            throw failure;
          }),
        ).toThrow(failure);
        return count(tx);
      }),
    ).toBe(1);
    let ended: SyncTransaction | undefined;
    expect(() =>
      wrapper.transaction((tx) => {
        ended = tx;
        add(tx, 3);
        throw failure;
      }),
    ).toThrow(failure);
    expect(count(wrapper)).toBe(1);
    expect(ended?.isActive).toBe(false);
    expect(() => count(ended as SyncTransaction)).toThrow(expect.objectContaining({ kind: "transaction_ended" }));
  });

  test("refuses a signal, which nobody could give, and what can't be had a second time", async () => {
    const { wrapper, url } = await open();
    const unsupported = expect.objectContaining({ kind: "unsupported" });
    const { signal } = new AbortController();
    expect(() => wrapper.executeQuery("SELECT 1", [], { signal } as object)).toThrow(unsupported);
    expect(() => new SyncDatabaseWrapper(url, { clock: {} } as object)).toThrow(unsupported);
  });
});

const SERVERS = DATABASES.filter(({ server }) => server !== null);

describe.each(SERVERS)("the worker of a blocking wrapper ($name)", (database) => {
  /** What `process.ts` says, in a process of its own. */
  async function saidBy(what: "leave" | "exhaust"): Promise<unknown> {
    const program = join(import.meta.dirname, "process.ts");
    const args = ["--max-old-space-size=48", program, what, await database.createUrl()];
    return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
  }

  test("refuses a password that a function makes, by name", async () => {
    const options = { password: () => "secret" };
    const make = async () => new SyncDatabaseWrapper(await database.createUrl(), options);
    await expect(make()).rejects.toMatchObject({ kind: "unsupported", message: expect.stringContaining("password") });
  });

  test("does not keep the process alive", async () => {
    expect(await saidBy("leave")).toEqual({ left: "open" });
  });

  test("is missed when it dies while the thread waits for it, and another one goes on", async () => {
    const failed = { kind: "connection_lost", message: expect.stringContaining("memory") };
    expect(await saidBy("exhaust")).toEqual({ failed, afterwards: [{ one: 1 }] });
  });
});

test("the :memory: of an adapter is refused by name, and one of its own works", async () => {
  const adapter = await createAdapterFromUrl("sqlite::memory:");
  onTestFinished(() => adapter.close());
  expect(() => new SyncDatabaseWrapper(adapter)).toThrow(expect.objectContaining({ kind: "unsupported" }));
  using wrapper = new SyncDatabaseWrapper("sqlite::memory:");
  wrapper.executeQuery("CREATE TABLE entry (name TEXT)");
  wrapper.insertMany("entry", [{ name: "a" }, { name: "b" }]);
  expect([...wrapper.stream("SELECT name FROM entry")]).toEqual([{ name: "a" }, { name: "b" }]);
});

test("a file is the same database through a link, its own or one of its folder", async () => {
  const [sqlite] = DATABASES;
  const url = (await sqlite?.createUrl()) as string;
  const file = parseSqliteUrl(url).path;
  using wrapper = new SyncDatabaseWrapper(url);
  wrapper.executeQuery("CREATE TABLE entry (id INTEGER PRIMARY KEY)");
  symlinkSync(file, `${file}.link`);
  const folder = join(dirname(file), "folder");
  symlinkSync(dirname(file), folder);
  for (const path of [`${file}.link`, join(folder, basename(file))]) {
    using linked = new SyncDatabaseWrapper(`sqlite://${path}`);
    wrapper.transaction((tx) => {
      tx.insert("entry", {});
      const refused = expect.objectContaining({ kind: "adapter_in_transaction" });
      expect(() => linked.insert("entry", { id: 9 }, { timeoutMs: 500 }), path).toThrow(refused);
    });
  }
});
