import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { FraiserDatabaseAdapter, Queryable, Transaction } from "../../src/db/index.ts";
import { createAdapterFromUrl } from "../../src/db/index.ts";
import { describeEachDatabase } from "./support/databases.ts";
import { all, failure } from "./support/expect.ts";

describeEachDatabase("a savepoint", (open, { types }) => {
  async function openItems(): Promise<FraiserDatabaseAdapter> {
    const adapter = await open();
    await adapter.executeQuery(`CREATE TABLE item (id ${types.countingKey}, name ${types.keyText} NOT NULL)`);
    return adapter;
  }
  const add = (on: Queryable, name: string) => on.insert("item", { name });
  const names = async (on: Queryable) =>
    (await on.executeQuery<{ name: string }>("SELECT name FROM item ORDER BY name")).map(({ name }) => name);

  test("keeps what it did when its work returns", async () => {
    const adapter = await openItems();
    const result = await adapter.transaction(async (tx) => {
      await add(tx, "a");
      const inner = await tx.transaction(async (nested) => {
        await add(nested, "b");
        return "inner";
      });
      await add(tx, "c");
      return inner;
    });
    expect(result).toBe("inner");
    expect(await names(adapter)).toEqual(["a", "b", "c"]);
  });

  test("whose work throws is undone alone, and the error is the one that the work threw", async () => {
    const adapter = await openItems();
    const mine = new Error("mine");
    await adapter.transaction(async (tx) => {
      await add(tx, "a");
      const inner = tx.transaction(async (nested) => {
        await add(nested, "b");
        throw mine;
      });
      await expect(inner).rejects.toBe(mine);
      await add(tx, "c");
    });
    expect(await names(adapter)).toEqual(["a", "c"]);
  });

  test("around a statement that fails saves the transaction on every database", async () => {
    const adapter = await openItems();
    await adapter.transaction(async (tx) => {
      await add(tx, "a");
      const inner = tx.transaction((nested) => nested.insert("item", { name: null }));
      expect(await failure(inner)).toMatchObject({ kind: "not_null_violation" });
      await add(tx, "b");
    });
    expect(await names(adapter)).toEqual(["a", "b"]);
  });

  test("is undone with the transaction around it", async () => {
    const adapter = await openItems();
    const work = adapter.transaction(async (tx) => {
      await tx.transaction((nested) => add(nested, "a"));
      throw new Error("undone");
    });
    await expect(work).rejects.toThrow("undone");
    expect(await names(adapter)).toEqual([]);
  });

  test("goes ten deep, and each level is undone by itself", async () => {
    const adapter = await openItems();
    const descend = async (tx: Transaction, depth: number): Promise<void> => {
      await add(tx, `level ${depth}`);
      if (depth === 9) return;
      await tx.transaction((inner) => descend(inner, depth + 1)).catch(() => {});
      if (depth === 5) throw new Error("undone from here on");
    };
    await adapter.transaction((tx) => descend(tx, 0));
    expect(await names(adapter)).toEqual([0, 1, 2, 3, 4].map((depth) => `level ${depth}`));
  });

  test("begun with others at the same time waits for its turn, and each is undone by itself", async () => {
    const adapter = await openItems();
    let open = 0;
    const ends = await adapter.transaction((tx) =>
      Promise.allSettled(
        Array.from({ length: 6 }, (_, n) =>
          tx.transaction(async (nested) => {
            expect(++open).toBe(1);
            await add(nested, `n${n}`);
            await pause(1);
            open--;
            if (n % 2 === 1) throw new Error("odd");
          }),
        ),
      ),
    );
    expect(ends.map(({ status }) => status)).toEqual(Array.from({ length: 3 }, () => ["fulfilled", "rejected"]).flat());
    expect(await names(adapter)).toEqual(["n0", "n2", "n4"]);
  });

  test("leaves the outer transaction object unusable while it is open, and its own afterwards", async () => {
    const adapter = await openItems();
    await adapter.transaction(async (tx) => {
      const kept = await tx.transaction(async (nested) => {
        expect(await failure(add(tx, "a"))).toMatchObject({ kind: "adapter_in_transaction" });
        return nested;
      });
      expect(await failure(add(kept, "b"))).toMatchObject({ kind: "transaction_ended" });
      await add(tx, "c");
    });
    expect(await names(adapter)).toEqual(["c"]);
  });

  test("in which the whole transaction was ended says so, and nothing more is written", async () => {
    const adapter = await openItems();
    const work = adapter.transaction(async (tx) => {
      await tx.transaction((nested) => nested.executeQuery("ROLLBACK")).catch(() => {});
      await add(tx, "a");
    });
    expect(await failure(work)).toMatchObject({ kind: "transaction_ended" });
    expect(await names(adapter)).toEqual([]);
  });
});

/** Work of a savepoint that nobody waits for any more: its connection may be somebody else's by then. */
describeEachDatabase("a savepoint left running", (open, { types }) => {
  /** An adapter on one connection, so that the next transaction has the connection of the one before. */
  async function openItems(): Promise<FraiserDatabaseAdapter> {
    const adapter = await open({ pool: { min: 0, max: 1 } });
    await adapter.executeQuery(`CREATE TABLE item (id ${types.countingKey}, name ${types.keyText} NOT NULL)`);
    return adapter;
  }
  const add = (on: Queryable, name: string) => on.insert("item", { name });
  const names = async (on: Queryable) =>
    (await on.executeQuery<{ name: string }>("SELECT name FROM item ORDER BY name")).map(({ name }) => name);

  /** Lets `late` end while the next transaction has done a part of its savepoint, which then must be all there. */
  async function expectNextUntouched(adapter: FraiserDatabaseAdapter, end: () => void, late: Promise<unknown>) {
    await adapter.transaction(async (tx) => {
      await add(tx, "next 1");
      await tx.transaction(async (nested) => {
        await add(nested, "next 2");
        end();
        await late;
        await add(nested, "next 3");
      });
    });
    expect(await names(adapter)).toEqual(["next 1", "next 2", "next 3"]);
    expect(adapter.poolMetrics()).toMatchObject({ totalConnections: 1, activeConnections: 0, waitingRequests: 0 });
  }

  const ENDS: Readonly<Record<string, (nested: Transaction) => Promise<unknown>>> = {
    "would write": (nested) => add(nested, "late"),
    returns: async () => "late",
    throws: () => Promise.reject(new Error("late")),
    "would begin another": (nested) => nested.transaction((inner) => add(inner, "late")),
  };

  test.each(Object.entries(ENDS))(
    "undoes the transaction that did not wait for it, and then %s in vain",
    async (_, end) => {
      const adapter = await openItems();
      const more = Promise.withResolvers<void>();
      let left: Promise<unknown> = Promise.resolve();
      const work = adapter.transaction(async (tx) => {
        await add(tx, "outer");
        const begun = Promise.withResolvers<void>();
        const inner = tx.transaction(async (nested) => {
          await add(nested, "inner");
          begun.resolve();
          await more.promise;
          return end(nested);
        });
        left = inner.catch((error) => error);
        await begun.promise;
      });
      const error = await failure(work);
      expect(error).toMatchObject({ kind: "adapter_in_transaction", hint: expect.stringContaining("wait") });
      await expectNextUntouched(adapter, more.resolve, left);
      expect(await left).toBeInstanceOf(Error);
    },
  );

  test.each(Object.entries(ENDS))("by the signal of its transaction %s in vain", async (_, end) => {
    const adapter = await openItems();
    const more = Promise.withResolvers<void>();
    const cancelling = new AbortController();
    let left: Promise<unknown> = Promise.resolve();
    const work = adapter.transaction(
      async (tx) => {
        left = tx
          .transaction(async (nested) => {
            await add(nested, "inner");
            cancelling.abort();
            await more.promise;
            return end(nested);
          })
          .catch((error) => error);
        await left;
      },
      { signal: cancelling.signal },
    );
    expect(await failure(work)).toMatchObject({ kind: "cancelled" });
    await expectNextUntouched(adapter, more.resolve, left);
    expect(await left).toBeInstanceOf(Error);
  });

  test("is refused by name wherever it is used after the end of the whole", async () => {
    const adapter = await openItems();
    const kept: Transaction[] = [];
    await adapter.transaction((tx) => {
      kept.push(tx);
      return tx.transaction((nested) => {
        kept.push(nested);
        return nested.transaction(async (inner) => void kept.push(inner));
      });
    });
    expect(kept).toHaveLength(3);
    for (const tx of kept) {
      expect(tx.isActive).toBe(false);
      expect(await failure(add(tx, "late"))).toMatchObject({ kind: "transaction_ended" });
      expect(await failure(all(tx.stream("SELECT name FROM item")))).toMatchObject({ kind: "transaction_ended" });
    }
    expect(await names(adapter)).toEqual([]);
  });

  test("and not waited for inside another one undoes that one alone", async () => {
    const adapter = await openItems();
    const more = Promise.withResolvers<void>();
    let left: Promise<unknown> = Promise.resolve();
    await adapter.transaction(async (tx) => {
      await add(tx, "outer");
      const outer = tx.transaction(async (nested) => {
        await add(nested, "undone");
        const begun = Promise.withResolvers<void>();
        const inner = nested.transaction(async (innermost) => {
          await add(innermost, "undone, too");
          begun.resolve();
          await more.promise;
          await add(innermost, "late");
        });
        left = inner.catch((error) => error);
        await begun.promise;
      });
      expect(await failure(outer)).toMatchObject({ kind: "adapter_in_transaction" });
      more.resolve();
      expect(await left).toMatchObject({ kind: "transaction_ended" });
      await add(tx, "outer, too");
    });
    expect(await names(adapter)).toEqual(["outer", "outer, too"]);
  });

  test("whose own end fails keeps the first error, and its transaction is not committed", async () => {
    const adapter = await openItems();
    const mine = new Error("mine");
    const work = adapter.transaction(async (tx) => {
      await add(tx, "outer");
      const inner = tx.transaction(async (nested) => {
        await add(nested, "inner");
        await nested.executeQuery("RELEASE SAVEPOINT fraisier_1"); // so that there is none to go back to
        throw mine;
      });
      await expect(inner).rejects.toBe(mine);
      await expect(add(tx, "late")).rejects.toBe(mine);
    });
    await expect(work).rejects.toBe(mine);
    expect(await names(adapter)).toEqual([]);
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0, waitingRequests: 0 });
  });
});

describeEachDatabase("inside a transaction of its own", (open, { types, createUrl }) => {
  const CALLS: Readonly<Record<string, (adapter: FraiserDatabaseAdapter) => Promise<unknown>>> = {
    executeQuery: (adapter) => adapter.executeQuery("SELECT 1 AS one"),
    execute: (adapter) => adapter.execute("SELECT 1 AS one"),
    executeUpdate: (adapter) => adapter.executeUpdate("DELETE FROM item"),
    stream: (adapter) => all(adapter.stream("SELECT 1 AS one")),
    insert: (adapter) => adapter.insert("item", { name: "a" }),
    insertMany: (adapter) => adapter.insertMany("item", [{ name: "a" }]),
    upsert: (adapter) => adapter.upsert("item", { id: 1, name: "a" }, { conflict: ["id"] }),
    update: (adapter) => adapter.update("item", 1, { name: "a" }),
    delete: (adapter) => adapter.delete("item", 1),
    transaction: (adapter) => adapter.transaction((tx) => tx.insert("item", { name: "a" })),
    connect: (adapter) => adapter.connect(),
    close: (adapter) => adapter.close(),
  };
  const create = `CREATE TABLE item (id ${types.countingKey}, name ${types.text})`;

  test.each(Object.entries(CALLS))("an adapter refuses %s", async (_, call) => {
    const adapter = await open({ pool: { min: 0, max: 1 } });
    await adapter.executeQuery(create);
    await adapter.transaction(async (tx) => {
      expect(await failure(call(adapter))).toMatchObject({ kind: "adapter_in_transaction", hint: expect.any(String) });
      await tx.transaction(async () => {
        expect(await failure(call(adapter))).toMatchObject({ kind: "adapter_in_transaction" });
      });
      expect(await tx.executeQuery("SELECT name FROM item")).toEqual([]);
    });
  });

  test("an adapter refuses what timers, promises and far functions do there", async () => {
    const adapter = await open();
    const far = async () => {
      await Promise.resolve();
      return failure(adapter.executeQuery("SELECT 1 AS one"));
    };
    const errors = await adapter.transaction(() =>
      Promise.all([
        far(),
        new Promise((resolve) => setTimeout(() => resolve(far()), 1)),
        new Promise((resolve) => setImmediate(() => resolve(far()))),
      ]),
    );
    expect(errors).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ kind: "adapter_in_transaction" })),
    );
  });

  test("an adapter is free again as soon as the transaction is over, also for what was begun inside", async () => {
    const adapter = await open({ pool: { min: 0, max: 1 } });
    const ended = Promise.withResolvers<void>();
    let late: Promise<unknown> = Promise.resolve();
    await adapter.transaction(async () => {
      late = ended.promise.then(() => adapter.executeQuery("SELECT 1 AS one"));
    });
    ended.resolve();
    expect(await late).toEqual([{ one: 1 }]);
    expect(await adapter.executeQuery("SELECT 2 AS two")).toEqual([{ two: 2 }]);
  });

  test("another adapter may be used", async () => {
    const adapter = await open();
    const other = await createAdapterFromUrl(await createUrl(onTestFinished));
    onTestFinished(() => other.close());
    expect(await adapter.transaction(() => other.transaction((tx) => tx.executeQuery("SELECT 1 AS one")))).toEqual([
      { one: 1 },
    ]);
  });

  test.each(Object.entries(CALLS).slice(0, 9))("the transaction object refuses %s after its end", async (_, call) => {
    const adapter = await open();
    await adapter.executeQuery(create);
    const committed = await adapter.transaction(async (tx) => tx);
    let undone: Transaction | undefined;
    await adapter
      .transaction(async (tx) => {
        undone = tx;
        throw new Error("undone");
      })
      .catch(() => {});
    for (const tx of [committed, undone]) {
      const error = await failure(call(tx as unknown as FraiserDatabaseAdapter));
      expect(error).toMatchObject({ kind: "transaction_ended", hint: expect.any(String) });
    }
    expect(await adapter.executeQuery("SELECT name FROM item")).toEqual([]);
  });
});
