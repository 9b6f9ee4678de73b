import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What a file of a commit is: its text, or what else it is. */
export type TestFile = string | { readonly executable: string } | { readonly linkTo: string } | null;

const IDENTITY = {
  GIT_AUTHOR_NAME: "Tester",
  GIT_AUTHOR_EMAIL: "tester@example.com",
  GIT_COMMITTER_NAME: "Tester",
  GIT_COMMITTER_EMAIL: "tester@example.com",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

/** A git repository on disk, with the branch `main`. */
export class TestRepository {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    this.git("init", "--quiet", "--initial-branch=main");
  }

  /** Runs git there. @returns what it printed */
  git(...args: string[]): string {
    return execFileSync("git", args, {
      cwd: this.path,
      encoding: "utf8",
      env: { ...process.env, ...IDENTITY },
      stdio: "pipe",
    }).trim();
  }

  /** Writes files (null removes one) and commits them. @returns the commit's id */
  commit(files: Readonly<Record<string, TestFile>>, message = "a change"): string {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.path, name);
      rmSync(path, { recursive: true, force: true });
      if (content === null) continue;
      mkdirSync(dirname(path), { recursive: true });
      if (typeof content === "string") writeFileSync(path, content);
      else if ("linkTo" in content) symlinkSync(content.linkTo, path);
      else {
        writeFileSync(path, content.executable);
        chmodSync(path, 0o755);
      }
    }
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message", message);
    return this.git("rev-parse", "HEAD");
  }
}
