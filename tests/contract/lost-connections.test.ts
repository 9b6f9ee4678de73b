import { describe, expect, onTestFinished, test } from "vitest";
import {
  type AnyAdapterOptions,
  createAdapterFromUrl,
  type DatabaseError,
  DatabaseType,
  type FraiserDatabaseAdapter,
  type Transaction,
} from "../../src/db/index.ts";
import { provoked } from "./support/canaries.ts";
import { type ContractDatabase, DATABASES } from "./support/databases.ts";
import { all, eventually, failure } from "./support/expect.ts";
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

  async function endByServer({ direct }: { direct: FraiserDatabaseAdapter }): Promise<void> {
    const sessions = async () => (await direct.executeQuery<{ id: number }>(sessionsQuery)).map(({ id }) => id);
    const [only, ...others] = await sessions();
    expect(others).toEqual([]);
    await direct.executeQuery(endSession(only ?? 0));
    await eventually(sessions, (left) => !left.includes(only ?? 0));
  }

  const BREAKS: Readonly<
    Record<string, (scene: { direct: FraiserDatabaseAdapter; proxy: TcpProxy }) => Promise<void>>
  > = {
    "the network cuts": async ({ proxy }) => proxy.cut(),
    "the server ends": endByServer,
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

  /** Each request of a transaction, by what it says; the rows are parameters, which every protocol sends as they are. */
  const REQUESTS: Readonly<Record<string, string>> = {
    BEGIN: database.type === DatabaseType.POSTGRESQL ? "BEGIN" : "START TRANSACTION",
    "statement 1": "row one",
    SAVEPOINT: "SAVEPOINT fraisier_1",
    "statement 2": "row two",
    "RELEASE SAVEPOINT": "RELEASE SAVEPOINT",
    "statement 3": "row three",
    COMMIT: "COMMIT",
  };
  const ROWS = ["row one", "row three", "row two"];

  const LOSSES: Readonly<
    Record<string, (text: string, scene: { direct: FraiserDatabaseAdapter; proxy: TcpProxy }) => Promise<void>>
  > = {
    "before the server has it": async (text, { proxy }) => proxy.loseRequest(text),
    "after the server has it": async (text, { proxy }) => proxy.loseAnswerTo(text),
    "by the server's end of the session": (text, scene) => scene.proxy.before(text, () => endByServer(scene)),
  };

  describe.each(Object.entries(LOSSES))("%s", (when, lose) => {
    test.each(Object.entries(REQUESTS))("with %s of a transaction has its named outcome", async (request, text) => {
      const scene = await openThroughProxy();
      const { adapter, direct } = scene;
      await adapter.connect();
      const lost = lose(text, scene);
      const work = adapter.transaction(async (tx) => {
        await add(tx, "row one");
        await tx.transaction((nested) => add(nested, "row two"));
        await add(tx, "row three");
      });
      const isCommit = request === "COMMIT";
      expect(await provoked(work)).toMatchObject({
        kind: isCommit ? "commit_outcome_unknown" : "connection_lost",
        retryable: !isCommit,
        hint: expect.any(String),
      });
      await lost;
      expect(await names(direct)).toEqual(isCommit && when === "after the server has it" ? ROWS : []);
      await expectRecovered(adapter);
      expect(adapter.poolMetrics()).toMatchObject({
        openedTotal: 2,
        closedTotal: 1,
        openingConnections: 0,
        closingConnections: 0,
      });
    });

    test.each(Object.entries(REQUESTS))(
      "with %s of a transaction is tried again, if that is safe",
      async (request, text) => {
        const scene = await openThroughProxy();
        const { adapter, direct } = scene;
        let tries = 0;
        await adapter.connect();
        const lost = lose(text, scene);
        const work = adapter.transaction(
          async (tx) => {
            tries++;
            await add(tx, "row one");
            await tx.transaction((nested) => add(nested, "row two"));
            await add(tx, "row three");
          },
          { retry: { attempts: 3, maxDelayMs: 1 } },
        );
        if (request === "COMMIT") {
          expect(await provoked(work)).toMatchObject({ kind: "commit_outcome_unknown" });
          expect(tries).toBe(1);
        } else {
          await work;
          expect(await names(direct)).toEqual(ROWS);
        }
        await lost;
      },
    );

    test.each(["ROLLBACK", "ROLLBACK TO"])("with %s keeps the error that came first", async (request) => {
      const scene = await openThroughProxy();
      const { adapter, direct } = scene;
      const first = Promise.withResolvers<DatabaseError>();
      let lost: Promise<void> | null = null;
      await adapter.connect();
      const work = adapter.transaction(async (tx) => {
        await add(tx, "row one");
        lost = lose(request, scene);
        await tx.transaction(async (nested) => {
          const error = await failure(nested.insert("item", { name: null }));
          first.resolve(error);
          throw error;
        });
      });
      const error = await provoked(work);
      expect(error).toBe(await first.promise);
      expect(error).toMatchObject({ kind: "not_null_violation", retryable: false });
      await lost;
      expect(await names(direct)).toEqual([]);
      await expectRecovered(adapter);
      expect(adapter.poolMetrics()).toMatchObject({ openedTotal: 2, closedTotal: 1 });
    });
  });

  /** What a transaction whose server says nothing any more comes to; none shows an end of the connection by itself. */
  const SILENCES: Readonly<Record<string, () => Promise<void>>> = {
    "before the end of a transaction is given up at its time limit": async () => {
      const { adapter, direct, proxy } = await openThroughProxy();
      const started = performance.now();
      const work = adapter.transaction(
        async (tx) => {
          await add(tx, "a");
          proxy.fallSilent();
          await new Promise(() => {});
        },
        { timeoutMs: 300 },
      );
      expect(await provoked(work)).toMatchObject({ kind: "statement_timeout" });
      expect(performance.now() - started).toBeLessThan(4000); // the rollback has 2 s to be answered
      expect(await names(direct)).toEqual([]);
      proxy.cut();
      proxy.heal();
      await expectRecovered(adapter);
    },

    "in the middle of an error keeps that error": async () => {
      const { adapter, proxy } = await openThroughProxy();
      const mine = new Error("mine");
      const started = performance.now();
      const work = adapter.transaction(async (tx) => {
        await add(tx, "a");
        proxy.fallSilent("ROLLBACK");
        throw mine;
      });
      await expect(work).rejects.toBe(mine);
      expect(performance.now() - started).toBeLessThan(4000);
      proxy.cut();
      proxy.heal();
      await expectRecovered(adapter);
    },

    "at COMMIT tells at the time limit that nobody knows what came of it": async () => {
      const { adapter, proxy } = await openThroughProxy();
      let tries = 0;
      const work = adapter.transaction(
        async (tx) => {
          tries++;
          await add(tx, "a");
          proxy.fallSilent("COMMIT");
        },
        { timeoutMs: 1000, retry: { attempts: 3 } },
      );
      expect(await provoked(work)).toMatchObject({ kind: "commit_outcome_unknown", retryable: false });
      expect(tries).toBe(1);
      proxy.cut();
      proxy.heal();
      await expectRecovered(adapter);
    },
  };

  test("that falls silent holds no transaction up for ever", { timeout: 20_000 }, async () => {
    // All at once, since each waits for as long as a server is given to answer.
    await Promise.all(Object.values(SILENCES).map((silence) => silence()));
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
