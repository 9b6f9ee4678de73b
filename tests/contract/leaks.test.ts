import { describe, expect, onTestFinished, test } from "vitest";
import { createAdapterFromUrl, maskUrl, type Queryable } from "../../src/db/index.ts";
import { PASSWORD, provoked, VALUE } from "./support/canaries.ts";
import { DATABASES, describeEachDatabase } from "./support/databases.ts";
import { all, failure } from "./support/expect.ts";
import { faultsOf } from "./support/faults.ts";
import { schema } from "./support/provocations.ts";
import { examine } from "./support/watched-errors.ts";

describeEachDatabase("a value", (open, database) => {
  const { leaks } = faultsOf(database);
  const setUp = async (statements: readonly string[], exposeValues = false) => {
    const adapter = await open({ exposeValues });
    for (const statement of [...schema(database), ...statements]) await adapter.executeQuery(statement);
    return adapter;
  };
  const paramsOf = (query: string) => Array.from({ length: query.split("?").length - 1 }, () => VALUE);

  test.each(leaks)("is not shown by: %s", async (query, ...statements) => {
    const adapter = await setUp(statements);
    const error = await provoked(adapter.executeQuery(query, paramsOf(query)));
    for (const name of [error.table, error.constraint, ...(error.columns ?? [])])
      expect(name ?? "").not.toContain(VALUE);
  });

  test("is not shown by a stream or in a transaction either", async () => {
    for (const [query, ...statements] of leaks.slice(0, 3)) {
      const adapter = await setUp(statements);
      const params = paramsOf(query);
      const streamed = async () => {
        for await (const _ of adapter.stream(query, params));
      };
      await provoked(streamed());
      await provoked(adapter.transaction((tx) => tx.executeQuery(query, params)));
      await provoked(adapter.transaction((tx) => tx.transaction((nested) => nested.executeQuery(query, params))));
    }
  });

  test("that says nothing does not keep the message from naming what is missing", async () => {
    const adapter = await setUp([]);
    for (const value of ["itme", "table", "not", "it does not exist, nor doesn't it exist"]) {
      const error = await provoked(adapter.executeQuery("SELECT * FROM itme WHERE name = ?", [value]));
      expect(error, value).toMatchObject({ kind: "undefined_table", table: "itme" });
      expect(error.message).toContain("itme");
    }
  });
});

describeEachDatabase("every error of these tests", (open, database) => {
  const NAMES: Readonly<Record<string, (adapter: Queryable) => Promise<unknown>>> = {
    executeQuery: (on) => on.executeQuery("SELECT * FROM nothing WHERE name = ?", ["a secret"]),
    stream: (on) => all(on.stream("SELECT * FROM nothing WHERE name = ?", ["a secret"])),
    insert: (on) => on.insert("nothing", { name: "a secret" }),
    update: (on) => on.update("nothing", "a secret", { name: "b" }),
  };

  test.each(Object.entries(NAMES))("is looked at for what %s was given", async (_, call) => {
    const adapter = await open();
    for (const on of [adapter, adapter.transaction.bind(adapter)]) {
      const error = await failure(typeof on === "function" ? on((tx) => call(tx)) : call(on));
      expect(examine).not.toThrow();
      const { message } = error;
      error.message = `${message} 'a secret'`; // as if it had been repeated
      expect(examine).toThrow("a secret");
      error.message = message;
    }
  });

  test("is looked at for the password of its URL", async () => {
    const url = await database.createUrl(onTestFinished);
    const adapter = await createAdapterFromUrl(url);
    onTestFinished(() => adapter.close());
    const error = await failure(adapter.executeQuery("SELECT * FROM nothing"));
    expect(examine).not.toThrow();
    error.message = url;
    if (new URL(url).password === "") expect(examine).not.toThrow();
    else expect(examine).toThrow();
    error.message = "";
  });
});

const withPasswords = DATABASES.filter((database) => faultsOf(database).passwordScheme !== null);

describe.each(withPasswords)("a password ($name)", (database) => {
  const { passwordScheme: scheme } = faultsOf(database);

  test("is not shown by a URL that cannot be read, however it was mistyped", async () => {
    const spoilt = [
      `${scheme}://user:${PASSWORD}@127.0.0.1:99999/shop`,
      `${scheme}://user:${PASSWORD}@/shop`,
      `${scheme}://user:${PASSWORD}@host/shop?sslmode=maybe`,
      `${scheme}://user:${PASSWORD}@host/shop?nonsense=1`,
      `${scheme}://user:${encodeURIComponent(PASSWORD)}@host/shop?connect_timeout=soon`,
      `${scheme}://user:${encodeURIComponent(PASSWORD)}@host:port/shop`,
      `${scheme}://user:${PASSWORD}%@host/shop`,
      `${scheme}:user:${PASSWORD}@host/shop`,
      `${scheme}:/user:${PASSWORD}@host/shop`,
      `${scheme}//user:${PASSWORD}@host/shop`,
      `user:${PASSWORD}@host/shop`,
      ...["/", "?", "#", "?a=", "/?a=b&"].map((mark) => `${scheme}://user:12${mark}gelber@haus@host/shop`),
    ];
    for (const url of spoilt) {
      const opening = async () => {
        const adapter = await createAdapterFromUrl(url);
        await adapter.connect().finally(() => adapter.close());
      };
      expect((await provoked(opening())).kind, url).toBe("unsupported");
      expect(maskUrl(url)).not.toMatch(/gelber|haus/);
    }
  });

  test("that a function gives is not shown either", async () => {
    const adapter = await createAdapterFromUrl(await database.createUrl(onTestFinished), { password: () => PASSWORD });
    onTestFinished(() => adapter.close());
    expect((await provoked(adapter.connect())).kind).toBe("authentication_failed");
  });
});
