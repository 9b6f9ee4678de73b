import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, onTestFinished, test } from "vitest";
import { createAdapterFromUrl, DATABASE_ERROR_KINDS } from "../../src/db/index.ts";
import { emptyFolder } from "../cli/support.ts";
import { type ContractDatabase, DATABASES } from "../contract/support/databases.ts";
import { failure } from "../contract/support/expect.ts";
import { shareAdapter } from "../contract/support/shared-adapter.ts";
import { KINDS, SAMPLES, type ValueKind } from "../contract/support/values.ts";
import { fenced, ROOT, read, section } from "./documents.ts";

const GUIDE = read("docs/database.md");

/** The examples are one program. */
const PROGRAM = fenced(GUIDE, "js").join("\n");

/** What the program is said to print: the comment behind each console.log. */
const PRINTED = [...PROGRAM.matchAll(/^\s*console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = ""]) => text);

describe.each(DATABASES)("the guide's program on $name", (database) => {
  test("prints what it says", async () => {
    const folder = emptyFolder("guide");
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(ROOT, join(folder, "node_modules", "fraisier"));
    writeFileSync(join(folder, "guide.mjs"), PROGRAM);
    const env = { DATABASE_URL: await database.createUrl(onTestFinished) };
    const { stdout, stderr } = await execa(process.execPath, ["guide.mjs"], { cwd: folder, env });
    expect(stderr).toBe("");
    expect(PRINTED.length).toBeGreaterThan(8);
    expect(stdout.split("\n")).toEqual(PRINTED);
  });

  test("the pool's defaults are those of the table", async () => {
    const adapter = await createAdapterFromUrl(await database.createUrl(onTestFinished));
    onTestFinished(() => adapter.close());
    const { minConnections, maxConnections } = adapter.poolMetrics();
    const column = { sqlite: 2, postgresql: 3, mysql: 4 }[database.type];
    const cell = (option: string) => new RegExp(`^\\| \`${option}\` .*$`, "m").exec(GUIDE)?.[0].split("|")[column];
    expect(Number(cell("max"))).toBe(maxConnections);
    // SQLite's readers and its writer are counted together, and there is always a writer.
    expect(minConnections - Number(cell("min"))).toBe(database.type === "sqlite" ? 1 : 0);
  });
});

/** The rows of a table that stands below a line which begins with these words. */
function rowsOfTable(heading: string): string[][] {
  const table = GUIDE.slice(GUIDE.indexOf(`\n| ${heading} |`) + 1).split("\n\n", 1)[0] ?? "";
  const rows = table.split("\n").map((line) => line.split("|").slice(1, -1));
  return rows.slice(2).map((cells) => cells.map((cell) => cell.trim()));
}

/** The column of a table for a database, after those that it has before them. */
const columnOf = ({ type }: ContractDatabase, before: number) =>
  before + ["sqlite", "postgresql", "mysql"].indexOf(type);

/** What the first words of the tables' rows are in the contract suite. */
const KIND_OF: Readonly<Record<string, ValueKind>> = {
  boolean: "boolean",
  booleans: "boolean",
  integer: "integer",
  integers: "integer",
  number: "float",
  floats: "float",
  exact: "decimal",
  decimals: "decimal",
  text: "text",
  bytes: "bytes",
  JSON: "json",
  UUID: "uuid",
  UUIDs: "uuid",
  instant: "instant",
  instants: "instant",
  date: "date",
  dates: "date",
};
const kindOf = (cell: string): ValueKind | undefined => KIND_OF[/\w+/.exec(cell)?.[0] ?? ""];

describe.each(DATABASES)("the guide's tables of values on $name", (database) => {
  const adapter = shareAdapter(database, async () => {});
  let tables = 0;
  async function tableOf(type: string): Promise<string> {
    const table = `t${++tables}`;
    await adapter().executeQuery(`CREATE TABLE ${table} (id ${database.types.countingKey}, value ${type})`);
    await adapter().executeQuery(`CREATE VIEW ${table}_view AS SELECT * FROM ${table}`);
    return table;
  }
  /** What is written between backticks, as JavaScript. */
  const evaluate = (text: string): unknown => new Function("Buffer", `return ${text}`)(Buffer);

  const declared = rowsOfTable("value").flatMap((cells) => {
    const kind = kindOf(cells[0] ?? "");
    const types = (cells[columnOf(database, 1)] ?? "").replaceAll("`", "").split(/, (?!\d)/);
    return kind === undefined ? [] : types.map((type) => ({ kind, type: type.replace(" and others", "") }));
  });

  test("name every kind of value", () => {
    expect(new Set(declared.map(({ kind }) => kind))).toEqual(new Set(KINDS));
  });

  test.each(declared)("$kind: what is written into $type is what is read", async ({ kind, type }) => {
    const table = await tableOf(type);
    const samples = SAMPLES[kind].filter(({ label }) => label !== "1 MB");
    await adapter().insertMany(
      table,
      samples.map(({ given }) => ({ value: given })),
    );
    for (const from of [table, `${table}_view`]) {
      const rows = await adapter().executeQuery(`SELECT value FROM ${from} ORDER BY id`);
      expect(rows.map(({ value }) => value)).toStrictEqual(samples.map(({ read }) => read));
    }
  });

  const converted = rowsOfTable("given").map((cells) => {
    const cell = cells[columnOf(database, 2)] ?? "";
    const own = new RegExp(`${database.name}: (.*)$`).exec(cell)?.[1] ?? cell.split(", MariaDB:")[0] ?? "";
    return { given: /`(.*?)`/.exec(cells[0] ?? "")?.[1] ?? "", column: cells[1] ?? "", read: own };
  });

  test("have what is converted", () => {
    expect(converted.length).toBeGreaterThan(10);
  });

  test.each(converted)("$given in a column for $column is read as $read", async ({ given, column, read }) => {
    const kind = kindOf(column);
    const table = await tableOf(kind === undefined ? column : database.types[kind]);
    const value = evaluate(given);
    const writing = adapter().insert(table, { value });
    if (read === "refused") {
      expect(await failure(writing)).toMatchObject({ kind: "out_of_range" });
      return;
    }
    await writing;
    const words: Record<string, unknown> = { "in small letters": String(value).toLowerCase(), "as given": value };
    const expected = read in words ? words[read] : evaluate(read.replaceAll("`", ""));
    expect(await adapter().executeQuery(`SELECT value FROM ${table}`)).toStrictEqual([{ value: expected }]);
  });
});

test("the table of kinds is the vocabulary", () => {
  const rows = [...section(GUIDE, "Errors").matchAll(/^\| `(\w+)` \| (.*) \| (yes|no) \|$/gm)].map(
    ([, kind, meaning, retryable]) => [kind, { meaning, retryable: retryable === "yes" }],
  );
  expect(Object.fromEntries(rows)).toEqual(DATABASE_ERROR_KINDS);
});

test("the readme leads to it", () => {
  expect(read("README.md")).toContain("(docs/database.md)");
});
