import { beforeAll, describe, expect, test } from "vitest";
import { shortId } from "../../src/ledger/index.ts";
import { temporaryFolder } from "../packaging/support.ts";
import { alter, document, FRUIT, fraisier, project, type Remembered, remember } from "./support.ts";

async function shop(...deployments: readonly Remembered[]) {
  const folder = project(FRUIT);
  return { folder, deployments: await remember(folder, ...deployments) };
}

/** Gives the deployment of this number (from 1) an id of the test's own. */
async function giveId(folder: string, number: number, id: string): Promise<void> {
  const hex = id.replaceAll("-", "");
  const values = [id, hex, [...hex].reverse().join(""), number];
  await alter(folder, [
    "UPDATE tb_deployment SET id = ?, id_hex = ?, id_hex_reversed = ? WHERE pk_deployment = ?",
    values,
  ]);
}

const A = "01a2091c-0000-7000-8000-aaaa12345678";
const B = "01a2091c-0000-7000-8000-bbbb92345678";

describe("a deployment is found by", () => {
  const folder = project(FRUIT, temporaryFolder("show"));
  beforeAll(async () => {
    await remember(folder, {}, {});
    await giveId(folder, 1, A);
    await giveId(folder, 2, B);
  });

  test.for([
    ["its id", A],
    ["its id in capitals", A.toUpperCase()],
    ["its id without dashes", A.replaceAll("-", "")],
    ["its short id", "12345678"],
    ["the end of its id", "aaaa12345678"],
    ["a longer beginning", "01a2091c-0000-7000-8000-aaaa"],
    ["a longer beginning without dashes", "01a2091c000070008000a"],
  ])("%s: %s", async ([, text = ""]) => {
    expect(await document(folder, "show", text)).toMatchObject({ deployment: { id: A, shortId: "12345678" } });
    expect(await document(folder, "logs", text)).toMatchObject({ deploymentId: A });
  });

  test.for([
    ["a beginning that several share", "01a2", 2, "means several deployments: 92345678, 12345678"],
    ["an end that several share", "2345678", 2, "means several deployments"],
    ["too little of it", "123", 2, "at least 4 hex digits"],
    ["what is no id", "latest", 2, "is no deployment's id"],
    ["one that nobody has", "deadbeef", 7, "begins or ends with deadbeef"],
    ["a part from its middle", "70008000", 7, "begins or ends with 70008000"],
  ] as const)("and not by %s: %s", async ([, text, code, message]) => {
    const { exitCode, stdout, stderr } = await fraisier(folder, ["show", text]);
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
    expect(stderr).toContain(message);
  });
});

describe("show", () => {
  test("tells what is known, times both relative and exact", async () => {
    const { folder, deployments } = await shop({
      at: new Date(Date.now() - 3 * 3_600_000),
      oldVersion: "v1",
      newVersion: "v2",
      gitCommit: "0123456789abcdef0123456789abcdef01234567",
      subject: "Sell raspberries",
      output: ["compiling"],
      end: { status: "failed", errorMessage: "build: make ended with exit code 2" },
    });
    const { exitCode, stdout, stderr } = await fraisier(folder, ["show", deployments[0]?.id ?? ""]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const id = shortId(deployments[0]?.id ?? "");
    for (const line of [
      `^deploy ${id}: fruit: shop production$`,
      "^status +failed$",
      "^reason +build: make ended with exit code 2$",
      "^version +v1 → v2$",
      "^commit +0123456789abcdef0123456789abcdef01234567 {2}Sell raspberries$",
      "^branch +main$",
      "^started +3 hours ago \\(\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ\\)$",
      "^ended +\\d.* ago \\(.*Z\\)$",
      "^took +2\\.5 s$",
      "^by +maria \\(manual\\) on web1, process 4711$",
      "^ {2}✓ build +2\\.5 s$",
      `fraisier logs ${id}$`,
    ])
      expect(stdout).toMatch(new RegExp(line, "m"));
  });

  test("of a rollback names what it undoes", async () => {
    const { folder, deployments } = await shop({ newVersion: "v1" });
    const undoes = deployments[0]?.id ?? "";
    const [rollback] = await remember(folder, { kind: "rollback", newVersion: "v0", undoesDeploymentId: undoes });
    const { stdout } = await fraisier(folder, ["show", rollback?.id ?? ""]);
    expect(stdout).toContain(`rollback ${shortId(rollback?.id ?? "")}`);
    expect(stdout).toMatch(new RegExp(`^undoes +${shortId(undoes)} \\(v1\\)$`, "m"));
  });

  test("of one that is under way has no end", async () => {
    const { folder, deployments } = await shop({ end: null });
    const { stdout } = await fraisier(folder, ["show", deployments[0]?.id ?? ""]);
    expect(stdout).toMatch(/^status +in progress/m);
    expect(stdout).not.toMatch(/^(ended|took) /m);
    expect(stdout).toMatch(/^ {2}… build +running/m);
  });
});

describe("logs", () => {
  test("prints the lines of each step under its name, in order", async () => {
    const { folder, deployments } = await shop({ output: ["one\ntwo", "three"] });
    const { exitCode, stdout, stderr } = await fraisier(folder, ["logs", deployments[0]?.id ?? ""]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toBe("build │ one\nbuild │ two\nbuild │ three\n");
  });

  test("of more than a page leaves nothing out", async () => {
    const output = Array.from({ length: 1203 }, (_, i) => `line ${i}`);
    const { folder, deployments } = await shop({ output });
    const { stdout } = await fraisier(folder, ["logs", deployments[0]?.id ?? ""]);
    expect(stdout.trimEnd().split("\n")).toEqual(output.map((line) => `build │ ${line}`));
    const { output: chunks } = await document<{ output: object[] }>(folder, "logs", deployments[0]?.id ?? "");
    expect(chunks).toHaveLength(1203);
    expect(chunks[0]).toEqual({ step: "build", sequence: 1, at: expect.any(String), stream: "stdout", text: "line 0" });
  });

  test("of one step; a step that there is not is refused, with those that there are", async () => {
    const { folder, deployments } = await shop({ output: ["one"] });
    const id = deployments[0]?.id ?? "";
    expect((await fraisier(folder, ["logs", id, "--step", "build"])).stdout).toBe("build │ one\n");
    const { exitCode, stderr } = await fraisier(folder, ["logs", id, "--step", "bild"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('no step "bild"; it has build');
  });

  test("of steps that printed nothing say so", async () => {
    const { folder, deployments } = await shop({});
    const result = await fraisier(folder, ["logs", deployments[0]?.id ?? ""]);
    expect(result).toMatchObject({ exitCode: 0, stdout: "", stderr: "Its steps printed nothing.\n" });
  });
});
