import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { environmentOf } from "../e2e/ledgers.ts";
import { until } from "../e2e/sandbox.ts";
import { DATABASES } from "../ledger/databases.ts";
import { IS_FULL, type RunResult, run, temporaryFolder } from "../packaging/support.ts";
import { PROGRAM, ROOT, userEnvironment } from "./support.ts";

const folder = temporaryFolder("demo"); // with spaces in its path
const newFolder = (): string => mkdtempSync(join(folder, "a place "));

interface Played extends RunResult {
  /** The folder that the demo says it plays in. */
  readonly place: string;
  readonly ports: number[];
}

/** Runs the demo with a folder of its own for temporary files. */
async function play(
  env: Readonly<Record<string, string>> = {},
  program: string = PROGRAM,
  ...options: string[]
): Promise<Played> {
  const temporary = newFolder();
  const result = await run(process.execPath, [program, "demo", ...options], {
    cwd: newFolder(),
    env: userEnvironment({ TMPDIR: temporary, ...env }),
  });
  const [name = ""] = readdirSync(temporary);
  const ports = [...(result.stdout + result.stderr).matchAll(/http:\/\/127\.0\.0\.1:(\d+)\//g)].map(([, port]) =>
    Number(port),
  );
  return { ...result, place: join(temporary, name), ports };
}

/** Whatever happened, no process of the demo is left. */
async function expectNothingRuns({ place, ports }: Played, env: Record<string, string> = {}): Promise<void> {
  const log = join(place, "app/.fraisier/service.log");
  expect(readFileSync(log, "utf8")).toContain("listening on port");
  const status = await run(process.execPath, [PROGRAM, "status", "shop", "production", "--json"], {
    cwd: place,
    env: userEnvironment(env),
  });
  const { service } = JSON.parse(status.stdout) as { service: { running: boolean } | null };
  expect(service?.running ?? false).toBe(false);
  const { stdout } = await execa("ps", ["-eo", "args="]);
  expect(stdout).not.toContain(place);
  for (const port of new Set(ports)) await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow("fetch failed");
}

/** A git configuration that spoils whatever heeds it. */
function hostileHome(): string {
  const home = newFolder();
  const hooks = join(home, "hooks");
  mkdirSync(join(home, "template", "hooks"), { recursive: true });
  mkdirSync(hooks);
  for (const file of [join(hooks, "pre-commit"), join(home, "template", "hooks", "commit-msg")]) {
    writeFileSync(file, "#!/bin/sh\nexit 1\n");
    chmodSync(file, 0o755);
  }
  writeFileSync(
    join(home, ".gitconfig"),
    `[user]\n\tuseConfigOnly = true\n[commit]\n\tgpgSign = true\n\ttemplate = /nowhere\n[gpg]\n\tprogram = false
[core]\n\thooksPath = ${JSON.stringify(hooks)}\n\teditor = false\n\tautocrlf = true\n\tbare = true
[init]\n\ttemplateDir = ${JSON.stringify(join(home, "template"))}\n\tdefaultBranch = wrong
[safe]\n\tbareRepository = explicit\n[url "https://example.invalid/"]\n\tinsteadOf = ${JSON.stringify(folder)}\n`,
  );
  return home;
}

describe("two demos at once, one of them with --json and in surroundings that would mislead it:", () => {
  const repository = newFolder();
  const contents = () => readdirSync(repository, { recursive: true, encoding: "utf8" }).sort();
  let before: string[];
  let plain: Played;
  let misled: Played;
  beforeAll(async () => {
    await execa("git", ["init", "--quiet"], { cwd: repository });
    writeFileSync(join(repository, "fraises.yaml"), "not: [valid");
    before = contents();
    const surroundings = {
      HOME: hostileHome(),
      FRAISIER_CONFIG: join(repository, "fraises.yaml"),
      FRAISIER_DB_URL: `sqlite://${repository}/fraisier.db`,
      GIT_DIR: join(repository, ".git"),
      GIT_WORK_TREE: repository,
      GIT_INDEX_FILE: join(repository, ".git", "index"),
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "core.hooksPath",
      GIT_CONFIG_VALUE_0: "/nowhere",
      PORT: "1",
    };
    [plain, misled] = await Promise.all([play(), play(surroundings, PROGRAM, "--json")]);
  }, 120_000);

  test("three deployments, each command before its outcome, the rollback, status, history and show", () => {
    const { exitCode, stdout, stderr } = plain;
    expect(exitCode, stdout + stderr).toBe(0);
    const steps = stdout.split("\n").filter((line) => /^\$ |^Strawberries|^\(exit code/.test(line));
    const [, short = ""] = /fraisier show ([0-9a-f]{8})/.exec(stdout) ?? [];
    const curl = expect.stringMatching(/^\$ curl http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(steps).toEqual([
      "$ fraisier deploy shop production",
      curl,
      "Strawberries, 3.00 a punnet",
      "$ fraisier deploy shop production",
      curl,
      "Strawberries, 2.50 a punnet",
      "$ fraisier deploy shop production",
      "(exit code 5)",
      curl,
      "Strawberries, 2.50 a punnet",
      "$ fraisier status",
      "$ fraisier history",
      `$ fraisier show ${short}`,
    ]);
    expect(stdout).toMatch(/^shop +production +healthy +[0-9a-f]{10} /m);
    expect(stdout.match(/^[0-9a-f]{8} +shop +production +deploy +(rolled back|success)/gm)).toHaveLength(3);
    expect(stdout).toMatch(/HTTP 500 .* it answered 500 instead of 200/);
    expect(stderr).toMatch(/✗ health.*✓ undo: activate.*rolled back/s);
  });

  test("nothing runs or listens afterwards", async () => {
    for (const played of [plain, misled]) await expectNothingRuns(played);
  });

  test("no port is fixed", () => {
    const [ports, others] = [plain, misled].map((played) => [...new Set(played.ports)]);
    expect([ports?.length, others?.length]).toEqual([1, 1]);
    expect(ports).not.toEqual(others);
  });

  test("nobody's configuration, database or repository is heeded or touched", () => {
    expect(misled.exitCode, misled.stderr).toBe(0);
    expect(contents()).toEqual(before);
    expect(existsSync(join(misled.place, "fraisier.db"))).toBe(true);
  });

  test("with --json stdout is one document, and the rest is told on stderr", () => {
    expect(JSON.parse(misled.stdout)).toEqual({ schema: "fraisier.demo/1", folder: misled.place, database: null });
    for (const text of ["$ fraisier deploy", "rolled back", "$ curl", "HTTP 500"])
      expect(misled.stderr).toContain(text);
  });

  test("what it says at the end can be typed as it stands", async () => {
    const [, look = ""] = /^Look around with: (.*)$/m.exec(plain.stdout) ?? [];
    const looked = await execa("/bin/sh", ["-c", look], { env: userEnvironment(), extendEnv: false });
    expect(looked.stdout.split("\n")).toHaveLength(4);
    const [, remove = ""] = /^Remove it with: (.*)$/m.exec(plain.stdout) ?? [];
    await execa("/bin/sh", ["-c", remove]);
    expect(readdirSync(dirname(plain.place))).toEqual([]);
  });
});

describe("with --db", { timeout: 120_000 }, () => {
  // That of SQLite is the demo without the option.
  const usual = DATABASES.filter(({ name }) => IS_FULL || name === "PostgreSQL" || name === "MySQL");
  test.for(usual)("it is remembered in the database of the user: $name", async (database) => {
    const env = await environmentOf(database);
    for (const times of IS_FULL ? [1, 2] : [1]) {
      const played = await play(env, PROGRAM, "--db");
      expect(played.exitCode, played.stdout + played.stderr).toBe(0);
      expect(existsSync(join(played.place, "fraisier.db"))).toBe(false);
      await expectNothingRuns(played, env);
      const { stdout } = await run(process.execPath, [PROGRAM, "history", "--json"], {
        cwd: newFolder(),
        env: userEnvironment(env),
      });
      const { deployments } = JSON.parse(stdout) as { deployments: { status: string }[] };
      const statuses = ["rolled_back", "success", "success"];
      expect(deployments.map(({ status }) => status)).toEqual(times === 1 ? statuses : [...statuses, ...statuses]);
    }
  });

  test("takes a relative file from where it was typed, and shows no password", async () => {
    const cwd = newFolder();
    const temporary = newFolder();
    const env = userEnvironment({ TMPDIR: temporary });
    const played = await run(process.execPath, [PROGRAM, "demo", "--db", "sqlite://./mine.db"], { cwd, env });
    expect(played.exitCode, played.stderr).toBe(0);
    expect(played.stdout).toContain(`in sqlite://${cwd}/mine.db`);
    expect(existsSync(join(cwd, "mine.db"))).toBe(true);
    const url = "postgresql://ada:s3cret@127.0.0.1:1/shop";
    const refused = await run(process.execPath, [PROGRAM, "demo", "--db", url], { cwd, env });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("FRAISIER_DB_URL keep it back");
    expect(refused.stdout + refused.stderr).not.toContain("s3cret");
    const nothing = await run(process.execPath, [PROGRAM, "demo", "--db"], { cwd, env });
    expect([nothing.exitCode, nothing.stderr]).toEqual([2, expect.stringContaining("FRAISIER_DB_URL")]);
  });
});

describe("a demo that cannot be played to its end", { concurrent: true, timeout: 120_000 }, () => {
  const lies: [what: string, lie: string, complaint: RegExp][] = [
    ["a page", `text = text.replace(/"port": \\d+/g, '"port": 1');`, /says "nothing" instead of "Strawberries, 3.00/],
    ["an exit code", "code = code === 5 ? 0 : code;", /ended with 0 instead of 5/],
    [
      "the history",
      `text = text.replace('"rolled_back"', '"success"');`,
      /the last deployment is success instead of rolled_back/,
    ],
  ];
  test.for(IS_FULL ? lies : lies.slice(0, 2))(
    "fails when %s is not as it shows, and leaves nothing running",
    async ([, lie, complaint]) => {
      const program = join(newFolder(), "fraisier.js");
      const parts = { text: lie.includes("text") ? lie : "", code: lie.includes("text") ? "" : lie };
      writeFileSync(
        program,
        `const { main } = await import(${JSON.stringify(join(ROOT, "dist/cli.js"))});
       const write = process.stdout.write.bind(process.stdout);
       process.stdout.write = (text, ...rest) => { ${parts.text} return write(text, ...rest); };
       let code = await main(process.argv.slice(2));
       ${parts.code}
       process.exitCode = code;`,
      );
      writeFileSync(join(dirname(program), "package.json"), '{"type":"module"}');
      const played = await play({}, program);
      expect(played.exitCode, played.stdout + played.stderr).toBe(1);
      expect(played.stderr).toMatch(complaint);
      await expectNothingRuns(played);
    },
  );

  const signals: [NodeJS.Signals, number][] = [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ];
  test.for(IS_FULL ? signals : signals.slice(0, 1))("%s ends it, with all that it started", async ([signal, code]) => {
    const temporary = newFolder();
    const child = spawn(process.execPath, [PROGRAM, "demo"], {
      env: userEnvironment({ TMPDIR: temporary }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    const ended = new Promise((done) => child.on("close", done));
    await until(() => output.split("… health").length === 3, "the second deployment to be in its last step");
    const [, port] = /listens on port (\d+)/.exec(output) ?? [];
    child.kill(signal);
    expect(await ended, output).toBe(code);
    expect(output).toMatch(/shop production: cancelled.*The demo was interrupted/s);
    const [name = ""] = readdirSync(temporary);
    await expectNothingRuns({
      exitCode: code,
      signal: null,
      stdout: "",
      stderr: "",
      place: join(temporary, name),
      ports: [Number(port)],
    });
  });

  test("says what is missing: git, or a folder for temporary files", async () => {
    const programs = newFolder();
    symlinkSync(process.execPath, join(programs, "node"));
    const without = await play({ PATH: programs });
    expect(without.exitCode).toBe(1);
    expect(without.stderr).toMatch(/^Error: The demo stops: git init failed: .*git/m);
    const nowhere = await run(process.execPath, [PROGRAM, "demo"], {
      cwd: folder,
      env: userEnvironment({ TMPDIR: "/nowhere" }),
    });
    expect(nowhere.exitCode).toBe(1);
    expect(nowhere.stderr).toMatch(/^Error: No folder could be made in \/nowhere \(ENOENT\)\.\n.*TMPDIR=/);
  });
});
