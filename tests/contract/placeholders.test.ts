import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { createAdapterFromUrl, type Queryable, type StatementOptions } from "../../src/db/index.ts";
import { describeEachDatabase, IS_FULL } from "./support/databases.ts";
import { all, failure } from "./support/expect.ts";
import { shareAdapter } from "./support/shared-adapter.ts";

/** Statements about the table `item`, with what they are given, and the ids that they find. */
const UNDERSTOOD: readonly (readonly [sql: string, params: readonly unknown[], ids: readonly number[]])[] = [
  ["SELECT id FROM item WHERE id = ?", [2], [2]],
  ["SELECT id FROM item WHERE id = $1", [2], [2]],
  ["SELECT id FROM item WHERE id = %s", [2], [2]],
  ["SELECT id FROM item WHERE price = ? AND name = ?", [2, "pen"], [1]],
  ["SELECT id FROM item WHERE price = $1 AND name = $2", [2, "pen"], [1]],
  ["SELECT id FROM item WHERE price = %s AND name = %s", [2, "pen"], [1]],
  ["SELECT id FROM item WHERE name = $2 AND price = $1", [2, "pen"], [1]],
  ["SELECT id FROM item WHERE price = $1 OR price = $1 + 3 ORDER BY id", [2], [1, 2, 3]],
  ["SELECT id FROM item WHERE id IN (?, ?,?) ORDER BY id", [1, 2, 9], [1, 2]],
  ["SELECT id FROM item WHERE id=? AND name=?", [1, "pen"], [1]],
  ["SELECT id FROM item WHERE(id=?)AND(price>?)", [2, 4], [2]],
  ["SELECT id FROM item WHERE id>?ORDER BY id LIMIT?", [0, 2], [1, 2]],
  ["SELECT id FROM item ORDER BY id LIMIT ?", [1], [1]],
  ["SELECT id FROM item ORDER BY id LIMIT $1 OFFSET $2", [1, 2], [3]],
  ["SELECT id FROM item ORDER BY id LIMIT %s OFFSET %s", [2, 1], [2, 3]],
  ["SELECT id FROM item WHERE id % 2 = %s ORDER BY id", [0], [2]],
  ["SELECT id FROM item WHERE price %size = 0 ORDER BY id", [], [1, 3]],
  ["SELECT id FROM item WHERE name LIKE 'p%' AND id = ?", [1], [1]],
  ["SELECT id FROM item WHERE name LIKE '%s' OR id = ?", [1], [1]],
  ["SELECT id FROM item WHERE name = '?' OR name = '$1' OR name = '%s' OR id = ?", [3], [3]],
  ["SELECT id FROM item WHERE name = 'it''s ?' OR id = ?", [3], [3]],
  ["SELECT id FROM item -- who? $1 %s\nWHERE id = ?", [2], [2]],
  ["SELECT id FROM item /* who? $1 %s ; */ WHERE id = $1", [2], [2]],
  ["-- first ?\nSELECT id FROM item WHERE id = ?", [2], [2]],
  ["SELECT id FROM item WHERE id = ?;", [2], [2]],
  ["SELECT id FROM item WHERE id = ? ;; -- the end;", [2], [2]],
  ["SELECT id FROM item WHERE id = ? /* the end; */ ; /* ? */ \n", [2], [2]],
  ["\n\t SELECT id FROM item WHERE id = ?\r\n", [2], [2]],
  ["SELECT id FROM item WHERE id = 3", [], [3]],
  ["SELECT tab$1.id FROM item tab$1 WHERE tab$1.id = ?", [1], [1]],
  ["SELECT id FROM item WHERE id = CASE WHEN 1 = 1 THEN ? ELSE 0 END", [1], [1]],
  ["SELECT id FROM item WHERE (SELECT COUNT(*) FROM item) > ? AND id = ?", [2, 1], [1]],
  [
    `SELECT id FROM item WHERE id IN (${Array.from({ length: 1000 }, () => "?").join(", ")})`,
    Array.from({ length: 1000 }, (_, n) => n + 3),
    [3],
  ],
];

/** Texts that are refused before anything is sent. */
const REFUSED: readonly (readonly [sql: string, params: readonly unknown[], kind: string])[] = [
  ["SELECT id FROM item WHERE id = ? AND price = $1", [1, 2], "parameter_mismatch"],
  ["SELECT id FROM item WHERE id = $1 AND price = ?", [1, 2], "parameter_mismatch"],
  ["SELECT id FROM item WHERE id = ? AND price = %s", [1, 2], "parameter_mismatch"],
  ["SELECT id FROM item WHERE id = %s AND price = $2", [1, 2], "parameter_mismatch"],
  ["SELECT id FROM item WHERE id = ?", [], "parameter_mismatch"],
  ["SELECT id FROM item WHERE id = ?", [1, 2], "parameter_mismatch"],
  ["SELECT id FROM item WHERE id = $1", [1, 2], "parameter_mismatch"],
  ["SELECT id FROM item WHERE id = $2", [1, 2], "parameter_mismatch"],
  ["SELECT id FROM item WHERE id = $0", [1], "parameter_mismatch"],
  ["SELECT id FROM item WHERE id = %s AND price = %s", [1], "parameter_mismatch"],
  ["SELECT id FROM item", [1], "parameter_mismatch"],
  ["SELECT id FROM item WHERE name = '?'", ["pen"], "parameter_mismatch"],
  ["SELECT id FROM item -- ?", ["pen"], "parameter_mismatch"],
  ["SELECT id FROM item WHERE id = ?5", [1], "parameter_mismatch"],
  ["SELECT id FROM item WHERE id = $name", [1], "parameter_mismatch"],
  ["SELECT id FROM item; SELECT id FROM item", [], "syntax_error"],
  ["SELECT id FROM item; DELETE FROM item", [], "syntax_error"],
  ["SELECT id FROM item WHERE id = ?; DELETE FROM item WHERE id = ?", [1, 1], "syntax_error"],
  ["SELECT id FROM item; -- the end\nDELETE FROM item", [], "syntax_error"],
  ["", [], "syntax_error"],
  [" \n\t ", [], "syntax_error"],
  [";", [], "syntax_error"],
  ["-- nothing", [], "syntax_error"],
  ["/* nothing */", [], "syntax_error"],
  ["SELECT id FROM item WHERE name = 'open", [], "syntax_error"],
  ["SELECT id FROM item /* open", [], "syntax_error"],
  ["SELECT id FROM item WHERE name = 'a\0b'", [], "syntax_error"],
  ["SELECT id FROM item\0; DELETE FROM item", [], "syntax_error"],
];

/** What only callers without types give, with what they are told. */
const NO_STATEMENTS: readonly (readonly [text: unknown, says: string])[] = [
  [null, "is null; its SQL is expected as a string"],
  [undefined, "is undefined"],
  [7, "is a number"],
  [{ text: "SELECT 1" }, "is a plain object"],
  [["SELECT 1"], "is a list"],
  [Buffer.from("SELECT 1"), "is an object of class Buffer"],
];
const NO_LISTS: readonly (readonly [params: unknown, says: string])[] = [
  [null, "given as null; a list is expected"],
  [{ id: 4711 }, "given as a plain object; a list is expected"],
  ["4711", "given as a string"],
  [4711, "given as a number"],
  [new Uint8Array([47]), "given as an object of class Uint8Array"],
];

/** Everything that takes SQL text. */
const METHODS: Readonly<
  Record<string, (on: Queryable, sql: string, params: readonly unknown[]) => Promise<unknown[]>>
> = {
  executeQuery: (on, sql, params) => on.executeQuery(sql, params),
  execute: async (on, sql, params) => (await on.execute(sql, params)).rows,
  stream: (on, sql, params) => all(on.stream(sql, params)),
};

/** The same methods, with options that every statement is given. */
const queriesOf = (on: Queryable, options: StatementOptions): Queryable => ({
  ...on,
  executeQuery: (sql, params) => on.executeQuery(sql, params, options),
  execute: (sql, params) => on.execute(sql, params, options),
  stream: (sql, params) => on.stream(sql, params, options),
});

const shortened = (sql: string) =>
  JSON.stringify(sql.length > 90 ? `${sql.slice(0, 90)}…` : sql)
    .slice(1, -1)
    .replaceAll("%", "%%");

describeEachDatabase("a placeholder", (_, database) => {
  const { types } = database;
  const adapter = shareAdapter(database, async (db) => {
    await db.executeQuery(
      `CREATE TABLE item (id ${types.countingKey}, name ${types.keyText}, price ${types.integer}, size ${types.integer})`,
    );
    await db.insertMany("item", [
      { name: "pen", price: 2, size: 1 },
      { name: "ink", price: 5, size: 4 },
      { name: "cap", price: 2, size: 2 },
    ]);
  });

  test.each(UNDERSTOOD.map(([sql, params, ids]) => ({ title: shortened(sql), sql, params, ids })))(
    "is understood in: $title",
    async ({ sql, params, ids }) => {
      const rows = ids.map((id) => ({ id }));
      for (const [method, call] of Object.entries(METHODS)) {
        expect(await call(adapter(), sql, params), method).toEqual(rows);
        expect(await adapter().transaction((tx) => call(tx, sql, params)), method).toEqual(rows);
      }
    },
  );

  test("has neither a text nor a list of values where something else is given, and that is said", async () => {
    const id = "SELECT id FROM item WHERE id = ?";
    const given = [
      ...NO_STATEMENTS.map(([text, says]) => ({ text, params: [], says })),
      ...NO_LISTS.map(([params, says]) => ({ text: id, params, says })),
    ];
    for (const { text, params, says } of given) {
      for (const call of Object.values(METHODS)) {
        const run = (on: Queryable) => call(on, text as string, params as unknown[]);
        for (const on of [adapter(), queriesOf(adapter(), { placeholders: "native" })]) {
          const error = await failure(run(on));
          expect(error).toMatchObject({ kind: "parameter_mismatch", message: expect.stringContaining(says) });
          expect(`${error.message}${error.hint}`).not.toMatch(/47/);
        }
        expect(await failure(adapter().transaction(run))).toMatchObject({ kind: "parameter_mismatch" });
      }
    }
    expect(await adapter().executeQuery(id, [1])).toEqual([{ id: 1 }]);
  });

  test.each(REFUSED.map(([sql, params, kind]) => ({ title: shortened(sql), sql, params, kind })))(
    "and $params.length values are refused as $kind: $title",
    async ({ sql, params, kind }) => {
      for (const [method, call] of Object.entries(METHODS)) {
        expect(await failure(call(adapter(), sql, params)), method).toMatchObject({ kind, retryable: false });
        const inside = adapter().transaction((tx) => call(tx, sql, params));
        expect(await failure(inside), method).toMatchObject({ kind, retryable: false });
      }
      expect(await adapter().executeQuery("SELECT COUNT(*) AS n FROM item")).toEqual([{ n: 3 }]);
    },
  );

  test.each(Object.entries(METHODS))(
    "that does not fit is refused by %s before a connection is even opened",
    async (_name, call) => {
      const unopened = await createAdapterFromUrl(await database.createUrl(onTestFinished), { pool: { min: 0 } });
      for (const [sql, params, kind] of REFUSED)
        expect(await failure(call(unopened, sql, params)), sql).toMatchObject({ kind });
      expect(unopened.isConnected).toBe(false);
      await unopened.close();
    },
  );

  test("that is refused leaves its transaction as it was", async () => {
    const id = await adapter().transaction(async (tx) => {
      const made = await tx.insert("item", { name: "new", price: 1, size: 1 });
      for (const [sql, params] of REFUSED) await failure(tx.executeQuery(sql, params));
      return made;
    });
    expect(await adapter().delete("item", id)).toBe(true);
  });

  test.each([":id", "@id", "#id"])("of another kind, %s, is refused or left to the database", async (variable) => {
    const error = await failure(adapter().executeQuery(`SELECT id FROM item WHERE id = ${variable} AND`, [1]));
    const isRefusedHere = database.refusedVariables.includes(variable);
    expect(error.kind).toBe("parameter_mismatch");
    expect(error.message.startsWith(`${variable} is not a placeholder`)).toBe(isRefusedHere);
  });

  test("?? is the operator ? where there is one, else it is refused", async () => {
    if (database.questionMarkQuery === null) {
      const error = await failure(adapter().executeQuery("SELECT id FROM item WHERE name ?? ?", ["a"]));
      expect(error).toMatchObject({ kind: "parameter_mismatch", message: expect.stringContaining("??") });
    } else expect(await adapter().executeQuery(database.questionMarkQuery, ["a"])).toEqual([{ found: true }]);
  });

  describe("of the database's own", () => {
    const native = { placeholders: "native" } as const;
    const mark = (n: number) => adapter().dialect.placeholder(n);

    test("is sent as it is", async () => {
      const sql = `SELECT id FROM item WHERE price = ${mark(1)} AND name = ${mark(2)}`;
      expect(await adapter().executeQuery(sql, [2, "pen"], native)).toEqual([{ id: 1 }]);
      expect(await all(adapter().stream(sql, [2, "pen"], native))).toEqual([{ id: 1 }]);
      expect(await adapter().transaction((tx) => tx.executeQuery(sql, [2, "pen"], native))).toEqual([{ id: 1 }]);
    });

    describe.each(Object.entries(METHODS))("in %s", (_name, call) => {
      const run = (sql: string, params: readonly unknown[]) => call(queriesOf(adapter(), native), sql, params);

      test.each([0, 1, 3])("is refused when two of them are given %d values", async (count) => {
        const sql = `SELECT id FROM item WHERE name = ${mark(1)} OR id = ${mark(2)}`;
        const values = ["pen", 2, 3].slice(0, count);
        expect(await failure(run(sql, values))).toMatchObject({ kind: "parameter_mismatch" });
        expect(await run(sql, ["pen", 1])).toEqual([{ id: 1 }]);
      });

      test("is refused when there is a second statement, and neither is run", async () => {
        const insert = "INSERT INTO item (name) VALUES ('second')";
        expect(await failure(run(`${insert}; ${insert}`, []))).toMatchObject({ kind: "syntax_error" });
        expect(await adapter().executeQuery("SELECT COUNT(*) AS n FROM item")).toEqual([{ n: 3 }]);
      });

      test.each([":id", "@id", "#id", "$id", "?3"])(
        "never leaves another kind without a value: %s",
        async (variable) => {
          const sql = `SELECT id FROM item WHERE id = 1 AND ${variable} IS NOT NULL AND name = ${mark(1)}`;
          // What means nothing to the adapter here is an operator or a variable of the session, or not understood.
          const isParameter = database.refusedVariables.includes(variable) || "$?".includes(variable.charAt(0));
          const outcome = await run(sql, ["pen"]).catch(({ kind }) => kind);
          if (database.refusedVariables.length > 0 && isParameter) expect(outcome).toBe("parameter_mismatch");
          else
            expect([
              [{ id: 1 }],
              [],
              "parameter_mismatch",
              "syntax_error",
              "undefined_column",
              "unsupported",
            ]).toContainEqual(outcome);
        },
      );
    });

    test("can be numbered or come in a trigger, where the database has that", async () => {
      if (database.refusedVariables.length === 0) return;
      const sql = "SELECT id FROM item WHERE name = ?2 AND id = ?1; -- ?";
      expect(await adapter().executeQuery(sql, [1, "pen"], native)).toEqual([{ id: 1 }]);
      const trigger =
        "CREATE TRIGGER forget AFTER DELETE ON item BEGIN SELECT 7 %s FROM (SELECT 1 AS s); SELECT 2; END";
      expect(await adapter().executeQuery(trigger, [], native)).toEqual([]);
      expect(await adapter().executeQuery("DROP TRIGGER forget", [], native)).toEqual([]);
    });
  });

  test("of which there are more than the server takes is refused, and the adapter goes on", async () => {
    for (const count of [65_536, 70_000, 131_073]) {
      const marks = Array.from({ length: count }, () => "?").join(",");
      const params = Array.from({ length: count }, (_, n) => n);
      const error = await failure(adapter().executeQuery(`SELECT id FROM item WHERE id IN (${marks})`, params));
      expect(["unsupported", "parameter_mismatch"], String(count)).toContain(error.kind);
      expect(await adapter().executeQuery("SELECT id FROM item WHERE name = ?", ["pen"])).toEqual([{ id: 1 }]);
    }
  });

  test("in a megabyte of text is found quickly", async () => {
    const filler = "/* ? */ \n".repeat(3000);
    const sql = `SELECT id FROM item WHERE id = ? -- ${"x?".repeat(500_000)}\n ${filler}`;
    expect(await adapter().executeQuery(sql, [2])).toEqual([{ id: 2 }]);
  });

  test("and any text around it keep their meaning", { timeout: 120_000 }, async () => {
    const character = fc.oneof(
      fc.constantFrom(..."?$1%s'\";:@#-/*[]{}`() \n,éß🍓"),
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    );
    const text = fc
      .array(character, { maxLength: 30 })
      .map((parts) => parts.join(""))
      .filter((joined) => joined.isWellFormed() && !/[\\\0]/.test(joined));
    await fc.assert(
      fc.asyncProperty(text, text, fc.constantFrom("?", "$1", "%s"), async (literal, bound, style) => {
        const comment = literal.replaceAll("*/", "").replaceAll("/*", "").replace(/[*/!]/g, "");
        const sql = `SELECT price /* ${comment} */ AS price, '${literal.replaceAll("'", "''")}' AS written FROM item WHERE name <> ${style} AND id = 1`;
        expect(await adapter().executeQuery(sql, [bound === "pen" ? "" : bound])).toEqual([
          { price: 2, written: literal },
        ]);
      }),
      { numRuns: IS_FULL ? 5000 : 60 },
    );
  });
});
