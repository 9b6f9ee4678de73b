import { describe, expect, test } from "vitest";
import type { SqliteAdapter, SqliteAdapterOptions } from "../../../src/db/index.ts";
import { type Child, failure, openAdapter, startChild, temporaryFile } from "./support.ts";

/** How long the lock is waited for. */
const PATIENCE_MS = 700;
/** An event loop that waits with it would stand still longer than this; one on a busy machine never does. */
const LONGEST_GAP_MS = 500;

/** A file that another process holds, and an adapter that has it open. */
async function heldFile(
  options: SqliteAdapterOptions = {},
  mode = "write",
): Promise<{ file: string; adapter: SqliteAdapter; holder: Child }> {
  const file = temporaryFile();
  const adapter = openAdapter(file, options);
  await adapter.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)");
  if (mode === "everything") await adapter.close();
  const holder = startChild("hold-lock.ts", [file, mode]);
  expect(await holder.next()).toBe("held");
  if (mode === "everything") adapter.connect().catch(() => {});
  return { file, adapter, holder };
}

/** How long `work` takes, and how long at most the event loop did nothing else meanwhile, both in milliseconds. */
async function watched(work: () => Promise<unknown>): Promise<{ took: number; longestGap: number }> {
  let last = performance.now();
  let longestGap = 0;
  const look = () => {
    const now = performance.now();
    longestGap = Math.max(longestGap, now - last);
    last = now;
  };
  const interval = setInterval(look, 1);
  const began = last;
  try {
    await work();
    look();
    return { took: performance.now() - began, longestGap };
  } finally {
    clearInterval(interval);
  }
}

const namesIn = async (adapter: SqliteAdapter) =>
  (await adapter.executeQuery<{ name: string }>("SELECT name FROM item ORDER BY id")).map(({ name }) => name);

const WAITS: Readonly<Record<string, (adapter: SqliteAdapter) => Promise<unknown>>> = {
  "a statement": (adapter) => adapter.executeUpdate("INSERT INTO item (name) VALUES ('mine')"),
  "a transaction": (adapter) => adapter.transaction((tx) => tx.insert("item", { name: "mine" })),
  "a stream that writes": async (adapter) => {
    for await (const row of adapter.stream("INSERT INTO item (name) VALUES ('mine') RETURNING id"))
      expect(row.id).toBe(2);
  },
};

describe.each(Object.entries(WAITS))("%s that meets the lock of another process", (_, write) => {
  test("waits without blocking anything else, and goes on when the lock is free", async () => {
    const { adapter, holder } = await heldFile();
    const { took, longestGap } = await watched(async () => {
      const writing = write(adapter);
      setTimeout(() => holder.send("free"), PATIENCE_MS);
      await writing;
    });
    expect(took).toBeGreaterThan(PATIENCE_MS - 10);
    expect(longestGap).toBeLessThan(LONGEST_GAP_MS);
    expect(await namesIn(adapter)).toEqual(["of another process", "mine"]);
  });

  test("gives up as busy after busyTimeoutMs, without having blocked anything else", async () => {
    const { adapter, holder } = await heldFile({ busyTimeoutMs: PATIENCE_MS });
    const { took, longestGap } = await watched(async () => {
      expect(await failure(write(adapter))).toMatchObject({
        kind: "busy",
        retryable: true,
        message: expect.stringContaining("Another process"),
      });
    });
    expect(took).toBeGreaterThan(PATIENCE_MS - 10);
    expect(took).toBeLessThan(3000);
    expect(longestGap).toBeLessThan(LONGEST_GAP_MS);
    holder.send("free");
    expect(await holder.next()).toBe("freed");
    expect(await namesIn(adapter)).toEqual(["of another process"]);
    await write(adapter);
    expect(await namesIn(adapter)).toEqual(["of another process", "mine"]);
  });
});

describe("a writer that meets the lock of another process", () => {
  test("gives up at its own timeoutMs if that is earlier", async () => {
    const { adapter } = await heldFile();
    for (const options of [{ timeoutMs: 100 }, { timeoutMs: 1 }]) {
      const { took } = await watched(async () => {
        const statement = adapter.executeUpdate("DELETE FROM item", [], options);
        expect(await failure(statement)).toMatchObject({ kind: "busy" });
        const transaction = adapter.transaction((tx) => tx.executeUpdate("DELETE FROM item"), options);
        expect(await failure(transaction)).toMatchObject({ kind: "busy" });
      });
      expect(took).toBeLessThan(2000);
    }
  });

  test("gives up at once when it is cancelled", async () => {
    const { adapter } = await heldFile();
    const cancelling = new AbortController();
    const waiting = [
      adapter.executeUpdate("DELETE FROM item", [], { signal: cancelling.signal }),
      adapter.transaction((tx) => tx.executeUpdate("DELETE FROM item"), { signal: cancelling.signal }),
    ].map(failure);
    setTimeout(() => cancelling.abort(), 50);
    const { took } = await watched(async () => {
      expect(await Promise.all(waiting)).toMatchObject([{ kind: "cancelled" }, { kind: "cancelled" }]);
    });
    expect(took).toBeLessThan(2000);
  });

  test("does not wait at all with busyTimeoutMs 0", async () => {
    const { adapter } = await heldFile({ busyTimeoutMs: 0 });
    const { took } = await watched(async () => {
      expect(await failure(adapter.insert("item", {}))).toMatchObject({ kind: "busy" });
    });
    expect(took).toBeLessThan(500);
  });

  test("does not begin the work of its transaction before it has the lock", async () => {
    const { adapter, holder } = await heldFile();
    let begun = false;
    const working = adapter.transaction(async (tx) => {
      begun = true;
      return tx.executeQuery("SELECT name FROM item");
    });
    await adapter.executeQuery("SELECT 1");
    expect(begun).toBe(false);
    holder.send("free");
    expect(await working).toEqual([{ name: "of another process" }]);
  });

  test("is tried again by a transaction that retries", async () => {
    const { adapter, holder } = await heldFile({ busyTimeoutMs: 100 });
    const working = adapter.transaction((tx) => tx.insert("item", { name: "mine" }), {
      retry: { attempts: 1000, maxDelayMs: 10 },
    });
    setTimeout(() => holder.send("free"), PATIENCE_MS);
    expect(await working).toBe("2");
  });
});

describe("readers", () => {
  test("do not wait for another process that writes", async () => {
    const { adapter } = await heldFile({ busyTimeoutMs: 0 });
    expect(await namesIn(adapter)).toEqual([]);
    const reading = adapter.transaction((tx) => tx.executeQuery("SELECT name FROM item"), { readOnly: true });
    expect(await reading).toEqual([]);
  });

  test("wait, as connecting does, for one that lets nobody in, without blocking anything else", async () => {
    const { file, holder } = await heldFile({}, "everything");
    const impatient = openAdapter(file, { busyTimeoutMs: PATIENCE_MS });
    const patient = openAdapter(file);
    const refused = await watched(async () => {
      expect(await failure(impatient.connect())).toMatchObject({
        kind: "busy",
        message: expect.stringContaining(file),
      });
    });
    expect(refused.took).toBeGreaterThan(PATIENCE_MS - 10);
    const { longestGap } = await watched(async () => {
      const reading = namesIn(patient);
      setTimeout(() => holder.send("free"), PATIENCE_MS);
      expect(await reading).toEqual(["of another process"]);
    });
    expect(Math.max(refused.longestGap, longestGap)).toBeLessThan(LONGEST_GAP_MS);
  });
});

describe("a transaction", () => {
  test("has the lock from its beginning, before it wrote anything", async () => {
    const file = temporaryFile();
    const [one, other] = [openAdapter(file), openAdapter(file, { busyTimeoutMs: 50 })];
    await one.executeQuery("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)");
    await one.transaction(async () => {
      expect(await failure(other.insert("item", {}))).toMatchObject({ kind: "busy" });
    });
    await other.insert("item", {});
    await one.transaction(() => other.insert("item", {}), { readOnly: true });
  });

  test("of one process never starves those of others, and no update is lost", { timeout: 60_000 }, async () => {
    const file = temporaryFile();
    const adapter = openAdapter(file);
    await adapter.executeQuery("CREATE TABLE counter AS SELECT 0 AS value");
    const milliseconds = process.env.FRAISIER_TEST_SCALE === "1" ? 10_000 : 1500;
    const writers = Array.from({ length: 6 }, () => startChild("count-up.ts", [file, String(milliseconds)]));
    for (const writer of writers) expect(await writer.next()).toBe("ready");
    for (const writer of writers) writer.send("go");
    const commits = await Promise.all(writers.map((writer) => writer.next<number>()));
    const total = commits.reduce((sum, n) => sum + n, 0);
    expect(await adapter.executeQuery("SELECT value FROM counter")).toEqual([{ value: total }]);
    expect(Math.min(...commits)).toBeGreaterThan(Math.max(...commits) / 4);
  });
});
