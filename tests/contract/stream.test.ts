import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { AnyAdapterOptions, FraiserDatabaseAdapter, Queryable } from "../../src/db/index.ts";
import { describeEachDatabase, IS_FULL } from "./support/databases.ts";
import { all, failure } from "./support/expect.ts";
import { FILLER, isFree, numbers, TWENTY_THOUSAND, withDigits } from "./support/many-rows.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes that are in use, after what is not has been collected. */
function memoryInUse(): number {
  collectGarbage();
  collectGarbage(); // what the first one only found to be unused
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const MANY = IS_FULL ? { sql: numbers(6), count: 1_000_000 } : { sql: TWENTY_THOUSAND, count: 20_000 };

describeEachDatabase("a stream", (open, { types, hasReturning, hasConcurrentWriters, sessionsQuery, endSession }) => {
  const openDigits = (options?: AnyAdapterOptions) => withDigits(open, types, options);
  /** A statement that ends the session which runs the stream. */
  async function endSessionOf(adapter: FraiserDatabaseAdapter): Promise<string> {
    const sessions = await adapter.executeQuery<{ id: number; running: string | null }>(sessionsQuery ?? "");
    const streaming = sessions.find(({ running }) => /filler/.test(running ?? "")) ?? sessions[0];
    return endSession(streaming?.id ?? 0);
  }
  test(`of ${MANY.count} rows gives every one, in constant memory`, { timeout: 300_000 }, async () => {
    const adapter = await openDigits();
    await all(adapter.stream(numbers(2)));
    const before = memoryInUse();
    let [count, sum, most] = [0, 0, 0];
    for await (const row of adapter.stream<{ n: number; filler: string }>(MANY.sql)) {
      count++;
      sum += Number(row.n);
      if (row.filler.length !== FILLER.length) expect.fail("a row came without its text");
      if (count % (MANY.count / 10) === 0) most = Math.max(most, memoryInUse() - before);
    }
    expect({ count, sum }).toEqual({ count: MANY.count, sum: IS_FULL ? 499_999_500_000 : 2 * 49_995_000 });
    // A kilobyte for each row would be 20 million bytes, at full scale 1000 million.
    expect(most).toBeLessThan(8_000_000);
  });

  test("gives rows before the statement has ended, and in their order", async () => {
    const adapter = await openDigits();
    const seen: unknown[] = [];
    for await (const { n } of adapter.stream(`SELECT n FROM (${numbers(4)}) all_numbers ORDER BY n DESC`)) {
      seen.push(Number(n));
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([9999, 9998, 9997]);
  });

  test("takes parameters, and gives the values that any query gives", async () => {
    const adapter = await openDigits();
    const sql = "SELECT n, filler FROM digit WHERE n > ? ORDER BY n";
    expect(await all(adapter.stream(sql, [7]))).toEqual(await adapter.executeQuery(sql, [7]));
  });

  test.each([
    ["a query without rows", "SELECT n FROM digit WHERE n > 100", 10],
    ["a statement that returns none", "DELETE FROM digit WHERE n > 5", 6],
    ["DDL", "CREATE TABLE other (id INTEGER)", 10],
  ])("of %s runs it and has no rows", async (_, sql, left) => {
    const adapter = await openDigits();
    expect(await all(adapter.stream(sql))).toEqual([]);
    expect(await adapter.executeQuery("SELECT n FROM digit")).toHaveLength(left);
    await isFree(adapter);
  });

  test.runIf(hasReturning)("of a statement that writes and returns rows does both", async () => {
    const adapter = await openDigits();
    const sql = "INSERT INTO digit (n) VALUES (?), (?) RETURNING n";
    expect(await all(adapter.stream(sql, [11, 12]))).toEqual([{ n: 11 }, { n: 12 }]);
    expect(await all(adapter.stream(sql, [13, 14]))).toEqual([{ n: 13 }, { n: 14 }]);
    expect(await adapter.executeQuery("SELECT n FROM digit WHERE n > 10 ORDER BY n")).toHaveLength(4);
  });

  test.runIf(hasReturning)("that is left early has written all the same", async () => {
    const adapter = await openDigits();
    for await (const _ of adapter.stream("INSERT INTO digit (n) VALUES (11), (12), (13) RETURNING n")) break;
    expect(await adapter.executeQuery("SELECT n FROM digit WHERE n > 10")).toHaveLength(3);
  });

  describe("that is left early", () => {
    test.each([
      [
        "by break",
        async (adapter: Queryable) => {
          for await (const _ of adapter.stream(TWENTY_THOUSAND)) break;
        },
      ],
      [
        "by an error of the loop",
        async (adapter: Queryable) => {
          const error = new Error("of the loop");
          const looping = (async () => {
            for await (const _ of adapter.stream(TWENTY_THOUSAND)) throw error;
          })();
          await expect(looping).rejects.toBe(error);
        },
      ],
      [
        "by return() after the first row",
        async (adapter: Queryable) => {
          const rows = adapter.stream(TWENTY_THOUSAND)[Symbol.asyncIterator]();
          expect((await rows.next()).done).toBe(false);
          expect(await rows.return?.()).toMatchObject({ done: true });
          expect(await rows.next()).toMatchObject({ done: true });
        },
      ],
      [
        "before the first row",
        async (adapter: Queryable) => {
          const rows = adapter.stream(TWENTY_THOUSAND)[Symbol.asyncIterator]();
          expect(await rows.return?.()).toMatchObject({ done: true });
        },
      ],
    ])("%s frees its connection, which the next caller has at once", async (_, leave) => {
      const adapter = await openDigits({ pool: { min: 0, max: hasConcurrentWriters ? 1 : 2, acquireTimeoutMs: 5000 } });
      for (let round = 0; round < 3; round++) {
        await leave(adapter);
        expect(adapter.poolMetrics().activeConnections).toBe(0);
        expect(await adapter.executeQuery("SELECT n FROM digit WHERE n = 4")).toEqual([{ n: 4 }]);
        expect(await adapter.update("digit", 9, { filler: "" }, { idColumn: "n" })).toBe(true);
      }
      await isFree(adapter);
    });

    test("leaves the transaction that it is in as it was", async () => {
      const adapter = await openDigits();
      await adapter.transaction(async (tx) => {
        await tx.insert("digit", { n: 11 }, { idColumn: "n" });
        for (let round = 0; round < 2; round++) {
          for await (const _ of tx.stream(TWENTY_THOUSAND)) break;
          expect(await tx.executeQuery("SELECT n FROM digit WHERE n = 11")).toEqual([{ n: 11 }]);
          expect(await all(tx.stream("SELECT n FROM digit WHERE n > 8 ORDER BY n"))).toEqual([{ n: 9 }, { n: 11 }]);
        }
      });
      expect(await adapter.executeQuery("SELECT n FROM digit WHERE n = 11")).toEqual([{ n: 11 }]);
    });
  });

  describe("that fails", () => {
    test("at its beginning throws the error that any query throws, and frees its connection", async () => {
      const adapter = await openDigits();
      for (const [sql, params, kind] of [
        ["SELECT x FROM digit", [], "undefined_column"],
        ["SELECT n FROM nowhere", [], "undefined_table"],
        ["SELECT n FROM digit WHERE n = ?", [], "parameter_mismatch"],
        ["SELECT n FROM digit WHERE n = ?", [undefined], "parameter_mismatch"],
      ] as const)
        expect(await failure(all(adapter.stream(sql, params)))).toMatchObject({ kind });
      expect((await isFree(adapter)).activeConnections).toBe(0);
    });

    test("in the middle throws after the rows before it, and frees its connection", async () => {
      const adapter = await openDigits();
      await adapter.executeQuery(`CREATE TABLE number (id ${types.integer} PRIMARY KEY, n ${types.integer})`);
      const rows = Array.from({ length: 5000 }, (_, id) => ({ id, n: id < 4900 ? -id : -(2n ** 63n) }));
      await adapter.insertMany("number", rows);
      let count = 0;
      const reading = (async () => {
        // The least integer has no absolute value.
        for await (const { n } of adapter.stream("SELECT abs(n) AS n FROM number ORDER BY id")) expect(n).toBe(count++);
      })();
      expect(await failure(reading)).toMatchObject({ kind: "out_of_range" });
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThanOrEqual(4900);
      await isFree(adapter);
      expect(await adapter.executeQuery("SELECT n FROM digit WHERE n = 4")).toEqual([{ n: 4 }]);
    });
  });

  test.runIf(sessionsQuery !== null)("whose connection breaks fails, and does not wait for ever", async () => {
    const adapter = await openDigits();
    const reading = (async () => {
      let count = 0;
      for await (const _ of adapter.stream(numbers(6)))
        if (count++ === 0) await adapter.executeQuery(await endSessionOf(adapter));
    })();
    expect(await failure(reading)).toMatchObject({ kind: "connection_lost", retryable: true });
    await isFree(adapter);
    expect(await adapter.executeQuery("SELECT n FROM digit WHERE n = 4")).toEqual([{ n: 4 }]);
  });

  describe("that takes too long", () => {
    test("by its time limit ends as a statement that takes too long", async () => {
      const adapter = await openDigits();
      const slowly = (async () => {
        for await (const _ of adapter.stream(TWENTY_THOUSAND, [], { timeoutMs: 300 }))
          await new Promise((resolve) => setTimeout(resolve, 5));
      })();
      expect(await failure(slowly)).toMatchObject({ kind: "statement_timeout" });
      await isFree(adapter);
    });
  });

  describe("beside others", () => {
    test("two at once do not disturb each other", async () => {
      const adapter = await openDigits();
      const [small, large] = [numbers(2), numbers(3)].map((sql) =>
        adapter.stream<{ n: number }>(sql)[Symbol.asyncIterator](),
      );
      const sums = [0, 0];
      for (let done = 0; done < 2; ) {
        done = 0;
        for (const [index, rows] of [small, large].entries()) {
          const next = await rows?.next();
          if (next?.done) done++;
          else sums[index] = (sums[index] ?? 0) + Number(next?.value.n);
        }
      }
      expect(sums).toEqual([4950, 499_500]);
    });

    test("one inside another, with statements in the loop", async () => {
      const adapter = await openDigits();
      const pairs: string[] = [];
      for await (const outer of adapter.stream("SELECT n FROM digit WHERE n < 3 ORDER BY n"))
        for await (const inner of adapter.stream("SELECT n FROM digit WHERE n < ? ORDER BY n", [outer.n])) {
          const [found] = await adapter.executeQuery("SELECT n FROM digit WHERE n = ?", [inner.n]);
          pairs.push(`${outer.n}${inner.n}${found?.n}`);
        }
      expect(pairs).toEqual(["100", "200", "211"]);
    });

    test("sees none of what is written in its loop", async () => {
      const adapter = await openDigits();
      let count = 0;
      for await (const { n } of adapter.stream("SELECT n FROM digit")) {
        count++;
        await adapter.insert("digit", { n: 100 + Number(n) }, { idColumn: "n" });
      }
      expect(count).toBe(10);
      expect(await adapter.executeQuery("SELECT n FROM digit")).toHaveLength(20);
    });

    test("in a transaction shares its connection with other statements, and with another stream", async () => {
      const adapter = await openDigits();
      await adapter.transaction(async (tx) => {
        let sum = 0;
        for await (const outer of tx.stream(numbers(3))) {
          if (Number(outer.n) % 250 !== 0) continue;
          for await (const inner of tx.stream("SELECT n FROM digit WHERE n > ?", [7])) sum += Number(inner.n);
          await tx.update("digit", 0, { filler: String(outer.n) }, { idColumn: "n" });
        }
        expect(sum).toBe(4 * 17);
      });
      expect(await adapter.executeQuery("SELECT filler FROM digit WHERE n = 0")).toMatchObject([
        { filler: expect.stringMatching(/^(0|250|500|750)$/) },
      ]);
    });

    test("that is still open when its transaction ends gives no more rows", async () => {
      const adapter = await openDigits({ pool: { min: 0, max: hasConcurrentWriters ? 1 : 2 } });
      const rows = await adapter.transaction(async (tx) => {
        const left = tx.stream(TWENTY_THOUSAND)[Symbol.asyncIterator]();
        await left.next();
        return left;
      });
      expect(await adapter.executeQuery("SELECT n FROM digit WHERE n = 4")).toEqual([{ n: 4 }]);
      expect(await failure(rows.next() as Promise<unknown>)).toMatchObject({ kind: "transaction_ended" });
      await isFree(adapter);
    });
  });
});
