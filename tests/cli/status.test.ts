import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { leaseName } from "../../src/deploy/index.ts";
import { openLedger } from "../../src/ledger/index.ts";
import { currentProcess, machineId } from "../../src/targets/index.ts";
import { holder } from "../ledger/support.ts";
import { document, emptyFolder, everythingIn, FRUIT, fraisier, project, remember } from "./support.ts";

const rows = (stdout: string): string[] => stdout.trimEnd().split("\n").slice(1);

describe("list", () => {
  test("shows every fraise and environment that is declared, and needs no database", async () => {
    const folder = project(FRUIT);
    const { exitCode, stdout } = await fraisier(folder, ["list"], { FRAISIER_DB_URL: "no:url" });
    expect(exitCode).toBe(0);
    expect(rows(stdout).map((row) => row.split(/ {2,}/))).toEqual([
      ["shop", "production", "api", "main", join(folder, "app"), "Sells fruit"],
      ["", "staging", "next", join(folder, "staging")],
      ["nightly", "production", "etl"],
    ]);
    expect(everythingIn(folder)).toEqual(["fraises.yaml"]);
  });

  test("--flat is a line for each that a script can take apart", async () => {
    const { stdout } = await fraisier(project(FRUIT), ["list", "--flat"]);
    expect(stdout).toBe("shop production\nshop staging\nnightly production\n");
  });

  test("as JSON has the same", async () => {
    const folder = project(FRUIT);
    const { project: name, fraises } = await document<{ project: string; fraises: object[] }>(folder, "list");
    expect(name).toBe("fruit");
    expect(fraises).toMatchObject([
      { name: "shop", type: "api", environments: [{ key: "production" }, { key: "staging", branch: "next" }] },
      { name: "nightly", type: "etl", environments: [{ key: "production" }] },
    ]);
  });

  test("works with variables that are not set, which only deploying needs", async () => {
    const folder = project({ fraises: { shop: { ...FRUIT.fraises.shop, description: "${NOWHERE_SET}" } } });
    expect((await fraisier(folder, ["list"])).stdout).toContain("${NOWHERE_SET}");
    expect((await fraisier(folder, ["config", "validate"])).exitCode).toBe(3);
  });

  test("a description of several lines keeps to its row", async () => {
    const shop = { ...FRUIT.fraises.shop, description: "Sells\n  fruit\nand more" };
    const { stdout } = await fraisier(project({ fraises: { shop } }), ["list"]);
    expect(rows(stdout)).toHaveLength(2);
    expect(stdout).toContain("Sells fruit and more");
  });
});

describe("status", () => {
  test("of all: what was deployed, and what was not", async () => {
    const folder = project(FRUIT);
    await remember(folder, { newVersion: "v7", at: new Date(Date.now() - 7_200_000) });
    const { exitCode, stdout } = await fraisier(folder, ["status"]);
    expect(exitCode).toBe(0);
    expect(rows(stdout).map((row) => row.split(/ {2,}/))).toEqual([
      ["shop", "production", "healthy", "v7", expect.stringMatching(/^\d.* ago \(\d{4}-.*Z\)$/), "maria"],
      ["shop", "staging", "nothing deployed yet", "–", "–", "–"],
      ["nightly", "production", "nothing deployed yet", "–", "–", "–"],
    ]);
  });

  test("of one fraise: its environments", async () => {
    const { stdout } = await fraisier(project(FRUIT), ["status", "shop"]);
    expect(rows(stdout).map((row) => row.split(/ {2,}/).slice(0, 2))).toEqual([
      ["shop", "production"],
      ["shop", "staging"],
    ]);
  });

  test("of one environment: all that is known of it", async () => {
    const folder = project(FRUIT);
    await remember(
      folder,
      { end: { status: "failed" } },
      { newVersion: "v7", gitCommit: "c0ffee", subject: "Sell figs" },
    );
    const { stdout } = await fraisier(folder, ["status", "shop", "production"]);
    for (const line of [
      /^shop production$/m,
      /^status +healthy$/m,
      /^version +v7$/m,
      /^commit +c0ffee {2}Sell figs$/m,
      /^deployed +.* ago \(\d{4}-.*Z\) by maria$/m,
      /^deployment +[0-9a-f]{8} \(fraisier show [0-9a-f]{8}\)$/m,
      /^history +1 succeeded, 1 failed$/m,
    ])
      expect(stdout).toMatch(line);
  });

  test("of one whose deployment is under way: by whom, where, and since when", async () => {
    const folder = project(FRUIT);
    const { ledger, close } = await openLedger({ directory: folder, env: {}, mode: "write" });
    const identity = { project: "fruit", fraise: "shop", environment: "production", job: null };
    const living = holder({ ...currentProcess(), machine: `local:${machineId()}`, user: "jo" });
    const target = leaseName(identity, living.machine);
    await ledger.acquireLease({ target, holder: living, ttlMs: 60_000, isAlive: () => true });
    await close();
    expect((await fraisier(folder, ["status"])).stdout).toMatch(/^shop +production .* jo is deploying, since .*$/m);
    const { stdout } = await fraisier(folder, ["status", "shop", "production"]);
    expect(stdout).toMatch(
      new RegExp(`^working now +jo on \\S+ \\(process ${process.pid}\\), since .* \\(.*Z\\)$`, "m"),
    );
    expect(await document(folder, "status", "shop", "production")).toMatchObject({
      deploying: { user: "jo", pid: process.pid, since: expect.stringMatching(/Z$/) },
    });
  });

  test.for([
    ["shpo", "shpo", 'Did you mean "shop"?'],
    ["shop prodution", "prodution", 'Did you mean "production"?'],
    ["Shop production", "Shop", 'Did you mean "shop"?'],
    ["bakery", "bakery", "it has shop, nightly"],
    ["shop test", "test", "it has production, staging"],
  ])("of what is not declared (%s): exit 7, and what there is", async ([line = "", name, hint]) => {
    const { exitCode, stdout, stderr } = await fraisier(project(FRUIT), ["status", ...line.split(" ")]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: "" });
    expect(stderr).toContain(`"${name}"`);
    expect(stderr).toContain(hint);
  });

  test("needs a fraises.yaml, and says how to get one", async () => {
    const folder = emptyFolder();
    const { exitCode, stderr } = await fraisier(folder, ["status"]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("fraisier init");
    writeFileSync(join(folder, "fraises.yaml"), "");
    expect((await fraisier(folder, ["status"])).exitCode).toBe(3);
  });
});
