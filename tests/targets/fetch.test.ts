import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { FetchedRelease, Target, TargetError, TargetSettings } from "../../src/targets/index.ts";
import { Sandbox, type TestIo, temporaryFolder, testIo } from "./support/sandbox.ts";
import { waitFor } from "./support/wait.ts";

let sandbox: Sandbox;
let io: TestIo;

beforeEach(() => {
  sandbox = new Sandbox();
  io = testIo();
});

async function fetched(id: string, ref = "main", target: Target = sandbox.target()): Promise<FetchedRelease> {
  return await target.fetch({ id, ref: await target.resolveRef(ref) }, io);
}

async function refusal(id: string, ref = "main", overrides: Partial<TargetSettings> = {}): Promise<TargetError> {
  return await fetched(id, ref, sandbox.target(overrides)).then(
    () => {
      throw new Error("it was fetched");
    },
    (error: TargetError) => error,
  );
}

/** Nothing but complete releases, and nothing being made. */
function expectTidy(...releases: string[]): void {
  expect(sandbox.list("releases")).toEqual(releases);
  expect(sandbox.list(".fraisier", "releases")).toEqual(releases.map((id) => `${id}.json`));
  for (const folder of ["tmp", "trash", "running"]) expect(sandbox.list(".fraisier", folder), folder).toEqual([]);
}

describe("a release", () => {
  test("is the whole tree of the commit, as it was committed", async () => {
    const commit = sandbox.repository.commit(
      {
        "run.sh": { executable: "#!/bin/sh\n" },
        "deep/er/file.txt": "line\r\nline\n",
        link: { linkTo: "deep/er" },
        "ünï cödé.txt": "x",
        ".hidden": "h",
      },
      "First line ünï\n\nand a body",
    );
    const release = await fetched("r1");
    expect(release).toEqual({
      id: "r1",
      path: sandbox.path("releases", "r1"),
      commit,
      branch: "main",
      subject: "First line ünï",
    });
    expect(readdirSync(release.path).sort()).toEqual([".hidden", "deep", "link", "run.sh", "ünï cödé.txt"]);
    expect(statSync(join(release.path, "run.sh")).mode & 0o111).toBe(0o111);
    expect(statSync(join(release.path, ".hidden")).mode & 0o111).toBe(0);
    expect(readlinkSync(join(release.path, "link"))).toBe("deep/er");
    expect(readFileSync(join(release.path, "deep/er/file.txt"), "utf8")).toBe("line\r\nline\n");
    expectTidy("r1");
    expect(statSync(sandbox.path(".fraisier", "releases", "r1.json")).mode & 0o777).toBe(0o600);
  });

  test("does not depend on the git configuration of the user", async () => {
    const folder = temporaryFolder();
    const hooks = join(folder, "hooks");
    mkdirSync(hooks);
    for (const hook of ["post-checkout", "reference-transaction", "post-index-change"]) {
      writeFileSync(join(hooks, hook), `#!/bin/sh\ntouch ${folder}/hook-ran\n`, { mode: 0o755 });
    }
    const config = join(folder, "config");
    writeFileSync(
      config,
      `[core]\n autocrlf = true\n eol = crlf\n symlinks = false\n hooksPath = ${hooks}\n[fetch]\n prune = false\n`,
    );
    sandbox.repository.commit({ "a.txt": "one\ntwo\n", l: { linkTo: "a.txt" } });
    const target = sandbox.target({}, { env: { ...process.env, GIT_CONFIG_GLOBAL: config } });
    const { path } = await fetched("r1", "main", target);
    expect(readFileSync(join(path, "a.txt"), "utf8")).toBe("one\ntwo\n");
    expect(readlinkSync(join(path, "l"))).toBe("a.txt");
    expect(existsSync(join(folder, "hook-ran"))).toBe(false);
  });

  test("honours what the repository itself says of line ends, in a file that sorts before .gitattributes", async () => {
    sandbox.repository.commit({ ".gitattributes": "*.bat text eol=crlf\n", "!first.bat": "one\n", "z.bat": "one\n" });
    const { path } = await fetched("r1");
    for (const name of ["!first.bat", "z.bat"]) expect(readFileSync(join(path, name), "utf8"), name).toBe("one\r\n");
  });

  test("of a commit without files is an empty folder", async () => {
    const commit = sandbox.repository.commit({}, "nothing yet");
    const { path } = await fetched("r1");
    expect(readdirSync(path)).toEqual([]);
    expect(await sandbox.target().verifyRelease("r1", commit)).toEqual({ ok: true });
  });

  test("is the exact commit, though the branch has moved on since it was resolved", async () => {
    const old = sandbox.repository.commit({ "a.txt": "old" });
    const target = sandbox.target();
    const ref = await target.resolveRef("main");
    sandbox.repository.commit({ "a.txt": "new" });
    expect((await target.fetch({ id: "r1", ref }, io)).commit).toBe(old);
    expect(sandbox.read("releases", "r1", "a.txt")).toBe("old");
  });

  test("can be of a tag, a commit, the beginning of one, and of one that no branch leads to any more", async () => {
    const first = sandbox.repository.commit({ "a.txt": "1" }, "first");
    sandbox.repository.git("tag", "--annotate", "--message", "x", "v1");
    sandbox.repository.commit({ "a.txt": "2" });
    sandbox.repository.git("tag", "--delete", "v1");
    sandbox.repository.git("tag", "--annotate", "--message", "x", "v1", first);
    expect(await fetched("tag", "v1")).toMatchObject({ commit: first, branch: null, subject: "first" });
    expect(await fetched("whole", first)).toMatchObject({ commit: first });
    expect(await fetched("short", first.slice(0, 9))).toMatchObject({ commit: first });
    const lost = sandbox.repository.commit({ "a.txt": "lost" });
    sandbox.repository.git("reset", "--hard", "--quiet", "HEAD~1");
    expect(await fetched("lost", lost)).toMatchObject({ commit: lost });
    expect(sandbox.read("releases", "lost", "a.txt")).toBe("lost");
  });

  test("of a commit that does not exist is refused", async () => {
    sandbox.repository.commit({ "a.txt": "1" });
    for (const ref of ["0123456789abcdef0123456789abcdef01234567", "0123456"]) {
      const error = await refusal("r1", ref);
      expect(error.kind).toBe("ref_not_found");
      expect(error.message).toContain(ref);
    }
    expectTidy();
  });

  test("with submodules is refused", async () => {
    sandbox.repository.commit({ "a.txt": "1" });
    sandbox.repository.git(
      "update-index",
      "--add",
      "--cacheinfo",
      `160000,${sandbox.repository.git("rev-parse", "HEAD")},vendor/lib`,
    );
    sandbox.repository.git("commit", "--quiet", "--message", "a submodule");
    const error = await refusal("r1");
    expect(error.kind).toBe("unsupported");
    expect(error.message).toContain("vendor/lib");
    expectTidy();
  });

  test("that is there already is given back, unless it is another commit's or somebody else's", async () => {
    const target = sandbox.target();
    sandbox.repository.commit({ "a.txt": "1" });
    const ref = await target.resolveRef("main");
    const release = await target.fetch({ id: "r1", ref }, io);
    writeFileSync(join(release.path, "built.txt"), "");
    expect(await target.fetch({ id: "r1", ref }, io)).toEqual(release);
    expect(existsSync(join(release.path, "built.txt"))).toBe(true);
    sandbox.repository.commit({ "a.txt": "2" });
    expect((await refusal("r1")).kind).toBe("release_exists");
    mkdirSync(sandbox.path("releases", "foreign"));
    expect((await refusal("foreign")).kind).toBe("release_exists");
    expect(existsSync(sandbox.path("releases", "foreign"))).toBe(true);
    for (const id of ["../x", "", ".", "a/b", "-a"]) expect((await refusal(id)).kind, id).toBe("unsupported");
  });

  test("is never seen before it is whole", async () => {
    const files = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`f${index}.txt`, String(index)]));
    sandbox.repository.commit({ ...files, "zzz-last.txt": "last" });
    let done = false;
    let seen = 0;
    const fetching = fetched("r1").finally(() => {
      done = true;
    });
    while (!done) {
      const names = existsSync(sandbox.path("releases", "r1")) ? sandbox.list("releases", "r1") : null;
      if (names !== null) {
        seen++;
        expect(names.length).toBe(401);
      }
      await new Promise(setImmediate);
    }
    await fetching;
    expect(seen).toBeGreaterThan(0);
  });

  test("leaves nothing behind when it is given up", async () => {
    sandbox.repository.commit({ "a.txt": "1", ".gitattributes": "* filter=slow\n" });
    const folder = temporaryFolder();
    const config = join(folder, "config");
    writeFileSync(config, `[filter "slow"]\n smudge = "touch ${folder}/slow; sleep 1000"\n`);
    const target = sandbox.target({}, { env: { ...process.env, GIT_CONFIG_GLOBAL: config } });
    const fetching = fetched("r1", "main", target);
    await waitFor("the checkout", () => existsSync(join(folder, "slow")));
    io.controller.abort(new Error("Ctrl-C"));
    await expect(fetching).rejects.toThrow("Ctrl-C");
    expectTidy();
  });
});

describe("the copy of the repository", () => {
  const cache = (...parts: string[]) => sandbox.path(".fraisier", "repo.git", ...parts);

  beforeEach(async () => {
    sandbox.repository.commit({ "a.txt": "1" });
    await fetched("r1");
  });

  test("follows forced pushes, and branches that become folders", async () => {
    sandbox.repository.git("branch", "topic");
    sandbox.repository.git("tag", "moving");
    await fetched("r2", "topic");
    sandbox.repository.git("branch", "--delete", "--force", "topic");
    sandbox.repository.commit({ "a.txt": "2" });
    const forced = sandbox.repository.git("commit-tree", "-m", "anew", "HEAD^{tree}");
    sandbox.repository.git("reset", "--hard", "--quiet", forced);
    sandbox.repository.git("branch", "topic/deeper");
    sandbox.repository.git("tag", "--force", "moving");
    expect((await fetched("r3", "topic/deeper")).commit).toBe(forced);
    expect((await fetched("r4", "moving")).commit).toBe(forced);
  });

  test("is not asked for when the commit is there", async () => {
    const target = sandbox.target();
    const ref = await target.resolveRef("main");
    rmSync(sandbox.repository.path, { recursive: true });
    expect((await target.fetch({ id: "r2", ref }, io)).commit).toBe(ref.commit);
  });

  test("is not taken for whole because an interrupted fetch has left the commit itself", async () => {
    const commit = sandbox.repository.commit({ "a.txt": "2" });
    const object = join(commit.slice(0, 2), commit.slice(2));
    mkdirSync(cache("objects", commit.slice(0, 2)), { recursive: true });
    copyFileSync(join(sandbox.repository.path, ".git", "objects", object), cache("objects", object));
    expect((await fetched("r2")).commit).toBe(commit);
    expect(sandbox.read("releases", "r2", "a.txt")).toBe("2");
    expect(io.lines.join("\n")).not.toContain("anew");
  });

  test("is freed of what a killed git left", async () => {
    sandbox.repository.commit({ "a.txt": "2" });
    for (const lock of ["packed-refs.lock", "HEAD.lock", "refs/heads/main.lock", "config.lock"])
      writeFileSync(cache(lock), "");
    writeFileSync(cache("objects/pack/tmp_pack_x"), "");
    await fetched("r2");
    expect(io.lines.join("\n")).not.toContain("anew");
    expect(existsSync(cache("objects/pack/tmp_pack_x"))).toBe(false);
    expect(sandbox.read("releases", "r2", "a.txt")).toBe("2");
  });

  test.each([
    ["has lost its HEAD", () => rmSync(cache("HEAD"))],
    ["has lost its objects", () => rmSync(cache("objects"), { recursive: true })],
    [
      "is a file",
      () => {
        rmSync(cache(), { recursive: true });
        writeFileSync(cache(), "");
      },
    ],
    [
      "has broken objects",
      () => {
        for (const name of readdirSync(cache("objects"), { recursive: true, encoding: "utf8" })) {
          const path = cache("objects", name);
          if (!statSync(path).isFile()) continue;
          rmSync(path);
          writeFileSync(path, "");
        }
      },
    ],
    [
      "has a commit whose files never came",
      () => {
        const blob = sandbox.repository.git("rev-parse", "HEAD:a.txt");
        rmSync(cache("objects", blob.slice(0, 2), blob.slice(2)));
      },
    ],
  ])("that %s is made anew", async (_name, damage) => {
    damage();
    const commit = sandbox.repository.git("rev-parse", "main");
    expect((await fetched("r2")).commit).toBe(commit);
    expect(sandbox.read("releases", "r2", "a.txt")).toBe("1");
    expectTidy("r1", "r2");
  });

  test("is kept when only the repository can't be reached", async () => {
    const target = sandbox.target();
    const commit = sandbox.repository.commit({ "a.txt": "2" });
    const ref = await target.resolveRef("main");
    const before = statSync(cache()).ino;
    rmSync(sandbox.repository.path, { recursive: true });
    const error = await target.fetch({ id: "r2", ref }, io).catch((reason: TargetError) => reason);
    expect(error).toMatchObject({ kind: "repository_unreachable" });
    expect(commit).toBe(ref.commit);
    expect(statSync(cache()).ino).toBe(before);
    expectTidy("r1");
  });

  test("takes another repository's commits when git_repo changes", async () => {
    const other = new Sandbox();
    const commit = other.repository.commit({ "b.txt": "other" });
    const target = sandbox.target({ gitRepo: other.repository.path });
    expect((await fetched("r2", "main", target)).commit).toBe(commit);
    expect(sandbox.list("releases", "r2")).toEqual(["b.txt"]);
  });
});

describe("what releases share", () => {
  const shared = (...parts: string[]) => sandbox.path("shared", ...parts);

  test("is linked into each, begun by the first one's own content or empty", async () => {
    sandbox.repository.commit({
      "uploads/first.txt": "1",
      "conf/app.ini": "default",
      "conf/other.ini": "o",
      "a.txt": "",
    });
    mkdirSync(shared(), { recursive: true });
    writeFileSync(shared(".env"), "KEY=1");
    const target = sandbox.target({ shared: ["uploads", "log/deep/", ".env", "conf/app.ini"] });
    await fetched("r1", "main", target);
    expect(readlinkSync(sandbox.path("releases", "r1", "log", "deep"))).toBe("../../../shared/log/deep");
    expect(sandbox.read("releases", "r1", ".env")).toBe("KEY=1");
    expect(sandbox.read("shared", "uploads", "first.txt")).toBe("1");
    expect(sandbox.read("releases", "r1", "conf", "app.ini")).toBe("default");
    expect(lstatSync(sandbox.path("releases", "r1", "conf", "other.ini")).isFile()).toBe(true);
    expect(statSync(shared("log/deep")).isDirectory()).toBe(true);

    writeFileSync(shared("conf/app.ini"), "edited");
    writeFileSync(sandbox.path("releases", "r1", "uploads", "second.txt"), "2");
    sandbox.repository.commit({ "uploads/third.txt": "3", "conf/app.ini": "default 2" });
    await fetched("r2", "main", target);
    expect(sandbox.read("releases", "r2", "conf", "app.ini")).toBe("edited");
    expect(sandbox.list("releases", "r2", "uploads")).toEqual(["first.txt", "second.txt"]);
    expectTidy("r1", "r2");
  });

  test("moves with the folder of the application", async () => {
    sandbox.repository.commit({ "a.txt": "" });
    await fetched("r1", "main", sandbox.target({ shared: ["data/"] }));
    writeFileSync(shared("data", "x"), "x");
    const moved = join(sandbox.folder, "moved");
    execFileSync("mv", [sandbox.appPath, moved]);
    expect(readFileSync(join(moved, "releases", "r1", "data", "x"), "utf8")).toBe("x");
  });

  test("must be made first when it is a file that nobody has", async () => {
    sandbox.repository.commit({ "a.txt": "" });
    const error = await refusal("r1", "main", { shared: [".env"] });
    expect(error.kind).toBe("shared_missing");
    expect(error.hint).toContain(`Create ${shared(".env")}`);
    expectTidy();
  });

  test("must be what it is said to be", async () => {
    sandbox.repository.commit({ "a.txt": "", link: { linkTo: "/etc" } });
    mkdirSync(shared(), { recursive: true });
    writeFileSync(shared("data"), "");
    expect((await refusal("r1", "main", { shared: ["data/"] })).message).toContain("is a file");
    expect((await refusal("r1", "main", { shared: ["link"] })).message).toContain("symbolic link");
    expect((await refusal("r1", "main", { shared: ["link/fraisier-test"] })).message).toContain("not a folder");
    expect((await refusal("r1", "main", { shared: ["a.txt/b/"] })).kind).toBe("app_path_unusable");
    for (const path of ["../x", "/etc/x", "", "./"]) {
      expect((await refusal("r1", "main", { shared: [path] })).kind, path).toBe("unsupported");
    }
    expect(existsSync("/etc/fraisier-test")).toBe(false);
    expectTidy();
  });

  test("may be a link itself, to another disk say", async () => {
    sandbox.repository.commit({ "a.txt": "" });
    const disk = temporaryFolder();
    mkdirSync(shared(), { recursive: true });
    symlinkSync(disk, shared("data"));
    await fetched("r1", "main", sandbox.target({ shared: ["data/"] }));
    writeFileSync(sandbox.path("releases", "r1", "data", "x"), "x");
    expect(readdirSync(disk)).toEqual(["x"]);
  });
});
