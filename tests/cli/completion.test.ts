/** `fraisier completion`: what Tab offers, by the program itself and in the shells. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { delimiter, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { DEPLOYMENT_STATUSES, shortId } from "../../src/ledger/index.ts";
import { run } from "../packaging/support.ts";
import {
  COMMANDS,
  emptyFolder,
  everythingIn,
  FRUIT,
  fraisier,
  PROGRAM,
  project,
  remember,
  userEnvironment,
} from "./support.ts";

/** What is offered for the last of these words; it must be said silently. */
async function offered(cwd: string, words: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const { exitCode, stdout, stderr } = await fraisier(cwd, ["__complete", ...words], env);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t")[0] ?? "");
}

describe("what is offered", () => {
  test("commands, their parts, and those that help is for", async () => {
    const folder = emptyFolder();
    const top = [...new Set(COMMANDS.map((command) => command.split(" ")[0]))];
    expect((await offered(folder, [""])).sort()).toEqual([...top, "help"].sort());
    expect(await offered(folder, ["config", ""])).toEqual(["validate", "show", "schema"]);
    expect(await offered(folder, ["help", "status"])).toEqual(["status", "status-all"]);
    expect(await offered(folder, ["__"])).toEqual([]);
  });

  test("options of the command, and what they take", async () => {
    const folder = project(FRUIT);
    const ofDeploy = ["--config", "--json", "--no-color", "--db", "--ref", "--dry-run", "--force", "--help"];
    expect(await offered(folder, ["deploy", "--"])).toEqual(ofDeploy);
    expect(await offered(folder, ["deploy", "shop", "production", "--f"])).toEqual(["--force"]);
    expect(await offered(folder, ["history", "--status", ""])).toEqual(DEPLOYMENT_STATUSES);
    expect(await offered(folder, ["history", "--status=ro"])).toEqual([
      "--status=rolled_back",
      "--status=rollback_failed",
    ]);
    expect(await offered(folder, ["history", "--status", "=", "fa"])).toEqual(["failed"]); // as bash takes it apart
    expect(await offered(folder, ["list", "--config", ""])).toEqual([":files"]);
    expect(await offered(folder, ["history", "--number", ""])).toEqual([]);
  });

  test("names: of fraises, environments, deployments, steps, errors, shells", async () => {
    const folder = project(FRUIT);
    const [first, second] = await remember(folder, {}, { end: { status: "failed" } });
    const ids = [second, first].map((deployment) => shortId(deployment?.id ?? ""));
    expect(await offered(folder, ["deploy", ""])).toEqual(["shop", "nightly"]);
    expect(await offered(folder, ["deploy", "shop", ""])).toEqual(["production", "staging"]);
    expect(await offered(folder, ["deploy", "--force", "shop", "st"])).toEqual(["staging"]);
    expect(await offered(folder, ["deploy", "shop", "production", ""])).toEqual([]);
    expect(await offered(folder, ["stats", "-f", "nightly", "-e", ""])).toEqual(["production"]);
    expect(await offered(folder, ["show", ""])).toEqual(ids);
    expect(await offered(folder, ["rollback", "shop", "production", "--to", ""])).toEqual([ids[1]]);
    expect(await offered(folder, ["logs", ids[0] ?? "", "--step", ""])).toEqual(["build"]);
    expect(await offered(folder, ["explain", "lease_l"])).toEqual(["lease_lost"]);
    expect(await offered(folder, ["completion", ""])).toEqual(["bash", "zsh", "fish"]);
  });

  test("where nothing is declared: what is remembered, but no name that a shell would take apart", async () => {
    const folder = emptyFolder();
    await remember(folder, { fraise: "shop" }, { fraise: "$(touch owned)" });
    expect(await offered(folder, ["history", "-f", ""])).toEqual(["shop"]);
    expect(await offered(folder, ["history", "-f", "shop", "-e", ""])).toEqual(["production"]);
  });
});

describe("whatever is wrong, it is silent, and nothing is written", () => {
  const QUESTIONS = [["deploy", ""], ["show", ""], ["history", "-f", ""], [""]];

  test("with a database, a broken one, and none", async () => {
    const [used, broken, none] = [project(FRUIT), project(FRUIT), project(FRUIT)];
    await remember(used, {});
    writeFileSync(join(broken, "fraisier.db"), "this is my diary, not a database");
    writeFileSync(join(broken, "fraises.yaml"), "fraises: [broken");
    const home = emptyFolder();
    for (const folder of [used, broken, none]) {
      const snapshot = () =>
        everythingIn(folder).map((name) => [
          name,
          createHash("sha256")
            .update(readFileSync(join(folder, name)))
            .digest("hex"),
          statSync(join(folder, name)).mtimeMs,
        ]);
      const before = snapshot();
      for (const words of QUESTIONS) await offered(folder, words, { HOME: home, XDG_CACHE_HOME: join(home, "cache") });
      expect(snapshot()).toEqual(before);
    }
    expect(everythingIn(home)).toEqual([]);
  });

  test("with a server that never answers, within a moment", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    await new Promise((listening) => server.once("listening", listening));
    const url = `postgresql://ada:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}/shop`;
    const started = performance.now();
    expect(await offered(project(FRUIT), ["show", ""], { FRAISIER_DB_URL: url })).toEqual([]);
    expect(performance.now() - started).toBeLessThan(5000);
    expect(sockets).toHaveLength(1); // it was asked
  });
});

/** A folder with a program `fraisier`, and the environment in which it is found. */
function installed(): Record<string, string> {
  const bin = emptyFolder("bin");
  const program = join(bin, "fraisier");
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
  chmodSync(program, 0o755);
  return userEnvironment({ PATH: [bin, process.env.PATH].join(delimiter) });
}

async function inShell(shell: string, args: readonly string[], script: string): Promise<string[]> {
  const folder = project(FRUIT);
  const env = { ...installed(), HOME: emptyFolder() };
  mkdirSync(join(folder, "files"));
  const { exitCode, stdout, stderr } = await run(shell, [...args, "-c", script], { cwd: folder, env });
  expect([exitCode, stderr]).toEqual([0, ""]);
  return stdout.trimEnd().split("\n");
}

/** Not every machine has every shell; bash is everywhere. */
const hasShell = (shell: string): boolean => spawnSync(shell, ["-c", "exit 0"]).status === 0;

describe("in a shell", () => {
  test("bash completes commands, options and names", async () => {
    const script = `eval "$(fraisier completion bash)"
      complete -p fraisier
      try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _fraisier; echo "\${COMPREPLY[*]}"; }
      try fraisier roll
      try fraisier deploy shop ''
      try fraisier deploy --for
      try fraisier history --status = ro`;
    expect(await inShell("bash", ["--norc"], script)).toEqual([
      "complete -F _fraisier fraisier",
      "rollback",
      "production staging",
      "--force",
      "rolled_back rollback_failed",
    ]);
  });

  test.runIf(hasShell("zsh"))("zsh too", async () => {
    const script = `autoload -Uz compinit; compinit -u -D
      eval "$(fraisier completion zsh)"
      compadd() { print -r -- "$values" }
      try() { words=("$@"); CURRENT=$#; _fraisier }
      print $_comps[fraisier]
      try fraisier roll
      try fraisier deploy shop ''
      try fraisier history --status=ro`;
    expect(await inShell("zsh", ["-f"], script)).toEqual([
      "_fraisier",
      "rollback",
      "production staging",
      "--status=rolled_back --status=rollback_failed",
    ]);
  });

  test.runIf(hasShell("fish"))("fish too", async () => {
    const script = `fraisier completion fish | source
      complete -C "fraisier roll"; complete -C "fraisier deploy shop "; complete -C "fraisier list -c fi"`;
    expect(await inShell("fish", ["--no-config"], script)).toEqual([
      "rollback\tbring the last healthy release before this one into service",
      "production",
      "staging",
      "files/",
    ]);
  });

  test("another one is refused, with what was meant", async () => {
    const { exitCode, stdout, stderr } = await fraisier(emptyFolder(), ["completion", "zhs"]);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain('Did you mean "zsh"?');
  });
});
