import { describe, expect, test } from "vitest";
import { MysqlAdapter, PostgresAdapter, SqliteAdapter } from "../../../src/db/index.ts";

const make = {
  SQLite: (pool: object) => new SqliteAdapter(":memory:", { pool }),
  PostgreSQL: (pool: object) => new PostgresAdapter("postgresql://u@127.0.0.1:1/d", { pool }),
  MySQL: (pool: object) => new MysqlAdapter("mysql://u@127.0.0.1:1/d", { pool }),
};

describe.each(Object.entries(make))("the options of a pool of %s", (_name, adapter) => {
  test.each([
    [{ maximum: 5 }, 'no option "maximum"', "min, max, acquireTimeoutMs"],
    [{ max: 0 }, "pool.max is 0", "1 or more"],
    [{ max: 1.5 }, "pool.max is 1.5", "whole number"],
    [{ min: -1 }, "pool.min is -1", "0 or more"],
    [{ acquireTimeoutMs: Number.NaN }, "pool.acquireTimeoutMs is NaN", "milliseconds"],
    [{ idleTimeoutMs: "5" }, "pool.idleTimeoutMs is 5", "milliseconds"],
    [{ min: 6, max: 2 }, "pool.min is 6 and pool.max only 2", "not above max"],
  ])("%j is refused by name, at once", (pool, message, hint) => {
    expect(() => adapter(pool)).toThrow(
      expect.objectContaining({
        kind: "unsupported",
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
      }),
    );
  });

  test("a default minimum gives way to a smaller maximum", () => {
    const { minConnections, maxConnections } = adapter({ max: 1 }).poolMetrics();
    expect([minConnections, maxConnections]).toEqual([1, 1]);
  });

  test("what is undefined has its default", () => {
    expect(adapter({ max: undefined }).poolMetrics()).toEqual(adapter({}).poolMetrics());
  });
});
