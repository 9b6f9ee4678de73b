import { expect, onTestFinished, test } from "vitest";
import { FraisierError, RemoteObject } from "../../../src/db/index.ts";
import { type Counter, CounterError } from "./counter.ts";

test("an object in a thread is called by the names of its methods; its death is told, and the next call starts another", () => {
  const entry = new URL("./count.ts", import.meta.url);
  const remote = new RemoteObject<Counter>({ name: "counter", entry, order: 40 }, { CounterError });
  onTestFinished(() => remote.close());
  expect(remote.call("add", 1)).toEqual({ at: new Date(0), count: 41 });
  expect(remote.call("add", 1).count).toBe(42);

  const failure = failureOf(() => remote.call("fail"));
  expect([failure instanceof CounterError, failure instanceof FraisierError]).toEqual([true, true]);
  expect(failure).toMatchObject({ name: "CounterError", kind: "uncountable", hint: "Count something else." });

  expect(failureOf(() => remote.call("die"))).toMatchObject({
    kind: "commit_outcome_unknown",
    cause: { kind: "connection_lost" },
  });
  expect(remote.call("add", 0).count).toBe(40);
  remote.close();
  expect(remote.call("add", 2).count).toBe(42);
});

function failureOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
