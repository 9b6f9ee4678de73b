import { execFile } from "node:child_process";
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { FraiserDatabaseAdapter } from "../../src/db/index.ts";
import {
  getDatabase,
  getLedger,
  type Ledger,
  type LedgerPlace,
  openDatabase,
  openLedger,
  runMigrations,
  schemaStatus,
} from "../../src/ledger/index.ts";
import { DATABASES } from "./databases.ts";
import type { Opening } from "./open-once.ts";
import { newDeployment, temporaryFolder } from "./support.ts";

const NAMES = ["001_create_deployment_tables", "002_create_deployment_indexes", "003_create_fraise_state_tables"];

/** A folder whose database nobody has chosen otherwise. */
const somewhere = (): LedgerPlace => ({ directory: temporaryFolder(), env: {} });
const fileOf = ({ directory }: LedgerPlace) => join(directory, "fraisier.db");

/** A ledger with one deployment. */
async function withOneDeployment(place: LedgerPlace = somewhere()): Promise<LedgerPlace> {
  const { ledger, close } = await openLedger({ ...place, mode: "write" });
  await ledger.createDeployment(newDeployment());
  await close();
  return place;
}

async function count(ledger: Ledger | undefined): Promise<number | undefined> {
  return (await ledger?.listDeployments())?.length;
}

test("a ledger that is closed is one file, so that a copy of it is a copy of everything", async () => {
  const place = somewhere();
  const database = await openDatabase(place, "write");
  await runMigrations(database);
  await database.close();
  expect(readdirSync(place.directory)).toEqual(["fraisier.db"]);
  await withOneDeployment(place);
  const reading = await openLedger({ ...place, mode: "read" });
  expect(await count(reading?.ledger)).toBe(1);
  await reading?.close();
  expect(readdirSync(place.directory)).toEqual(["fraisier.db"]);
});

describe("a ledger that is opened to read", () => {
  test("is none where there is no database, and none is made", async () => {
    const place = somewhere();
    expect(await openLedger({ ...place, mode: "read" })).toBeNull();
    const env = { FRAISIER_DB_URL: `sqlite://${place.directory}/var/lib/other.db` };
    expect(await openLedger({ ...place, env, mode: "read" })).toBeNull();
    expect(readdirSync(place.directory)).toEqual([]);
  });

  test("is none where the file is empty, and that stays empty", async () => {
    const place = somewhere();
    writeFileSync(fileOf(place), "");
    expect(await openLedger({ ...place, mode: "read" })).toBeNull();
    expect(statSync(fileOf(place)).size).toBe(0);
  });

  test("tells what is there, and refuses to be written", async () => {
    const place = await withOneDeployment();
    const opened = await openLedger({ ...place, mode: "read" });
    expect(await count(opened?.ledger)).toBe(1);
    await expect(opened?.ledger.createDeployment(newDeployment())).rejects.toMatchObject({ kind: "read_only" });
    expect(await count(opened?.ledger)).toBe(1);
    await opened?.close();
    await expect(opened?.ledger.listDeployments()).rejects.toMatchObject({ kind: "pool_closed" });
  });

  test("goes on telling while somebody else writes", async () => {
    const place = await withOneDeployment();
    const reading = await openLedger({ ...place, mode: "read" });
    await withOneDeployment(place);
    expect(await count(reading?.ledger)).toBe(2);
    await reading?.close();
  });

  test.for<[name: string, content: string]>([
    ["a file that is no database", "Dear diary, ".repeat(100)],
    ["half of one", "SQLite format 3\0 and no more"],
  ])("is refused for %s, which is left alone", async ([, content]) => {
    const place = somewhere();
    writeFileSync(fileOf(place), content);
    await expect(openLedger({ ...place, mode: "read" })).rejects.toThrow(fileOf(place));
    await expect(openLedger({ ...place, mode: "write" })).rejects.toThrow(fileOf(place));
    expect(readFileSync(fileOf(place), "utf8")).toBe(content);
    expect(readdirSync(place.directory)).toEqual(["fraisier.db"]);
  });
});

describe("a ledger that is opened to write", () => {
  test("is made where there is none, with its folder, for its owner alone", async () => {
    const { directory } = somewhere();
    const place = { directory: join(directory, "new", "folder"), env: {} };
    const { ledger, close } = await openLedger({ ...place, mode: "write" });
    expect(await count(ledger)).toBe(0);
    await close();
    expect((statSync(fileOf(place)).mode & 0o777).toString(8)).toBe("600");
  });

  test("is refused where it would be forgotten", async () => {
    for (const url of ["sqlite::memory:", "sqlite://:memory:"])
      await expect(openLedger({ ...somewhere(), env: { FRAISIER_DB_URL: url }, mode: "write" })).rejects.toMatchObject({
        kind: "schema_in_memory",
        hint: expect.stringContaining("FRAISIER_DB_URL="),
      });
  });

  test("is refused where the URL itself only allows reading", async () => {
    const place = await withOneDeployment();
    const env = { FRAISIER_DB_URL: `sqlite://${fileOf(place)}?mode=ro` };
    const { ledger, close } = await openLedger({ ...place, env, mode: "write" });
    await expect(ledger.createDeployment(newDeployment())).rejects.toMatchObject({ kind: "read_only" });
    await close();
  });
});

describe("a file that its user may not write", () => {
  /** Root may write everything, so that it takes somebody else to be refused. */
  async function openAsUser(mode: "read" | "write", { directory }: LedgerPlace): Promise<Opening> {
    const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const script = join(import.meta.dirname, "open-once.ts");
    const { FRAISIER_DB_URL: _url, NODE_COMPILE_CACHE: _cache, ...env } = process.env;
    const { stdout } = await promisify(execFile)(process.execPath, [script, mode, directory], { ...user, env });
    return JSON.parse(stdout) as Opening;
  }

  function giveToUser(...paths: readonly string[]): void {
    if (process.getuid?.() === 0) for (const path of paths) chownSync(path, 65534, 65534);
  }

  test("can be read, and is refused to be written before anything is done", async () => {
    const place = await withOneDeployment();
    giveToUser(place.directory, fileOf(place));
    chmodSync(fileOf(place), 0o400);
    const before = readFileSync(fileOf(place));
    expect(await openAsUser("read", place)).toEqual({ deployments: 1, error: null });
    expect(await openAsUser("write", place)).toEqual({
      deployments: null,
      error: { kind: "read_only", message: expect.stringContaining(`${fileOf(place)} cannot be written`) },
    });
    expect(readFileSync(fileOf(place))).toEqual(before);
  });

  test("is not made in a folder that is not its user's", async () => {
    const place = somewhere();
    giveToUser(place.directory);
    chmodSync(place.directory, 0o555);
    onTestFinished(() => chmodSync(place.directory, 0o755));
    const { error } = await openAsUser("write", place);
    expect(error).toEqual({ kind: "read_only", message: expect.stringContaining(place.directory) });
    expect(existsSync(fileOf(place))).toBe(false);
    expect(await openAsUser("read", place)).toEqual({ deployments: null, error: null });
  });
});

describe("the database is chosen", () => {
  async function fileUsed(adapter: FraiserDatabaseAdapter): Promise<unknown> {
    const [row] = await adapter.executeQuery("SELECT file FROM pragma_database_list");
    await adapter.close();
    return row?.file;
  }

  test("by the options before the environment, by that before the folder", async () => {
    const { directory } = somewhere();
    const options = { url: `sqlite://${directory}/options.db` };
    const env = { FRAISIER_DB_URL: `sqlite://${directory}/environment.db` };
    expect(await fileUsed(await getDatabase({ directory, env, options }))).toBe(join(directory, "options.db"));
    expect(await fileUsed(await getDatabase({ directory, env }))).toBe(join(directory, "environment.db"));
    expect(await fileUsed(await getDatabase({ directory, env: {} }))).toBe(join(directory, "fraisier.db"));
    expect(await fileUsed(await getDatabase({ directory, env: { FRAISIER_DB_URL: "" } }))).toBe(
      join(directory, "fraisier.db"),
    );
  });

  test("by the environment and the working folder of the process, where nothing is said", async () => {
    const { directory } = somewhere();
    const before = process.cwd();
    process.chdir(directory);
    onTestFinished(() => {
      process.chdir(before);
      vi.unstubAllEnvs();
    });
    vi.stubEnv("FRAISIER_DB_URL", "sqlite://./chosen.db");
    expect(await fileUsed(await getDatabase())).toBe(join(directory, "chosen.db"));
    vi.stubEnv("FRAISIER_DB_URL", undefined);
    expect(await fileUsed(await getDatabase())).toBe(join(directory, "fraisier.db"));
  });

  test("and never migrated by getDatabase", async () => {
    const adapter = await getDatabase(somewhere());
    expect(adapter.isConnected).toBe(true);
    expect(await adapter.executeQuery("SELECT name FROM sqlite_master")).toEqual([]);
    await adapter.close();
  });

  test("and set up by getLedger", async () => {
    const { directory } = somewhere();
    const place = { directory, env: {}, options: { url: `sqlite://${directory}/mine.db` } };
    const ledger = await getLedger(place);
    const { id } = await ledger.createDeployment(newDeployment());
    await ledger.adapter.close();
    const again = await getLedger(place);
    expect(await again.listDeployments()).toMatchObject([{ id }]);
    await again.adapter.close();
    expect(readdirSync(directory)).toEqual(["mine.db"]);
  });

  test("and no other than a known one", async () => {
    const env = { FRAISIER_DB_URL: "oracle://maria:s3cr3t@db.example/ledger" };
    const error = await getDatabase({ ...somewhere(), env }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ kind: "config_invalid", message: expect.stringMatching(/^FRAISIER_DB_URL: /) });
    expect(JSON.stringify([error, String(error)])).not.toContain("s3cr3t");
  });
});

describe.each(DATABASES)("getDatabase() and getLedger() ($name)", (database) => {
  test("asked for at the same time make one pool, and one ledger in it; another after it was closed", async () => {
    const place = { ...somewhere(), options: { url: await database.createEmpty() } };
    const [first, second, adapter, same] = await Promise.all([
      getLedger(place),
      getLedger(place),
      getDatabase(place),
      getDatabase(place),
    ]);
    onTestFinished(() => adapter.close());
    expect([first.adapter, second.adapter, same].map((one) => one === adapter)).toEqual([true, true, true]);
    const { id } = await first.createDeployment(newDeployment());
    expect(await second.listDeployments()).toMatchObject([{ id }]);
    await adapter.close();
    const later = await Promise.all([getLedger(place), getLedger(place)]);
    onTestFinished(() => later[0].adapter.close());
    expect([later[0].adapter === adapter, later[1].adapter === later[0].adapter]).toEqual([false, true]);
    expect(await later[1].listDeployments()).toMatchObject([{ id }]);
  });
});

test("a ledger that was kept without write-ahead logging is shared too", async () => {
  const place = await withOneDeployment();
  const file = new DatabaseSync(fileOf(place));
  file.exec("PRAGMA journal_mode = DELETE");
  file.close();
  const [first, second] = await Promise.all([getLedger(place), getLedger(place)]);
  onTestFinished(() => first.adapter.close());
  expect([second.adapter === first.adapter, first.adapter.isConnected]).toEqual([true, true]);
});

describe("the database itself", () => {
  test("is not made by being looked at or changed", async () => {
    const place = somewhere();
    expect(await openDatabase(place, "read")).toBeNull();
    expect(await openDatabase(place, "change")).toBeNull();
    expect(readdirSync(place.directory)).toEqual([]);
  });

  test("is given as it is: empty, set up, or with what a newer version did", async () => {
    const place = somewhere();
    writeFileSync(fileOf(place), "");
    const status = async () => {
      const adapter = await openDatabase(place, "read");
      if (adapter === null) throw new Error("there is one");
      const { applied, pending, unknown } = await schemaStatus(adapter);
      await adapter.close();
      const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
      return { applied: names(applied), pending: names(pending), unknown: names(unknown) };
    };
    expect(await status()).toEqual({ applied: [], pending: NAMES, unknown: [] });
    const adapter = await getDatabase(place);
    expect((await runMigrations(adapter)).applied).toEqual(NAMES);
    expect(await status()).toEqual({ applied: NAMES, pending: [], unknown: [] });
    await adapter.executeUpdate("UPDATE tb_schema_migration SET version = 9, name = '009_later' WHERE version = 3");
    await adapter.close();
    expect(await status()).toEqual({
      applied: [...NAMES.slice(0, 2), "009_later"],
      pending: [NAMES[2]],
      unknown: ["009_later"],
    });
  });

  test("that is none: why is thrown", async () => {
    const place = somewhere();
    writeFileSync(fileOf(place), "Dear diary, ".repeat(100));
    await expect(openDatabase(place, "read")).rejects.toThrow(fileOf(place));
  });
});
