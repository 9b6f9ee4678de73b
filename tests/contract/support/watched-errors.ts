/**
 * Looks at every error that leaves an adapter or a transaction, whatever its test wanted to know of it: none shows a
 * parameter or a password of that test. In force wherever this is imported.
 */
import { inspect } from "node:util";
import { afterEach, expect } from "vitest";
import { DatabaseError, FraiserDatabaseAdapter, type HealthStatus, Transaction } from "../../../src/db/index.ts";

/** Shorter ones are in every message by chance. */
const MIN_LENGTH = 6;

const errors = new Set<unknown>();
const values = new Set<string>();
const statements = new Set<string>();
let mayShowValues = false;

/** The running test has asked for values in its errors. */
export function expectValues(): void {
  mayShowValues = true;
}

/** The password of a URL, which no error of the running test may show. */
export function watchPassword(url: string): void {
  const { password } = new URL(url);
  if (password.length >= MIN_LENGTH) values.add(password).add(decodeURIComponent(password));
}

/** @throws when an error shows what it must not */
export function examine(): void {
  const secrets = [...values].filter((value) => ![...statements].some((statement) => statement.includes(value)));
  for (const error of errors) {
    const options = { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true };
    const { message, stack, hint, cause, table, constraint, columns } = error as DatabaseError;
    const told = inspect([table, constraint, columns]);
    const seen = [message, stack, hint, told, JSON.stringify(error), inspect(error, options), inspect(cause, options)];
    const shown = seen.join("\n");
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
  }
}

function forget(): void {
  for (const set of [errors, values, statements]) set.clear();
  mayShowValues = false;
}

/** Every text in a parameter, also in lists, objects and bytes. */
function note(value: unknown, noted: Set<unknown> = new Set()): void {
  if (typeof value === "string") {
    if (value.length >= MIN_LENGTH) values.add(value);
  } else if (value instanceof Uint8Array) note(Buffer.from(value).toString());
  else if (typeof value === "object" && value !== null && !noted.has(value)) {
    noted.add(value); // some go in circles
    for (const part of Object.values(value)) note(part, noted);
  }
}

function see(error: unknown): void {
  if (error instanceof DatabaseError) errors.add(error);
}

type Method = (this: object, ...args: unknown[]) => unknown;

/** A method of which every error is seen, and what it was given at the places `given`. */
function watched(method: Method, given: readonly number[]): Method {
  return function (...args) {
    if (typeof args[0] === "string") statements.add(args[0]);
    for (const place of given) note(args[place]);
    let result: unknown;
    try {
      result = method.apply(this, args);
    } catch (error) {
      see(error);
      throw error;
    }
    if (!(result instanceof Promise)) return result;
    return result.catch((error: unknown) => {
      see(error);
      throw error;
    });
  };
}

async function* watchedRows(rows: AsyncIterable<unknown>): AsyncIterable<unknown> {
  try {
    yield* rows;
  } catch (error) {
    see(error);
    throw error;
  }
}

/** At which places of its arguments a method is given values; names and texts of statements are at the others. */
const VALUES_OF: Readonly<Record<string, readonly number[]>> = {
  executeQuery: [1],
  execute: [1],
  executeUpdate: [1],
  stream: [1],
  insert: [1],
  insertMany: [1],
  upsert: [1],
  update: [1, 2],
  delete: [1],
  transaction: [],
  connect: [],
  close: [],
  checkHealth: [],
};

const QUERY_METHODS = Object.getPrototypeOf(FraiserDatabaseAdapter.prototype) as object;

for (const prototype of [QUERY_METHODS, FraiserDatabaseAdapter.prototype, Transaction.prototype]) {
  const methods = prototype as Record<string, Method>;
  for (const [name, given] of Object.entries(VALUES_OF)) {
    if (!Object.hasOwn(prototype, name)) continue;
    const method = watched(methods[name] as Method, given);
    if (name === "stream") {
      methods[name] = function (...args) {
        return watchedRows(method.apply(this, args) as AsyncIterable<unknown>);
      };
    } else if (name === "checkHealth") {
      methods[name] = async function () {
        const health = (await method.call(this)) as HealthStatus; // it never throws
        see(health.error);
        return health;
      };
    } else methods[name] = method;
  }
}

afterEach(() => {
  try {
    if (!mayShowValues) examine();
  } finally {
    forget();
  }
});
