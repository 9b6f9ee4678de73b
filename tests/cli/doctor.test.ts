/** `fraisier doctor`: each thing that can be wrong, its remedy, and the exit code of its kind. */
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Sandbox } from "../e2e/sandbox.ts";
import { run } from "../packaging/support.ts";
import { emptyFolder, everythingIn, fraisier, PROGRAM, project, userEnvironment } from "./support.ts";

interface Finding {
  readonly subject: string;
  readonly name: string;
  readonly outcome: string;
  readonly text: string;
  readonly hint: string | null;
  readonly kind: string | null;
  readonly exitCode: number;
}

interface Examination {
  readonly exitCode: number;
  readonly checks: readonly Finding[];
  /** What failed, as `subject name kind`. */
  readonly failed: readonly string[];
}

async function examine(folder: string, env: Record<string, string> = {}, ...args: string[]): Promise<Examination> {
  return read(await fraisier(folder, ["doctor", "--json", ...args], env));
}

function read({ exitCode, stdout, stderr }: Awaited<ReturnType<typeof run>>): Examination {
  expect(stderr).toBe("");
  const { schema, ok, checks } = JSON.parse(stdout) as { schema: string; ok: boolean; checks: Finding[] };
  expect(schema).toBe("fraisier.doctor/1");
  const failed = checks.filter(({ outcome }) => outcome === "failed");
  expect(ok).toBe(failed.length === 0);
  for (const { hint, kind } of failed)
    expect([kind, hint]).toEqual([expect.stringMatching(/^\w+$/), expect.stringMatching(/\w/)]);
  return {
    exitCode: exitCode ?? -1,
    checks,
    failed: failed.map(({ subject, name, kind }) => `${subject} ${name} ${kind}`),
  };
}

const find = ({ checks }: Examination, subject: string, name: string): Finding | undefined =>
  checks.find((finding) => finding.subject === subject && finding.name === name);

let box: Sandbox;
beforeAll(async () => {
  box = await Sandbox.create();
  await box.commit({ page: "one" });
});
afterAll(() => box[Symbol.asyncDispose]());

/** A project whose one place is `settings`, on the repository of the sandbox. */
const place = (settings: object, folder?: string): string => {
  const production = { git_repo: box.repository, app_path: "./app", ...settings };
  return project({ fraises: { shop: { type: "api", environments: { production } } } }, folder);
};

describe("where all is well", () => {
  test("looks at everything, before the first deployment and after it, and changes nothing", async () => {
    const before = everythingIn(box.folder);
    const first = await examine(box.folder);
    expect([first.exitCode, first.failed]).toEqual([0, []]);
    expect(everythingIn(box.folder)).toEqual(before);
    expect((await box.deploy()).exitCode).toBe(0);
    const second = await examine(box.folder);
    expect([second.exitCode, second.failed]).toEqual([0, []]);
    expect(second.checks.map(({ subject, name, outcome }) => [subject, name, outcome])).toEqual([
      ["machine", "node", "ok"],
      ["machine", "git", "ok"],
      ["project", "fraises.yaml", "ok"],
      ...["choice", "connection", "role", "latency", "schema", "permissions", "space"].map((name) => [
        "database",
        name,
        "ok",
      ]),
      ...["folder", "modes", "port", "space", "repository"].map((name) => ["shop production", name, "ok"]),
    ]);
    expect(find(second, "shop production", "port")?.text).toMatch(/^the service itself has \d+$/);
    const { exitCode, stdout, stderr } = await fraisier(box.folder, ["doctor"]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^shop production\n✓ folder {8}/m);
  });
});

describe("what is wrong", () => {
  test("fraises.yaml: missing, broken, with a variable that is not set: 3, and the rest is still looked at", async () => {
    const missing = await examine(emptyFolder());
    expect([missing.exitCode, missing.failed]).toEqual([3, ["project fraises.yaml config_not_found"]]);
    expect(find(missing, "database", "connection")?.outcome).toBe("ok");
    const folder = emptyFolder();
    writeFileSync(join(folder, "fraises.yaml"), "fraises: [broken");
    expect(await examine(folder)).toMatchObject({ exitCode: 3, failed: ["project fraises.yaml config_invalid"] });
    const unset = await examine(place({ env: { KEY: "${NOWHERE_SET}" } }));
    expect([unset.exitCode, unset.failed]).toEqual([3, ["project fraises.yaml config_invalid"]]);
    expect(find(unset, "shop production", "repository")?.outcome).toBe("ok");
  });

  test("the database: 6, without its password", async () => {
    const url = "postgresql://ada:s3cret@127.0.0.1:1/shop";
    const found = await examine(place({}), { FRAISIER_DB_URL: url });
    expect([found.exitCode, found.failed]).toEqual([6, ["database connection connection_refused"]]);
    expect(JSON.stringify(found.checks)).not.toContain("s3cret");
    const memory = await examine(place({}), { FRAISIER_DB_URL: "sqlite::memory:" });
    expect([memory.exitCode, memory.failed]).toEqual([6, ["database choice schema_in_memory"]]);
    const nowhere = await examine(place({}), { FRAISIER_DB_URL: "sqlite:///dev/null/ledger.db" });
    expect([nowhere.exitCode, nowhere.failed]).toEqual([6, ["database role read_only"]]);
    expect(await examine(place({}), { FRAISIER_DB_TYPE: "oracle" })).toMatchObject({ exitCode: 3 });
  });

  test("git: missing, and a repository that is not there, or has no such branch", async () => {
    const noGit = await examine(place({ env: { PATH: "/nowhere" } }), { PATH: "/nowhere" });
    expect([noGit.exitCode, noGit.failed]).toEqual([
      1,
      ["machine git unsupported", "shop production repository unsupported"],
    ]);
    const gone = await examine(place({ git_repo: "./nowhere" }));
    expect([gone.exitCode, gone.failed]).toEqual([1, ["shop production repository repository_unreachable"]]);
    const branch = await examine(place({ branch: "mian" }));
    expect([branch.exitCode, branch.failed]).toEqual([7, ["shop production repository ref_not_found"]]);
    expect(find(branch, "shop production", "repository")?.hint).toContain("main");
  });

  test("a port that somebody else has; not one that the restarted service has itself", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((listening) => server.once("listening", listening));
    const { port } = server.address() as AddressInfo;
    const taken = await examine(place({ service: { start: "./serve", port } }));
    expect([taken.exitCode, taken.failed]).toEqual([1, ["shop production port port_taken"]]);
    expect(find(taken, "shop production", "port")?.text).toContain(`listens on ${port}`);
    expect((await examine(place({ service: { restart: "true", port } }))).failed).toEqual([]);
  });

  test("the folder: a file in the way, modes that let others in", async () => {
    const folder = place({ app_path: "./fraises.yaml" });
    expect((await examine(folder)).failed).toEqual(["shop production folder app_path_unusable"]);
    const open = place({});
    mkdirSync(join(open, "app/.fraisier"), { recursive: true, mode: 0o700 });
    writeFileSync(join(open, "app/.fraisier/service.log"), "…", { mode: 0o600 });
    expect(find(await examine(open), "shop production", "modes")?.outcome).toBe("ok");
    chmodSync(join(open, "app/.fraisier/service.log"), 0o644);
    const found = await examine(open);
    expect([found.exitCode, found.failed]).toEqual([0, []]);
    expect(find(found, "shop production", "modes")).toMatchObject({
      outcome: "warning",
      text: expect.stringContaining("service.log"),
      hint: expect.stringContaining("chmod"),
    });
    writeFileSync(join(open, "fraisier.db"), "", { mode: 0o644 });
    expect(find(await examine(open), "database", "permissions")?.outcome).toBe("warning");
  });

  // Root may write everything, and only root can become somebody who may not.
  if (process.getuid?.() === 0) {
    test("the folder: not this user's to write", async () => {
      const folder = place({});
      mkdirSync(join(folder, "app"));
      chmodSync(folder, 0o755);
      const home = emptyFolder();
      chownSync(home, 65534, 65534);
      const env = userEnvironment({ HOME: home, FRAISIER_DB_PATH: join(home, "ledger.db") });
      const nobody = { cwd: folder, env, user: { uid: 65534, gid: 65534 } };
      const found = read(await run(process.execPath, [PROGRAM, "doctor", "--json"], nobody));
      expect(found.failed).toContain("shop production folder app_path_unusable");
      expect(find(found, "shop production", "folder")?.hint).toContain("chown");
    });
  }

  test("for people: what failed stands on stdout, with what to do; stderr says how many, and what explains them", async () => {
    const { exitCode, stdout, stderr } = await fraisier(place({ git_repo: "./nowhere" }), ["doctor"]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^✗ repository {4}.*\n {16}→ /m);
    expect(stderr).toBe("1 thing is wrong. More about it: fraisier explain repository_unreachable\n");
  });

  test("whatever hangs, it ends in time", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    await new Promise((listening) => server.once("listening", listening));
    const { port } = server.address() as AddressInfo;
    const folder = place({ git_repo: `git://127.0.0.1:${port}/shop.git` });
    const env = { FRAISIER_DB_URL: `mysql://ada@127.0.0.1:${port}/shop` };
    const started = performance.now();
    const found = await examine(folder, env, "--timeout", "1");
    expect(performance.now() - started).toBeLessThan(8000);
    expect(found.exitCode).toBe(6);
    expect(found.failed).toContain("shop production repository repository_unreachable");
  });
});
