import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { type DatabaseError, DriverErrorSummary, type SqliteAdapter } from "../../../src/db/index.ts";
import { BY_CODE, BY_MESSAGE, isSqliteError } from "../../../src/db/sqlite/errors.ts";
import type { Outcome } from "./outcome.ts";
import {
  BY_CODE_PROVOKED,
  BY_MESSAGE_PROVOKED,
  type Provocation,
  readDamagedIndex,
  SCHEMA,
  SECRET,
} from "./provocations.ts";
import { failure, openAdapter, runChild } from "./support.ts";

async function openSchema(exposeValues: boolean): Promise<SqliteAdapter> {
  const adapter = openAdapter(":memory:", { exposeValues });
  for (const sql of SCHEMA) await adapter.executeQuery(sql);
  return adapter;
}

async function provoke({ by, params }: Provocation, exposeValues: boolean): Promise<DatabaseError> {
  const adapter = await openSchema(exposeValues);
  return failure(typeof by === "string" ? adapter.executeQuery(by, params) : by(adapter, { exposeValues }));
}

/** SQLite's own code and text, which only `exposeValues` shows. */
async function original(provocation: Provocation): Promise<{ errcode: number; message: string }> {
  const { cause } = await provoke(provocation, true);
  if (!isSqliteError(cause)) return expect.fail(`not SQLite's own error: ${inspect(cause)}`);
  return cause;
}

/** Whatever somebody could print of an error. */
const everythingOf = (error: Error) =>
  [inspect(error, { depth: 9, showHidden: true }), error.stack, JSON.stringify(error), String(error.cause)].join("\n");

const titled = (provocations: readonly Provocation[]) =>
  provocations.map((each) => [typeof each.by === "string" ? each.by : `code ${each.code}`, each] as const);

describe.each([
  ["by its code", BY_CODE_PROVOKED],
  ["by its text", BY_MESSAGE_PROVOKED],
])("an error has its kind %s", (_, provocations) => {
  test.each(titled(provocations))("%s", async (_, provocation) => {
    const { kind, details } = provocation;
    const error = await provoke(provocation, false);
    expect(error).toMatchObject({ kind, table: undefined, columns: undefined, constraint: undefined, ...details });
    const { errcode, message } = await original(provocation);
    expect(errcode === provocation.code || (errcode & 0xff) === provocation.code).toBe(true);
    if (provocation.code === 1) expect(error.message).toContain(message);
  });

  test.each(titled(provocations))("and shows no value: %s", async (_, provocation) => {
    const error = await provoke(provocation, false);
    expect(everythingOf(error)).not.toContain(SECRET);
    if (error.cause !== undefined) expect(error.cause).toBeInstanceOf(DriverErrorSummary);
  });
});

describe("every entry of the table has been met", () => {
  // Met where it can be had: another user (permissions.test.ts), a limit of the system (full-disk.test.ts), below, and
  // the schema (17) where many migrate at once (migrations/race.test.ts).
  const ELSEWHERE = ["1544", "10", "7", "15", "17"];
  test("of codes", () => {
    const provoked = BY_CODE_PROVOKED.map(({ code }) => String(code));
    expect([...new Set([...provoked, ...ELSEWHERE])].sort()).toEqual(Object.keys(BY_CODE).sort());
  });

  test("of texts, each by a statement that no entry before it takes", async () => {
    const messages = await Promise.all(BY_MESSAGE_PROVOKED.map(async (each) => (await original(each)).message));
    const met = messages.map((message) => BY_MESSAGE.find(([pattern]) => pattern.test(message)));
    for (const entry of BY_MESSAGE) expect(met, String(entry[0])).toContain(entry);
  });

  test.skipIf(process.platform !== "linux")("memory that ran out", async () => {
    interface Report {
      readonly kibibytes: number;
      readonly outcome: Outcome | null;
    }
    // One that finds its sources compiled has less than one that does not.
    const limited = (limit: number) =>
      runChild<Report>("exhaust-memory.ts", [], `export NODE_DISABLE_COMPILE_CACHE=1; ulimit -v ${limit}`);
    // The first limit is only for what Node reserves where it may, and never uses.
    const { kibibytes } = await limited(8_000_000);
    const { outcome } = await limited(kibibytes + 300_000);
    expect(outcome).toMatchObject({ kind: "unknown", message: "SQLite ran out of memory." });
  });

  // SQLite itself tries for 10 s, sleeping, before it gives up: too long for every run.
  test.skipIf(process.env.FRAISIER_TEST_SCALE !== "1")("locks that could not be agreed on", async () => {
    expect(await failure(readDamagedIndex({}))).toMatchObject({
      kind: "busy",
      message: expect.stringContaining("locks"),
    });
  });
});

describe("an error whose text may hold a value", () => {
  const PATH = `${SECRET}[`;

  test("withholds it and says how to see it", async () => {
    const adapter = await openSchema(false);
    const error = await failure(adapter.executeQuery("SELECT json_extract('{}', ?)", [PATH]));
    expect(error).toMatchObject({
      kind: "unknown",
      message: "SQLite failed with code 1; its own text is withheld, since it may hold values.",
      hint: expect.stringContaining("exposeValues"),
    });
    expect(everythingOf(error)).not.toContain(SECRET);
  });

  test("shows it as its cause, and there alone, with exposeValues", async () => {
    const adapter = await openSchema(true);
    const error = await failure(adapter.executeQuery("SELECT json_extract('{}', ?)", [PATH]));
    expect(error.message).not.toContain(SECRET);
    expect(error.cause).toMatchObject({ code: "ERR_SQLITE_ERROR", errcode: 1, message: `bad JSON path: '${PATH}'` });
  });

  test("that a trigger wrote, is withheld too", async () => {
    const error = await failure((await openSchema(false)).executeUpdate("DELETE FROM pair"));
    expect(error).toMatchObject({ kind: "check_violation", message: "A trigger refused the change." });
    const exposed = await failure((await openSchema(true)).executeUpdate("DELETE FROM pair"));
    expect(exposed.cause).toMatchObject({ message: `${SECRET} is not to go` });
  });

  test("that names a piece of a search, is withheld though it speaks of a column", async () => {
    const adapter = await openSchema(false);
    await adapter.executeQuery("CREATE VIRTUAL TABLE page USING fts5 (body)");
    const search = "SELECT * FROM page WHERE page MATCH ?";
    const streamed = async () => {
      for await (const row of adapter.stream(search, [`${SECRET}: x`])) expect.fail(inspect(row));
    };
    for (const error of [await failure(adapter.executeQuery(search, [`${SECRET}: x`])), await failure(streamed())]) {
      expect(error).toMatchObject({
        kind: "unknown",
        message: expect.stringContaining("withheld"),
        columns: undefined,
      });
      expect(everythingOf(error)).not.toContain(SECRET);
    }
    const mistaken = adapter.executeQuery("SELECT missing FROM page WHERE body = ?", ["what is missing"]);
    expect(await failure(mistaken)).toMatchObject({ kind: "undefined_column", columns: ["missing"] });
  });
});
