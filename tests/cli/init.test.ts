import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { Sandbox } from "../e2e/sandbox.ts";
import { document, emptyFolder, everythingIn, fraisier } from "./support.ts";

interface Written {
  readonly name: string;
  readonly fraises: Readonly<
    Record<
      string,
      {
        git_repo: string;
        branch: string;
        build?: string[];
        service: { start: string; port: string };
        environments: object;
      }
    >
  >;
}

/** Runs `init` in a folder with these files; the file it writes, which must be valid. */
async function init(files: Readonly<Record<string, string>> = {}, folder: string = emptyFolder("shop")) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const { exitCode, stdout, stderr } = await fraisier(folder, ["init"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/^Wrote .*fraises\.yaml/);
  const text = readFileSync(join(folder, "fraises.yaml"), "utf8");
  expect(await document(folder, "config", "validate")).toMatchObject({ ok: true, fraises: 1, environments: 1 });
  const written = parse(text) as Written;
  const [fraise] = Object.values(written.fraises);
  if (fraise === undefined) throw new Error(text);
  return { folder, stdout, stderr, text, written, fraise };
}

const git = (folder: string, ...args: string[]) => execa("git", args, { cwd: folder });

describe("init", () => {
  test("in an empty folder writes a commented file that is valid, and says what to type next", async () => {
    const { folder, stderr, text, written } = await init();
    expect(everythingIn(folder)).toEqual(["fraises.yaml"]);
    expect(Object.keys(written.fraises)).toEqual([written.name]);
    expect(text).toContain("# restart: [systemctl, restart,");
    for (const key of ["migrate:", "migrate_down:", "shared:", "env:", "expect_body:"])
      expect(text).toMatch(`# ${key}`);
    expect(stderr).toContain(`fraisier config validate && fraisier deploy --dry-run ${written.name} production`);
  });

  test.for<[what: string, files: Record<string, string>, build: string[] | undefined, start: string]>([
    [
      "package.json",
      { "package.json": '{"scripts":{"build":"tsc","start":"node ."}}', "package-lock.json": "{}" },
      ["npm ci", "npm run build"],
      "npm start",
    ],
    ["package.json without scripts", { "package.json": "{}" }, ["npm install"], "node server.js"],
    ["a damaged package.json", { "package.json": "{" }, ["npm install"], "node server.js"],
    ["a package.json with a null", { "package.json": '{"scripts":null}' }, ["npm install"], "node server.js"],
    ["a Procfile", { Procfile: "worker: ./work\nweb: ./serve --port $PORT\n" }, undefined, "./serve --port $PORT"],
    [
      "a Procfile beside package.json",
      { Procfile: "web: node web.js", "package.json": "{}" },
      ["npm install"],
      "node web.js",
    ],
    [
      "requirements.txt",
      { "requirements.txt": "flask" },
      ["python3 -m venv .venv", ".venv/bin/pip install -r requirements.txt"],
      ".venv/bin/python app.py",
    ],
    ["go.mod", { "go.mod": "module shop" }, ["go build -o app ."], "./app"],
    ["Cargo.toml", { "Cargo.toml": "[package]" }, ["cargo build --release"], "cargo run --release"],
  ])("builds and starts what %s tells", async ([, files, build, start]) => {
    const { fraise, stdout } = await init(files);
    expect(fraise.build).toEqual(build);
    expect(fraise.service).toEqual({ start, port: "auto" });
    for (const name of Object.keys(files).filter((file) => file !== "package-lock.json"))
      expect(stdout).toContain(name);
  });

  test("what a Procfile leaves to the shell stays with the shell", async () => {
    const start = 'gunicorn app --bind "0.0.0.0:${PORT}" --pid $$.pid --workers ${WORKERS:-2} # 50%: "x" \\ y';
    const { folder } = await init({ Procfile: `web: ${start}\n` });
    await using box = await Sandbox.create();
    await box.commit({ page: "one" });
    const text = readFileSync(join(folder, "fraises.yaml"), "utf8");
    writeFileSync(
      join(box.folder, "fraises.yaml"),
      text.replace(/git_repo: .*/, "git_repo: ./repository").replace(/\/srv\//, "./srv/"),
    );
    const [name = ""] = (await box.json<{ fraises: { name: string }[] }>("list")).fraises.map((each) => each.name);
    const { steps } = await box.json<{ steps: { name: string; commands: string[] }[] }>(
      "deploy",
      name,
      "production",
      "--dry-run",
    );
    expect(steps.find((step) => step.name === "restart")?.commands).toEqual([start]);
  });

  test("in a git repository takes its name, its branch and itself", async () => {
    const folder = join(emptyFolder(), "fruit shop");
    mkdirSync(folder);
    await git(folder, "init", "--quiet", "--initial-branch=trunk");
    const { written, fraise, stdout } = await init({}, folder);
    expect(written.name).toBe("fruit-shop");
    expect(fraise).toMatchObject({ branch: "trunk", git_repo: "." });
    expect(stdout).toContain("the git repository");
  });

  test("in a folder of a repository reaches the repository", async () => {
    const root = emptyFolder();
    await git(root, "init", "--quiet", "--initial-branch=main");
    mkdirSync(join(root, "deploy/here"), { recursive: true });
    expect((await init({}, join(root, "deploy/here"))).fraise.git_repo).toBe("../..");
  });

  test.for([
    ["https://git.example.com/fruit/shop.git", "https://git.example.com/fruit/shop.git"],
    ["git@git.example.com:fruit/shop.git", "git@git.example.com:fruit/shop.git"],
    ["ssh://git@git.example.com/shop.git", "ssh://git@git.example.com/shop.git"],
    ["https://maria:s3cr3t@git.example.com/shop.git", "https://git.example.com/shop.git"],
    ["https://maria:s3cr3t@s3cr3t@git.example.com/shop.git", "https://git.example.com/shop.git"],
    ["https://ghp_s3cr3t@git.example.com/shop.git", "https://git.example.com/shop.git"],
    ["ssh://git:s3cr3t@git.example.com/shop.git", "ssh://git@git.example.com/shop.git"],
  ])("of the remote %s writes no secret", async ([remote = "", expected]) => {
    const folder = emptyFolder();
    await git(folder, "init", "--quiet");
    await git(folder, "remote", "add", "origin", remote);
    const { text, fraise } = await init({}, folder);
    expect(fraise.git_repo).toBe(expected);
    expect(text).not.toContain("s3cr3t");
  });

  test("never replaces a file, not even a link to nowhere", async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, "fraises.yaml"), "mine");
    const { exitCode, stdout, stderr } = await fraisier(folder, ["init"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toContain("exists already");
    expect(stderr).toContain("fraisier config validate");
    expect(readFileSync(join(folder, "fraises.yaml"), "utf8")).toBe("mine");

    const linked = emptyFolder();
    await execa("ln", ["-s", "/nowhere/fraises.yaml", "fraises.yaml"], { cwd: linked });
    expect((await fraisier(linked, ["init"])).exitCode).toBe(3);
  });

  test("--config names another file; one that cannot be written is said", async () => {
    const folder = emptyFolder();
    const { file } = await document<{ file: string }>(folder, "init", "--config", "shop.yaml");
    expect(file).toBe(join(folder, "shop.yaml"));
    expect(everythingIn(folder)).toEqual(["shop.yaml"]);
    const { exitCode, stderr } = await fraisier(folder, ["init", "--config", "missing/shop.yaml"]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("could not be written");
  });
});
