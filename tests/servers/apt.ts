import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";

/** What the keys of Debian's archive are called, in newer and in older releases. */
const KEYRINGS = ["/usr/share/keyrings/debian-archive-keyring.pgp", "/usr/share/keyrings/debian-archive-keyring.gpg"];

/** apt with lists, state and archives of its own: it needs no root, and the machine's own stay as they are. */
export class PrivateApt {
  readonly #program: string;
  readonly #folder: string;

  /**
   * @param program - The path of apt-get.
   * @param folder - Will be made.
   * @param status - What dpkg would say is installed.
   * @param settings - What goes into apt.conf besides the folders.
   */
  private constructor(
    program: string,
    folder: string,
    status: string,
    settings: Readonly<Record<string, string>> = {},
  ) {
    this.#program = program;
    this.#folder = folder;
    for (const name of ["lists/partial", "archives/partial"]) mkdirSync(join(folder, name), { recursive: true });
    const all = {
      "Dir::State": folder,
      "Dir::State::lists": join(folder, "lists"),
      "Dir::State::status": join(folder, "status"),
      "Dir::Cache": folder,
      "Dir::Cache::archives": join(folder, "archives"),
      "APT::Install-Recommends": "false",
      "APT::Sandbox::User": "root",
      "Acquire::Retries": "3",
      ...settings,
    };
    writeFileSync(join(folder, "status"), status);
    const lines = Object.entries(all).map(([name, value]) => `${name} "${value}";\n`);
    // The machine's hooks are for changes of the machine.
    lines.push(
      "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n",
    );
    writeFileSync(join(folder, "apt.conf"), lines.join(""));
  }

  /** With the machine's sources; what it has is not downloaded. */
  static async forRelease(program: string, folder: string, dpkgStatus: string): Promise<PrivateApt> {
    // A copy, because apt locks the folder that it is in.
    const apt = new PrivateApt(program, folder, readFileSync(dpkgStatus, "utf8"));
    // Not every source of a machine always answers. Whether it was needed shows when packages are missing.
    await apt.#update().catch(() => {});
    return apt;
  }

  /** With Debian's unstable suite from wherever the machine has its release from; everything is downloaded. */
  static async forUnstable(program: string, folder: string, dpkgStatus: string): Promise<PrivateApt> {
    const release = await PrivateApt.forRelease(program, join(folder, "release"), dpkgStatus);
    const mirror = await release.#debianMirror();
    const keyring = KEYRINGS.find((path) => existsSync(path));
    const options = keyring === undefined ? "" : `[signed-by=${keyring}] `;
    const apt = new PrivateApt(program, folder, "", {
      "Dir::Etc::SourceList": join(folder, "sources.list"),
      "Dir::Etc::SourceParts": "/dev/null",
      "Dir::Etc::Preferences": "/dev/null",
      "Dir::Etc::PreferencesParts": "/dev/null",
      // A mirror that stands still is good enough.
      "Acquire::Check-Valid-Until": "false",
    });
    writeFileSync(join(folder, "sources.list"), `deb ${options}${mirror} unstable main\n`);
    await apt.#update();
    return apt;
  }

  /** The paths of some packages and of what they depend on. */
  async download(packages: readonly string[]): Promise<string[]> {
    await this.#run(["--yes", "--download-only", "install", ...packages]);
    return globSync(join(this.#folder, "archives", "*.deb"));
  }

  async #update(): Promise<void> {
    await this.#run(["update", "--error-on=any"]);
  }

  async #debianMirror(): Promise<string> {
    const format = "$(REPO_URI) $(ORIGIN) $(LABEL)";
    const targets = await this.#run(["indextargets", "--format", format, "Created-By: Packages"]);
    const mirror = /^(https?:\S+) Debian Debian$/m.exec(targets)?.[1];
    if (mirror === undefined) throw new Error("No mirror of Debian is among the sources of this machine's apt-get.");
    return mirror;
  }

  #run(args: readonly string[]): Promise<string> {
    return run(this.#program, ["--config-file", join(this.#folder, "apt.conf"), "-q", ...args]);
  }
}
