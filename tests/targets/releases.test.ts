import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Target, TargetError } from "../../src/targets/index.ts";
import { createLocalTarget } from "../../src/targets/index.ts";
import { removeTree } from "../../src/targets/local/remove-tree.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Sandbox, temporaryFolder, testIo } from "./support/sandbox.ts";

let sandbox: Sandbox;
let target: Target;
let commit: string;

beforeEach(() => {
  sandbox = new Sandbox();
  target = sandbox.target();
  commit = sandbox.repository.commit({ "a.txt": "1" });
});

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error("it was done");
    },
    (error: TargetError) => error,
  );

describe("looking", () => {
  test("finds nothing where nothing has been deployed, and makes nothing", async () => {
    expect(await target.inspect()).toEqual({ currentRelease: null, releases: [], service: null });
    expect(await target.serviceLog(10)).toEqual([]);
    expect(existsSync(sandbox.appPath)).toBe(false);
  });

  test("lists complete releases in the order they were made", async () => {
    const clock = new ManualClock();
    const timed = sandbox.target({}, { clock });
    for (const id of ["z", "m", "a"]) {
      await sandbox.release(timed, id);
      clock.advance(1000);
    }
    mkdirSync(sandbox.path("releases", "unfinished"));
    rmSync(sandbox.path("releases", "m"), { recursive: true });
    writeFileSync(sandbox.path(".fraisier", "releases", "half.json"), "{");
    await target.activate("z");
    expect(await target.inspect()).toMatchObject({ currentRelease: "z", releases: ["z", "a"] });
  });
});

describe("activating", () => {
  test("points current at the release by a relative link, and null takes it away", async () => {
    await sandbox.release(target, "r1");
    await target.activate("r1");
    expect(readlinkSync(sandbox.path("current"))).toBe("releases/r1");
    await target.activate(null);
    await target.activate(null);
    expect(existsSync(sandbox.path("current"))).toBe(false);
    expect((await target.inspect()).currentRelease).toBeNull();
    expect(sandbox.list(".fraisier", "tmp")).toEqual([]);
  });

  test("is seen by a busy reader as the old release or the new one, never as none", async () => {
    await sandbox.release(target, "r1");
    await sandbox.release(target, "r2");
    await target.activate("r1");
    const reader = `
      const fs = require("node:fs"), seen = new Set();
      process.on("message", () => process.send([...seen], () => process.exit()));
      const read = () => {
        for (let i = 0; i < 500; i++) {
          try { fs.readFileSync(process.argv[1]); seen.add(fs.readlinkSync(process.argv[2])); }
          catch (error) { seen.add(error.code); }
        }
        setImmediate(read);
      };
      read();
      process.send("ready");`;
    const child = spawn(process.execPath, ["-e", reader, sandbox.path("current", "a.txt"), sandbox.path("current")], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    await once(child, "message");
    for (let round = 0; round < 300; round++) await target.activate(round % 2 === 0 ? "r2" : "r1");
    child.send("enough");
    const [seen] = (await once(child, "message")) as [string[]];
    expect(seen.sort()).toEqual(["releases/r1", "releases/r2"]);
  });

  test("needs the folder of the release", async () => {
    await sandbox.release(target, "r1");
    await target.activate("r1");
    expect((await refusal(target.activate("r2"))).kind).toBe("release_broken");
    expect(readlinkSync(sandbox.path("current"))).toBe("releases/r1");
  });

  test.each([
    ["a folder", () => mkdirSync(sandbox.path("current")), /is a folder/],
    ["a file", () => writeFileSync(sandbox.path("current"), ""), /is a file/],
    ["a link to elsewhere", () => symlinkSync("/srv/old", sandbox.path("current")), /points to \/srv\/old/],
  ])("never takes the place of %s", async (_what, make, message) => {
    await sandbox.release(target, "r1");
    make();
    for (const work of [
      () => target.activate("r1"),
      () => target.activate(null),
      () => target.guard({ token: 1, holder: "me" }),
    ]) {
      const error = await refusal(work());
      expect(error.kind).toBe("app_path_unusable");
      expect(error.message).toMatch(message);
      expect(error.hint).toContain(`mv ${sandbox.path("current")}`);
    }
    expect((await target.inspect()).currentRelease).toBeNull();
  });

  test("goes on from another tool's releases", async () => {
    await sandbox.release(target, "r1");
    mkdirSync(sandbox.path("releases", "20240101"));
    symlinkSync(sandbox.path("releases", "20240101"), sandbox.path("current"));
    expect(await target.inspect()).toMatchObject({ currentRelease: "20240101", releases: ["r1"] });
    await target.activate("r1");
    await target.activate("20240101");
    expect((await target.inspect()).currentRelease).toBe("20240101");
  });
});

describe("verifying", () => {
  const reason = async (id: string, of = commit) => {
    const verdict = await target.verifyRelease(id, of);
    return verdict.ok ? null : verdict.reason;
  };

  test("tells whether a release could serve again, and why not", async () => {
    await sandbox.release(target, "r1");
    expect(await reason("r1")).toBeNull();
    expect(await reason("r1", "0".repeat(40))).toMatch(/was made from commit .*, not from 000000000000/);
    expect(await reason("r2")).toMatch(/folder is gone/);
    rmSync(sandbox.path("releases", "r1", "a.txt"));
    expect(await reason("r1")).toMatch(/is empty/);
    mkdirSync(sandbox.path("releases", "half"));
    expect(await reason("half")).toMatch(/never finished/);
  });
});

describe("removing", () => {
  test("takes the folder and what was known of it, but never the one that serves", async () => {
    for (const id of ["r1", "r2"]) await sandbox.release(target, id);
    await target.activate("r2");
    const error = await refusal(target.removeRelease("r2"));
    expect(error.kind).toBe("release_in_use");
    await target.removeRelease("r1");
    await target.removeRelease("r1");
    await target.removeRelease("never");
    expect(await target.inspect()).toMatchObject({ currentRelease: "r2", releases: ["r2"] });
    expect(sandbox.list("releases")).toEqual(["r2"]);
    for (const folder of ["trash", "tmp"]) expect(sandbox.list(".fraisier", folder)).toEqual([]);
    expect((await refusal(target.removeRelease("../shared"))).kind).toBe("unsupported");
  });

  test("takes read-only folders too, and follows no link", async () => {
    const folder = temporaryFolder();
    const outside = join(folder, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "kept"), "");
    const tree = join(folder, "tree");
    mkdirSync(join(tree, "mod", "cache"), { recursive: true });
    writeFileSync(join(tree, "mod", "cache", "x.go"), "");
    symlinkSync(outside, join(tree, "link"));
    for (const path of ["mod/cache", "mod", "."]) chmodSync(join(tree, path), 0o555);
    await removeTree(tree);
    expect(existsSync(tree)).toBe(false);
    expect(existsSync(join(outside, "kept"))).toBe(true);
  });
});

describe("the folder of the application", () => {
  test("must be an absolute path of its own", () => {
    for (const appPath of ["relative/app", "", "/", "//."]) {
      expect(() => createLocalTarget(sandbox.settings({ appPath })), appPath).toThrow(/not an absolute path/);
    }
  });

  test("that can't be made is told of", async () => {
    const file = join(sandbox.folder, "file");
    writeFileSync(file, "");
    const blocked = sandbox.target({ appPath: join(file, "app") });
    const error = await refusal(blocked.guard({ token: 1, holder: "me" }));
    expect(error.kind).toBe("app_path_unusable");
    expect(error.message).toContain(join(file, "app"));
    expect(error.message).toContain("something on the way is not a folder");
    expect(await blocked.inspect()).toEqual({ currentRelease: null, releases: [], service: null });
  });

  test("may be moved, or be a link", async () => {
    await sandbox.release(target, "r1");
    await target.activate("r1");
    const moved = join(sandbox.folder, "moved");
    renameSync(sandbox.appPath, moved);
    symlinkSync(moved, sandbox.appPath);
    expect(await target.inspect()).toMatchObject({ currentRelease: "r1", releases: ["r1"] });
    const io = testIo();
    await target.run("cat a.txt", "r1", io);
    expect(io.lines).toEqual(["stdout: 1"]);
  });
});
