import { expect, onTestFinished, test } from "vitest";
import {
  createAdapterFromUrl,
  DATABASE_ERROR_KINDS,
  DatabaseError,
  type DatabaseErrorKind,
  DatabaseType,
  type FraiserDatabaseAdapter,
  type IsolationLevel,
  type Queryable,
  type TransactionOptions,
} from "../../src/db/index.ts";
import { describeEachDatabase, IS_FULL } from "./support/databases.ts";
import { failure } from "./support/expect.ts";
import { faultsOf } from "./support/faults.ts";

const deadlock = () => new DatabaseError("deadlock", "Two transactions waited for each other.");

/** Enough that deadlocks stay the exception: PostgreSQL looks for them only after a second. */
const ACCOUNTS = 50;

describeEachDatabase("concurrent transactions", (open, database) => {
  const { type, types, hasConcurrentWriters, createUrl } = database;
  const { weakestIsolation, strictSnapshot, absent } = faultsOf(database);

  async function openAccounts(
    balances: readonly number[],
    adapter?: FraiserDatabaseAdapter,
  ): Promise<FraiserDatabaseAdapter> {
    const opened = adapter ?? (await open());
    await opened.executeQuery(
      `CREATE TABLE account (id ${types.integer} NOT NULL PRIMARY KEY, balance ${types.integer})`,
    );
    await opened.insertMany(
      "account",
      balances.map((balance, index) => ({ id: index + 1, balance })),
    );
    return opened;
  }
  const balances = async (on: Queryable) =>
    (await on.executeQuery<{ balance: number }>("SELECT balance FROM account ORDER BY id")).map(
      ({ balance }) => balance,
    );

  /** What a transaction reads before and after another one has committed a change. */
  async function readAround(isolation: IsolationLevel): Promise<readonly number[]> {
    const adapter = await openAccounts([1]);
    const read = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const work = adapter.transaction(
      async (tx) => {
        const look = async () =>
          (await tx.executeQuery<{ balance: number }>("SELECT balance FROM account"))[0]?.balance ?? 0;
        const before = await look();
        read.resolve();
        await written.promise;
        return [before, await look()];
      },
      { isolation, readOnly: true },
    );
    await read.promise;
    await adapter.update("account", 1, { balance: 2 });
    written.resolve();
    return work;
  }

  test("at read committed see what was committed meanwhile, unless the database knows only stronger levels", async () => {
    expect(await readAround("read committed")).toEqual(weakestIsolation === "serializable" ? [1, 1] : [1, 2]);
  });

  test("at read uncommitted see what may yet be undone, where the database has such a level", async () => {
    const adapter = await openAccounts([1]);
    const look = () =>
      adapter.transaction((reading) => balances(reading), { isolation: "read uncommitted", readOnly: true });
    const changed = Promise.withResolvers<void>();
    const looked = Promise.withResolvers<void>();
    const undone = adapter.transaction(async (tx) => {
      await tx.update("account", 1, { balance: 2 });
      changed.resolve();
      await looked.promise;
      throw new Error("undone");
    });
    await changed.promise;
    const seen = await look().finally(looked.resolve);
    await expect(undone).rejects.toThrow("undone");
    expect(seen).toEqual([weakestIsolation === "read uncommitted" ? 2 : 1]);
    expect(await look()).toEqual([1]);
  });

  test("at repeatable read see the same all the time", async () => {
    expect(await readAround("repeatable read")).toEqual([1, 1]);
  });

  /** Two transactions that each look at both accounts and then take from one, which only one of them may. */
  async function skew(options: TransactionOptions): Promise<{ sum: number; tries: number }> {
    const adapter = await openAccounts([1, 1]);
    const bothRead = Promise.withResolvers<void>();
    let readers = 0;
    let tries = 0;
    const take = (id: number) =>
      adapter.transaction(async (tx) => {
        tries++;
        const [row] = await tx.executeQuery<{ total: unknown }>("SELECT SUM(balance) AS total FROM account");
        if (hasConcurrentWriters) {
          if (++readers === 2) bothRead.resolve();
          await bothRead.promise;
        }
        if (Number(row?.total) === 2) await tx.executeUpdate("UPDATE account SET balance = 0 WHERE id = ?", [id]);
      }, options);
    await Promise.all([take(1), take(2)]);
    const [one = 0, two = 0] = await balances(adapter);
    return { sum: one + two, tries };
  }

  test("at serializable never break together what each of them keeps", async () => {
    const { sum, tries } = await skew({ isolation: "serializable", retry: { attempts: 10 } });
    expect(sum).toBe(1);
    expect(tries).toBe(hasConcurrentWriters ? 3 : 2); // one of two that overlapped was tried again
  });

  test("at the weakest level do, where there is a weaker one", async () => {
    const { sum } = await skew({ isolation: "read committed" });
    expect(sum).toBe(weakestIsolation === "serializable" ? 1 : 0);
  });

  test("that lock each other are tried again until both succeed", async () => {
    const adapter = await openAccounts([0, 0]);
    const bothLocked = Promise.withResolvers<void>();
    let locked = 0;
    let tries = 0;
    const addToBoth = (ids: readonly [number, number]) =>
      adapter.transaction(
        async (tx) => {
          tries++;
          await tx.executeUpdate("UPDATE account SET balance = balance + 1 WHERE id = ?", [ids[0]]);
          if (hasConcurrentWriters) {
            if (++locked === 2) bothLocked.resolve();
            await bothLocked.promise;
          }
          await tx.executeUpdate("UPDATE account SET balance = balance + 1 WHERE id = ?", [ids[1]]);
        },
        { retry: { attempts: 5 } },
      );
    await Promise.all([addToBoth([1, 2]), addToBoth([2, 1])]);
    expect(await balances(adapter)).toEqual([2, 2]);
    expect(tries).toBe(hasConcurrentWriters ? 3 : 2);
  });

  test.runIf(hasConcurrentWriters)(
    "of which one is ended by a deadlock can write nothing more in that one",
    async () => {
      const adapter = await openAccounts([0, 0, 0]);
      const bothLocked = Promise.withResolvers<void>();
      let locked = 0;
      const add = (tx: Queryable, id: number) =>
        tx.executeUpdate("UPDATE account SET balance = balance + 1 WHERE id = ?", [id]);
      const late: unknown[] = [];
      const addToBoth = (ids: readonly [number, number]) =>
        adapter.transaction(async (tx) => {
          await add(tx, ids[0]);
          if (++locked === 2) bothLocked.resolve();
          await bothLocked.promise;
          await add(tx, ids[1]).catch(async () => late.push(await failure(add(tx, 3))));
        });
      const ends = await Promise.allSettled([addToBoth([1, 2]), addToBoth([2, 1])]);
      expect(ends.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      expect(late).toHaveLength(1);
      expect(await balances(adapter)).toEqual([1, 1, 0]);
    },
  );

  test.runIf(absent.serialization_failure === undefined)(
    "of which one met a change of another can write nothing more in that one",
    async () => {
      const url = await createUrl(onTestFinished);
      const [adapter, other] = await Promise.all([
        createAdapterFromUrl(url, { pool: { min: 0, max: 1 } }),
        createAdapterFromUrl(url),
      ]);
      onTestFinished(async () => void (await Promise.all([adapter.close(), other.close()])));
      await openAccounts([0, 0, 0], adapter);
      const add = (on: Queryable, id: number) =>
        on.executeUpdate("UPDATE account SET balance = balance + 1 WHERE id = ?", [id]);
      const late: unknown[] = [];
      const work = adapter.transaction(
        async (tx) => {
          for (const statement of strictSnapshot) await tx.executeQuery(statement);
          await balances(tx);
          await add(other, 2);
          await add(tx, 2).catch(async (error) => {
            late.push(await failure(add(tx, 3)));
            throw error;
          });
        },
        { isolation: "repeatable read", readOnly: type === DatabaseType.SQLITE },
      );
      expect(await failure(work)).toMatchObject({ kind: "serialization_failure", retryable: true });
      expect(late).toHaveLength(1);
      expect(await balances(adapter)).toEqual([0, 1, 0]);
      expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0, waitingRequests: 0 });
    },
  );

  test("are tried as often as asked, and no more", async () => {
    const adapter = await openAccounts([0]);
    for (const attempts of [1, 2, 4]) {
      const errors: DatabaseError[] = [];
      const work = adapter.transaction(
        async (tx) => {
          await tx.executeUpdate("UPDATE account SET balance = balance + 1 WHERE id = 1");
          errors.push(deadlock());
          throw errors.at(-1);
        },
        { retry: { attempts, maxDelayMs: 1 } },
      );
      expect(await failure(work)).toBe(errors.at(-1));
      expect(errors).toHaveLength(attempts);
    }
    expect(await balances(adapter)).toEqual([0]);
  });

  test("are tried again after every kind of error for which that is of use, and after no other", async () => {
    const adapter = await openAccounts([0]);
    let balance = 0;
    for (const [kind, { retryable }] of Object.entries(DATABASE_ERROR_KINDS)) {
      let tries = 0;
      const work = adapter.transaction(
        async (tx) => {
          await tx.executeUpdate("UPDATE account SET balance = balance + 1 WHERE id = 1");
          if (++tries < 3) throw new DatabaseError(kind as DatabaseErrorKind, "Made up for this test.");
        },
        { retry: { attempts: 3, maxDelayMs: 1 } },
      );
      if (retryable) await work;
      else expect(await failure(work)).toMatchObject({ kind });
      expect(tries, kind).toBe(retryable ? 3 : 1);
      if (retryable) balance++;
      expect(await balances(adapter), kind).toEqual([balance]);
    }
  });

  test("are tried once without being asked, and once when trying again is of no use", async () => {
    const adapter = await openAccounts([0]);
    let tries = 0;
    const work = (error: Error, options?: TransactionOptions) =>
      adapter.transaction(async () => {
        tries++;
        throw error;
      }, options);
    await failure(work(deadlock()));
    await failure(work(new DatabaseError("unique_violation", "There."), { retry: { attempts: 5 } }));
    await expect(work(new Error("mine"), { retry: { attempts: 5 } })).rejects.toThrow("mine");
    expect(tries).toBe(3);
  });

  test("let others have their connection between two tries", async () => {
    const adapter = await openAccounts([0], await open({ pool: { min: 0, max: 1 } }));
    const log: string[] = [];
    const began = Promise.withResolvers<void>();
    const queued = Promise.withResolvers<void>();
    const work = adapter.transaction(
      async (tx) => {
        log.push("try");
        await tx.executeUpdate("UPDATE account SET balance = balance + 1 WHERE id = 1");
        began.resolve();
        await queued.promise;
        if (log.length === 1) throw deadlock();
      },
      { retry: { attempts: 2 } },
    );
    await began.promise;
    const other = adapter.executeUpdate("UPDATE account SET balance = 10 WHERE id = 1").then(() => log.push("other"));
    queued.resolve();
    await Promise.all([work, other]);
    expect(log).toEqual(["try", "other", "try"]);
    expect(await balances(adapter)).toEqual([11]);
  });

  test("that would be tried for ever end by their time limit with the error of the last try", async () => {
    const adapter = await openAccounts([0]);
    const started = performance.now();
    const retry = { attempts: Number.POSITIVE_INFINITY, maxDelayMs: 5 };
    const work = adapter.transaction(() => Promise.reject(deadlock()), { retry, timeoutMs: 100 });
    expect(["deadlock", "acquire_timeout", "statement_timeout"]).toContain((await failure(work)).kind);
    expect(performance.now() - started).toBeLessThan(3000);
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0, waitingRequests: 0 });
  });

  test("that would be tried for ever end by their signal, also in the pause between two tries", async () => {
    const adapter = await openAccounts([0]);
    for (let round = 0; round < 5; round++) {
      const cancelling = new AbortController();
      let tries = 0;
      const work = adapter.transaction(
        async () => {
          if (++tries === 8) setImmediate(() => setImmediate(() => cancelling.abort()));
          throw deadlock();
        },
        { retry: { attempts: Number.POSITIVE_INFINITY, maxDelayMs: 100 }, signal: cancelling.signal },
      );
      expect(await failure(work)).toMatchObject({ kind: "cancelled" });
    }
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0, waitingRequests: 0 });
  });

  test("that move money never lose any, and leave no connection out", {
    timeout: IS_FULL ? 600_000 : 30_000,
  }, async () => {
    const [workers, transfers] = IS_FULL ? [64, 200] : [16, 10];
    const url = await createUrl(onTestFinished);
    // So many wait for each other that none may give up early.
    const adapter = await createAdapterFromUrl(url, { pool: { acquireTimeoutMs: 300_000 }, busyTimeoutMs: 300_000 });
    onTestFinished(() => adapter.close());
    await openAccounts(
      Array.from({ length: ACCOUNTS }, () => 100),
      adapter,
    );
    let moved = 0;
    const move = async () => {
      const from = 1 + Math.floor(Math.random() * ACCOUNTS);
      const to = 1 + ((from + Math.floor(Math.random() * (ACCOUNTS - 1))) % ACCOUNTS);
      await adapter.transaction(
        async (tx) => {
          await tx.executeUpdate("UPDATE account SET balance = balance - ? WHERE id = ?", [7, from]);
          await tx.executeUpdate("UPDATE account SET balance = balance + ? WHERE id = ?", [7, to]);
        },
        { retry: { attempts: 1000, maxDelayMs: 50 } },
      );
      moved++;
    };
    await Promise.all(
      Array.from({ length: workers }, async () => {
        for (let n = 0; n < transfers; n++) await move();
      }),
    );
    expect(moved).toBe(workers * transfers);
    const after = await balances(adapter);
    expect(after.reduce((sum, balance) => sum + balance, 0)).toBe(ACCOUNTS * 100);
    expect(new Set(after).size).toBeGreaterThan(1);
    expect(adapter.poolMetrics()).toMatchObject({ activeConnections: 0, waitingRequests: 0 });
    // One may still be on its way that nobody needs any more.
    await expect.poll(() => adapter.poolMetrics().openingConnections, { timeout: 10_000 }).toBe(0);
    const { idleConnections, totalConnections } = adapter.poolMetrics();
    expect(idleConnections).toBe(totalConnections);
  });
});
