/** The database of a Python Fraisier, adopted by the command line. */
import { readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { runMigrations } from "../../src/ledger/index.ts";
import {
  adapterOf,
  ask,
  change,
  contents,
  deployment,
  digest,
  insert,
  pythonFile,
  type Shape,
  state,
  uuid,
} from "../ledger/python-fraisier.ts";
import type { RunResult } from "../packaging/support.ts";
import { linesLeft, startInTerminal } from "./in-terminal.ts";
import { FRUIT, fraisier, project } from "./support.ts";

const NAMES = ["001_create_deployment_tables", "002_create_deployment_indexes", "003_create_fraise_state_tables"];
const SHAPES: readonly Shape[] = ["first", "later"];

/** A lock that nobody's patience outlives. */
const LIVE_LOCK = insert("tb_deployment_lock", {
  service_name: "worker",
  provider_name: "bare_metal",
  locked_at: "2026-01-15T12:00:00.000000",
  expires_at: "2999-01-15T12:00:00.000000",
});

/** Runs `fraisier db …` beside the file, which is where a user has it. */
const db = (file: string, ...args: string[]): Promise<RunResult> => fraisier(dirname(file), ["db", ...args]);

/** What stands in the folder, without SQLite's own. */
const namesBeside = (file: string): string[] => readdirSync(dirname(file)).filter((name) => !/-(shm|wal)$/.test(name));

async function json(file: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { exitCode, stdout, stderr } = await db(file, ...args, "--json");
  expect([exitCode, stderr], stdout).toEqual([0, ""]);
  return JSON.parse(stdout);
}

describe.each(SHAPES)("a file of the Python Fraisier, in the %s shape", (shape) => {
  test("db migrate adopts it, says what became of what it held and where the copy is", async () => {
    const file = pythonFile({ shape }, LIVE_LOCK);
    const before = contents(file);
    const { exitCode, stdout, stderr } = await db(file, "migrate", "--timezone", "Europe/Paris");
    expect(exitCode, stderr).toBe(0);
    const [backup = ""] = namesBeside(file).filter((name) => name.endsWith(".bak"));
    expect(stdout.split("\n")).toEqual([
      "Adopted the database of the Python Fraisier. What it remembered is kept:",
      "states          12",
      "deployments     61; 1 unfinished, to be abandoned",
      "webhook events  2",
      "locks           2; 1 still held, to stay; 1 expired, to go",
      "times           those without a zone are read as Europe/Paris",
      `as it was       ${dirname(file)}/${backup}`,
      `Applied ${NAMES.join(", ")}.`,
      "",
    ]);
    for (const name of NAMES) expect(stderr).toMatch(new RegExp(`✓ ${name} +\\d`));
    expect(contents(`${dirname(file)}/${backup}`)).toEqual(before);
    expect(ask(file, "SELECT started_at FROM tb_deployment ORDER BY pk_deployment LIMIT 1")).toEqual([
      { started_at: utc((before.tb_deployment as { started_at: string }[])[0]?.started_at ?? "") },
    ]);
    expect(ask(file, "SELECT status, COUNT(*) AS count FROM tb_deployment GROUP BY 1 ORDER BY 1")).toContainEqual({
      status: "abandoned",
      count: 1,
    });
    expect((await db(file, "status")).stdout).toMatch(/^schema +up to date$/m);
    expect((await db(file, "migrate")).stdout).toBe("The schema is up to date; nothing was to be done.\n");
    const history = await fraisier(dirname(file), ["history", "--json", "-n", "100"]);
    expect(JSON.parse(history.stdout).deployments).toHaveLength(61);
  });

  test("--dry-run says what would become of it, and writes nothing", async () => {
    const file = pythonFile({ shape }, deployment(100, { fk_fraise_state: 4711 }));
    const before = digest(file);
    const { exitCode, stdout, stderr } = await db(file, "migrate", "--dry-run", "--timezone", "Asia/Kathmandu");
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n")).toEqual([
      "This would adopt the database of the Python Fraisier, and keep what it remembers:",
      "states           12",
      "deployments      62; 1 unfinished, to be abandoned; 1 without a state, to get one",
      "webhook events   2",
      "locks            1; 1 expired, to go",
      "times            those without a zone are read as Asia/Kathmandu",
      `copied first to  ${file}.python-<time>.bak`,
      "",
    ]);
    expect(await json(file, "migrate", "--dry-run", "--timezone", "UTC")).toEqual({
      schema: "fraisier.db-migrate/1",
      dryRun: true,
      adoption: {
        ...{ timezone: "UTC", fraises: 12, deployments: 62, webhookEvents: 2, orphans: 1, abandoned: 1, unlinked: 0 },
        ...{ locks: 0, staleLocks: 1, backup: `${file}.python-<time>.bak` },
      },
    });
    expect(digest(file)).toBe(before);
    expect(namesBeside(file)).toEqual(["fraisier.db"]);
  });
});

test("what is said more than once stops it, and db repair --merge-duplicates leads on, by the commands of the hints", async () => {
  const twice = state(101, { fraise_name: "bakery", updated_at: "2026-01-15T12:00:01.000000" });
  const file = pythonFile({}, state(100, { fraise_name: "bakery" }), twice);
  change(file, deployment(100, { fk_fraise_state: 100, fraise_name: "bakery" }));
  const before = digest(file);
  const old = contents(file);
  const zone = "--timezone Asia/Kathmandu";
  for (const more of [[], ["--dry-run"]]) {
    const refused = await db(file, "migrate", ...zone.split(" "), ...more);
    expect([refused.exitCode, refused.stderr]).toEqual([6, expect.stringContaining("bakery production (2 rows)")]);
    expect(refused.stderr).toContain(`: fraisier db repair ${zone} --merge-duplicates\n`);
  }
  expect([digest(file), namesBeside(file)]).toEqual([before, ["fraisier.db"]]);

  const merged = await db(file, "repair", ...zone.split(" "), "--merge-duplicates");
  const [backup = ""] = namesBeside(file).filter((name) => name.endsWith(".bak"));
  expect(merged).toMatchObject({
    exitCode: 0,
    stdout: `bakery production: kept the state ${uuid(1101)}, removed ${uuid(1100)}; deployments that are its own now: 1.
As it was, the database is in ${dirname(file)}/${backup}\n`,
    stderr: `Adopt it now: fraisier db migrate ${zone}\n`,
  });
  expect(contents(`${dirname(file)}/${backup}`)).toEqual(old);
  expect(await json(file, "repair", "--merge-duplicates")).toEqual({
    schema: "fraisier.db-repair/1",
    backup: null,
    merged: [],
  });
  const adopted = await db(file, "migrate", ...zone.split(" "));
  expect([adopted.exitCode, adopted.stdout]).toEqual([0, expect.stringMatching(/^states +13$/m)]);
  expect((await db(file, "repair", "--merge-duplicates")).stdout).toContain("Nothing is to be merged");
});

test("--json tells what was merged", async () => {
  const file = pythonFile(
    {},
    state(100, { fraise_name: "bakery", job_name: "" }),
    state(101, { fraise_name: "bakery" }),
  );
  expect(await json(file, "repair", "--merge-duplicates", "--timezone", "UTC")).toEqual({
    schema: "fraisier.db-repair/1",
    backup: expect.stringMatching(/fraisier\.db\.duplicates-\d{8}T\d{6}Z\.bak$/),
    merged: [
      {
        fraise: "bakery",
        environment: "production",
        job: null,
        kept: uuid(1101),
        removed: [uuid(1100)],
        deployments: 0,
      },
    ],
  });
});

test("db status says whose file it is, and names the command", async () => {
  const file = pythonFile();
  const before = digest(file);
  const { exitCode, stdout, stderr } = await db(file, "status");
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^schema +of the Python Fraisier; not adopted yet$/m)]);
  expect(stdout).not.toContain("001_");
  expect(stderr).toMatch(/^Adopt it, .*: fraisier db migrate\n$/);
  expect(await json(file, "status")).toMatchObject({
    ...{ isPython: true, applied: [], pending: NAMES },
    problem: { kind: "schema_outdated", message: expect.stringContaining("Python Fraisier") },
  });
  expect(digest(file)).toBe(before);
});

test("rollback says that a release of the Python Fraisier's cannot be gone back to, and how its commit is deployed", async () => {
  const [first, second] = ["a".repeat(40), "b".repeat(40)];
  const old = deployment(100, { git_commit: first, started_at: "2999-01-15T12:00:00.000000" });
  const file = pythonFile({}, old, deployment(101, { git_commit: second, started_at: "2999-01-16T12:00:00.000000" }));
  await runMigrations(adapterOf(file));
  project(FRUIT, dirname(file));
  const rollback = async (...args: string[]) => {
    const { exitCode, stderr } = await fraisier(dirname(file), ["rollback", "shop", "production", ...args]);
    expect(stderr).toContain("the Python Fraisier, whose releases cannot be gone back to.");
    return [exitCode, /fraisier deploy .*/.exec(stderr)?.[0]];
  };
  expect(await rollback()).toEqual([7, `fraisier deploy shop production --ref ${first}`]);
  expect(await rollback("--to", second)).toEqual([7, `fraisier deploy shop production --ref ${second}`]);
});

test("--json tells the same of an adoption", async () => {
  const file = pythonFile();
  const { schema, adoption, ...result } = await json(file, "migrate", "--timezone", "UTC");
  expect([schema, result]).toEqual([
    "fraisier.db-migrate/1",
    { databaseType: "sqlite", applied: NAMES, reverted: [], pending: [] },
  ]);
  expect(adoption).toMatchObject({ timezone: "UTC", fraises: 12, deployments: 61, abandoned: 1, staleLocks: 1 });
  expect(namesBeside(file)).toContain(basename((adoption as { backup: string }).backup));
});

test("rows are counted while they are brought over", async () => {
  const file = pythonFile({}, ...Array.from({ length: 50 }, (_, index) => deployment(200 + index)));
  const { exitCode, screen } = await startInTerminal(dirname(file), ["db", "migrate"], { columns: 120 }).ended;
  expect(exitCode, screen).toBe(0);
  expect(screen).toContain("taking over what the Python Fraisier remembered (126 of 126 rows done)");
  expect(linesLeft(screen).filter((line) => line.includes("126 of 126"))).toEqual([]);
});

test.each([
  ["migrate --timezone Europe/Pari", "Europe/Pari"],
  ["migrate --timezone UTC --to 1", "--to"],
  ["migrate --timezone UTC --directory migrations", "--directory"],
  ["repair --timezone UTC", "--merge-duplicates"],
  ["repair --merge-duplicates --timezone Europe/Pari", "Europe/Pari"],
  ["repair --merge-duplicates --directory migrations", "--directory"],
])("fraisier db %s: a usage error, before anything is looked at", async (line, told) => {
  const file = pythonFile();
  const before = digest(file);
  const { exitCode, stdout, stderr } = await db(file, ...line.split(" "));
  expect([exitCode, stdout, stderr]).toEqual([2, "", expect.stringContaining(told)]);
  expect(digest(file)).toBe(before);
  expect(namesBeside(file)).toEqual(["fraisier.db"]);
});

/** In winter. */
const utc = (text: string) => new Date(`${text.slice(0, 23)}+01:00`).toISOString();
