/** What stops an adoption, and that the file is what it was then. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { getDatabase, mergeDuplicates, runMigrations, schemaStatus } from "../../src/ledger/index.ts";
import {
  adapterOf,
  allOf,
  ask,
  change,
  contents,
  deployment,
  digest,
  pythonFile,
  state,
  uuid,
} from "./python-fraisier.ts";

const timezone = "UTC";
const beside = (file: string): string[] => readdirSync(dirname(file)).sort();

/** Two rows of the same fraise, of which the second was written last. */
const TWICE = [
  state(100, { fraise_name: "bakery" }),
  state(101, { fraise_name: "bakery", job_name: "", updated_at: "2026-01-16T12:00:00" }),
  deployment(100, { fraise_name: "bakery", fk_fraise_state: 100 }),
  deployment(101, { fraise_name: "bakery", fk_fraise_state: 101 }),
];

describe("what is said more than once", () => {
  test.each(["first", "later"] as const)("stops it before anything is changed (%s shape)", async (shape) => {
    const file = pythonFile({ shape }, ...TWICE, state(102, { fraise_name: "bakery", job_name: "daily" }));
    const before = digest(file);
    const adapter = await getDatabase({ directory: dirname(file), env: {} });
    onTestFinished(() => adapter.close());
    await expect(runMigrations(adapter, { timezone })).rejects.toMatchObject({
      kind: "schema_duplicates",
      message: expect.stringContaining("bakery production (2 rows)."),
      hint: expect.stringContaining("fraisier db repair --merge-duplicates"),
    });
    expect(digest(file)).toBe(before);
    expect(beside(file).filter((name) => !/-(shm|wal)$/.test(name))).toEqual(["fraisier.db"]);
  });

  test("is merged into the row that was written last, with the deployments of all, and adopted then", async () => {
    const file = pythonFile({}, ...TWICE);
    const { merged, backup } = await mergeDuplicates(adapterOf(file), { timezone });
    expect(merged).toEqual([
      {
        fraise: "bakery",
        environment: "production",
        job: null,
        kept: uuid(1101),
        removed: [uuid(1100)],
        deployments: 1,
      },
    ]);
    expect(ask(backup ?? "", "SELECT COUNT(*) AS count FROM tb_fraise_state")).toEqual([{ count: 14 }]);
    const { adoption } = await runMigrations(adapterOf(file), { timezone });
    expect(adoption).toMatchObject({ fraises: 13, deployments: 63, orphans: 0 });
    const [bakery, ...others] = allOf(file, "tb_fraise_state").filter((row) => row.fraise_name === "bakery");
    expect(others).toEqual([]);
    expect(bakery).toMatchObject({ id: uuid(1101), job_name: null, successful_deployments: 2 });
  });
});

test("getDatabase leaves a file as it is until it is used, also one that was opened before", async () => {
  const file = pythonFile();
  const before = digest(file);
  const place = { directory: dirname(file), env: {} };
  for (const _ of [1, 2]) await (await getDatabase(place)).close();
  expect([digest(file), beside(file)]).toEqual([before, ["fraisier.db"]]);
  const adapter = await getDatabase(place);
  onTestFinished(() => adapter.close());
  await runMigrations(adapter, { timezone });
  expect(await getDatabase(place)).toBe(adapter);
});

describe("kill -9", () => {
  test.each([
    ["first", "statement", 1],
    ["later", "migration", 3],
    ["first", "row", 1],
    ["later", "row", 76],
  ] as const)(
    "of a file in the %s shape, at %s %d: it is what it was, and the next run adopts it",
    async (shape, moment, number) => {
      const file = pythonFile({ shape });
      const before = contents(file);
      const args = [join(import.meta.dirname, "adopt-and-die.ts"), file, moment, String(number)];
      const child = spawn(process.execPath, args, { stdio: "inherit" });
      await once(child, "close");
      expect(child.signalCode).toBe("SIGKILL");
      expect(contents(file)).toEqual(before);
      change(file, deployment(100)); // the Python Fraisier could go on
      const { adoption } = await runMigrations(adapterOf(file), { timezone });
      expect(adoption).toMatchObject({ fraises: 12, deployments: 62 });
      expect(beside(file).filter((name) => name.endsWith(".partial"))).toEqual([]);
      expect(ask(file, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    },
  );

  test("after the last moment: it is adopted", async () => {
    const file = pythonFile();
    const child = spawn(process.execPath, [join(import.meta.dirname, "adopt-and-die.ts"), file, "applied", "1"]);
    await once(child, "close");
    expect(child.signalCode).toBe("SIGKILL");
    expect(await schemaStatus(adapterOf(file))).toMatchObject({ pending: [], applied: [{}, {}, {}] });
    expect(allOf(file, "tb_deployment")).toHaveLength(61);
  });
});
