import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Sandbox } from "../e2e/sandbox.ts";
import { document, emptyFolder, everythingIn, FRUIT, fraisier, project, remember } from "./support.ts";

interface Entry {
  readonly fraise: string;
  readonly environment: string;
  readonly declared: boolean;
  readonly status: string | null;
  readonly version: string | null;
  readonly answer: { readonly ok: boolean; readonly status: number | null; readonly reason: string | null } | null;
  readonly service: { readonly pid: number | null; readonly running: boolean } | null;
}

const entriesOf = async (folder: string, ...args: string[]): Promise<Entry[]> =>
  (await document<{ fraises: Entry[] }>(folder, "status-all", ...args)).fraises;

describe("status-all", () => {
  test("has what is declared and what is remembered, each once", async () => {
    const folder = project(FRUIT);
    await remember(
      folder,
      { newVersion: "v7" },
      { fraise: "bakery", newVersion: "v1" },
      { project: "other", environment: "test" },
    );
    const names = (entries: readonly Entry[]) =>
      entries.map(({ fraise, environment, declared }) => [fraise, environment, declared]);
    expect(names(await entriesOf(folder))).toEqual([
      ["shop", "production", true],
      ["shop", "staging", true],
      ["nightly", "production", true],
      ["bakery", "production", false],
      ["shop", "test", false],
    ]);
    expect(names(await entriesOf(folder, "-e", "test"))).toEqual([["shop", "test", false]]);
    const { stdout } = await fraisier(folder, ["status-all"]);
    expect(stdout).toMatch(/^fruit: shop +production +healthy +v7 /m);
    expect(stdout).toMatch(/^fruit: bakery .* not declared in this fraises\.yaml$/m);
    expect(stdout).toMatch(/^fruit: nightly +production +nothing deployed yet /m);
  });

  test("works without fraises.yaml, from what is remembered; without either it says so, and makes nothing", async () => {
    const folder = emptyFolder();
    expect((await fraisier(folder, ["status-all"])).stderr).toBe(
      "Nothing is declared here, and nothing deployed yet.\n",
    );
    expect(everythingIn(folder)).toEqual([]);
    await remember(folder, { newVersion: "v7" });
    expect(await entriesOf(folder)).toMatchObject([{ fraise: "shop", declared: false, version: "v7", answer: null }]);
    expect((await fraisier(project(FRUIT), ["status-all", "--config", "nowhere.yaml"])).exitCode).toBe(3);
  });

  test("a place that cannot be looked at hides none of the others", async () => {
    const broken = { ...FRUIT.fraises.shop.environments, production: { app_path: "./fraises.yaml" } };
    const folder = project({ ...FRUIT, fraises: { shop: { ...FRUIT.fraises.shop, environments: broken } } });
    expect(await entriesOf(folder)).toMatchObject([{ environment: "production" }, { environment: "staging" }]);
  });
});

describe("the look at what is deployed", () => {
  let box: Sandbox;
  beforeAll(async () => {
    box = await Sandbox.create();
    await box.commit({ page: "one" });
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode, stderr).toBe(0);
  });
  afterAll(() => box[Symbol.asyncDispose]());

  const shop = async () => (await entriesOf(box.folder)).find(({ fraise }) => fraise === "shop");

  test("asks it: it answers, it answers wrongly, it is gone", async () => {
    expect(await shop()).toMatchObject({ status: "healthy", answer: { ok: true, status: 200, reason: null } });
    expect((await fraisier(box.folder, ["status-all"])).stdout).toMatch(
      /^shop +production +healthy .* yes, in \d+ ms$/m,
    );

    const check = { url: "http://127.0.0.1:{port}/", expect_body: "another page", timeout: 2 };
    box.configure({ health_check: check });
    expect(await shop()).toMatchObject({
      answer: { ok: false, status: 200, reason: expect.stringContaining("expected text") },
    });

    const { service } = await box.status();
    process.kill(-(service?.pid ?? 0), "SIGKILL");
    await expect
      .poll(shop, { timeout: 20_000 })
      .toMatchObject({ service: { running: false }, answer: { ok: false, status: null } });
    box.configure({ health_check: undefined });
    expect((await fraisier(box.folder, ["status-all"])).stdout).toMatch(
      /^shop +production +healthy .* its process is gone$/m,
    );
  });
});
