import { chmodSync, chownSync, constants, copyFileSync, cpSync, mkdirSync, mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import { serverUser } from "../places.ts";
import { removeServer } from "../processes.ts";

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** What somebody who is not root runs the harness from: a Node, the sources, a home and a temporary folder. */
export class Clone {
  readonly folder: string;
  /** Somebody else when these tests run as root. */
  readonly #user = serverUser() ?? {};

  constructor() {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), "fraisier-clone-")));
    // Servers that a failure left behind are in there, too.
    onTestFinished(() => removeServer(this.folder));
    chmodSync(this.folder, 0o755);
    copyFileSync(process.execPath, join(this.folder, "node"), constants.COPYFILE_FICLONE);
    for (const name of ["package.json", "tests/servers"]) {
      cpSync(join(ROOT, name), join(this.folder, name), { recursive: true });
    }
    for (const name of ["home", "tmp"]) this.mkdir(name);
  }

  /** A folder of that user. */
  mkdir(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path, { mode: 0o700 });
    const { uid, gid } = serverUser() ?? {};
    if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
    return path;
  }

  /** Runs a script of support/ as that user; what it printed. */
  async run(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const file = join(this.folder, "tests", "servers", "support", script);
    const { stdout } = await execa(join(this.folder, "node"), [file, ...args], {
      cwd: this.folder,
      env: { PATH: "/usr/bin:/bin", HOME: join(this.folder, "home"), TMPDIR: join(this.folder, "tmp"), ...env },
      extendEnv: false,
      stdin: "ignore",
      stderr: "inherit",
      ...this.#user,
    });
    return stdout;
  }
}
