import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { rowBuilder } from "../../src/db/row-builder.ts";

const NAMES = ["id", "__proto__", "constructor", "7", "", 'a"b', "a\\", "${x}", "`", "\u2028", "*/", "é 🍓"];
const values = NAMES.map((_, index) => index);
const upper = (value: unknown): unknown => `<${value}>`;

/** Enough rows for a function to have been made. */
const MANY = Array.from({ length: 200 }, () => values);

test("whatever its columns are called, a row is the same before and after a function was made for them", () => {
  const build = rowBuilder<unknown>(
    NAMES,
    NAMES.map((_, index) => (index % 2 === 0 ? null : upper)),
  );
  const rows = MANY.map((each) => build(each));
  const expected = Object.fromEntries(values.map((value, i) => [NAMES[i], i % 2 === 0 ? value : `<${value}>`]));
  for (const row of rows) {
    expect(Object.entries(row)).toEqual(Object.entries(expected));
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
  }
});

test("of two columns with the same name the last one counts", () => {
  const build = rowBuilder<unknown>(["a", "b", "a"], [null, null, upper]);
  for (const row of MANY.map(() => build([1, 2, 3]))) expect(row).toEqual({ a: "<3>", b: 2 });
});

test("null stays null whatever the decoder, and what is missing is null", () => {
  const build = rowBuilder<unknown>(["a", "b", "c"], [upper, null, upper]);
  for (const row of MANY.map(() => build([null, null]))) expect(row).toEqual({ a: null, b: null, c: null });
});

test("where Node.js makes no code out of text, rows are built all the same", () => {
  const script = `
    import { rowBuilder } from ${JSON.stringify(new URL("../../src/db/row-builder.ts", import.meta.url).href)};
    const build = rowBuilder(["a", "__proto__"], [null, null]);
    let row;
    for (let i = 0; i < 200; i++) row = build([i, "x"]);
    console.log(JSON.stringify(Object.entries(row)));`;
  const flags = ["--disallow-code-generation-from-strings", "--input-type=module", "--eval", script];
  expect(execFileSync(process.execPath, flags, { encoding: "utf8" }).trim()).toBe('[["a",199],["__proto__","x"]]');
});
