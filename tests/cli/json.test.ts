import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, Sandbox } from "../e2e/sandbox.ts";
import { FRUIT, fraisier, project, remember } from "./support.ts";

/** Every key at every depth of a document, and every text in it that looks like a time. */
function* inspect(value: unknown, key = ""): Generator<{ key: string; time?: string }> {
  if (Array.isArray(value)) for (const item of value) yield* inspect(item, key);
  else if (typeof value === "object" && value !== null)
    for (const [name, inner] of Object.entries(value)) {
      yield { key: name };
      yield* inspect(inner, name);
    }
  else if (/(^at|At|since)$/.test(key) && value !== null) yield { key, time: String(value) };
  else if (typeof value === "string" && /^\d{4}-\d\d-\d\d[T ]\S*$/.test(value)) yield { key, time: value };
}

function expectConventions(document: unknown, schema: string): void {
  expect(Object.keys(document as object)[0]).toBe("schema");
  expect(document).toMatchObject({ schema });
  for (const { key, time } of inspect(document)) {
    expect(key).toMatch(/^[a-z][a-zA-Z0-9]*$/);
    if (time !== undefined) expect([key, time]).toEqual([key, new Date(time).toISOString()]);
  }
}

const lines = ({ stdout }: Ended): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("with --json", () => {
  let box: Sandbox;
  let deployed: Ended;
  let refused: Ended;
  beforeAll(async () => {
    box = await Sandbox.create({
      health_check: { url: "http://127.0.0.1:{port}/", retries: 20, interval: 0.1, stable_for: 0 },
      build: ["echo compiling"],
    });
    await box.commit({ page: "good" });
    deployed = await box.deploy("--json");
    await box.commit({ page: "sick", status: 500 });
    refused = await box.deploy("--json");
  });
  afterAll(() => box[Symbol.asyncDispose]());

  test("a deployment is one event a line and then its result, and stderr is silent", () => {
    expect(deployed).toMatchObject({ exitCode: 0, stderr: "" });
    for (const line of lines(deployed)) expectConventions(line, "fraisier.deploy/1");
    expect(lines(deployed).map(({ type, step }) => (step === undefined ? type : `${type} ${step}`))).toEqual([
      "deployment_started",
      "step_started plan",
      "step_finished plan",
      "step_started lock",
      "step_finished lock",
      "step_started fetch",
      ...lines(deployed).flatMap(({ type, step }) => (type === "output" && step === "fetch" ? ["output fetch"] : [])),
      "step_finished fetch",
      "step_started build",
      "output build",
      "step_finished build",
      "step_started migrate",
      "step_finished migrate",
      "step_started activate",
      "step_finished activate",
      "step_started restart",
      "step_finished restart",
      "step_started health",
      ...lines(deployed).flatMap(({ type }) => (type === "probe" ? ["probe"] : [])),
      "step_finished health",
      "step_started done",
      "step_finished done",
      "deployment_finished",
      "result",
    ]);
  });

  test("so is one that is rolled back, what was undone included", () => {
    expect(refused).toMatchObject({ exitCode: 5, stderr: "" });
    for (const line of lines(refused)) expectConventions(line, "fraisier.deploy/1");
    expect(lines(refused).at(-1)).toMatchObject({
      type: "result",
      status: "rolled_back",
      deployment: { status: "rolled_back", gitBranch: "main" },
    });
    const undone = lines(refused).filter(({ type, direction }) => type === "step_finished" && direction === "undo");
    expect(undone.map(({ step }) => step)).toEqual(["stop", "activate", "restart", "health", "fetch"]);
  });

  test.for([
    ["list", "list"],
    ["list --flat", "list"],
    ["status", "status"],
    ["status shop", "status"],
    ["status shop production", "status"],
    ["status-all", "status-all"],
    ["history", "history"],
    ["stats", "stats"],
    ["webhooks", "webhooks"],
    ["doctor", "doctor"],
    ["explain", "explain"],
    ["completion bash", "completion"],
    ["show LAST", "show"],
    ["logs LAST", "logs"],
    ["config validate", "config-validate"],
    ["db status", "db-status"],
    ["db migrate", "db-migrate"],
    ["version", "version"],
    ["deploy shop production --dry-run", "deploy"],
    ["deploy shop production --ref FIRST", "deploy"],
  ])("fraisier %s prints one document", async ([line = "", name]) => {
    const [last, first] = await box.history();
    const words = line
      .replace("LAST", last?.shortId ?? "")
      .replace("FIRST", first?.gitCommit ?? "")
      .split(" ");
    const { exitCode, stdout, stderr } = await box.run(...words, "--json");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expectConventions(JSON.parse(stdout), `fraisier.${name}/1`);
  });

  test("a rollback is told in the same way", async () => {
    box.configure({}); // the same application by another configuration, so that there is something to go back to
    await box.deploy("--ref", (await box.history())[1]?.gitCommit ?? "");
    const ended = await box.run("rollback", "shop", "production", "--json");
    expect(ended, ended.stdout).toMatchObject({ exitCode: 0, stderr: "" });
    for (const line of lines(ended)) expectConventions(line, "fraisier.rollback/1");
    expect(lines(ended)[0]).toMatchObject({ type: "deployment_started", kind: "rollback" });
    expect(lines(ended).at(-1)).toMatchObject({ type: "result", status: "success", deployment: { kind: "rollback" } });
  });

  test("the documents name rows by their public ids only", async () => {
    const all = [await box.run("history", "--json"), await box.run("status", "--json"), refused].map((e) => e.stdout);
    for (const text of all) expect(text).not.toMatch(/"[pf]k[A-Z_]/);
  });
});

describe("an error with --json", () => {
  test.for<[name: string, line: string, code: number, kind: string, schema: string]>([
    ["a wrong option", "history --statsu x", 2, "usage", "history"],
    ["a wrong value", "history --since yesterday", 2, "usage", "history"],
    ["an unknown command", "db mgrate", 2, "usage", "db-mgrate"],
    ["no configuration", "config validate --config nowhere.yaml", 3, "config_not_found", "config-validate"],
    ["an unknown fraise", "status shpo", 7, "fraise_not_found", "status"],
    ["an unknown environment", "deploy shop prodution", 7, "environment_not_found", "deploy"],
    ["an unknown deployment", "show beef", 7, "deployment_not_found", "show"],
    ["nothing to go back to", "rollback shop production", 7, "nothing_to_roll_back_to", "rollback"],
    ["a type that is not supported", "deploy nightly production", 1, "type_not_supported", "deploy"],
  ])("%s: fraisier %s", async ([, line, code, kind, schema]) => {
    const { exitCode, stdout, stderr } = await fraisier(project(FRUIT), [...line.split(" "), "--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: "" });
    const document = JSON.parse(stdout) as { error: Record<string, unknown> };
    expect(document).toEqual({
      schema: `fraisier.${schema}/1`,
      error: { kind, message: expect.any(String), hint: document.error.hint },
    });
    expect(document.error.hint === null || typeof document.error.hint === "string").toBe(true);
    expect(document.error.message).not.toMatch(/^Error|\n {4}at /);
  });

  test("mistakes in fraises.yaml: all of them, with their places", async () => {
    const folder = project({ fraises: { shop: { typ: "api", environments: { production: { app_pth: "x" } } } } });
    const { exitCode, stdout } = await fraisier(folder, ["config", "validate", "--json"]);
    expect(exitCode).toBe(3);
    const { error } = JSON.parse(stdout) as { error: { kind: string; message: string } };
    expect(error.kind).toBe("config_invalid");
    expect(error.message).toMatch(/fraises\.yaml:4:7: .*"typ"/);
    expect(error.message).toMatch(/fraises\.yaml:7:11: .*"app_pth"/);
  });

  test.each([
    ["cannot be used: exit 6", "mysql://fraisier:s3cr3t@127.0.0.1:1/ledger", 6, "connection_refused"],
    ["is of no known kind: exit 3", "oracle://fraisier:s3cr3t@127.0.0.1/ledger", 3, "config_invalid"],
  ])("a database that %s, the password masked", async (_, url, code, kind) => {
    const { exitCode, stdout } = await fraisier(project(FRUIT), ["history", "--json"], { FRAISIER_DB_URL: url });
    expect(exitCode).toBe(code);
    expect(JSON.parse(stdout)).toMatchObject({ error: { kind } });
    expect(stdout).toContain("127.0.0.1");
    expect(stdout).not.toContain("s3cr3t");
  });

  test("a deployment that is refused is still one line", async () => {
    const { stdout } = await fraisier(project(FRUIT), ["deploy", "shpo", "production", "--json"]);
    expect(stdout.trimEnd()).not.toContain("\n");
    expect(JSON.parse(stdout)).toMatchObject({ error: { hint: 'Did you mean "shop"?' } });
  });
});

test("a document holds what control characters a database has, but none of them raw", async () => {
  const folder = project(FRUIT);
  const subject = "ring \u0007, title \u001b]0;x\u0007, C1 \u009b2J, delete \u007f";
  await remember(folder, { subject });
  const { stdout } = await fraisier(folder, ["history", "--json"]);
  expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
  expect(JSON.parse(stdout)).toMatchObject({ deployments: [{ commitSubject: subject }] });
});
