import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import type { SqliteAdapter } from "../../../src/db/index.ts";
import type { Outcome } from "./outcome.ts";
import { failure, openAdapter, runChild, temporaryFile } from "./support.ts";

const CREATE = "CREATE TABLE item (id INTEGER PRIMARY KEY, filler TEXT)";
const FILLER = { filler: "x".repeat(1000) };

const countOf = async (adapter: SqliteAdapter) =>
  (await adapter.executeQuery<{ n: number }>("SELECT count(*) AS n FROM item"))[0]?.n;

async function expectIntact(adapter: SqliteAdapter): Promise<void> {
  expect(await adapter.executeQuery("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
}

/** Inserts until it is refused. @returns how many rows went in, and the refusal */
async function fill(adapter: SqliteAdapter) {
  for (let written = 0; ; written++) {
    const result = await adapter.insert("item", FILLER).catch((error: unknown) => ({ error }));
    if (typeof result !== "string") return { written, error: result.error };
  }
}

const mountPoint = mkdtempSync(join(tmpdir(), "fraisier-small-disk-"));
afterAll(() => rmSync(mountPoint, { recursive: true }));
const mount = (options: string) => spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", mountPoint]).status === 0;
const unmount = () => spawnSync("umount", [mountPoint]);
/** Only root may mount, and not in every container. */
const canMount = process.platform === "linux" && mount("size=4k");
if (canMount) unmount();

/** A disk of the test's own. */
function smallDisk(size: string): void {
  expect(mount(`size=${size}`)).toBe(true);
  onTestFinished(() => void unmount());
}

/** Takes all the space that is left; freed by removing the file. */
function takeTheRest(): string {
  const file = join(mountPoint, "filler");
  for (const size of [65_536, 4096, 1])
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: "a" });
    } catch {
      // as full as it gets in pieces of this size
    }
  return file;
}

describe.skipIf(!canMount)("on a disk that is full", () => {
  test("no database is made, and the same adapter makes it once there is space", async () => {
    smallDisk("256k");
    const filler = takeTheRest();
    const file = join(mountPoint, "test.db");
    const adapter = openAdapter(file);
    for (let n = 0; n < 2; n++) {
      expect(await failure(adapter.executeQuery(CREATE))).toMatchObject({
        kind: "disk_full",
        message: expect.stringContaining(file),
        hint: expect.stringContaining("Free some space"),
      });
    }
    expect(statSync(file).size).toBe(0);
    rmSync(filler);
    await adapter.executeQuery(CREATE);
    expect(await countOf(adapter)).toBe(0);
  });

  test("a database that was there is refused and stays as it is", async () => {
    smallDisk("256k");
    const file = join(mountPoint, "test.db");
    const first = openAdapter(file);
    await first.executeQuery(CREATE);
    await first.close();
    const before = readFileSync(file);
    takeTheRest();
    const adapter = openAdapter(file);
    expect(await failure(adapter.insert("item", FILLER))).toMatchObject({ kind: "disk_full" });
    expect(readFileSync(file)).toEqual(before);
  });

  test("a write is refused, what was committed stays, and it goes on once there is space", async () => {
    smallDisk("1m");
    const adapter = openAdapter(join(mountPoint, "test.db"));
    await adapter.executeQuery(CREATE);
    writeFileSync(join(mountPoint, "filler"), Buffer.alloc(256 * 1024));
    const { written, error } = await fill(adapter);
    expect(error).toMatchObject({ kind: "disk_full", retryable: false, hint: expect.stringContaining("Free") });
    expect(written).toBeGreaterThan(10);
    expect(await countOf(adapter)).toBe(written);
    await expectIntact(adapter);
    rmSync(join(mountPoint, "filler"));
    await adapter.insert("item", FILLER);
    expect(await countOf(adapter)).toBe(written + 1);
    await expectIntact(adapter);
  });

  test("a transaction leaves nothing of itself", async () => {
    smallDisk("512k");
    const adapter = openAdapter(join(mountPoint, "test.db"));
    await adapter.executeQuery(CREATE);
    await adapter.insert("item", FILLER);
    const work = adapter.transaction(async (tx) => {
      // More than SQLite keeps in memory until the commit.
      await tx.insert("item", { filler: "x".repeat(4_000_000) });
      await tx.insert("item", FILLER);
    });
    expect(await failure(work)).toMatchObject({ kind: "disk_full" });
    expect(await countOf(adapter)).toBe(1);
    await adapter.insert("item", FILLER);
    expect(await countOf(adapter)).toBe(2);
  });
});

test.skipIf(!canMount)("a file system that is mounted for reading only is named as the reason", async () => {
  smallDisk("256k");
  expect(mount("remount,ro")).toBe(true);
  const file = join(mountPoint, "folder", "test.db");
  expect(await failure(openAdapter(file).connect())).toMatchObject({
    kind: "read_only",
    message: `${join(mountPoint, "folder")} could not be made: the file system is read-only.`,
  });
  expect(await failure(openAdapter(join(mountPoint, "test.db")).connect())).toMatchObject({
    kind: "read_only",
    message: expect.stringContaining(`${mountPoint} cannot be written to`),
  });
});

test("a database that reached the size that it may have refuses to grow, and loses nothing", async () => {
  const adapter = openAdapter(temporaryFile());
  await adapter.executeQuery(CREATE);
  await adapter.transaction((tx) => tx.executeQuery("PRAGMA max_page_count = 20"));
  const { written, error } = await fill(adapter);
  expect(error).toMatchObject({ kind: "disk_full" });
  expect(written).toBeGreaterThan(10);
  expect(await countOf(adapter)).toBe(written);
});

test.skipIf(process.platform === "win32")(
  "a file that reached its user's limit says that the operating system refused it, and loses nothing",
  async () => {
    const file = temporaryFile();
    const adapter = openAdapter(file);
    await adapter.executeQuery(CREATE);
    await adapter.close();
    const { written, outcome } = await runChild<{ written: number; outcome: Outcome }>(
      "fill-up.ts",
      [file],
      "ulimit -f 200",
    );
    expect(outcome).toMatchObject({ kind: "unknown", message: expect.stringContaining("operating system") });
    expect(written).toBeGreaterThan(10);
    await adapter.connect();
    expect(await countOf(adapter)).toBe(written);
    await expectIntact(adapter);
  },
);
