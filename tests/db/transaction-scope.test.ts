import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { SqliteAdapter } from "../../src/db/index.ts";
import { adaptersInTransaction, TransactionScope } from "../../src/db/transaction-scope.ts";

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

test.each(ORDERS)("scopes are left in any order: %i, %i, %i", (...order) => {
  const adapters = [{ name: "a" }, { name: "b" }, { name: "c" }];
  const scopes = adapters.map((adapter) => new TransactionScope(adapter, { isActive: true }));
  const left = new Set(adapters);
  for (const index of order) {
    expect(new Set(adaptersInTransaction())).toEqual(left);
    scopes[index]?.leave();
    scopes[index]?.leave(); // harmless twice
    left.delete(adapters[index] as { name: string });
  }
  expect(adaptersInTransaction()).toEqual([]);
});

test("whoever is not active any more is in no transaction, though its work goes on", () => {
  const holder = { isActive: true };
  const scope = new TransactionScope({}, holder);
  expect(adaptersInTransaction()).toHaveLength(1);
  holder.isActive = false;
  expect(adaptersInTransaction()).toEqual([]);
  scope.leave();
});

test("nothing keeps a transaction, a savepoint or a session that is over", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  await using adapter = new SqliteAdapter(":memory:");
  const over: WeakRef<object>[] = [];
  const note = async (holder: object) => void over.push(new WeakRef(holder));
  const fail = async (holder: object) => {
    await note(holder);
    throw new Error("rolled back");
  };
  await adapter.transaction(note);
  await adapter.transaction(fail).catch(() => {});
  await adapter.transaction((tx) => tx.transaction(note));
  await adapter.transaction((tx) => tx.transaction(fail)).catch(() => {});
  await adapter.session(note);
  await setImmediate(); // a WeakRef holds what it was made of until its job is over
  collectGarbage();
  expect(over).toHaveLength(5);
  expect(over.map((reference) => reference.deref())).toEqual(over.map(() => undefined));
});
