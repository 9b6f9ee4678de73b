import { AsyncResource } from "node:async_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { DatabaseError, type FraiserDatabaseAdapter, type Transaction } from "../../src/db/index.ts";
import { describeEachDatabase, IS_FULL } from "./support/databases.ts";

/** The asynchronous context of this file, in which no transaction runs. */
const outside = new AsyncResource("outside");

const failure = (promise: Promise<unknown>): Promise<DatabaseError> =>
  promise.then(
    () => {
      throw new Error("it should have failed");
    },
    (error: DatabaseError) => error,
  );

describeEachDatabase("a transaction", (open, { types, failureEndsTransaction }) => {
  async function accounts(): Promise<FraiserDatabaseAdapter> {
    const adapter = await open();
    await adapter.executeQuery(`CREATE TABLE account (id INT PRIMARY KEY, balance ${types.integer} NOT NULL)`);
    await adapter.insertMany("account", [
      { id: 1, balance: 10 },
      { id: 2, balance: 20 },
    ]);
    return adapter;
  }
  const balances = async (adapter: FraiserDatabaseAdapter) =>
    (await adapter.executeQuery("SELECT balance FROM account ORDER BY id")).map((row) => row.balance);
  const add = (tx: Transaction, id: number, amount: number) =>
    tx.executeUpdate("UPDATE account SET balance = balance + ? WHERE id = ?", [amount, id]);

  test("keeps what it did when its work returns, and returns what that returned", async () => {
    const adapter = await accounts();
    expect(await adapter.transaction((tx) => add(tx, 1, 5))).toBe(1);
    expect(await balances(adapter)).toEqual([15, 20]);
  });

  test("keeps nothing when its work throws, and throws that very error", async () => {
    const adapter = await accounts();
    const error = new Error("changed my mind");
    const thrown = await failure(
      adapter.transaction(async (tx) => {
        await add(tx, 1, 5);
        throw error;
      }),
    );
    expect(thrown).toBe(error);
    expect(await balances(adapter)).toEqual([10, 20]);
    expect(adapter.poolMetrics().activeConnections).toBe(0);
  });

  test("is not seen from outside before its end", async () => {
    const adapter = await accounts();
    const changed = Promise.withResolvers<void>();
    const seen = Promise.withResolvers<void>();
    const working = adapter.transaction(async (tx) => {
      await add(tx, 1, 5);
      changed.resolve();
      await seen.promise;
    });
    await changed.promise;
    expect(await balances(adapter)).toEqual([10, 20]);
    seen.resolve();
    await working;
    expect(await balances(adapter)).toEqual([15, 20]);
  });

  test("has savepoints: what one did is undone by itself", async () => {
    const adapter = await accounts();
    await adapter.transaction(async (tx) => {
      await add(tx, 1, 1);
      await failure(
        tx.transaction(async (inner) => {
          await add(inner, 1, 100);
          await inner.transaction((innermost) => add(innermost, 2, 100));
          throw new Error("undo");
        }),
      );
      await tx.transaction((inner) => add(inner, 2, 1));
    });
    expect(await balances(adapter)).toEqual([11, 21]);
  });

  test("goes on after a statement that failed in a savepoint", async () => {
    const adapter = await accounts();
    await adapter.transaction(async (tx) => {
      await failure(tx.transaction((inner) => inner.insert("account", { id: 1, balance: 0 })));
      await add(tx, 1, 1);
    });
    expect(await balances(adapter)).toEqual([11, 20]);
  });

  test("with a failed statement that was swallowed is kept, or says that it is not", async () => {
    const adapter = await accounts();
    const working = adapter.transaction(async (tx) => {
      await add(tx, 1, 1);
      await failure(tx.executeQuery("SELECT * FROM nowhere"));
    });
    if (failureEndsTransaction) expect(await failure(working)).toMatchObject({ kind: "transaction_ended" });
    else await working;
    expect(await balances(adapter)).toEqual([failureEndsTransaction ? 10 : 11, 20]);
  });

  test("savepoints begun at the same time run one after the other", async () => {
    const adapter = await accounts();
    await adapter.transaction(async (tx) => {
      await Promise.all([1, 2, 1, 2].map((id) => tx.transaction((inner) => add(inner, id, 1))));
    });
    expect(await balances(adapter)).toEqual([12, 22]);
  });

  test("that only reads refuses to write, and leaves a connection that writes", async () => {
    const adapter = await accounts();
    const error = await failure(adapter.transaction((tx) => add(tx, 1, 1), { readOnly: true }));
    expect(error).toMatchObject({ kind: "read_only" });
    expect(await adapter.transaction((tx) => tx.executeQuery("SELECT 1 AS n"), { readOnly: true })).toEqual([{ n: 1 }]);
    await adapter.transaction((tx) => add(tx, 1, 1));
    expect(await balances(adapter)).toEqual([11, 20]);
  });

  test.each(["read uncommitted", "read committed", "repeatable read", "serializable"] as const)(
    "can be %s, or stronger",
    async (isolation) => {
      const adapter = await accounts();
      await adapter.transaction((tx) => add(tx, 1, 1), { isolation });
      expect(await balances(adapter)).toEqual([11, 20]);
    },
  );

  test.each(["repeatable read", "serializable"] as const)("that is %s reads the same again", async (isolation) => {
    const adapter = await accounts();
    const read = (tx: Transaction) => tx.executeQuery("SELECT balance FROM account WHERE id = 1");
    await adapter.transaction(
      async (tx) => {
        const before = await read(tx);
        const write = () =>
          adapter.executeUpdate("UPDATE account SET balance = 99 WHERE id = 1", [], { timeoutMs: 500 });
        // A serializable reader may hold the writer up, who then gives up.
        await outside.runInAsyncScope(write).catch(() => {});
        expect(await read(tx)).toEqual(before);
      },
      { isolation, readOnly: true },
    );
  });

  test("refuses the adapter inside its work, also from a timer, and not after its end", async () => {
    const adapter = await accounts();
    const late = Promise.withResolvers<unknown>();
    await adapter.transaction(async (tx) => {
      for (const call of [
        () => adapter.executeQuery("SELECT 1"),
        () => adapter.transaction(async () => {}),
        () => adapter.insert("account", { id: 3, balance: 0 }),
        () => tx.transaction(() => adapter.executeQuery("SELECT 1")),
        () => pause(1).then(() => adapter.executeQuery("SELECT 1")),
      ])
        expect(await failure(call())).toMatchObject({
          kind: "adapter_in_transaction",
          hint: expect.stringContaining("transaction object"),
        });
      setTimeout(() => adapter.executeQuery("SELECT 1 AS n").then(late.resolve, late.reject), 300);
    });
    expect(await late.promise).toEqual([{ n: 1 }]);
  });

  test("cannot be used after its end", async () => {
    const adapter = await accounts();
    let kept: Transaction | null = null;
    await adapter.transaction(async (tx) => {
      kept = tx;
    });
    const tx = kept as unknown as Transaction;
    for (const call of [
      () => tx.executeQuery("SELECT 1"),
      () => tx.insert("account", { id: 3, balance: 0 }),
      () => tx.transaction(async () => {}),
      () => tx.stream("SELECT 1")[Symbol.asyncIterator]().next(),
    ])
      expect(await failure(call())).toMatchObject({ kind: "transaction_ended" });
  });

  test.each(["COMMIT", "ROLLBACK"])("does not go on when a statement in it is %s", async (sql) => {
    const adapter = await accounts();
    const error = await failure(
      adapter.transaction(async (tx) => {
        await add(tx, 1, 1);
        await failure(tx.executeQuery(sql));
        await add(tx, 2, 1);
      }),
    );
    expect(error).toMatchObject({ kind: "transaction_ended" });
    expect((await balances(adapter))[1]).toBe(20);
  });

  test("BEGIN outside of transaction() is refused, and leaves nothing open", async () => {
    const adapter = await accounts();
    expect(await failure(adapter.executeQuery("BEGIN"))).toMatchObject({ kind: "unsupported" });
    await adapter.executeUpdate("UPDATE account SET balance = 0 WHERE id = 1");
    expect(await balances(adapter)).toEqual([0, 20]);
  });

  test("ends at a signal and at a deadline, rolled back", async () => {
    const adapter = await accounts();
    const controller = new AbortController();
    const cancelled = adapter.transaction(
      async (tx) => {
        await add(tx, 1, 1);
        controller.abort();
        await pause(5000);
      },
      { signal: controller.signal },
    );
    expect(await failure(cancelled)).toMatchObject({ kind: "cancelled" });
    const late = adapter.transaction(
      async (tx) => {
        await add(tx, 1, 1);
        await pause(5000);
      },
      { timeoutMs: 100 },
    );
    expect(await failure(late)).toMatchObject({ kind: "statement_timeout" });
    expect(await balances(adapter)).toEqual([10, 20]);
    expect(adapter.poolMetrics().activeConnections).toBe(0);
  });

  test("is tried again as often as asked, and no oftener, for what may go away", async () => {
    const adapter = await accounts();
    let tries = 0;
    const work = async () => {
      tries++;
      throw new DatabaseError("serialization_failure", "made by the test");
    };
    await failure(adapter.transaction(work, { retry: { attempts: 4, maxDelayMs: 1 } }));
    expect(tries).toBe(4);
    tries = 0;
    await failure(adapter.transaction(work));
    expect(tries).toBe(1);
    let held = 0;
    const once = async () => {
      held = Math.max(held, adapter.poolMetrics().activeConnections);
      if (++tries < 4) throw new DatabaseError("deadlock", "made by the test");
      return "done";
    };
    expect(await adapter.transaction(once, { retry: { attempts: 9, maxDelayMs: 1 } })).toBe("done");
    expect(held).toBe(1);
    tries = 0;
    const hopeless = async () => {
      tries++;
      throw new DatabaseError("unique_violation", "made by the test");
    };
    await failure(adapter.transaction(hopeless, { retry: { attempts: 9 } }));
    expect(tries).toBe(1);
  });

  test("a stream in it lets other statements run in the loop", async () => {
    const adapter = await accounts();
    await adapter.insertMany(
      "account",
      Array.from({ length: 1500 }, (_, index) => ({ id: index + 10, balance: 1 })),
    );
    let seen = 0;
    await adapter.transaction(async (tx) => {
      for await (const row of tx.stream("SELECT id FROM account ORDER BY id")) {
        seen++;
        if (seen % 400 === 0) await add(tx, row.id as number, 1);
      }
    });
    expect(seen).toBe(1502);
    expect(await adapter.executeQuery("SELECT COUNT(*) AS n FROM account WHERE balance = 2")).toEqual([{ n: 3 }]);
  });

  test("transfers by many at once lose nothing and leave no connection out", { timeout: 120_000 }, async () => {
    const adapter = await open();
    const [workers, transfers, rows] = IS_FULL ? [64, 200, 1000] : [16, 10, 100];
    await adapter.executeQuery(`CREATE TABLE account (id INT PRIMARY KEY, balance ${types.integer} NOT NULL)`);
    await adapter.insertMany(
      "account",
      Array.from({ length: rows }, (_, id) => ({ id, balance: 100 })),
    );
    const work = async () => {
      for (let n = 0; n < transfers; n++) {
        const from = Math.floor(Math.random() * rows);
        const to = (from + 1 + Math.floor(Math.random() * (rows - 1))) % rows;
        await adapter.transaction(
          async (tx) => {
            await add(tx, from, -1);
            await add(tx, to, 1);
          },
          { retry: { attempts: 100 }, timeoutMs: 60_000 },
        );
      }
    };
    await Promise.all(Array.from({ length: workers }, work));
    const [sum] = await adapter.executeQuery("SELECT SUM(balance) AS total FROM account");
    expect(Number(sum?.total)).toBe(100 * rows);
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0, waitingRequests: 0 });
  });
});
