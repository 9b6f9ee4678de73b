// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of fraises.yaml
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadProject } from "../../src/config/index.ts";
import { api, configError, placeOf, temporaryFolder } from "./helpers.ts";

/** Root may read everything, so that root calls as nobody. */
function asOrdinaryUser<T>(call: () => T): T {
  if (process.geteuid?.() !== 0) return call();
  process.seteuid?.(65_534);
  try {
    return call();
  } finally {
    process.seteuid?.(0);
  }
}

test("a project is loaded from where it is found, and paths are relative to its file", () => {
  const folder = temporaryFolder({ "fraises.yaml": `name: x\n${api().replace("/srv/shop", "deployed")}`, "sub/x": "" });
  const project = loadProject({ cwd: join(folder, "sub"), env: {} });
  expect(project).toMatchObject({ file: join(folder, "fraises.yaml"), directory: folder, name: "x" });
  expect(project.fraises.get("shop")?.environments.get("production")?.appPath).toBe(join(folder, "deployed"));
});

test("a byte order mark and Windows line ends are fine, and places count as an editor does", () => {
  const text = `\uFEFF${api("build: |\n  a\n  b")}`.replaceAll("\n", "\r\n");
  const folder = temporaryFolder({
    "fraises.yaml": text,
    "bad.yaml": `\uFEFFnam: x\r\n${text.slice(1)}        prot: 1\r\n`,
  });
  const project = loadProject({ cwd: folder, env: {} });
  expect(project.fraises.get("shop")?.environments.get("production")?.build).toEqual(["a\nb\n"]);
  const error = configError(() => loadProject({ cwd: folder, config: "bad.yaml", env: {} }));
  expect(error.problems.map(placeOf)).toEqual(["1:1+3", "12:9+4"]);
  expect(error.problems[1]?.sourceLine).toBe("        prot: 1");
});

describe("a .env file beside it", () => {
  const yaml = api("env:\n  A: ${A}\n  B: ${B}\n  C: ${C}");

  test("adds variables; those of the real environment win, empty ones too", () => {
    const dotenv = '\uFEFFA="from file"\nB=from file # comment\nexport C=from file\n';
    const folder = temporaryFolder({
      "p/fraises.yaml": yaml,
      "p/.env": dotenv,
      ".env": "A=wrong",
      "p/sub/.env": "A=wrong",
    });
    const project = loadProject({ cwd: join(folder, "p/sub"), env: { B: "real value", C: "", X: undefined } });
    expect(project.fraises.get("shop")?.environments.get("production")?.env).toEqual({
      A: "from file",
      B: "real value",
      C: "",
    });
    expect(project.secretValues).toEqual(["real value", "from file"]);
  });

  test("a variable that is undefined in the environment comes from the file", () => {
    const folder = temporaryFolder({ "fraises.yaml": yaml, ".env": "A=one\nB=two\nC=three\n" });
    const project = loadProject({ cwd: folder, env: { A: undefined } });
    expect(project.fraises.get("shop")?.environments.get("production")?.env).toMatchObject({ A: "one" });
  });

  test("that is a folder is none", () => {
    const folder = temporaryFolder({ "fraises.yaml": api(), ".env/pyvenv.cfg": "" });
    expect(loadProject({ cwd: folder, env: {} }).fraises.size).toBe(1);
  });

  test("that is not text is an error, except for commands that only read", () => {
    const folder = temporaryFolder({ "fraises.yaml": api(), ".env": Buffer.from([0x41, 0x3d, 0xff]) });
    expect(configError(() => loadProject({ cwd: folder, env: {} })).message).toContain(".env is not UTF-8 text");
    expect(loadProject({ cwd: folder, env: {}, unset: "keep" }).fraises.size).toBe(1);
  });
});

describe("a file that can't be read", () => {
  test("because it is a folder", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "fraises.yaml"));
    const error = configError(() => loadProject({ cwd: folder, env: {} }));
    expect(error.kind).toBe("config_invalid");
    expect(error.message).toBe(`${join(folder, "fraises.yaml")} can't be read: it is a folder`);
    expect(error.hint).toContain("Name the file itself");
    expect(error.cause).toMatchObject({ code: "EISDIR" });
  });

  test("because its link leads nowhere", () => {
    const folder = temporaryFolder();
    symlinkSync("nowhere", join(folder, "fraises.yaml"));
    expect(configError(() => loadProject({ cwd: folder, env: {} })).message).toContain("it does not exist");
  });

  test("because it is somebody else's", () => {
    const folder = temporaryFolder({ "fraises.yaml": api() });
    chmodSync(join(folder, "fraises.yaml"), 0);
    const error = asOrdinaryUser(() => configError(() => loadProject({ cwd: folder, env: {} })));
    expect(error.message).toBe(`${join(folder, "fraises.yaml")} can't be read: this user may not read it`);
    expect(error.hint).toContain("permission");
  });

  test("because it is not UTF-8, with the place of the first bad byte", () => {
    const latin1 = Buffer.from(`name: x\ndescription: caf\xe9\n${api()}`, "latin1");
    const folder = temporaryFolder({ "fraises.yaml": latin1 });
    const error = configError(() => loadProject({ cwd: folder, env: {} }));
    expect(error.message.split("\n").slice(0, 3)).toEqual([
      "fraises.yaml is not UTF-8 text",
      "",
      "fraises.yaml:2:17: this byte is not UTF-8",
    ]);
    expect(error.hint).toContain("UTF-8");
  });
});
