import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leaseName } from "../../src/deploy/index.ts";
import { openLedger } from "../../src/ledger/index.ts";
import { machineId } from "../../src/targets/index.ts";
import { Sandbox } from "../e2e/sandbox.ts";
import { holder } from "../ledger/support.ts";
import { linesLeft, startInTerminal } from "./in-terminal.ts";
import { alter, FRUIT, fraisier, project, remember } from "./support.ts";

/** Sets the title, clears the screen (by ESC and by the one character that means the same), rings, goes back, turns around. */
const HOSTILE = "\u001b]0;owned\u0007\u001b[2J\u009b2J\b\r\u202edlrow";
/** The same as it may be shown. */
const SHOWN = "\\x1b]0;owned\\x07\\x1b[2J\\x9b2J\\x08\\x0d\\u202edlrow";

const UNSAFE = /[^\P{Cc}\n]|[\u202a-\u202e]/u;
/** What Fraisier itself does with a terminal: its colours, line ends, and the moving line. */
const OWN = /\p{Cc}\[(?:1|2|22|31|32|33|36|39)m|\r\n|\r(?= {2}[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏])|\r?\p{Cc}\[K/gu;

function expectHarmless(text: string): void {
  expect(text.replace(OWN, "")).not.toMatch(UNSAFE);
}

/** Runs a command into a pipe and in a terminal. */
async function everywhere(cwd: string, line: string): Promise<string> {
  const { stdout, stderr } = await fraisier(cwd, line.split(" "));
  expect(stdout).not.toMatch(UNSAFE);
  expect(stderr).not.toMatch(UNSAFE);
  expectHarmless((await startInTerminal(cwd, line.split(" "), { columns: 200 }).ended).screen);
  return stdout + stderr;
}

const DEPLOY = ["deploy", "shop", "production"];

describe("what others wrote reaches no terminal raw:", () => {
  let box: Sandbox;
  let screen: string;
  beforeAll(async () => {
    box = await Sandbox.create({
      build: ["cat output"],
      health_check: { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 0 },
    });
    await box.git("checkout", "--quiet", "-b", "fruit\u009b2J"); // git allows such a name
    await box.commit({ page: "x" }, { output: `compiling ${HOSTILE}\n` });
    writeFileSync(
      join(box.repository, "server.mjs"),
      `import { createServer } from "node:http";
       console.log(${JSON.stringify(`serving ${HOSTILE}`)});
       createServer((_, r) => { r.statusCode = 500; r.end(${JSON.stringify(`body ${HOSTILE}`)}); }).listen(Number(process.env.PORT), "127.0.0.1");
       process.on("SIGTERM", () => process.exit(0));`,
    );
    await box.git(
      "commit",
      "--quiet",
      "--all",
      "--cleanup=verbatim",
      "--message",
      `subject ${HOSTILE.replace("\r", "")}`,
    );
    ({ screen } = await startInTerminal(box.folder, [...DEPLOY, "--ref", "fruit\u009b2J"], { columns: 200 }).ended);
  });
  afterAll(() => box[Symbol.asyncDispose]());

  test("the output of a build and the subject of a commit, while it deploys in a terminal", () => {
    expectHarmless(screen);
    expect(linesLeft(screen).join("\n")).toContain(`│ compiling ${SHOWN}`);
    expect(screen).toContain(`subject ${SHOWN.replace("\\x0d", "")}`);
  });

  test("and in a pipe", async () => {
    const { exitCode, stderr } = await box.deploy("--ref", "fruit\u009b2J");
    expect(exitCode, stderr).toBe(1);
    expect(stderr).not.toMatch(UNSAFE);
    expect(stderr).toContain(`│ compiling ${SHOWN}`);
  });

  test("the log of the service, the body of an answer, the branch, and the subject, in show", async () => {
    const text = await everywhere(box.folder, `show ${(await box.history())[0]?.shortId}`);
    expect(text).toContain(`serving ${SHOWN}`);
    expect(text).toContain(`"body \\u001b]0;owned`);
    expect(text).toMatch(/^branch +fruit\\x9b2J$/m);
    expect(text).toContain(`  subject ${SHOWN.replace("\\x0d", "")}`);
  });

  test("the kept output, in logs", async () => {
    const text = await everywhere(box.folder, `logs ${(await box.history())[0]?.shortId}`);
    expect(text).toContain(`build │ compiling ${SHOWN}`);
  });

  test("a branch, in the plan and in what was probably meant", async () => {
    expect(await everywhere(box.folder, "deploy shop production --dry-run --ref fruit\u009b2J")).toContain(
      "check out fruit\\x9b2J (",
    );
    const { exitCode, stderr } = await box.deploy("--ref", "friut\u009b2J");
    expect(exitCode).toBe(7);
    expect(stderr).toContain("Did you mean fruit\\x9b2J?");
  });
});

describe("whatever stands in the ledger or in fraises.yaml:", () => {
  /** As an adopted database could be: what is declared in fraises.yaml is held to letters and digits. */
  async function hostileProject(): Promise<{ folder: string; id: string }> {
    const shop = { ...FRUIT.fraises.shop, description: HOSTILE };
    const folder = project({ ...FRUIT, fraises: { shop } });
    const [deployment] = await remember(folder, { output: [`line ${HOSTILE}`] });
    const columns = [
      "triggered_by",
      "triggered_by_user",
      "git_branch",
      "git_commit",
      "commit_subject",
      "error_message",
    ];
    columns.push("old_version", "new_version", "release_id", "release_path", "runner_host", "runner_ci_run");
    const set = (names: readonly string[]) => names.map((name) => `${name} = '${HOSTILE}'`).join(", ");
    const probe = { at: HOSTILE, url: HOSTILE, status: 302, redirect: HOSTILE, reason: HOSTILE, body: HOSTILE };
    const details = { wentBackTo: HOSTILE, log: [HOSTILE], probes: [{ ...probe, latencyMs: 1, ok: false }] };
    await alter(
      folder,
      [`UPDATE tb_deployment SET ${set(columns)}, details = ?`, [details]],
      [`UPDATE tb_fraise_state SET ${set(["current_version", "last_deployed_by"])}`],
      [`UPDATE tb_deployment_step SET ${set(["message"])}`],
    );
    return { folder, id: deployment?.id ?? "" };
  }

  test.for(["status", "status shop production", "history", "show ID", "logs ID", "list"])(
    "fraisier %s",
    async (line) => {
      const { folder, id } = await hostileProject();
      expect(await everywhere(folder, line.replace("ID", id))).toContain("\\x1b]0;owned\\x07\\x1b[2J\\x9b2J");
    },
  );

  test.for(["status", "status shop production"])("fraisier %s, of who is deploying now", async (line) => {
    const { folder } = await hostileProject();
    const identity = { project: "fruit", fraise: "shop", environment: "production", job: null };
    const target = leaseName(identity, `local:${machineId()}`);
    const named = holder({ user: `maria ${HOSTILE}`, host: HOSTILE });
    const opened = await openLedger({ directory: folder, env: {}, mode: "write" });
    await opened.ledger.acquireLease({ target, holder: named, ttlMs: 60_000, isAlive: () => true });
    await opened.close();
    expect(await everywhere(folder, line)).toContain("maria \\x1b]0;owned");
  });
});

test.for([
  "status \u001b[2J",
  "show \u001b[2Jbeef",
  "history --since \u001b[2J",
  "history --status \u001b[2J",
  "\u001b[2J",
])("an argument that is quoted in a message: %j", async (line) => {
  const { exitCode, stderr } = await fraisier(project(FRUIT), String(line).split(" "));
  expect([2, 7]).toContain(exitCode);
  expect(stderr).not.toMatch(UNSAFE);
});
