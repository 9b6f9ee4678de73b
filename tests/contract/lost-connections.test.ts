import { describe, expect, onTestFinished, test } from "vitest";
import {
  type AnyAdapterOptions,
  createAdapterFromUrl,
  type FraiserDatabaseAdapter,
  type Transaction,
} from "../../src/db/index.ts";
import { provoked } from "./support/canaries.ts";
import { type ContractDatabase, DATABASES } from "./support/databases.ts";
import { all, eventually } from "./support/expect.ts";
import { proxyTo, type TcpProxy } from "./support/proxy.ts";

const servers = DATABASES.filter(
  (database): database is ContractDatabase & { sessionsQuery: string } => database.sessionsQuery !== null,
);

describe.each(servers)("a lost connection ($name)", (database) => {
  const { types, sessionsQuery, endSession } = database;

  async function openFor(url: string, options?: AnyAdapterOptions): Promise<FraiserDatabaseAdapter> {
    const adapter = await createAdapterFromUrl(url, options);
    onTestFinished(() => adapter.close());
    return adapter;
  }

  /** An adapter on one connection through a proxy, and another one that goes straight to the database. */
  async function openThroughProxy(): Promise<{
    adapter: FraiserDatabaseAdapter;
    direct: FraiserDatabaseAdapter;
    proxy: TcpProxy;
  }> {
    const url = await database.createUrl(onTestFinished);
    const proxy = await proxyTo(url);
    const [adapter, direct] = await Promise.all([
      openFor(proxy.url, { pool: { min: 0, max: 1 } }),
      openFor(url, { pool: { min: 0, max: 2 } }),
    ]);
    await direct.executeQuery(`CREATE TABLE item (id ${types.countingKey}, name ${types.keyText} NOT NULL)`);
    return { adapter, direct, proxy };
  }

  const add = (tx: Transaction, name: string) => tx.insert("item", { name });
  const names = async (adapter: FraiserDatabaseAdapter) =>
    (await adapter.executeQuery<{ name: string }>("SELECT name FROM item ORDER BY name")).map(({ name }) => name);

  /** Nothing is left of what broke: the next call has a connection that works. */
  async function expectRecovered(adapter: FraiserDatabaseAdapter): Promise<void> {
    expect(await adapter.executeQuery("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(adapter.poolMetrics()).toMatchObject({ totalConnections: 1, activeConnections: 0, waitingRequests: 0 });
  }

  const BREAKS: Readonly<
    Record<string, (scene: { direct: FraiserDatabaseAdapter; proxy: TcpProxy }) => Promise<void>>
  > = {
    "the network cuts": async ({ proxy }) => proxy.cut(),
    "the server ends": async ({ direct }) => {
      const sessions = async () => (await direct.executeQuery<{ id: number }>(sessionsQuery)).map(({ id }) => id);
      const [only, ...others] = await sessions();
      expect(others).toEqual([]);
      await direct.executeQuery(endSession(only ?? 0));
      await eventually(sessions, (left) => left.length === 0);
    },
  };

  describe.each(Object.entries(BREAKS))("that %s", (_, breakIt) => {
    test.each([0, 1, 2, 3, 4, 5])(
      "at boundary %i of a transaction undoes it, and the pool goes on",
      async (boundary) => {
        const scene = await openThroughProxy();
        const { adapter, direct } = scene;
        let passed = 0;
        const pass = async () => {
          if (passed++ === boundary) await breakIt(scene);
        };
        const work = adapter.transaction(async (tx) => {
          await pass();
          await add(tx, "a");
          await pass();
          await tx.transaction(async (nested) => {
            await pass();
            await add(nested, "b");
            await pass();
          });
          await pass();
          await add(tx, "c");
          await pass();
        });
        const error = await provoked(work);
        // After the last statement COMMIT may be on its way already when the loss is noticed.
        expect(["connection_lost", ...(boundary === 5 ? ["commit_outcome_unknown"] : [])]).toContain(error.kind);
        expect(passed).toBeGreaterThan(boundary);
        expect(await names(direct)).toEqual([]);
        await expectRecovered(adapter);
      },
    );

    test("while rows are read ends the stream with an error", async () => {
      const scene = await openThroughProxy();
      const { adapter, direct } = scene;
      await direct.insertMany(
        "item",
        Array.from({ length: 20_000 }, (_row, n) => ({ name: `n${n}`.padEnd(90, "x") })),
      );
      let rows = 0;
      const reading = async () => {
        for await (const _row of adapter.stream("SELECT a.name, b.name AS other FROM item a CROSS JOIN item b")) {
          if (++rows === 10) await breakIt(scene);
        }
      };
      expect(await provoked(reading())).toMatchObject({ kind: "connection_lost", retryable: true });
      await expectRecovered(adapter);
    });

    test("while it is idle is never handed out again", async () => {
      const scene = await openThroughProxy();
      const { adapter } = scene;
      await adapter.connect();
      await breakIt(scene);
      await eventually(
        () => adapter.poolMetrics(),
        ({ totalConnections, closingConnections }) => totalConnections + closingConnections === 0,
      );
      await expectRecovered(adapter);
    });
  });

  test("keeps the error that came first when the rollback fails, too", async () => {
    const { adapter, direct, proxy } = await openThroughProxy();
    const mine = new Error("mine");
    const work = adapter.transaction(async (tx) => {
      await add(tx, "a");
      proxy.cut();
      throw mine;
    });
    await expect(work).rejects.toBe(mine);
    expect(await names(direct)).toEqual([]);
    await expectRecovered(adapter);
    expect(adapter.poolMetrics()).toMatchObject({ openedTotal: 2, closedTotal: 1 });
  });

  test("keeps the error that came first when the answer to the rollback is lost", async () => {
    const { adapter, direct, proxy } = await openThroughProxy();
    const mine = new Error("mine");
    const work = adapter.transaction(async (tx) => {
      await add(tx, "a");
      proxy.loseAnswerTo("ROLLBACK");
      throw mine;
    });
    await expect(work).rejects.toBe(mine);
    expect(await names(direct)).toEqual([]);
    await expectRecovered(adapter);
  });

  test("with the answer to COMMIT tells that nobody knows what came of it", async () => {
    const { adapter, direct, proxy } = await openThroughProxy();
    const work = adapter.transaction(async (tx) => {
      await add(tx, "a");
      proxy.loseAnswerTo("COMMIT");
    });
    const error = await provoked(work);
    expect(error).toMatchObject({ kind: "commit_outcome_unknown", retryable: false, hint: expect.any(String) });
    expect(await names(direct)).toEqual(["a"]); // for here it did happen
    await expectRecovered(adapter);
  });

  test("with the answer to COMMIT is never tried again by itself", async () => {
    const { adapter, direct, proxy } = await openThroughProxy();
    let tries = 0;
    const work = adapter.transaction(
      async (tx) => {
        tries++;
        await add(tx, "a");
        proxy.loseAnswerTo("COMMIT");
      },
      { retry: { attempts: 5 } },
    );
    await provoked(work);
    expect(tries).toBe(1);
    expect(await names(direct)).toEqual(["a"]);
  });

  test("before COMMIT is tried again when that is asked for", async () => {
    const { adapter, direct, proxy } = await openThroughProxy();
    let tries = 0;
    await adapter.transaction(
      async (tx) => {
        await add(tx, `try ${++tries}`);
        if (tries < 3) proxy.cut();
        await all(tx.stream("SELECT name FROM item"));
      },
      { retry: { attempts: 3 } },
    );
    expect(await names(direct)).toEqual(["try 3"]);
  });
});
