import { expect, test } from "vitest";
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
