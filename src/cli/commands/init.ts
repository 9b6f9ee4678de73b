import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { execa } from "execa";
import { FraisierError } from "../../db/index.ts";
import { EXIT } from "../exit-codes.ts";
import type { GlobalOptions } from "../project.ts";
import type { Terminal } from "../terminal.ts";

/** What a repository tells about the application in it. */
interface Findings {
  readonly name: string;
  readonly repository: string;
  readonly branch: string;
  readonly build: readonly string[];
  readonly start: string;
  /** What these were read from, for the person. */
  readonly sources: readonly string[];
}

/** Writes a commented fraises.yaml from what it finds in the repository. Never replaces one. */
export async function init(terminal: Terminal, options: GlobalOptions): Promise<number> {
  const file = resolve(options.config ?? "fraises.yaml");
  const findings = await examine(process.cwd());
  try {
    writeFileSync(file, render(findings), { flag: "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST")
      throw new FraisierError("config_invalid", `${file} exists already and was left as it is.`, {
        hint: "Check it: fraisier config validate",
      });
    throw new FraisierError("config_invalid", `${file} could not be written (${code}).`, {
      hint: "Run this in a folder that you can write to.",
    });
  }
  if (terminal.json) terminal.printJson("init", { file, sources: findings.sources });
  else {
    terminal.print(`Wrote ${file}${findings.sources.length > 0 ? `, from ${findings.sources.join(", ")}` : ""}.`);
    terminal.say(
      "Read it, adjust it, then: fraisier config validate && fraisier deploy --dry-run " +
        `${findings.name} production`,
    );
  }
  return EXIT.done;
}

async function examine(folder: string): Promise<Findings> {
  const sources: string[] = [];
  const origin = await git(folder, ["config", "--get", "remote.origin.url"]);
  const root = await git(folder, ["rev-parse", "--show-toplevel"]);
  const branch = await git(folder, ["symbolic-ref", "--short", "HEAD"]);
  if (root !== null) sources.push(origin === null ? "the git repository" : "the git remote");
  const application = findApplication(folder, sources);
  return {
    name: safeName(basename(root ?? folder)),
    repository: origin === null ? pathTo(folder, root) : withoutSecrets(origin),
    branch: branch ?? "main",
    sources,
    ...application,
  };
}

/** How the repository is reached from where fraises.yaml stands. */
function pathTo(folder: string, root: string | null): string {
  return (root !== null && relative(realpathSync(folder), root)) || ".";
}

async function git(folder: string, args: readonly string[]): Promise<string | null> {
  const { exitCode, stdout } = await execa("git", args, { cwd: folder, reject: false });
  return exitCode === 0 && stdout !== "" ? stdout : null;
}

function findApplication(folder: string, sources: string[]): { build: string[]; start: string } {
  const has = (name: string) => existsSync(join(folder, name));
  const procfile = has("Procfile")
    ? /^web:\s*(.+)$/m.exec(readFileSync(join(folder, "Procfile"), "utf8"))?.[1]
    : undefined;
  if (procfile !== undefined) sources.push("Procfile");
  if (has("package.json")) {
    sources.push("package.json");
    const scripts = scriptsOf(join(folder, "package.json"));
    const install = has("package-lock.json") ? "npm ci" : "npm install";
    return {
      build: scripts.build === undefined ? [install] : [install, "npm run build"],
      start: procfile ?? (scripts.start === undefined ? "node server.js" : "npm start"),
    };
  }
  if (has("requirements.txt")) {
    sources.push("requirements.txt");
    return {
      build: ["python3 -m venv .venv", ".venv/bin/pip install -r requirements.txt"],
      start: procfile ?? ".venv/bin/python app.py",
    };
  }
  if (has("go.mod")) {
    sources.push("go.mod");
    return { build: ["go build -o app ."], start: procfile ?? "./app" };
  }
  if (has("Cargo.toml")) {
    sources.push("Cargo.toml");
    return { build: ["cargo build --release"], start: procfile ?? "cargo run --release" };
  }
  return { build: [], start: procfile ?? "./start.sh" };
}

/** The scripts of a package.json; none when it is damaged, which is for npm to say. */
function scriptsOf(file: string): Readonly<Record<string, unknown>> {
  try {
    const { scripts } = JSON.parse(readFileSync(file, "utf8")) as { scripts?: Record<string, unknown> | null };
    return scripts ?? {};
  } catch {
    return {};
  }
}

function render({ name, repository, branch, build, start }: Findings): string {
  // What a Procfile, say, leaves to the shell is not for us to replace.
  const quoted = (text: string) => JSON.stringify(text.replace(/\$(?:\$|(?=\{))/g, (dollars) => dollars + dollars));
  return `# What fraisier deploys, and how. Check this file with: fraisier config validate
name: ${quoted(name)}

fraises:
  ${quoted(name)}:
    type: api
    description: ""

    # What holds for every environment stands here; an environment can say otherwise.
    git_repo: ${quoted(repository)}
    branch: ${quoted(branch)}
${build.length === 0 ? "    # Run in each new release, before it serves:\n    # build:\n    #   - make\n" : `    build: # run in each new release, before it serves\n${build.map((line) => `      - ${quoted(line)}\n`).join("")}`}    # migrate: "…"        # run after the build, before the new release serves
    # migrate_down: "…"   # takes a migration back when the new release turns out to be sick

    service:
      start: ${quoted(start)} # started, stopped and restarted by fraisier, with PORT set
      port: auto # a free one, kept from then on; or a number
      # Where systemd runs the service, write instead:
      # restart: [systemctl, restart, ${name}]

    health_check:
      url: "http://127.0.0.1:{port}/"
      expect_status: 200
      # expect_body: "ok"
      timeout: 5 # seconds for one probe
      retries: 10
      interval: 1 # seconds between two probes
      stable_for: 2 # seconds that it must stay healthy

    keep_releases: 5
    # shared: [.env, uploads/]   # kept in app_path/shared and linked into each release
    # env:
    #   LOG_LEVEL: info
    #   API_KEY: "\${API_KEY}"   # from the environment; masked wherever it would be shown

    environments:
      production:
        app_path: ${quoted(`/srv/${name}`)} # holds the releases; current points to the one that serves
`;
}

/** A folder's name, as far as a fraise can be called by it. */
function safeName(text: string): string {
  return (
    text
      .normalize("NFC")
      .replace(/[^\p{L}\p{M}\p{N}._-]/gu, "-")
      .replace(/^[.-]+/, "")
      .slice(0, 64) || "app"
  );
}

/** A password in a remote's URL, or a token as its user, has no place in a file that is committed. */
function withoutSecrets(url: string): string {
  return url.replace(/^(https?:\/\/)[^/]*@/i, "$1").replace(/^([a-z][a-z0-9+.-]*:\/\/[^/:@]*):[^/]*@/i, "$1@");
}
