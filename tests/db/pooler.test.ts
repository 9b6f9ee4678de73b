import { describe, expect, onTestFinished, test } from "vitest";
import { createAdapterFromUrl, type FraiserDatabaseAdapter, MigrationRunner } from "../../src/db/index.ts";
import { ownPooler, sharedServer } from "../servers/shared.ts";
import { type Content, DATABASES, DatabaseProject } from "./migrations/database-project.ts";

const pooler = await ownPooler(await sharedServer("postgresql"));
const [postgresql] = DATABASES.filter(({ name }) => name === "PostgreSQL") as [(typeof DATABASES)[number]];

/** The URL of the same database by way of the pooler. */
function pooled(url: string): string {
  const { pathname } = new URL(url);
  return Object.assign(new URL(pooler.url), { pathname }).href;
}

async function connect(url: string): Promise<FraiserDatabaseAdapter> {
  const adapter = await createAdapterFromUrl(pooled(url), { pool: { min: 0, max: 4 } });
  onTestFinished(() => adapter.close());
  return adapter;
}

const FILES = {
  "001_a": "CREATE TABLE a (id INTEGER);\n-- migrate:down\nDROP TABLE a;",
  "002_b": "INSERT INTO a (id) VALUES (2); SELECT pg_sleep(0.05);\n-- migrate:down\nDELETE FROM a;",
  "003_c": "INSERT INTO a (id) VALUES (3); SELECT pg_sleep(0.05);\n-- migrate:down\nSELECT 1;",
};
const ALONE = "-- migrate:no-transaction\n-- migrate:up\nCREATE INDEX CONCURRENTLY ix ON a (id);";

/** A project on a database, and runners that reach it only through the pooler. */
async function create(files: Readonly<Record<string, Content>>) {
  const project = await DatabaseProject.create(postgresql, files);
  const runner = async () => new MigrationRunner(await connect(project.url), { directory: project.directory });
  return { project, runner };
}

describe("behind a pooler in transaction mode", () => {
  test("statements, streams and transactions work, whichever session each of them gets", async () => {
    const { project } = await create({});
    const adapter = await connect(project.url);
    await adapter.executeUpdate("CREATE TABLE t (id INTEGER PRIMARY KEY, at TIMESTAMPTZ(3), bytes BYTEA, real FLOAT8)");
    const row = { at: new Date("2026-01-02T03:04:05.678Z"), bytes: Buffer.from([0, 255]), real: 0.1 + 0.2 };
    // Several at once, so that the pooler has several sessions; each of them comes from the server with another time zone.
    const ids = [1, 2, 3, 4, 5, 6, 7, 8];
    await Promise.all(
      ids.map((id) =>
        adapter.transaction(async (tx) => {
          await tx.insert("t", { id, ...row });
          await tx.executeQuery("SELECT pg_sleep(0.02)");
        }),
      ),
    );
    for (let round = 0; round < 3; round++) {
      const found = await Promise.all(ids.map((id) => adapter.executeQuery("SELECT * FROM t WHERE id = ?", [id])));
      expect(found).toEqual(ids.map((id) => [{ id, ...row }]));
    }
    const streamed: unknown[] = [];
    for await (const { id } of adapter.stream("SELECT id FROM t ORDER BY id")) streamed.push(id);
    expect(streamed).toEqual(ids);
    await expect(
      adapter.transaction(async (tx) => {
        await tx.delete("t", 1);
        throw new Error("changed my mind");
      }),
    ).rejects.toThrow("changed my mind");
    expect(await adapter.executeUpdate("UPDATE t SET real = 0")).toBe(8);
  });

  test("that is noticed by itself", async () => {
    const { project } = await create({});
    const adapter = await connect(project.url);
    expect(await adapter.session(async ({ isExclusive }) => isExclusive)).toBe(false);
    expect(await project.adapter.session(async ({ isExclusive }) => isExclusive)).toBe(true);
  });

  test("four runners at once apply each migration exactly once", async () => {
    const { project, runner } = await create(FILES);
    const runners = await Promise.all(Array.from({ length: 4 }, runner));
    const results = await Promise.all(runners.map((one) => one.up()));
    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(Object.keys(FILES));
    expect(await project.ask("SELECT id FROM a ORDER BY id")).toEqual([{ id: 2 }, { id: 3 }]);
    expect((await runners[0]?.down({ to: 1 }))?.reverted).toEqual(["003_c", "002_b"]);
    const again = await Promise.all(runners.map((one) => one.up()));
    expect(again.flatMap(({ applied }) => applied).sort()).toEqual(["002_b", "003_c"]);
    expect(await project.ask("SELECT id FROM a ORDER BY id")).toEqual([{ id: 2 }, { id: 3 }]);
  });

  test("a database is noted as having migrations by one of four", async () => {
    const { project, runner } = await create(FILES);
    const runners = await Promise.all(Array.from({ length: 4 }, runner));
    const noted = await Promise.all(runners.map((one) => one.baseline(2)));
    expect(noted.flat()).toEqual(["001_a", "002_b"]);
    expect(await project.applied()).toEqual(["001_a", "002_b"]);
  });

  test("a file without a transaction is refused, with the reason and what to do", async () => {
    const { project, runner } = await create({ ...FILES, "004_index": ALONE });
    const one = await runner();
    await expect(one.up()).rejects.toMatchObject({
      kind: "migration_locked",
      message: `The connection goes through a pooler that shares sessions, where no lock lasts longer than a transaction; ${project.path("004_index")} needs one that does.`,
      hint: "Give the address of the server itself, or a pooler in session mode.",
    });
    expect(await project.tables()).toEqual([]);
    expect((await one.up({ to: 3 })).pending).toEqual(["004_index"]);
  });

  test("a file without a transaction that is applied already holds nothing up", async () => {
    const { project, runner } = await create({ ...FILES, "004_index": ALONE });
    await project.up();
    project.write({ "005_d": "INSERT INTO a (id) VALUES (5);\n-- migrate:down\nDELETE FROM a WHERE id = 5;" });
    const one = await runner();
    expect((await one.up()).applied).toEqual(["005_d"]);
    expect((await one.down()).reverted).toEqual(["005_d"]);
    expect(await one.baseline(5)).toEqual(["005_d"]);
    expect(await one.interruptions()).toEqual([]);
  });
});
