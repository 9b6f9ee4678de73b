import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LEDGERS_WITH_SERVER } from "./ledgers.ts";
import type { Sandbox } from "./sandbox.ts";

describe.each(LEDGERS_WITH_SERVER)("two people at once, remembered by $name:", (ledger) => {
  let box: Sandbox;
  beforeEach(async () => {
    box = await ledger.createSandbox();
  });
  afterEach(() => box[Symbol.asyncDispose]());

  test("one works, the other is told who, since when, and how to get on", async () => {
    box.configure({ build: [box.holdLine("build")] });
    await box.commit({ page: "one" });
    const first = box.start("deploy", "shop", "production");
    await box.reached("build");

    const second = await box.deploy();
    expect(second.exitCode).toBe(4);
    expect(second.stderr).toContain(`process ${first.child.pid}`);
    expect(second.stderr).toMatch(/since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/);
    expect((await box.run("rollback", "shop", "production")).exitCode).not.toBe(0);
    expect(await box.status()).toMatchObject({ deploying: { pid: first.child.pid } });

    box.letGo("build");
    const { exitCode, stderr } = await first.ended;
    expect(exitCode, stderr).toBe(0);
    expect(await box.page()).toBe("one");
    expect((await box.history()).map((row) => row.status).sort()).toEqual(["cancelled", "success"]);
  });

  test("of eight at the same moment at most one works at a time, and all end properly", async () => {
    await box.commit({ page: "one" });
    const ended = await Promise.all(Array.from({ length: 8 }, () => box.deploy("--force")));
    const codes = ended.map(({ exitCode }) => exitCode);
    expect(
      codes.every((code) => code === 0 || code === 4),
      ended.map(({ stderr }) => stderr).join("\n"),
    ).toBe(true);
    expect(codes.filter((code) => code === 0).length).toBeGreaterThanOrEqual(1);
    const statuses = (await box.history()).map((row) => row.status);
    expect(statuses.filter((status) => status === "success")).toHaveLength(codes.filter((code) => code === 0).length);
    expect(statuses).toHaveLength(8);
    expect(await box.page()).toBe("one");
  });

  test("another ledger cannot work on the same place at the same time", async () => {
    box.configure({ build: [box.holdLine("build")] });
    await box.commit({ page: "one" });
    const first = box.start("deploy", "shop", "production");
    await box.reached("build");
    box.env = { FRAISIER_DB_URL: `sqlite://${box.folder}/another.db` };
    const second = await box.deploy();
    expect(second.exitCode).toBe(4);
    expect(second.stderr).toContain(`process ${first.child.pid}`);
    box.letGo("build");
    expect((await first.ended).exitCode).toBe(0);
  });

  test("whoever has lost the lease stops, undoes what it did, and writes nothing more", async () => {
    await box.commit({ page: "good" });
    await box.deploy();
    const release = box.current();
    box.configure({ build: [box.holdLine("build")] });
    await box.commit({ page: "new" });
    const running = box.start("deploy", "shop", "production");
    await box.reached("build");
    await using adapter = await box.openDatabase();
    await adapter.executeUpdate("UPDATE tb_deployment_lease SET fencing_token = fencing_token + 1");
    box.letGo("build");
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain("taken over");
    expect(box.current()).toBe(release);
    expect(box.releases()).toEqual([release]);
    expect((await box.history())[0]).toMatchObject({ status: "in_progress" });

    box.configure({});
    expect((await box.deploy()).exitCode).toBe(0);
    expect((await box.history()).map((row) => row.status)).toEqual(["success", "abandoned", "success"]);
  });

  test("a stopped process keeps its place; once it is killed the next one takes over", async () => {
    box.configure({ build: [box.holdLine("build")] });
    await box.commit({ page: "one" });
    const first = box.start("deploy", "shop", "production");
    await box.reached("build");
    first.child.kill("SIGSTOP");
    expect((await box.deploy()).exitCode).toBe(4);
    first.child.kill("SIGKILL");
    await first.ended;
    box.letGo("build");
    const { exitCode, stderr } = await box.deploy();
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain("marked abandoned");
  });
});
