import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Sandbox, until } from "../e2e/sandbox.ts";
import { linesLeft, startInTerminal } from "./in-terminal.ts";
import { alter, emptyFolder, FRUIT, fraisier, PROGRAM, project, remember, userEnvironment } from "./support.ts";

const ESCAPE = "\u001b";

describe("a deployment in a terminal", () => {
  let box: Sandbox;
  beforeEach(async () => {
    box = await Sandbox.create();
    await box.commit({ page: "one" });
  });
  afterEach(() => box[Symbol.asyncDispose]());

  const deploy = (options: Parameters<typeof startInTerminal>[2] = {}) =>
    startInTerminal(box.folder, ["deploy", "shop", "production"], options);

  test("a line moves while a step runs, and gives way to how the step ended", async () => {
    const { exitCode, screen } = await deploy().ended;
    expect(exitCode, screen).toBe(0);
    const turns = [...screen.matchAll(/\r {2}([⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]) health {2}\d+\.\d s/g)].map(([, mark]) => mark);
    expect(new Set(turns).size).toBeGreaterThan(2);
    expect(screen).toContain(`${ESCAPE}[32m✓${ESCAPE}[39m health`);
    const left = linesLeft(screen);
    expect(left.filter((line) => /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/.test(line))).toEqual([]);
    for (const step of ["fetch", "build", "activate", "restart", "health"])
      expect(left.filter((line) => new RegExp(`^ {2}[✓–] ${step} +\\d+\\.\\d s`).test(line))).toHaveLength(1);
  });

  test("in a narrow one the moving line never reaches the edge", async () => {
    const { exitCode, screen } = await deploy({ columns: 12 }).ended;
    expect(exitCode, screen).toBe(0);
    const moving = [...screen.matchAll(/\r( {2}[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]\P{Cc}*)\p{Cc}\[K/gu)].map(([, text = ""]) => text);
    expect(moving.length).toBeGreaterThan(3);
    expect(Math.max(...moving.map((text) => [...text].length))).toBe(11);
  });

  test("while a slow repository is asked, the line says that it plans", async () => {
    const waits = `#!/bin/sh\ncase "$*" in *ls-remote*) ${box.holdLine("plan")} ;; esac\nPATH="\${PATH#*:}" exec git "$@"\n`;
    box.wrapProgram("git", waits);
    const running = deploy({ env: box.env });
    await box.reached("plan");
    await until(() => /⠙ plan {2}\d/.test(running.screen()), "the moving line");
    box.letGo("plan");
    const { exitCode, screen } = await running.ended;
    expect(exitCode, screen).toBe(0);
    expect(linesLeft(screen).filter((line) => line.includes("plan"))).toEqual([expect.stringMatching(/^ {2}✓ plan/)]);
  });

  test("without colours where they are not wanted, and without a moving line where nothing can move", async () => {
    const plain = await deploy({ env: { NO_COLOR: "1" } }).ended;
    expect(plain.exitCode, plain.screen).toBe(0);
    expect(plain.screen).not.toMatch(/\p{Cc}\[\d+m/u);
    expect(plain.screen).toContain(`${ESCAPE}[K`);
    const dumb = await startInTerminal(box.folder, ["deploy", "shop", "production", "--force"], {
      env: { TERM: "dumb" },
    }).ended;
    expect(dumb.exitCode, dumb.screen).toBe(0);
    expect(dumb.screen).not.toContain(ESCAPE);
    expect(dumb.screen).toContain("… health");
  });

  test("when the terminal goes away, what was done is undone all the same", async () => {
    box.configure({ build: [box.holdLine("build")] });
    const running = deploy();
    await box.reached("build");
    running.child.kill("SIGKILL"); // script(1) holds the other end of the terminal
    await running.ended;
    await until(async () => (await box.history())[0]?.status !== "in_progress", "the deployment to end");
    expect((await box.history())[0]).toMatchObject({ status: "cancelled" });
    expect(box.releases()).toEqual([]);
    expect(await box.status()).toMatchObject({ deploying: null });
  });
});

describe("colours", () => {
  const status = async (options: Parameters<typeof startInTerminal>[2], ...more: string[]) => {
    const folder = project(FRUIT);
    await remember(folder, {});
    return (await startInTerminal(folder, ["history", ...more], options).ended).screen;
  };

  test("are there in a terminal", async () => {
    expect(await status({})).toContain(`${ESCAPE}[32msuccess${ESCAPE}[39m`);
  });

  test.for<[string, Parameters<typeof startInTerminal>[2], string[]]>([
    ["with NO_COLOR", { env: { NO_COLOR: "1" } }, []],
    ["with --no-color", {}, ["--no-color"]],
    ["in a dumb terminal", { env: { TERM: "dumb" } }, []],
    ["into a pipe", { redirect: "| cat" }, []],
  ])("are not there %s", async ([, options, more]) => {
    const screen = await status(options, ...more);
    expect(screen).toContain("success");
    expect(screen).not.toContain(ESCAPE);
  });

  test("are decided for each stream by itself", async () => {
    const { screen } = await startInTerminal(emptyFolder(), ["list"], { redirect: ">/dev/null" }).ended;
    expect(screen).toContain(`${ESCAPE}[31mError:`);
    const plain = await startInTerminal(emptyFolder(), ["list", "--no-color"]).ended;
    expect(plain.screen).not.toContain(ESCAPE);
  });
});

describe("without a terminal", () => {
  test("a deployment is told in plain lines on stderr, and stdout stays empty", async () => {
    await using box = await Sandbox.create({ build: ["echo compiling"] });
    await box.commit({ page: "one" });
    const { exitCode, stdout, stderr } = await box.deploy();
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toBe("");
    expect(stderr).not.toMatch(/[^\P{Cc}\n]/u);
    expect(stderr).toMatch(/^ {2}… build\n {4}│ compiling\n {2}✓ build {10}\d\.\d s {2}1 command$/m);
  });

  test("a wait of more than a second is said, too", async () => {
    await using box = await Sandbox.create();
    await box.commit({ page: "one" });
    box.wrapProgram(
      "git",
      `#!/bin/sh\ncase "$*" in *ls-remote*) sleep 1.5 ;; esac\nPATH="\${PATH#*:}" exec git "$@"\n`,
    );
    const { exitCode, stdout, stderr } = await box.deploy("--dry-run");
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toBe("  … plan\n");
    expect(stdout).toContain("1. lock");
  });
});

describe("when what it prints is not read", () => {
  async function manyDeployments(): Promise<string> {
    const folder = project(FRUIT);
    const [first] = await remember(folder, { subject: "x".repeat(2000) });
    const columns =
      "fk_fraise_state, project_name, fraise_name, environment_name, status, started_at, commit_subject, created_at, updated_at";
    await alter(folder, [
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
       INSERT INTO tb_deployment (id, identifier, id_hex, id_hex_reversed, ${columns})
       SELECT lower(hex(randomblob(16))), 'copy ' || i, hex(i), hex(i), ${columns} FROM tb_deployment, n WHERE id = ?`,
      [first?.id],
    ]);
    return folder;
  }

  const shell = (cwd: string, line: string) => {
    const child = spawn("/bin/sh", ["-c", line], {
      cwd,
      env: { ...userEnvironment(), NODE: process.execPath, PROGRAM },
    });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => {
        texts[name] += text;
      });
    return new Promise<{ stdout: string; stderr: string }>((done) => child.on("close", () => done(texts)));
  };

  test.for(["history -n 1000", "history -n 1000 --json"])("fraisier %s | head -1 is quiet", async (command) => {
    const folder = await manyDeployments();
    const line = `{ "$NODE" "$PROGRAM" ${command}; echo "exit code $?" >&2; } | head -1`;
    const { stdout, stderr } = await shell(folder, line);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toBe("exit code 0\n");
  });

  // Only some systems have a device that is always full.
  if (existsSync("/dev/full")) {
    test("a full disk is not a success", async () => {
      const folder = project(FRUIT);
      await remember(folder, {});
      const { stderr } = await shell(folder, `"$NODE" "$PROGRAM" history >/dev/full; echo "exit code $?" >&2`);
      expect(stderr).toMatch(
        /^Error: What was printed could not be written \(ENOSPC\)\.\n.*\nMore about it: fraisier explain output_lost\nexit code 1\n$/,
      );
    });

    test("messages that cannot be written change nothing", async () => {
      const folder = project(FRUIT);
      const { stdout } = await shell(folder, `"$NODE" "$PROGRAM" status shpo 2>/dev/full; echo "exit code $?"`);
      expect(stdout).toBe("exit code 7\n");
    });
  }
});

test("data goes to stdout, and what is said about it to stderr", async () => {
  const folder = project(FRUIT);
  expect(await fraisier(folder, ["history"])).toMatchObject({ stdout: "", stderr: "Nothing deployed yet.\n" });
  await remember(folder, {});
  const { stdout, stderr } = await fraisier(folder, ["history"]);
  expect(stdout).toContain("success");
  expect(stderr).toBe("");
  expect((await fraisier(folder, ["show", "beef"])).stdout).toBe("");
});
