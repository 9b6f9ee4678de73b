import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { TargetError, TargetSettings } from "../../src/targets/index.ts";
import { maskUrls, parseGitSource } from "../../src/targets/local/git-source.ts";
import { serveGit } from "./support/git-server.ts";
import { Sandbox, temporaryFolder, testIo } from "./support/sandbox.ts";

let sandbox: Sandbox;
let first: string;
let second: string;

beforeEach(() => {
  sandbox = new Sandbox();
  first = sandbox.repository.commit({ "a.txt": "1" }, "first");
  sandbox.repository.git("tag", "v1.0");
  sandbox.repository.git("tag", "--annotate", "--message", "release", "v1.1");
  sandbox.repository.git("branch", "feature/checkout");
  second = sandbox.repository.commit({ "a.txt": "2" }, "second");
});

const resolve = (ref: string | null, overrides: Partial<TargetSettings> = {}, env?: Record<string, string>) =>
  sandbox.target(overrides, env && { env: { ...process.env, ...env } }).resolveRef(ref);

const refusal = (ref: string | null, overrides: Partial<TargetSettings> = {}, env?: Record<string, string>) =>
  resolve(ref, overrides, env).then(
    (found) => {
      throw new Error(`resolved: ${JSON.stringify(found)}`);
    },
    (error: TargetError) => error,
  );

describe("a ref", () => {
  test("is a branch, a tag or the commit behind it, the default branch, or a commit", async () => {
    expect(await resolve("main")).toEqual({ ref: "main", branch: "main", commit: second });
    expect(await resolve("feature/checkout")).toEqual({
      ref: "feature/checkout",
      branch: "feature/checkout",
      commit: first,
    });
    expect(await resolve("refs/heads/main")).toEqual({ ref: "refs/heads/main", branch: "main", commit: second });
    expect(await resolve("v1.0")).toEqual({ ref: "v1.0", branch: null, commit: first });
    expect(await resolve("v1.1")).toEqual({ ref: "v1.1", branch: null, commit: first });
    expect(await resolve("refs/tags/v1.1")).toMatchObject({ commit: first });
    expect(await resolve(null)).toEqual({ ref: "main", branch: "main", commit: second });
    expect(await resolve(first.toUpperCase())).toEqual({ ref: first.toUpperCase(), branch: null, commit: first });
  });

  test("that names both a branch and a tag is the branch", async () => {
    sandbox.repository.git("tag", "both", first);
    sandbox.repository.git("branch", "both", second);
    expect(await resolve("both")).toEqual({ ref: "both", branch: "both", commit: second });
  });

  test("is the default branch without a name where HEAD is detached", async () => {
    sandbox.repository.git("checkout", "--quiet", "--detach", first);
    expect(await resolve(null)).toEqual({ ref: "HEAD", branch: null, commit: first });
  });

  test("that is the beginning of a commit is found once it was fetched", async () => {
    const short = first.slice(0, 8);
    expect(await resolve(short)).toEqual({ ref: short, branch: null, commit: null });
    await sandbox.release(sandbox.target(), "r1");
    expect(await resolve(short)).toEqual({ ref: short, branch: null, commit: first });
  });

  test("that does not exist is refused, with those that were probably meant", async () => {
    const error = await refusal("feature/chekout");
    expect(error.kind).toBe("ref_not_found");
    expect(error.message).toBe(`${sandbox.repository.path} has no branch, tag or commit "feature/chekout".`);
    expect(error.hint).toBe("Did you mean feature/checkout?");
    expect((await refusal("zzzzzz")).hint).not.toContain("mean");
  });

  test("that git would take for something else is refused unseen", async () => {
    for (const ref of [
      "--upload-pack=touch x",
      "-u",
      "main~1",
      "main^{}",
      "a..b",
      "a\nb",
      "a b",
      "",
      "ma*n",
      "x@{1}",
    ]) {
      const error = await refusal(ref, { gitRepo: "/nowhere" });
      expect(error.kind, ref).toBe("ref_not_found");
      expect(error.message, ref).toContain("can't be the name");
    }
  });

  test("is looked for without writing anything", async () => {
    await resolve("main");
    expect(existsSync(sandbox.appPath)).toBe(false);
  });

  test("may be given up", async () => {
    await expect(sandbox.target().resolveRef("main", AbortSignal.abort(new Error("Ctrl-C")))).rejects.toThrow("Ctrl-C");
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    onTestFinished(() => {
      silent.close();
    });
    await once(silent, "listening");
    const address = silent.address();
    const gitRepo = `git://127.0.0.1:${typeof address === "object" ? address?.port : 0}/x`;
    const controller = new AbortController();
    silent.once("connection", () => controller.abort(new Error("enough")));
    await expect(sandbox.target({ gitRepo }).resolveRef("main", controller.signal)).rejects.toThrow("enough");
  });
});

describe("a repository", () => {
  test("without commits has nothing to deploy", async () => {
    const empty = new Sandbox();
    const error = await empty
      .target()
      .resolveRef(null)
      .catch((reason: TargetError) => reason);
    expect(error).toMatchObject({ kind: "ref_not_found", hint: "Push a commit to it first." });
  });

  test("that is not there is told of", async () => {
    const error = await refusal("main", { gitRepo: "/nowhere/at-all.git" });
    expect(error.kind).toBe("repository_unreachable");
    expect(error.message).toContain("Could not read /nowhere/at-all.git");
    expect(error.hint).toContain("git_repo");
  });

  test("by a protocol that runs programs is refused", async () => {
    const folder = temporaryFolder();
    const config = join(folder, "config");
    writeFileSync(config, '[protocol "ext"]\n\tallow = always\n');
    const env = { GIT_CONFIG_GLOBAL: config };
    const error = await refusal("main", { gitRepo: `ext::touch ${folder}/proof` }, env);
    expect(error.kind).toBe("repository_unreachable");
    expect(error.hint).toContain("ssh, https");
    expect(existsSync(join(folder, "proof"))).toBe(false);
  });

  test.runIf(process.getuid?.() === 0)("of another owner is told of, with the way out", async () => {
    const { chownSync } = await import("node:fs");
    for (const path of [sandbox.repository.path, join(sandbox.repository.path, ".git")])
      chownSync(path, 65_534, 65_534);
    const error = await refusal("main", {}, { GIT_CONFIG_GLOBAL: "/dev/null" });
    expect(error.kind).toBe("repository_unreachable");
    expect(error.hint).toContain(`git config --global --add safe.directory ${sandbox.repository.path}`);
  });

  test("with ssh is asked without prompts, or as the user has set it up", async () => {
    const folder = temporaryFolder();
    const args = join(folder, "args");
    writeFileSync(join(folder, "ssh"), `#!/bin/sh\necho "$0 $*" >${args}\nexit 1\n`, { mode: 0o755 });
    const gitRepo = "ssh://git:hunter2@example.invalid/shop.git";
    const env = { PATH: `${folder}:${process.env.PATH}`, GIT_CONFIG_GLOBAL: "/dev/null" };
    await refusal("main", { gitRepo }, env);
    const seen = readFileSync(args, "utf8");
    expect(seen).toContain("-oBatchMode=yes");
    expect(seen).toContain("git@example.invalid");
    expect(seen).not.toContain("hunter2");

    await refusal("main", { gitRepo }, { ...env, GIT_SSH_COMMAND: "ssh -i my-key" });
    expect(readFileSync(args, "utf8")).toContain("-i my-key");
    const config = join(folder, "config");
    writeFileSync(config, "[core]\n\tsshCommand = ssh -i configured-key\n");
    await refusal("main", { gitRepo }, { ...env, GIT_CONFIG_GLOBAL: config });
    expect(readFileSync(args, "utf8")).toContain("-i configured-key");
  });

  test("is not mixed up with one that Fraisier's own environment speaks of", async () => {
    const other = new Sandbox();
    other.repository.commit({ "other.txt": "" });
    const env = {
      GIT_DIR: join(other.repository.path, ".git"),
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "remote.fraisier.url",
      GIT_CONFIG_VALUE_0: other.repository.path,
    };
    expect(await resolve("main", {}, env)).toMatchObject({ commit: second });
    expect(await resolve("main", { env }, {})).toMatchObject({ commit: second });
  });
});

describe("a password in the URL", () => {
  const PASSWORD = "s3cr3t/@: pass";
  const encoded = encodeURIComponent(PASSWORD);

  test("lets git in, and is in no argument vector and no message", async () => {
    sandbox.repository.git("config", "http.receivepack", "false");
    const server = await serveGit(sandbox.folder, "deployer", PASSWORD);
    const gitRepo = server.url("source/.git", `deployer:${encoded}`);
    const target = sandbox.target({ gitRepo }, { env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null" } });
    const io = testIo();
    const ref = await target.resolveRef("main");
    expect(ref.commit).toBe(second);
    await target.fetch({ id: "r1", ref }, io);
    expect(sandbox.read("releases", "r1", "a.txt")).toBe("2");
    expect(server.accepted).toBeGreaterThan(2);
    const gitProcesses = server.commandLines.filter((line) => line.includes("git"));
    if (process.platform === "linux") expect(gitProcesses.some((line) => line.includes("remote-http"))).toBe(true);
    for (const line of [...server.commandLines, ...io.lines]) {
      expect(line).not.toContain(encoded);
      expect(line).not.toContain(PASSWORD);
    }
    expect(sandbox.list(".fraisier", "repo.git")).toContain("config");
    expect(sandbox.read(".fraisier", "repo.git", "config")).not.toContain("deployer");
  });

  test("that is wrong is told of without showing it", async () => {
    const server = await serveGit(sandbox.folder, "deployer", "another");
    const gitRepo = server.url("source/.git", `deployer:${encoded}`);
    const error = await refusal("main", { gitRepo });
    expect(error.kind).toBe("repository_unreachable");
    expect(error.message).toContain("Authentication failed");
    expect(error.message).toContain("/source/.git");
    expect(error.hint).toContain("credential helper");
    expect(`${error.message}${error.hint}${error.stack}${String(error.cause)}`).not.toMatch(/s3cr3t/);
  });

  test("is taken out, and a user name goes apart", () => {
    expect(parseGitSource("https://me:p%40ss@host:8443/x.git?y#z")).toEqual({
      url: "https://host:8443/x.git?y#z",
      shown: "https://host:8443/x.git?y#z",
      username: "me",
      password: "p@ss",
    });
    expect(parseGitSource("https://token@host/x")).toMatchObject({
      url: "https://host/x",
      username: "token",
      password: null,
    });
    expect(parseGitSource("https://host/x@y")).toMatchObject({ url: "https://host/x@y", username: null });
    expect(parseGitSource("https://a:b%zz@host/x")).toMatchObject({ password: "b%zz" });
    expect(parseGitSource("git@host:x.git")).toMatchObject({ url: "git@host:x.git" });
    expect(parseGitSource("/srv/a@b")).toMatchObject({ url: "/srv/a@b" });
    expect(maskUrls("fatal: https://me:p@ss@host/x failed, 'ssh://u@h'")).toBe(
      "fatal: https://***@host/x failed, 'ssh://***@h'",
    );
  });
});
