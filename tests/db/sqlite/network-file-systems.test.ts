import { existsSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { DatabaseError } from "../../../src/db/index.ts";
import { networkFileSystem, prepareFile } from "../../../src/db/sqlite/file.ts";
import { openAdapter, temporaryFile } from "./support.ts";

// No test can mount a network file system, so the number that statfs(2) gives for one is injected.
const SYSTEMS: readonly (readonly [string, number])[] = [
  ["NFS", 0x6969],
  ["SMB", 0x517b],
  ["CIFS", 0xff534d42],
  ["SMB2", 0xfe534d42],
  ["9P", 0x01021997],
  ["Ceph", 0x00c36400],
  ["AFS", 0x5346414f],
  ["AFS", 0x6b414653],
  ["Coda", 0x73757245],
  ["Lustre", 0x0bd00bd0],
  ["GFS2", 0x01161970],
  ["OCFS2", 0x7461636f],
  ["VirtualBox shared folder", 0x786f4256],
];

describe("a network file system", () => {
  test.each(SYSTEMS)("is refused by name before anything is made: %s", (name, magic) => {
    const file = temporaryFile();
    let asked = "";
    const prepare = (readOnly: boolean) =>
      prepareFile(file, readOnly, (folder) => {
        asked = folder;
        return magic;
      });
    expect(() => prepare(false)).toThrow(DatabaseError);
    expect(() => prepare(false)).toThrow(
      expect.objectContaining({
        kind: "unsupported",
        message: expect.stringContaining(`network file system (${name})`),
        hint: expect.stringContaining("local disk"),
      }),
    );
    expect(asked).toBe(dirname(file));
    expect(existsSync(file)).toBe(false);
  });

  test("is recognised also where its number is taken for a negative one", () => {
    expect(networkFileSystem(0xff534d42 | 0)).toBe("CIFS");
  });

  test("is refused for a database that is there already, also for reading", async () => {
    const file = temporaryFile();
    await openAdapter(file).connect();
    for (const readOnly of [true, false]) {
      expect(() => prepareFile(file, readOnly, () => 0x6969)).toThrow("NFS");
    }
  });

  test("is looked for where a link leads", () => {
    const file = temporaryFile();
    const elsewhere = temporaryFile();
    symlinkSync(elsewhere, file);
    const asked: string[] = [];
    prepareFile(file, false, (folder) => asked.push(folder));
    expect(asked).toEqual([dirname(elsewhere)]);
  });

  test.each([
    ["ext4", 0xef53],
    ["XFS", 0x58465342],
    ["Btrfs", 0x9123683e],
    ["tmpfs", 0x01021994],
    ["overlayfs", 0x794c7630],
    ["ZFS", 0x2fc12fc1],
  ])("is not what %s is", (_, magic) => {
    expect(networkFileSystem(magic)).toBeNull();
    const file = join(dirname(temporaryFile()), "folder", "test.db");
    prepareFile(file, false, () => magic);
    expect(existsSync(file)).toBe(true);
  });
});
