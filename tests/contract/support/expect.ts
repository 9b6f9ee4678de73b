/** What the tests of the contract share beside their databases. */
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { expect } from "vitest";
import { DatabaseError } from "../../../src/db/index.ts";
import "./watched-errors.ts";

/** The error that `work` ends with; fails when it ends well. */
export async function failure(work: Promise<unknown>): Promise<DatabaseError> {
  const error = await work.then(
    (value) => expect.fail(`it should have failed, but came to ${inspect(value)}`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DatabaseError);
  return error as DatabaseError;
}

/** Asks again and again until the answer is the one hoped for, and returns it. @throws after 10 seconds */
export async function eventually<T>(ask: () => T | Promise<T>, isRight: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (performance.now() > deadline) expect.fail(`it stayed ${inspect(answer)}`);
    await pause(5);
  }
}

/** Everything that can be iterated, as a list. */
export async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}
